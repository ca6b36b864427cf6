"""How many requests are under way: found out from answers, never above the limit, never nothing."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deliver.concurrency import START, Concurrency, Permit
from pipeline.ops.metric_table import CONCURRENCY_LIMIT, IN_FLIGHT_REQUESTS
from pipeline.sandbox.mixpanel_faults import Fault


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def entered(places: Concurrency) -> Permit:
    return await places.permit().__aenter__()


async def left(permit: Permit) -> None:
    await permit.__aexit__(None, None, None)


async def window(places: Concurrency, time: Time, *, took: float = 0.2, said: Callable[[Permit], None]) -> None:
    """Send as many requests as may be under way together, and answer each."""
    permits = [await entered(places) for _ in range(places.limit)]
    time.now += took
    for permit in permits:
        said(permit)
        await left(permit)


@pytest.mark.parametrize(("most", "begins"), [(1, 1), (5, 5), (20, START), (64, START)])
def test_it_begins_with_eight_where_eight_are_allowed(most: int, begins: int) -> None:
    shown: list[int] = []
    assert Concurrency(most, changed=shown.append).limit == begins
    assert shown == [begins]


async def test_each_window_of_results_adds_one_place_up_to_the_most() -> None:
    time = Time()
    places = Concurrency(11, clock=time)
    limits = []
    for _ in range(5):
        await window(places, time, said=Permit.answered)
        limits.append(places.limit)
    assert limits == [9, 10, 11, 11, 11]


async def test_places_that_nobody_needs_are_not_added() -> None:
    time = Time()
    places = Concurrency(20, clock=time)
    for _ in range(50):
        permit = await entered(places)
        time.now += 0.2
        permit.answered()
        await left(permit)
    assert places.limit == START


async def test_refusals_of_one_round_trip_halve_once_and_those_of_the_next_again() -> None:
    time = Time()
    places = Concurrency(20, clock=time)
    limits = []
    for _ in range(5):
        await window(places, time, said=Permit.refused)
        limits.append(places.limit)
    assert limits == [4, 2, 1, 1, 1]


async def test_after_a_storm_it_comes_back_one_window_at_a_time() -> None:
    time = Time()
    places = Concurrency(8, clock=time)
    for _ in range(4):
        await window(places, time, said=Permit.refused)
    limits = []
    for _ in range(8):
        await window(places, time, said=Permit.answered)
        limits.append(places.limit)
    assert limits == [2, 3, 4, 5, 6, 7, 8, 8]


async def test_answers_that_take_much_longer_than_before_lower_it() -> None:
    time = Time()
    places = Concurrency(8, clock=time)
    for _ in range(5):
        await window(places, time, took=0.2, said=Permit.answered)
    await window(places, time, took=2.0, said=Permit.answered)
    assert places.limit == 6
    await window(places, time, took=2.0, said=Permit.answered)
    assert places.limit == 4


async def test_a_service_that_stays_slower_is_the_usual_one_in_time() -> None:
    time = Time()
    places = Concurrency(8, clock=time)
    for _ in range(5):
        await window(places, time, took=0.2, said=Permit.answered)
    for _ in range(40):
        await window(places, time, took=2.0, said=Permit.answered)
    assert places.limit == 8


async def test_a_difference_too_small_to_tell_from_our_own_load_does_not_count() -> None:
    time = Time()
    places = Concurrency(8, clock=time)
    for _ in range(5):
        await window(places, time, took=0.01, said=Permit.answered)
    for _ in range(5):
        await window(places, time, took=0.08, said=Permit.answered)
    assert places.limit == 8


async def test_a_waiter_that_is_cancelled_takes_no_place_along() -> None:
    places = Concurrency(1)
    first = await entered(places)
    second = asyncio.ensure_future(entered(places))
    third = asyncio.ensure_future(entered(places))
    await asyncio.sleep(0)
    second.cancel()
    await left(first)
    permit = await asyncio.wait_for(third, 60)
    assert places.taken == 1
    await left(permit)
    assert places.taken == 0


async def test_one_that_is_cancelled_when_its_place_is_already_given_hands_it_on() -> None:
    places = Concurrency(1)
    first = await entered(places)
    second, third = (asyncio.ensure_future(entered(places)) for _ in range(2))
    await asyncio.sleep(0)
    await left(first)  # the second has the place from here on, and has not run yet
    second.cancel()
    permit = await asyncio.wait_for(third, 60)
    assert second.cancelled()
    await left(permit)
    assert places.taken == 0


STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "answered", "refused", "nothing", "cancel"]), st.floats(0, 5)), max_size=120
)


@given(most=st.integers(1, 20), steps=STEPS)
def test_whatever_happens_the_limit_stays_in_its_bounds_and_permits_below_it(
    most: int, steps: list[tuple[str, float]]
) -> None:
    async def run() -> None:
        time = Time()
        shown: list[int] = []
        places = Concurrency(most, clock=time, changed=shown.append)
        asked: list[asyncio.Task[Permit]] = []
        inside: list[Permit] = []
        granted_at: list[int] = []
        for what, passes in steps:
            time.now += passes
            before = places.taken
            if what == "ask":
                asked.append(asyncio.ensure_future(entered(places)))
            elif what == "cancel" and asked:
                asked.pop().cancel()
            elif inside:
                permit = inside.pop(0)
                if what != "nothing":
                    {"answered": permit.answered, "refused": permit.refused}.get(what, permit.answered)()
                await left(permit)
            for _ in range(3):
                await asyncio.sleep(0)
            inside += [each.result() for each in asked if each.done() and not each.cancelled()]
            asked = [each for each in asked if not each.done()]
            assert 1 <= places.limit <= most
            assert places.taken == len(inside)
            assert places.taken <= max(places.limit, before)  # a limit that falls takes no request back
            assert not asked or places.taken >= places.limit  # nobody waits beside a free place
            granted_at.append(places.taken)
        assert all(1 <= limit <= most for limit in shown)
        assert max(granted_at, default=0) <= most
        for task in asked:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    asyncio.run(run())


@contextlib.contextmanager
def limits_of(rig: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Collect every limit that a delivery shows."""
    seen: list[float] = []
    show = rig.metrics.set

    def spy(metric: Any, value: float, **labels: str) -> None:
        if metric is CONCURRENCY_LIMIT:
            seen.append(value)
        show(metric, value, **labels)

    with monkeypatch.context() as patch:
        patch.setattr(rig.metrics, "set", spy)
        yield seen


