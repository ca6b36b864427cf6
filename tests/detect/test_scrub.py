"""Free text without its identifiers: replaced once, capped, and scanned again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.engine import scan
from pipeline.detect.scrub import LIMIT, cut, scrub


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("call me at 98765 43210", "call me at [phone_in]"),
        ("मेरा २३४१ २३४१ २३४६ है", "मेरा [aadhaar] है"),
        ("it is mia@example.com thanks", "it is [email] thanks"),
        ("mia%40example.com and 123-45-6789", "[email] and [ssn]"),
        ("I live at 1600 Pennsylvania Ave", "I live at [street_address]"),
        ("great game", "great game"),
        ("मुझे यह गेम पसंद है, क्‍या बात", "मुझे यह गेम पसंद है, क्‍या बात"),
        ("₹1,499.00  on 25/11/2026 - nice", "₹1,499.00  on 25/11/2026 - nice"),
        ("", ""),
    ],
)
def test_scrubs(text: str, left: str) -> None:
    assert scrub(text) == left


def test_caps_at_a_code_point_and_never_inside_a_token() -> None:
    assert scrub("é" * 200) == "é" * LIMIT
    assert scrub("म" * 200) == "म" * 85  # 255 bytes
    assert scrub("म" * 84 + " 98765 43210") == "म" * 84 + " "
    assert scrub("x" + "😀" * 64) == "x" + "😀" * 63
    assert scrub("x" * 115 + " 98765 43210 tail") == "x" * 115 + " "
    assert scrub("x" * 110 + " 98765 43210") == "x" * 110 + " "
    assert scrub("x" * 105 + " 98765 43210") == "x" * 105 + " [phone_in]"
    assert scrub("call 98765 43210 now", limit=8) == "call "


def test_a_cut_keeps_brackets_that_are_no_token() -> None:
    assert cut("ab[cd efgh]", 5) == "ab[cd"
    assert cut("ab[email]", 5) == "ab"
    assert cut("ab[email]", 9) == "ab[email]"


def test_what_the_cut_makes_personal_drops_the_text() -> None:
    assert scrub("x" * 105 + " 98765432101234", limit=116) is None


def test_what_cannot_be_judged_is_dropped() -> None:
    assert scrub("a b " * 3_000) is None
    assert scrub("%2525252525252540") is None


WORDS = st.sampled_from(
    [
        "call",
        "me",
        "at",
        "98765",
        "43210",
        "2341",
        "2346",
        "mia@example.com",
        "dot",
        "com",
        "born",
        "09/04/2016",
        "aadhaar",
        "[aadhaar]",
        "[",
        "]",
        "@mia",
        "114.151.36.141",
        "bWlhQGV4YW1wbGUuY29t",
        "%40",
        "score",
        "12",
        "-",
        "+91",
        "123-45-6789",
        "पिन",
        "560001",
        "(202)",
        "555-0123",
        "https://a.example/b?c=d",
        '{"dob":',
        '"2016"}',
        "1600 Pennsylvania Ave",
        "२३४१",
    ]
)


@given(
    st.lists(WORDS, max_size=14).flatmap(lambda words: st.sampled_from([" ".join(words), "".join(words)]))
    | st.text(max_size=80)
)
def test_scrubbing_twice_changes_nothing_and_leaves_nothing(text: str) -> None:
    left = scrub(text)
    if left is not None:
        assert len(left) <= LIMIT
        assert scan(left).findings == ()
        assert scrub(left) == left
