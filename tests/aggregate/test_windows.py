"""Which contributions a count has: those before the mark, each event once, and never anything after it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aggregate.distinct import FIRST, Distinct
from pipeline.aggregate.emission import emission
from pipeline.aggregate.records import Close, Contribution, Emitted, Window, mark, parse_record
from pipeline.aggregate.windows import LATEST_MS, Windows
from tests.aggregate.counts import SENDER, START, K, close, left, read, told
from tests.core.worlds import HOUR

WINDOW = Window(START, HOUR)
NEXT = Window(START + HOUR, HOUR)
MINUTE = 60_000


def from_child(child: int, event: int, world: str = "ocean", window: Window = WINDOW) -> bytes:
    record = {
        "kind": "contribution",
        "window_start": window.start_ms,
        "window_ms": window.length_ms,
        "event": "analytics",
        "dimensions": {"world": world},
        "who": f"{child:016x}{0:016x}",
        "id": f"{event * 100_000 + child:016x}{0:016x}",
    }
    return json.dumps(record).encode()


def crowd(children: int, **fields: Any) -> list[bytes]:
    return [from_child(child, 1000 + child, **fields) for child in range(children)]


contributions = st.lists(
    st.builds(from_child, st.integers(0, 40), st.integers(0, 200), st.sampled_from(["ocean", "jungle"])), max_size=120
)


@given(log=contributions, order=st.randoms(use_true_random=False), copies=st.integers(0, 3), after=contributions)
def test_order_copies_and_latecomers_change_nothing(
    log: list[bytes], order: Any, copies: int, after: list[bytes]
) -> None:
    log += crowd(K)
    other = [each for value in log for each in [value] * (1 + copies)]
    order.shuffle(other)
    late = [*other, close(WINDOW), *after, close(WINDOW, 50), *after]
    assert left(late, WINDOW) == left([*log, close(WINDOW)], WINDOW)


@given(log=contributions)
def test_a_count_is_the_number_of_events_of_at_least_k_children(log: list[bytes]) -> None:
    known = [json.loads(value) for value in log]
    expected = {}
    for world in ("ocean", "jungle"):
        cell = [each for each in known if each["dimensions"]["world"] == world]
        if len({each["who"] for each in cell}) >= K:
            expected[json.dumps({"world": world})] = len({each["id"] for each in cell})
    made = left([*log, close(WINDOW)], WINDOW)
    assert told(made) == expected
    assert len(made.records) + made.below_k == len({each["dimensions"]["world"] for each in known})


@pytest.mark.parametrize(("children", "leaves"), [(0, False), (1, False), (19, False), (20, True), (21, True)])
def test_nineteen_children_are_too_few_and_twenty_are_enough(children: int, leaves: bool) -> None:
    made = left([*crowd(children), close(WINDOW)], WINDOW)
    assert bool(made.records) == leaves
    assert made.below_k == (children > 0 and not leaves)


def test_one_child_is_no_crowd_however_much_she_does() -> None:
    log = [from_child(7, event) for event in range(1_000)]
    assert left([*log, close(WINDOW)], WINDOW).records == []
    assert told(left([*log, *crowd(K), close(WINDOW)], WINDOW)) == {'{"world": "ocean"}': 1_000 + K}


def test_what_is_below_k_leaves_no_trace() -> None:
    alone = left([*crowd(K), close(WINDOW)], WINDOW)
    beside = left([*crowd(19, world="jungle"), *crowd(K), close(WINDOW)], WINDOW)
    assert beside.records == alone.records


def test_k_is_the_one_of_the_first_mark() -> None:
    log = crowd(30)
    assert left([*log, close(WINDOW, 31), close(WINDOW, 20)], WINDOW).records == []
    assert told(left([*log, close(WINDOW, 30), close(WINDOW, 31)], WINDOW)) == {'{"world": "ocean"}': 30}


def test_late_contributions_are_counted_as_late_and_never_open_the_window_again() -> None:
    state = read([*crowd(K), close(WINDOW), *crowd(60)])
    assert state.late == 60
    assert state.open == 0
    assert state.due(WINDOW.end_ms + LATEST_MS - 1, 0) == []
    emitted = read([*crowd(K), close(WINDOW), mark(Emitted(*WINDOW)), *crowd(60), close(WINDOW)])
    assert (emitted.late, emitted.open, emitted.closed) == (60, 0, {})


def test_windows_of_two_lengths_are_two_windows() -> None:
    midnight = START - START % (24 * HOUR)
    day, hour = Window(midnight, 24 * HOUR), Window(midnight, HOUR)
    state = read([*crowd(K, window=day), *crowd(K + 1, window=hour), close(hour)])
    assert told(emission(state.closed[hour], SENDER)) == {'{"world": "ocean"}': K + 1}
    assert state.open == 1


def test_a_window_is_due_when_its_grace_is_over_and_until_its_log_may_be_gone() -> None:
    state = read([*crowd(1), *crowd(1, window=NEXT)])
    grace = 5 * MINUTE
    assert state.due(WINDOW.end_ms + grace - 1, grace) == []
    assert state.due(WINDOW.end_ms + grace, grace) == [WINDOW]
    assert state.due(NEXT.end_ms + grace, grace) == [WINDOW, NEXT]
    assert state.due(WINDOW.end_ms + LATEST_MS, grace) == [NEXT]
    assert state.due(NEXT.end_ms + LATEST_MS, grace) == []


def test_what_comes_days_later_is_late_also_when_its_mark_is_no_longer_on_the_log() -> None:
    state = read(crowd(60), at_ms=WINDOW.end_ms + LATEST_MS)
    assert (state.late, state.open) == (60, 0)


def test_old_windows_are_let_go_and_a_clock_that_is_set_back_does_not_bring_them_back() -> None:
    state = read([*crowd(K), close(WINDOW)])
    far = Window(START + 100 * HOUR, HOUR)
    state.apply(None, from_child(1, 1, window=far), far.end_ms)
    assert (state.open, state.closed) == (1, {})
    state.apply(None, from_child(1, 1), WINDOW.end_ms)
    state.apply(None, close(WINDOW), WINDOW.end_ms)
    assert (state.late, state.open, state.closed) == (1, 1, {})


GOOD = json.loads(from_child(1, 1))


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\xff",
        b"{}",
        b"[]",
        json.dumps(GOOD | {"kind": "other"}).encode(),
        json.dumps(GOOD | {"window_ms": MINUTE}).encode(),
        json.dumps(GOOD | {"window_start": START + 1}).encode(),
        json.dumps(GOOD | {"who": "asha"}).encode(),
        json.dumps(GOOD | {"dimensions": {"world": 3}}).encode(),
        json.dumps(GOOD | {"profile_id": "asha"}).encode(),
        mark(Close(START, HOUR, 19, START)),
    ],
)
def test_what_is_none_of_ours_counts_for_nothing(value: bytes | None) -> None:
    state = Windows(0)
    state.apply(None, value, START)
    assert (state.unreadable, state.open, state.late) == (1, 0, 0)


def test_records_are_read_as_they_were_written() -> None:
    assert isinstance(parse_record(from_child(1, 2)), Contribution)
    for record in (Close(START, HOUR, 20, START + 5), Emitted(START, HOUR)):
        assert parse_record(mark(record)) == record


def test_ids_are_told_apart_in_little_memory() -> None:
    distinct = Distinct()
    for round_ in range(3):
        for number in range(2 * FIRST):
            distinct.add(f"{number:016x}{round_:016x}")
    assert len(distinct) == 2 * FIRST
    assert len(distinct._ids) < 6 * FIRST