def rises(limits: list[float]) -> bool:
    """Say whether it goes up somewhere; a busy machine may slow some answers down, and it goes down again."""
    return any(after > before for before, after in pairwise(limits))


async def test_a_storm_of_429_takes_it_down_and_what_follows_takes_it_up(
    us: Any, running: Any, event: Any, chunk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    us.fail("rate_limited", 6)
    async with running(us, max_events=1, concurrency=20) as rig:
        assert rig.metric("concurrency_limit", region="us") == START
        with limits_of(rig, monkeypatch) as limits:
            await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(300)])))
        low = next(at for at, limit in enumerate(limits) if limit <= START / 2)
        assert rises(limits[low:])
        assert len(us.events()) == 300
        assert rig.rejected == rig.failures == []


async def test_slow_answers_take_it_down_and_quick_ones_take_it_up(
    us: Any, running: Any, event: Any, chunk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(us, max_events=1, concurrency=20, request_timeout_s=20) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(60)])))
        before = rig.metric("concurrency_limit", region="us")
        us.fail(Fault(delay_s=1.0), 40)
        with limits_of(rig, monkeypatch) as limits:
            await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(100, 140)], first=100)))
            assert min(limits) < before
            slow = len(limits)
            await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(200, 600)], first=200)))
        assert rises(limits[slow - 1 :])


async def test_never_more_requests_are_under_way_than_it_says(
    us: Any, running: Any, event: Any, chunk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    us.fail(Fault(delay_s=0.1), 40)
    begun: list[bool] = []  # for each request, whether there was room for it
    async with running(us, max_events=1, concurrency=20) as rig:
        show = rig.metrics.set

        def spy(metric: Any, value: float, **labels: str) -> None:
            if metric is IN_FLIGHT_REQUESTS and value > rig.metric("in_flight_requests", region="us"):
                begun.append(value <= rig.metric("concurrency_limit", region="us"))
            show(metric, value, **labels)

        monkeypatch.setattr(rig.metrics, "set", spy)
        await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(40)])))
        assert all(begun)
        assert len(begun) == len(us.events()) == 40
