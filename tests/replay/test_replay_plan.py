"""What a replay has to look at, as a pure function of offsets: nothing twice, nothing left out."""

from itertools import pairwise
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stream.log_reader import LogReader, Saved
from pipeline.workers.replay_plan import NEAR, Gone, Plan, Stretch, Wanted, _stretches, left_of

OFFSETS = st.lists(st.integers(0, 5_000), unique=True).map(sorted)


class Log:
    """A partition that begins at `low`."""

    def __init__(self, low: int) -> None:
        self._low = low

    def bounds(self, _partition: int) -> tuple[int, int]:
        return self._low, 10_000


def left(plan: Plan, reached: int, low: int = 0, end: int = 9) -> Plan:
    return left_of(plan, {0: Saved(reached)}, {0: Saved(end)}, cast("LogReader", Log(low)))


@given(OFFSETS)
def test_stretches_hold_every_offset_once_and_no_long_way_between(offsets: list[int]) -> None:
    found = list(_stretches(3, offsets))
    assert sorted(each for stretch in found for each in stretch.only or ()) == offsets
    for stretch in found:
        inside = sorted(stretch.only or ())
        assert (stretch.start, stretch.end) == (inside[0], inside[-1] + 1)
        assert all(after - before <= NEAR for before, after in pairwise(inside))
    for one, other in pairwise(found):
        assert other.start - one.end >= NEAR


@given(OFFSETS, st.integers(0, 5_001))
def test_what_is_left_of_rejections_is_what_was_not_done(offsets: list[int], reached: int) -> None:
    plan = Plan(tuple(_stretches(0, offsets)))
    rest = left(plan, reached)
    wanted = [each for stretch in rest.stretches for each in sorted(stretch.only or ())]
    assert wanted == [each for each in offsets if each >= reached]
    assert rest.done == len(plan) - len(rest)
    assert all(stretch.start >= reached for stretch in rest.stretches)


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 150))
def test_a_span_of_time_ends_where_it_first_did_and_what_went_away_is_named(reached: int, end: int, low: int) -> None:
    reached = min(reached, end)
    now = Stretch(0, low, max(low, 120))  # what the same times say today
    rest = left(Plan((now,)), reached, low, end)
    gone = [offset for each in rest.gone for offset in range(each.first_offset, each.last_offset + 1)]
    todo = [offset for each in rest.stretches for offset in range(each.start, each.end)]
    assert sorted(gone + todo) == list(range(reached, end))
    assert all(offset < low for offset in gone)
    assert all(offset >= low for offset in todo)


def test_what_was_done_before_it_went_away_is_not_gone() -> None:
    plan = Plan((), (Gone(0, 3, 3), Gone(0, 8, 8), Gone(1, 3, 3)))
    assert left(plan, 5, 9).gone == (Gone(0, 8, 8), Gone(1, 3, 3))


def test_a_request_is_known_again_and_told_from_others() -> None:
    assert Wanted(1, 2).digest() == Wanted(1, 2).digest() != Wanted(1, 3).digest()
    assert Wanted(1, 2, reasons=("b", "a")).digest() == Wanted(1, 2, reasons=("a", "b")).digest()
    assert len({Wanted(1, 2, p).digest() for p in (None, 0, 1)} | {Wanted(1, 2, region="us").digest()}) == 4
