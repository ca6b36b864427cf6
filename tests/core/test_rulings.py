"""What is worked out once for a set of names: who stays behind, how many, and for how many sets it is kept at hand."""

from collections import Counter

import pytest

from pipeline.core import ruling as room
from pipeline.core.ruling import LONGEST, RULINGS, UNREGISTERED, WIDEST, Rulings, may_be_shown, ruling_for
from pipeline.policy.vocabulary import Cohort, PropertyClass
from tests.core.worlds import adult_world

CONTEXT = adult_world().context
PLAN = CONTEXT.registry["analytics"]


def test_what_stays_behind_is_named_and_counted() -> None:
    names = ("world", "guild", "network", "odd_one", "odd_two", "idfa", "note")
    found = ruling_for(names, PLAN, Cohort.US_CHILD, CONTEXT.policy, {})
    assert [name for name, *_ in found.keep] == ["world"]
    assert found.withheld == ("guild", "network", "note")
    assert found.unknown == ("odd_one", "odd_two")
    assert found.unregistered == 3
    assert Counter(dict(found.stripped)) == {
        UNREGISTERED: 2,
        PropertyClass.ADVERTISING_ID: 1,
        PropertyClass.GAMEPLAY: 1,
        PropertyClass.NETWORK: 1,
        PropertyClass.FREE_TEXT: 1,
    }


def test_two_of_a_class_are_two() -> None:
    found = ruling_for(("note", "link", "page"), PLAN, Cohort.US_CHILD, CONTEXT.policy, {})
    assert dict(found.stripped) == {PropertyClass.FREE_TEXT: 1, PropertyClass.URL: 2}
    assert found.unregistered == 0


def widths(count: int, length: int) -> tuple[str, ...]:
    """Return so many names that have so many signs together."""
    names = [f"k{number}" for number in range(count)]
    return (*names[1:], names[0] + "x" * (length - sum(map(len, names))))


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        (widths(WIDEST, 900), True),
        (widths(WIDEST + 1, 900), False),
        (widths(10, LONGEST), True),
        (widths(10, LONGEST + 1), False),
    ],
)
def test_only_sets_of_names_of_some_width_are_kept_at_hand(names: tuple[str, ...], kept: bool) -> None:
    known: Rulings = {}
    found = ruling_for(names, PLAN, Cohort.US_ADULT, CONTEXT.policy, known)
    assert list(known.values()) == ([found] if kept else [])
    assert (ruling_for(names, PLAN, Cohort.US_ADULT, CONTEXT.policy, known) is found) is kept


@pytest.mark.replaces_names
def test_so_many_sets_are_kept_at_hand_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RULINGS == 8192
    monkeypatch.setattr(room, "RULINGS", 3)
    known: Rulings = {}
    sizes = []
    for number in range(7):
        ruling_for((f"k{number}",), PLAN, Cohort.US_ADULT, CONTEXT.policy, known)
        sizes.append(len(known))
    assert sizes == [1, 2, 3, 1, 2, 3, 1]


def test_a_name_with_six_digits_may_be_shown_and_with_seven_it_may_not() -> None:
    assert may_be_shown("part1of2of3_4a5b6")
    assert not may_be_shown("part1of2of3_4a5b6c7")
