"""A deliver worker that is told to end sends what it holds, as long as it may; afterwards nothing is sent."""

import asyncio
from typing import Any

import pytest

from pipeline.deliver.batch import Batch


async def test_what_is_held_is_sent_without_waiting_for_more(us: Any, running: Any, event: Any, chunk: Any) -> None:
    async with running(us, linger_s=3600.0, max_events=10) as rig:
        done = rig.delivery.offer(chunk([event(number) for number in range(13)]))
        assert await asyncio.wait_for(rig.delivery.finish(), 60)
        assert done.done()
        assert sorted(request.events for request in us.requests) == [3, 10]


async def test_with_nothing_to_send_it_is_over_at_once(us: Any, running: Any) -> None:
    async with running(us) as rig:
        rig.delivery.pause.switch(on=True)
        assert await asyncio.wait_for(rig.delivery.finish(), 60)


async def test_a_region_that_is_stopped_is_not_waited_for(us: Any, running: Any, event: Any, chunk: Any) -> None:
    async with running(us) as rig:
        rig.delivery.pause.switch(on=True)
        done = rig.delivery.offer(chunk([event(0)]))
        assert not await asyncio.wait_for(rig.delivery.finish(), 60)
        assert not done.done()
        assert us.requests == []


async def test_at_the_deadline_the_sending_stops(us: Any, running: Any, event: Any, chunk: Any) -> None:
    attempts: list[Batch] = []

    async def before(batch: Batch) -> Batch:
        attempts.append(batch)
        return batch

    us.fail("unavailable", None)
    async with running(us, retry_base_s=0.01, retry_cap_s=0.01, options={"before_attempt": before}) as rig:
        done = rig.delivery.offer(chunk([event(0)]))
        await rig.until(lambda: len(us.requests) > 2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(rig.delivery.finish(), 0.05)
        begun = len(attempts)
        for _ in range(50):  # the back-off is over many times
            await asyncio.sleep(0.005)
        assert len(attempts) == begun
        await rig.delivery.close(0)
        assert not done.done()
        assert us.events() == []
