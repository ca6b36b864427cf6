"""Which part of a text a finding covers where the whole of it is meant: it cannot be judged, or is named."""

import pytest

from pipeline.detect.catalogue import BY_NAME, OPAQUE
from pipeline.detect.detector import Finding
from pipeline.detect.engine import scan
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
