"""Gaps in the numbers of SDKs' sessions are counted once, in any order, and nobody is remembered (T41)."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from pipeline.core.session import Step
from pipeline.ops.metrics import Metrics
from pipeline.workers.labels import LABEL_VALUES
from pipeline.workers.session_gaps import DIGEST_BYTES, FARTHEST, HOLES, QUIET_S, SESSIONS, Numbers, SessionGaps

S, T = "5e551011aa", "0ther0ne"


class Shop:
    """The memory of a worker, its clock, and what its metrics show."""

    def __init__(self, sessions: int = SESSIONS) -> None:
        self._registry = CollectorRegistry()
        self.now_s = 1000.0
        self.gaps = SessionGaps(Metrics(LABEL_VALUES, self._registry), lambda: self.now_s, sessions=sessions)

    def take(self, *numbers: int, session: str = S, partition: int = 0, update: bool = False) -> None:
        self.gaps.take(partition, [Step(session, number, update) for number in numbers])

    def end(self) -> None:
        """Let all sessions be silent for long enough."""
        self.now_s += QUIET_S + 1
        self.gaps.settle()

    def shown(self) -> tuple[int, int]:
        """Return the gaps, and the events missing in them."""
        names = ("coppice_session_gaps_total", "coppice_session_events_missing_total")
        gaps, missing = (int(self._registry.get_sample_value(name) or 0) for name in names)
        return gaps, missing


SHOP = Shop()  # for many examples: metrics take a while to make


def gaps_of(numbers: Iterable[int], first: int) -> tuple[int, int]:
    """The model: runs of numbers that are not there, above the first one that came."""
    seen = sorted({number for number in numbers if number >= first})
    holes = [after - before - 1 for before, after in pairwise(seen) if after - before > 1]
    return len(holes), sum(holes)


def test_numbers_that_never_come_are_counted_when_the_session_is_over() -> None:
    shop = Shop()
    shop.take(0, 1, 2, 53, 54, 60)
    assert shop.shown() == (0, 0), "they may still come"
    shop.end()
    assert shop.shown() == (2, 55)
    assert not len(shop.gaps)


def test_a_gap_is_counted_while_the_session_goes_on_for_long() -> None:
    shop = Shop()
    shop.take(*range(0, 2 * (HOLES + 3), 2))
    assert shop.shown() == (2, 2)
    shop.take(1, 3)  # too late
    shop.end()
    assert shop.shown() == (HOLES + 2, HOLES + 2)


few_holes = st.lists(st.integers(0, 2 * HOLES), min_size=1)  # never more than are kept open
many_holes = st.lists(st.integers(0, 8 * HOLES), min_size=1, max_size=100)


@given(few_holes)
def test_late_and_repeated_numbers_fill_what_is_open(order: list[int]) -> None:
    session = Numbers(order[0])
    assert not any(session.see(number).gaps for number in order[1:])
    assert session.settle() == gaps_of(order, order[0])


@given(many_holes)
def test_what_never_came_is_counted_and_what_came_far_too_late_may_be(order: list[int]) -> None:
    session, missing = Numbers(order[0]), 0
    for number in order[1:]:
        missing += session.see(number).missing
    missing += session.settle().missing
    assert gaps_of(order, order[0])[1] <= missing <= max(order) - order[0]


@given(few_holes, st.data())
def test_chunks_that_come_again_count_nothing(order: list[int], data: st.DataObject) -> None:
    ends = sorted(data.draw(st.sets(st.integers(1, len(order)), max_size=4)) | {len(order)})
    begins = [0, *ends[:-1]]
    earlier = [data.draw(st.integers(0, begin)) for begin in begins]
    shop = SHOP
    before = shop.shown()
    for begin, end, again in zip(begins, ends, earlier, strict=True):
        shop.take(*order[begin:end])
        shop.take(*order[again:end])
    shop.end()
    gaps, missing = gaps_of(order, order[0])
    assert shop.shown() == (before[0] + gaps, before[1] + missing)


def test_a_session_that_is_met_midway_begins_there() -> None:
    shop = Shop()
    shop.take(40, 41, 38, 12, 43)
    shop.end()
    assert shop.shown() == (1, 1)


def test_numbering_that_begins_again_is_no_gap() -> None:
    shop = Shop()
    shop.take(*range(30), *range(10))
    shop.end()
    assert shop.shown() == (0, 0)


def test_an_absurd_number_counts_nothing_and_what_was_open_is_kept() -> None:
    shop = Shop()
    shop.take(0, 5, 2**53, 2**64, 0, 6, 2**64 + 2)
    shop.end()
    assert shop.shown() == (2, 5)


def test_the_longest_gap_that_is_believed() -> None:
    shop = Shop()
    shop.take(0, FARTHEST)
    shop.take(0, FARTHEST + 1, session=T)
    shop.end()
    assert shop.shown() == (1, FARTHEST - 1)


def test_sessions_and_profile_updates_are_counted_apart() -> None:
    shop = Shop()
    shop.take(0, 2)
    shop.take(1, session=T)
    shop.take(1, update=True)
    shop.end()
    assert shop.shown() == (1, 1)


def test_a_session_of_siblings_on_two_partitions_is_one() -> None:
    shop = Shop()
    shop.take(0, 1, 5, partition=3)
    shop.take(2, 3, 4, partition=7)
    shop.end()
    assert shop.shown() == (0, 0)


def test_sessions_of_a_partition_that_is_lost_are_forgotten_uncounted() -> None:
    shop = Shop()
    shop.take(0, 2, partition=1)
    shop.take(0, 2, session=T, partition=2)
    shop.take(4, session=T, partition=1)
    shop.take(0, 3, session="third", partition=2)
    shop.gaps.keep(frozenset({2}))
    assert len(shop.gaps) == 1
    shop.take(5, partition=1)  # it comes back, midway
    shop.gaps.keep(frozenset({1, 2}))
    shop.end()
    assert shop.shown() == (1, 2)


def test_it_is_bounded_and_what_makes_room_is_counted() -> None:
    shop = Shop(sessions=2)
    shop.take(0, 2)
    shop.take(0, 2, session=T)
    shop.take(3)
    shop.take(0, session="third")
    assert len(shop.gaps) == 2
    assert shop.shown() == (1, 1), "the one that was longest silent"
    shop.take(5)
    shop.end()
    assert shop.shown() == (3, 3)


def test_silence_ends_only_what_was_silent() -> None:
    shop = Shop()
    shop.take(0, 2)
    shop.now_s += QUIET_S
    shop.take(0, 3, session=T)
    shop.gaps.settle()
    assert len(shop.gaps) == 2
    shop.now_s += 1
    shop.gaps.settle()
    assert shop.shown() == (1, 1)
    assert len(shop.gaps) == 1


def test_no_id_is_held_and_none_is_the_same_in_another_process() -> None:
    one, other = Shop(), Shop()
    for shop in (one, other):
        shop.take(0, 2)
    held = [set(shop.gaps._sessions) for shop in (one, other)]
    assert not held[0] & held[1]
    assert all(len(digest) == DIGEST_BYTES for digest in held[0] | held[1])
    assert Numbers.__slots__ == ("_holes", "_last", "partitions", "seen_s")  # and no other place to keep one
