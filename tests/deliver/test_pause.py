"""The kill switch over delivery: nothing is sent while it is on, and everything when it is lifted."""

import asyncio
from collections.abc import Callable
from typing import Any

from pipeline.deliver.reasons import HaltWhy

WHY = HaltWhy.KILL_SWITCH.value


async def test_nothing_is_sent_or_settled_while_it_is_on(us: Any, running: Any, chunk: Any, event: Any) -> None:
    async with running(us, linger_s=0.01, concurrency=2) as rig:
        rig.delivery.pause.switch(on=True)
        done = [rig.delivery.offer(chunk([event(number)], first=number)) for number in range(5)]
        await rig.until(rig.delivery._batches.empty)  # the senders have it in hand
        assert us.requests == []
        assert not any(future.done() for future in done)
        assert rig.metric("delivery_halted", region="us", why=WHY) == 1
        assert rig.delivery.halted is None  # it is not for good
        rig.delivery.pause.switch(on=False)
        await rig.settled(*done)
        assert us.stored_count == 5
        assert rig.metric("delivery_halted", region="us", why=WHY) == 0
        assert rig.failures == []


async def test_a_request_that_fails_is_not_repeated_before_it_is_lifted(
    us: Any, running: Any, chunk: Any, event: Any
) -> None:
    us.fail("unavailable", 1, delay_s=1.0)
    async with running(us, concurrency=1) as rig:
        done = rig.delivery.offer(chunk([event(1)]))
        await rig.until(lambda: rig.metric("in_flight_requests", region="us") == 1)
        rig.delivery.pause.switch(on=True)
        await rig.until(lambda: rig.metric("retries_total", region="us", why="unavailable") == 1)
        assert await _stays(lambda: len(us.requests) == 1 and not done.done())
        rig.delivery.pause.switch(on=False)
        await rig.settled(done)
        assert us.stored_count == 1


async def test_lifted_and_set_again_during_a_back_off(us: Any, running: Any, chunk: Any, event: Any) -> None:
    us.fail("unavailable", 1)
    async with running(us, concurrency=1, retry_base_s=0.1, retry_cap_s=0.1) as rig:
        done = rig.delivery.offer(chunk([event(1)]))
        await rig.until(lambda: rig.metric("retries_total", region="us", why="unavailable") == 1)
        rig.delivery.pause.switch(on=True)  # the sender sleeps in its back-off
        assert await _stays(lambda: len(us.requests) == 1, 100)
        rig.delivery.pause.switch(on=False)
        await rig.settled(done)


async def test_closing_does_not_wait_for_it_and_sends_nothing(us: Any, running: Any, chunk: Any, event: Any) -> None:
    async with running(us) as rig:
        rig.delivery.pause.switch(on=True)
        done = rig.delivery.offer(chunk([event(1)]))
        async with asyncio.timeout(30):
            await rig.delivery.close(60)
        assert us.requests == []
        assert not done.done()


async def test_what_is_held_while_it_is_on_has_its_bound(us: Any, running: Any, chunk: Any, event: Any) -> None:
    async with running(us, options={"held_bytes": 100}) as rig:
        rig.delivery.pause.switch(on=True)
        done = rig.delivery.offer(chunk([event(1)]))
        room = asyncio.ensure_future(rig.delivery.room())
        assert await _stays(lambda: not room.done())
        rig.delivery.pause.switch(on=False)
        await rig.settled(done, room)


async def _stays(condition: Callable[[], bool], turns: int = 50) -> bool:
    """Say whether a condition holds over many turns of the loop."""
    for _ in range(turns):
        if not condition():
            return False
        await asyncio.sleep(0.005)
    return True
