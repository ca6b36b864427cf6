"""How much looking is counted for a text: by the text alone, more where it is longer or disguised (`detect.meter`)."""

import pytest

from pipeline.detect.engine import scan
from pipeline.detect.meter import LOOK, READING, SIGNS_MORE, SIGNS_READ, UNREAD, charged
from pipeline.detect.normalise import views


def work_of(text: str) -> int:
    before = charged()
    scan(text)
    return charged() - before


def one_look(text: str) -> int:
    return LOOK + len(text) + len(text) // SIGNS_MORE


@pytest.mark.parametrize("text", ["", "game", "find the key behind the door", "अच्छा खेल"])
def test_a_clean_text_is_looked_at_once_and_every_sign_counts(text: str) -> None:
    assert scan(text).findings == ()
    extra = 0 if text.isascii() else READING + 2 * len(text) // SIGNS_READ
    assert work_of(text) == one_look(text) + extra


@pytest.mark.parametrize("text", ["half % of it all", "that is 100% & more"])
def test_a_text_that_may_be_disguised_is_read_as_well(text: str) -> None:
    assert views(text) == (text, (), True)
    assert work_of(text) == one_look(text) + READING + 2 * len(text) // SIGNS_READ


@pytest.mark.parametrize("text", ["run &amp; jump", "run &amp;amp; jump high", "run &amp;amp;amp; jump"])
def test_every_reading_of_a_text_counts(text: str) -> None:
    seen = views(text)
    assert seen.others
    signs = len(text) + len(seen.plain) + sum(len(view.text) for view in seen.others)
    looks = one_look(text) + one_look(seen.plain) + sum(one_look(view.text) for view in seen.others)
    assert work_of(text) == looks + READING + signs // SIGNS_READ


@pytest.mark.parametrize("text", ["%2525252525252540", "see %25252525252525252540 now"])
def test_a_text_that_has_too_many_readings_counts_most(text: str) -> None:
    assert not views(text).complete
    assert work_of(text) == one_look(text) + READING + UNREAD * len(text) // SIGNS_READ


def test_what_was_seen_before_costs_as_much_again() -> None:
    text = "call 98765 43210 or mail mia@example.com"
    assert work_of(text) == work_of(text) > one_look(text)
