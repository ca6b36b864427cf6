from dataclasses import dataclass

import pytest

from pipeline.ops.health import Progress, Readiness

A, B = ("events.raw", 0), ("events.raw", 1)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("checks", "ready"),
    [({}, False), ({"a": True}, True), ({"a": True, "b": False}, False), ({"a": False}, False)],
)
def test_ready_when_every_check_holds(checks: dict[str, bool], ready: bool) -> None:
    assert Readiness(checks).ready is ready


@pytest.mark.parametrize(
    ("steps", "stalled", "age"),
    [
        # (seconds passed, committed, end) in order; limit 10 s
        ([(0, 5, 5), (100, 5, 5)], False, 0),
        ([(0, 5, 5), (100, 5, 5), (1, 5, 6)], False, 1),
        ([(0, 5, 5), (1, 5, 6), (10.5, 5, 6)], True, 11.5),
        ([(0, 5, 9), (9, 6, 9), (9, 7, 9)], False, 0),
        ([(0, 5, 9), (9, 6, 9), (10.5, 6, 99)], True, 10.5),
        ([(0, 5, 9), (20, 9, 9)], False, 0),
        ([(0, 5, 9), (11, 3, 9)], True, 11),
        ([(0, 5, 9), (11, 3, 9), (1, 4, 9)], False, 0),
        ([(0, None, 0), (11, None, 0)], True, 11),
        ([(0, None, 9), (5, None, 9)], False, 5),
        ([(0, 5, None), (11, 5, None)], True, 11),
        ([(0, 5, 9), (11, None, 9)], True, 11),
        ([(0, 9, 5), (50, 9, 5)], False, 0),
    ],
)
def test_progress_of_one_partition(
    steps: list[tuple[float, int | None, int | None]], stalled: bool, age: float
) -> None:
    clock = Clock()
    progress = Progress(10, clock)
    progress.assign([A])
    for passed, committed, end in steps:
        clock.now += passed
        progress.update(A, committed, end)
    assert (progress.stalled() == (A,)) is stalled
    assert progress.age_s() == pytest.approx(age)


def test_each_partition_is_judged_by_itself() -> None:
    clock = Clock()
    progress = Progress(10, clock)
    progress.assign([B, A])
    for _ in range(3):
        clock.now += 6
        progress.update(A, int(clock.now), 10_000)
        progress.update(B, 1, 10_000)
    assert progress.stalled() == (B,)
    assert progress.age_s() == 12
    assert progress.lag(B) == 9_999
    assert progress.lag(("events.raw", 7)) is None


def test_reassignment_keeps_what_stays_and_forgets_what_goes() -> None:
    clock = Clock()
    progress = Progress(10, clock)
    progress.assign([A, B])
    progress.update(A, 1, 5)
    progress.update(B, 1, 5)
    clock.now += 11
    progress.assign([A])
    assert progress.stalled() == (A,)
    progress.update(B, 1, 5)
    assert progress.lag(B) is None
    progress.assign([A, B])
    assert progress.stalled() == (A,)
    progress.assign([])
    assert progress.stalled() == ()
    assert progress.age_s() == 0
