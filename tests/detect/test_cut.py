"""Where scrubbed text is cut, how findings that touch are told apart, and how looking is counted: at the very edges."""

import pytest

from pipeline.detect.catalogue import BY_NAME
from pipeline.detect.detector import Finding
from pipeline.detect.meter import charge, charged
from pipeline.detect.overlaps import join
from pipeline.detect.scrub import cut, scrub

EMAIL, CARD = BY_NAME["email"], BY_NAME["payment_card"]


@pytest.mark.parametrize(
    ("text", "limit", "left"),
    [
        ("ab [email]xyz", 9, "ab "),
        ("ab [email]xyz", 10, "ab [email]"),
        ("[email] x", 3, ""),
        ("[email] x", 7, "[email]"),
        ("[note] xx [email] y", 13, "[note] xx "),
        ("[note] xx [email] y", 19, "[note] xx [email] y"),
        ("x" * 10 + "[email]", 5, "xxxxx"),
        ("x" * 10 + " [email]", 11, "x" * 10 + " "),
        ("one [two three", 8, "one [two"),
    ],
)
def test_a_token_goes_whole_and_all_else_is_cut_at_the_sign(text: str, limit: int, left: str) -> None:
    assert cut(text, limit) == left


def test_findings_that_touch_are_two_and_those_that_overlap_are_one() -> None:
    def joined(*found: Finding) -> list[Finding]:
        return list(join(list(found)))

    first = Finding(EMAIL, 0, 5)
    assert joined(Finding(CARD, 5, 9), first) == [first, Finding(CARD, 5, 9)]
    assert joined(first, Finding(CARD, 4, 12)) == [Finding(CARD, 0, 12)]


def test_work_adds_up() -> None:
    before = charged()
    charge(3)
    charge(4)
    assert charged() - before == 7


@pytest.mark.parametrize("before", ["", "a@b.co and "])
def test_what_a_cut_makes_personal_drops_the_text_whatever_was_scrubbed_before_it(before: str) -> None:
    """Of a number that is too long to be a telephone number, the cut leaves as many digits as one has."""
    shown = len(scrub(before) or "")
    text = f"{before}call me 98765432109876543210123"
    assert scrub(text, limit=200) is not None
    assert scrub(text, limit=shown + len("call me ") + 10) is None
