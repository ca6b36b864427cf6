"""The age of the oldest record that was taken and not committed."""

from dataclasses import dataclass

from pipeline.stream.chunk import Chunk, TopicPartition
from pipeline.workers.waiting import Waiting

RAW = TopicPartition("events.raw", 0)
OTHER = TopicPartition("events.raw", 1)


@dataclass
class Record:
    offset: int
    timestamp: int
    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def chunk(first: int, last: int, at_s: int, tp: TopicPartition = RAW) -> Chunk:
    return Chunk(tp, [Record(offset, (at_s + offset - first) * 1000) for offset in range(first, last + 1)])


def waiting() -> Waiting:
    return Waiting(clock=lambda: 1000.0)


def test_nothing_has_arrived() -> None:
    assert waiting().age_s(RAW, 0) == 0
    assert waiting().age_s(RAW, None) == 0


def test_the_first_chunk_that_is_not_committed_counts() -> None:
    ages = waiting()
    ages.arrived(chunk(0, 9, 100))
    ages.arrived(chunk(10, 19, 400))
    ages.arrived(chunk(0, 0, 50, OTHER))
    assert ages.age_s(RAW, None) == 900
    assert ages.age_s(RAW, 0) == 900
    assert ages.age_s(RAW, 10) == 600
    assert ages.age_s(RAW, 20) == 0
    assert ages.age_s(OTHER, 0) == 950


def test_what_comes_again_after_a_rebalance_is_counted_once() -> None:
    ages = waiting()
    for first in (0, 10, 20):
        ages.arrived(chunk(first, first + 9, 100 + first * 10))
    ages.arrived(chunk(10, 29, 200))  # revoked, read again, cut in another way
    assert ages.age_s(RAW, 0) == 900
    assert ages.age_s(RAW, 10) == 800
    assert ages.age_s(RAW, 20) == 800
    assert ages.age_s(RAW, 30) == 0


def test_a_partition_that_is_another_worker_s_is_forgotten() -> None:
    ages = waiting()
    ages.arrived(chunk(0, 9, 100))
    ages.forget(RAW)
    assert ages.age_s(RAW, 0) == 0


def test_a_broker_s_clock_ahead_of_ours_is_no_negative_age() -> None:
    ages = waiting()
    ages.arrived(chunk(0, 0, 2000))
    assert ages.age_s(RAW, 0) == 0
