"""Which part of a text a finding covers where the whole of it is meant: it cannot be judged, or is named."""

import pytest

from pipeline.detect.catalogue import BY_NAME, OPAQUE
from pipeline.detect.detector import Finding
from pipeline.detect.engine import scan, scan_value
from pipeline.detect.normalise import MAX_TEXT


@pytest.mark.parametrize("text", ["1." * 1000, "12345678 " * 900, "see " + "1 " * 3000])
def test_a_text_that_takes_too_long_is_opaque_from_end_to_end(text: str) -> None:
    assert scan(text).findings == (Finding(OPAQUE, 0, len(text)),)
    assert scan(text).text == text


def test_a_text_is_read_up_to_its_bound() -> None:
    text = "game " * (MAX_TEXT // 5) + "ga"
    assert len(text) == MAX_TEXT
    assert (scan(text).text, scan(text).findings) == (text, ())
    too_long = scan(f"{text}m")
    assert (too_long.text, too_long.findings) == ("", (Finding(OPAQUE, 0, 0),))


def test_a_text_with_too_many_disguises_is_opaque() -> None:
    seen = scan("%2525252525252540")
    assert seen.findings == (Finding(OPAQUE, 0, len(seen.text)),)


def test_a_name_speaks_for_the_whole_of_a_text_and_for_none_of_an_empty_one() -> None:
    assert scan("hello", "email").findings == (Finding(BY_NAME["email"], 0, 5),)
    assert scan(" ", "email").findings == ()
    assert scan("hello", "level").findings == ()


def test_a_name_gives_context_to_digits_beside_a_token_too() -> None:
    assert [finding.detector.name for finding in scan("[email] 560001", "pin_code").findings] == ["pin_code"]
    assert scan("[email] 560001").findings == ()
    assert scan("[email] 560001").text == "[email] 560001"


@pytest.mark.parametrize(
    ("text", "key", "name"),
    [
        ("94105", "zip_note", "zip_code"),  # the text alone looks like nothing at all
        ("tek3v9q", "geohash_note", "geohash"),
        ("9 April 2016", "dob_note", "birth_date"),
        ("27AAPFU0939F1ZO", "gst_note", "gstin"),  # its last sign is wrong: only the name says what it is
        ("300.1.1.1", "ip_note", "ip"),
        ("XX01AB1234", "number_plate_note", "vehicle_registration"),
    ],
)
def test_a_name_gives_context_to_what_says_nothing_by_itself(text: str, key: str, name: str) -> None:
    assert scan(text, key).findings == (Finding(BY_NAME[name], 0, len(text)),)
    assert scan(text).findings == ()
    assert scan(text, "level_note").findings == ()


def test_texts_with_tokens_share_what_may_be_judged_in_a_value() -> None:
    text = "[email] " + "1 " * 50
    assert scan(text).findings == ()
    assert scan_value("a", [text] * 2) == []
    assert scan_value("a", [text] * 60)[-1].detector is OPAQUE


def test_a_match_that_may_begin_anywhere_takes_the_rest_of_its_token() -> None:
    assert scan("go ?gclid=EAIa_x&y=2 now").findings == (Finding(BY_NAME["click_id"], 4, 20),)


@pytest.mark.parametrize("number", ["219099999", "219 09 9999"])
@pytest.mark.parametrize("counted", ["score {}", "{} points", "स्कोर {}", "अंक {}", "{} अंक"])
def test_a_word_on_either_side_says_in_any_script_what_a_number_counts(number: str, counted: str) -> None:
    assert [finding.detector.name for finding in scan(number).findings] == ["ssn"]
    assert [finding.detector.name for finding in scan(f"खेल {number} है").findings] == ["ssn"]
    assert scan(counted.format(number)).findings == ()
