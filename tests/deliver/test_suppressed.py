"""What one partition of `suppressions` says: which records count, for how long, and how small they are kept."""

import random
import tracemalloc
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deliver.suppressed import LIFE_MS, SuppressedPartition, compact
from pipeline.stream.suppression import (
    Suppression,
    SuppressWhy,
    encode_suppression,
    key_for_marketing,
    key_from,
    parse_from,
    parse_suppression,
)
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


@given(name=st.uuids().map(lambda each: str(each).encode()), moment=st.integers(0, NOW_MS * 2))
def test_a_moment_in_a_key_is_read_as_it_was_written(name: bytes, moment: int) -> None:
    assert parse_from(key_from(name, moment)) == (name, moment)
    assert parse_from(name) is None
    assert parse_from(key_for_marketing(name)) is None


@pytest.mark.parametrize("moment", [b"", b"x", b"-1", b"1" * 5_000, b"1/from/2"])
def test_a_moment_that_cannot_be_read_has_come(moment: bytes) -> None:
    partition = the_partition()
    partition.apply(PERSON + b"/from/" + moment, a_suppression(), NOW_MS)
    assert partition.why(compact(PERSON)) is SuppressWhy.WITHDRAWN


def test_from_a_moment_on_it_counts_and_an_earlier_one_counts_first() -> None:
    clock = Clock()
    partition = the_partition(clock)
    for moment in (NOW_MS + 20, NOW_MS + 10, NOW_MS + 30):
        partition.apply(key_from(PERSON, moment), a_suppression(SuppressWhy.NARROWED), NOW_MS)
    clock.now_ms = NOW_MS + 9
    assert partition.why(compact(PERSON)) is None
    clock.now_ms = NOW_MS + 10
    assert partition.why(compact(PERSON)) is SuppressWhy.NARROWED
    partition.apply(key_from(PERSON, NOW_MS + 10), None, NOW_MS)
    assert partition.why(compact(PERSON)) is None
    assert len(partition) == 1
    for moment in (NOW_MS + 20, NOW_MS + 30, NOW_MS + 40):
        partition.apply(key_from(PERSON, moment), None, NOW_MS)
    assert len(partition) == 0


def test_what_counts_from_a_moment_on_is_forgotten_like_everything_else() -> None:
    clock = Clock()
    partition = the_partition(clock)
    partition.apply(key_from(PERSON, NOW_MS + DAY_MS), a_suppression(), NOW_MS)
    clock.now_ms = NOW_MS + LIFE_MS + DAY_MS
    partition.apply(b"other", a_suppression(since=clock.now_ms), clock.now_ms)
    assert (list(partition.held), partition.later) == ([b"other"], {})


SCOPED: list[Callable[[bytes], bytes]] = [
    lambda name: name,
    key_for_marketing,
    lambda name: key_from(name, NOW_MS + 5),
    lambda name: key_from(name, NOW_MS - 5),
]
PEOPLE = [PERSON, PERSON[:-1] + b"0"]
KEYS = [key(name) for key in SCOPED for name in PEOPLE]
RECORDS = st.lists(st.tuples(st.sampled_from(KEYS), st.none() | whys), max_size=20)


def taken_out(records: list[tuple[bytes, SuppressWhy | None]]) -> set[tuple[bytes, bool]]:
    """Return whose events do not leave, and whether those for marketing are meant: as the sink asks."""
    partition = the_partition()
    for key, why in records:
        partition.apply(key, None if why is None else a_suppression(why), NOW_MS)
    asked = {False: [compact], True: [compact, lambda name: compact(key_for_marketing(name))]}
    return {
        (name, marketing)
        for name in PEOPLE
        for marketing, names in asked.items()
        if any(partition.why(each(name)) for each in names)
    }


@given(records=RECORDS, order=st.randoms(use_true_random=False))
def test_nothing_narrower_ever_weakens_a_full_suppression(
    records: list[tuple[bytes, SuppressWhy | None]], order: random.Random
) -> None:
    """In whatever order both come, are written again, or are compacted."""
    full = [(key, why) for key, why in records if key in PEOPLE]
    narrower = [(key, why) for key, why in records if key not in PEOPLE]
    expected = taken_out(full)
    assert expected <= taken_out(records)
    assert taken_out(records) == taken_out(full + narrower) == taken_out(narrower + full)
    compacted = list(dict(records).items())  # the newest record of each key, as the broker keeps them
    order.shuffle(compacted)
    assert taken_out(compacted) == taken_out(records)
    assert taken_out(records + compacted) == taken_out(records)


@given(records=RECORDS)
def test_what_is_narrower_takes_no_more_than_it_says(records: list[tuple[bytes, SuppressWhy | None]]) -> None:
    newest = dict(records)
    expected = set()
    for name in PEOPLE:
        everything = newest.get(name) or newest.get(key_from(name, NOW_MS - 5))
        if everything:
            expected.add((name, False))
        if everything or newest.get(key_for_marketing(name)):
            expected.add((name, True))
    assert taken_out(records) == expected


def test_who_took_marketing_back_takes_no_more_room() -> None:
    partition = the_partition()
    partition.apply(key_for_marketing(PERSON), a_suppression(), NOW_MS)
    assert list(partition.held) == [compact(PERSON) + b"/marketing"]


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
