"""What one partition of `suppressions` says: which records count, for how long, and how small they are kept."""

import tracemalloc
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deliver.suppressed import LIFE_MS, SuppressedPartition, compact
from pipeline.stream.suppression import Suppression, SuppressWhy, encode_suppression, parse_suppression
from pipeline.stream.topics import DAY_MS

NOW_MS = 1_795_600_000_000
PERSON = b"3f0c2a9e-6d1b-4c57-8e3a-0a1b2c3d4e5f"

whys = st.sampled_from(SuppressWhy)


class Clock:
    def __init__(self) -> None:
        self.now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


def a_suppression(why: SuppressWhy = SuppressWhy.WITHDRAWN, since: int = NOW_MS) -> bytes:
    return encode_suppression(Suppression(since, why))


def the_partition(clock: Clock | None = None) -> SuppressedPartition:
    return SuppressedPartition(0, clock or Clock())


@given(since=st.integers(0, 2**53), why=whys)
def test_what_is_written_is_read(since: int, why: SuppressWhy) -> None:
    assert parse_suppression(encode_suppression(Suppression(since, why))) == Suppression(since, why)


@given(uuids=st.sets(st.uuids(), max_size=20), others=st.sets(st.binary(max_size=40), max_size=20))
def test_keys_stay_apart(uuids: set[uuid.UUID], others: set[bytes]) -> None:
    keys = {str(each).encode() for each in uuids}
    assert {compact(key) for key in keys} == {each.bytes for each in uuids}
    others -= keys | {each.bytes for each in uuids}
    assert {compact(key) for key in others} == others


@pytest.mark.parametrize("key", [b"", b"x" * 36, b"-" * 36, b"0" * 36, PERSON[:-1], b"\xff" * 36, b"--" + b"0" * 34])
def test_a_key_that_is_no_uuid_is_kept_as_it_is(key: bytes) -> None:
    assert compact(key) == key


@given(records=st.lists(st.tuples(st.sampled_from([PERSON, b"other", b""]), st.none() | whys), max_size=30))
def test_the_last_record_of_a_key_counts_and_a_tombstone_lifts(
    records: list[tuple[bytes, SuppressWhy | None]],
) -> None:
    partition = the_partition()
    for key, why in records:
        partition.apply(key, None if why is None else a_suppression(why), NOW_MS)
    expected = {key: why for key, why in dict(records).items() if why is not None}
    assert {key: partition.why(compact(key)) for key in expected} == expected
    assert len(partition.held) == len(expected)


@pytest.mark.parametrize(
    "value",
    [b"", b"{", b"null", b"[]", b'{"since":1}', b'{"since":"x","why":"moved"}', b'{"since":1,"why":"later"}', b"\xff"],
)
def test_what_cannot_be_read_suppresses(value: bytes) -> None:
    partition = the_partition()
    partition.apply(PERSON, value, NOW_MS)
    assert partition.why(compact(PERSON)) is SuppressWhy.UNREADABLE
    assert partition.unreadable == 1


def test_without_a_key_it_says_nothing_about_anybody() -> None:
    partition = the_partition()
    partition.apply(None, a_suppression(), NOW_MS)
    partition.apply(None, None, NOW_MS)
    assert (partition.held, partition.unreadable) == ({}, 2)


@pytest.mark.parametrize(
    ("since", "written", "counts"),
    [
        (NOW_MS - LIFE_MS - 1, NOW_MS - LIFE_MS - 1, False),
        (NOW_MS - LIFE_MS, NOW_MS - LIFE_MS, True),
        (0, NOW_MS - LIFE_MS, True),  # who made it tells when consent ended, years ago
        (NOW_MS - LIFE_MS, 0, True),
    ],
)
def test_it_counts_for_thirty_days_from_the_later_of_both_times(since: int, written: int, counts: bool) -> None:
    partition = the_partition()
    partition.apply(PERSON, a_suppression(since=since), written)
    assert (partition.why(compact(PERSON)) is not None) is counts


def test_a_worker_that_runs_for_months_forgets_what_counts_no_more() -> None:
    clock = Clock()
    partition = the_partition(clock)
    for day in range(100):
        clock.now_ms = NOW_MS + day * DAY_MS
        partition.apply(b"%d" % day, a_suppression(since=clock.now_ms), clock.now_ms)
    assert sorted(int(key) for key in partition.held) == list(range(69, 100))


def test_a_million_fit_into_150_mb() -> None:
    count = 30_000
    values = [a_suppression(why, NOW_MS - day * DAY_MS) for why in SuppressWhy for day in range(30)]
    tracemalloc.start()
    partition = the_partition()
    for number in range(count):
        partition.apply(str(uuid.UUID(int=number << 80, version=4)).encode(), values[number % len(values)], NOW_MS)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(partition.held) == count
    assert held / count * 1_000_000 < 130e6  # as asked for; the allocator rounds up
    assert peak / count * 1_000_000 < 150e6
