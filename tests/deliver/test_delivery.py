"""Delivery as the agent loop sees it: chunks in, futures out."""

import asyncio
import time
from typing import Any

import pytest

from pipeline.deliver.errors import WrongTopicError


async def test_linger_sends_a_single_event(us: Any, running: Any, event: Any, chunk: Any) -> None:
    async with running(us, linger_s=0.05) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(0)])))
        assert [request.events for request in us.requests] == [1]
        await rig.settled(rig.delivery.offer(chunk([event(1)])))
        assert [request.events for request in us.requests] == [1, 1]


async def test_chunks_that_arrive_within_the_linger_share_a_request(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    async with running(us, linger_s=0.2) as rig:
        await rig.settled(*(rig.delivery.offer(chunk([event(number)], partition=number)) for number in range(9)))
        assert [request.events for request in us.requests] == [9]


async def test_a_full_batch_does_not_wait_for_the_linger(us: Any, running: Any, event: Any, chunk: Any) -> None:
    async with running(us, linger_s=3600.0, max_events=10) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(20)])))
        assert [request.events for request in us.requests] == [10, 10]


async def test_a_chunk_is_done_when_its_own_events_are_and_not_before(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    order: list[int] = []
    async with running(us, linger_s=3600.0, max_events=10, concurrency=1) as rig:
        futures = []
        for start, stop in ((0, 15), (15, 18), (18, 20), (20, 25)):
            future = rig.delivery.offer(chunk([event(number) for number in range(start, stop)]))
            future.add_done_callback(lambda _, start=start: order.append(start))
            futures.append(future)
        await rig.settled(*futures[:3])
        assert order == [0, 15, 18]
        assert not futures[3].done()  # its batch is still open
        assert len(us.events()) == 20


async def test_the_same_number_of_requests_as_configured_is_in_flight(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    us.fail("slow", 3, delay_s=1.0)
    async with running(us, max_events=1, concurrency=3) as rig:
        done = rig.delivery.offer(chunk([event(number) for number in range(12)]))
        await rig.until(lambda: rig.metric("in_flight_requests", region="us") == 3)
        await rig.settled(done)
        assert len(us.events()) == 12


async def test_a_chunk_waits_for_its_rejections_to_be_confirmed(us: Any, running: Any, event: Any, chunk: Any) -> None:
    confirmed = asyncio.Event()
    asked: list[int] = []

    async def record(rejections: Any) -> None:
        asked.extend(item.offset for item in rejections)
        await confirmed.wait()

    us.refuse(lambda item: item["properties"]["$insert_id"] == "id-1")
    async with running(us, record=record) as rig:
        by_mixpanel = rig.delivery.offer(chunk([event(0), event(1)]))
        await rig.until(lambda: asked == [1])
        by_us = rig.delivery.offer(chunk([None, event(3)], first=2))
        await rig.until(lambda: asked == [1, 2] and len(us.events()) == 2)
        assert not by_mixpanel.done()
        assert not by_us.done()
        assert rig.metric("delivery_rejected_total", region="us", reason="refused_by_mixpanel") == 0
        confirmed.set()
        await rig.settled(by_mixpanel, by_us)


@pytest.mark.parametrize("values", [[None], ["refused"]], ids=["before sending", "after an answer"])
async def test_a_rejection_that_cannot_be_recorded_stops_the_process(
    us: Any, running: Any, event: Any, chunk: Any, values: list[Any]
) -> None:
    async def record(_rejections: Any) -> None:
        raise ConnectionError("broker is away")

    us.refuse(lambda _: True)
    async with running(us, record=record) as rig:
        done = rig.delivery.offer(chunk([value and event(0) for value in values]))
        await rig.until(lambda: len(rig.failures) == 1)
        assert isinstance(rig.failures[0], ConnectionError)
        assert not done.done()


async def test_an_unknown_failure_while_sending_stops_the_process(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    async def before(_batch: Any) -> Any:
        raise ZeroDivisionError

    async with running(us, options={"before_attempt": before}) as rig:
        done = rig.delivery.offer(chunk([event(0)]))
        await rig.until(lambda: len(rig.failures) == 1)
        assert isinstance(rig.failures[0], ZeroDivisionError)
        assert not done.done()
        assert us.requests == []


async def test_an_unknown_failure_while_packing_stops_the_process(us: Any, running: Any, chunk: Any) -> None:
    async with running(us) as rig:
        done = rig.delivery.offer(chunk([123]))
        assert [type(failure) for failure in rig.failures] == [TypeError]
        assert not done.done()


async def test_held_bytes_are_bounded_and_given_back(us: Any, running: Any, event: Any, chunk: Any) -> None:
    values = [event(number) for number in range(10)]
    size = sum(map(len, values))
    async with running(us, options={"held_bytes": 3 * size}) as rig:
        await asyncio.to_thread(us.down)
        futures = []
        for partition in range(3):
            await rig.delivery.room()
            futures.append(rig.delivery.offer(chunk(values, partition=partition)))
        assert rig.delivery.held_bytes == 3 * size
        waiting = asyncio.ensure_future(rig.delivery.room())
        await rig.until(lambda: rig.metric("retries_total", region="us", why="unavailable") > 3)
        assert not waiting.done()
        await asyncio.to_thread(us.up)
        await asyncio.wait_for(waiting, 60.0)
        await rig.settled(*futures)
        await rig.until(lambda: rig.delivery.held_bytes == 0)


async def test_the_age_of_what_waits_is_shown_while_nothing_moves(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    await asyncio.to_thread(us.down)
    async with running(us) as rig:
        done = rig.delivery.offer(chunk([event(0)]))
        await rig.until(lambda: rig.metric("oldest_unsent_event_age_seconds", region="us") > 0)
        shown = rig.metric("oldest_unsent_event_age_seconds", region="us")
        assert abs(time.time() - 1_750_000_000 - shown) < 60
        await asyncio.to_thread(us.up)
        await rig.settled(done)
        await rig.until(lambda: rig.metric("oldest_unsent_event_age_seconds", region="us") == 0)


async def test_closing_sends_what_is_held(us: Any, running: Any, event: Any, chunk: Any) -> None:
    async with running(us, linger_s=3600.0) as rig:
        done = rig.delivery.offer(chunk([event(number) for number in range(5)]))
        await rig.delivery.close()
        assert done.done()
        assert len(us.events()) == 5
        assert rig.failures == []


async def test_closing_acknowledges_nothing_that_was_not_confirmed(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    us.fail("slow", delay_s=30.0)
    async with running(us) as rig:
        done = rig.delivery.offer(chunk([event(0)]))
        await rig.until(lambda: rig.metric("in_flight_requests", region="us") == 1)
        await rig.delivery.close(0.05)
        assert not done.done()
        assert rig.failures == []
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_chunk_of_another_topic_stops_the_process_before_anything_is_sent(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    async with running(us, options={"topic_prefix": "blue."}) as rig:
        for topic in ("events.clean.us", "blue.events.clean.in", "blue.events.raw"):
            done = rig.delivery.offer(chunk([event(0)], topic=topic))
            assert isinstance(rig.failures.pop(), WrongTopicError)
            assert not done.done()
        await rig.delivery.close()
        assert us.requests == []


async def test_the_prefix_of_a_deployment_is_part_of_the_topic(us: Any, running: Any, event: Any, chunk: Any) -> None:
    async with running(us, options={"topic_prefix": "blue."}) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(0)], topic="blue.events.clean.us")))
        assert len(us.events()) == 1
