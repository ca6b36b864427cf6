"""Every kind of answer, played by the stand-in over real HTTP."""

import asyncio
from typing import Any

import pytest

from pipeline.deliver.batch import Batch, body_size
from pipeline.deliver.reasons import DeliveryRejectReason, Fate
from pipeline.sandbox.mixpanel import MixpanelStandIn
from pipeline.sandbox.mixpanel_answers import TEXT_TYPE, Answer, json_answer, partly_refused
from pipeline.sandbox.mixpanel_faults import Fault

REFUSED = DeliveryRejectReason.REFUSED_BY_MIXPANEL
TOO_LARGE = DeliveryRejectReason.TOO_LARGE


def ids(standin: MixpanelStandIn) -> list[str]:
    return [event["properties"]["$insert_id"] for event in standin.events()]


def statuses(standin: MixpanelStandIn) -> list[int | None]:
    return [request.status for request in standin.requests]


async def test_events_arrive_as_they_are_and_are_counted(us: Any, running: Any, event: Any, chunk: Any) -> None:
    values = [event(number, name="नमस्ते") for number in range(50)]
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk(values)))
        assert ids(us) == [f"id-{number}" for number in range(50)]
        assert us.geo_violations == []
        assert rig.metric("delivered_events_total", region="us") == 50
        assert rig.metric("batches_total", region="us", result="delivered") == 1
        assert rig.metric("request_seconds_count", region="us", status_class="2xx") == 1
        assert rig.metric("batch_events_sum") == 50
        assert rig.metric("batch_bytes_sum") == us.requests[0].body_bytes
        assert rig.metric("in_flight_requests", region="us") == 0


@pytest.mark.parametrize("key", ["insert_id", "$insert_id", None])
async def test_partial_failure_rejects_by_index_and_delivers_the_rest(
    us: Any, running: Any, event: Any, chunk: Any, key: Any
) -> None:
    us.options.insert_id_key = key
    values = [event(number) for number in range(10)]
    values[3] = event(3, time="yesterday")
    values[7] = event(1, **{"$insert_id": "not allowed", "distinct_id": "Asha"})
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk(values, partition=5, first=100)))
        assert [(item.partition, item.offset, item.path) for item in rig.rejected] == [
            (5, 103, "properties.time"),
            (5, 107, "$insert_id"),
        ]
        assert {item.reason for item in rig.rejected} == {REFUSED}
        assert {(item.topic, item.policy) for item in rig.rejected} == {("events.clean.us", "test-1")}
        assert len(us.events()) == 8
        assert len(us.requests) == 1  # nothing of it is sent again
        assert rig.metric("delivered_events_total", region="us") == 8
        assert rig.metric("delivery_rejected_total", region="us", reason="refused_by_mixpanel") == 2
        assert rig.metric("batches_total", region="us", result="partial") == 1


async def test_the_rejection_of_a_batch_names_the_chunk_each_event_came_from(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    us.refuse(lambda item: item["properties"]["distinct_id"] in {"person-2", "person-13", "person-29"})
    async with running(us, linger_s=60.0, max_events=30) as rig:
        await rig.settled(
            *(
                rig.delivery.offer(chunk([event(start + i) for i in range(10)], partition=start, first=start * 100))
                for start in (0, 10, 20)
            )
        )
        assert len(us.requests) == 1
        assert [(item.partition, item.offset) for item in rig.rejected] == [(0, 2), (10, 1003), (20, 2009)]


async def test_a_rejection_names_no_property_that_the_client_chose(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(0, AshaRao=[[[[1]]]])])))
        assert [item.path for item in rig.rejected] == [""]
        assert b"Asha" not in rig.rejected[0].encode()


@pytest.mark.parametrize("bad", [0, 6, 36])
async def test_bisecting_a_whole_400_finds_the_one_bad_event(
    us: Any, running: Any, event: Any, chunk: Any, bad: int
) -> None:
    values = [event(number) for number in range(37)]
    values[bad] = b'"not an object"'
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk(values)))
        assert [(item.offset, item.reason) for item in rig.rejected] == [(bad, REFUSED)]
        assert ids(us) == [f"id-{number}" for number in range(37) if number != bad]  # also in order
        assert us.duplicates == 0
        assert rig.metric("delivered_events_total", region="us") == 36


async def test_several_unreadable_events_are_each_found(us: Any, running: Any, event: Any, chunk: Any) -> None:
    values = [b"{" if number % 9 == 0 else event(number) for number in range(40)]
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk(values)))
        assert [item.offset for item in rig.rejected] == [0, 9, 18, 27, 36]
        assert len(us.events()) == 35


@pytest.mark.parametrize(
    "body",
    [
        partly_refused(3, [{"index": 4, "field": "event"}]),
        partly_refused(2, [{"index": 1, "field": "event"}, {"index": 1, "field": "event"}]),
        partly_refused(4, [{"index": 1, "field": "event"}]),
        partly_refused(3, [{"insert_id": "id-1", "field": "event"}]),
    ],
    ids=["out of range", "twice", "does not add up", "no index"],
)
async def test_an_inconsistent_400_is_never_guessed_about(
    us: Any, running: Any, event: Any, chunk: Any, body: Answer
) -> None:
    us.fail(Fault(body, store=True))
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(4)])))
        assert rig.rejected == []
        assert len(us.events()) == 4
        assert statuses(us) == [400, 200, 200]


async def test_413_with_a_number_halves_and_is_remembered(us: Any, running: Any, event: Any, chunk: Any) -> None:
    us.options.max_bytes = 40_000
    values = [event(number, padding=800) for number in range(100)]  # about a kilobyte each
    async with running(us, concurrency=1) as rig:
        await rig.settled(rig.delivery.offer(chunk(values)))
        assert statuses(us).count(413) == 1
        assert len(us.events()) == 100
        await rig.settled(rig.delivery.offer(chunk([event(number, padding=800) for number in range(100, 200)])))
        assert statuses(us).count(413) == 1
        assert all(request.body_bytes <= 40_000 for request in us.requests if request.status == 200)
        assert rig.rejected == []


async def test_413_page_halves_until_it_fits_and_is_remembered(us: Any, running: Any, event: Any, chunk: Any) -> None:
    us.fail("too_large_html", 2)
    values = [event(number, padding=800) for number in range(100)]
    async with running(us, concurrency=1) as rig:
        await rig.settled(rig.delivery.offer(chunk(values)))
        assert statuses(us)[:2] == [413, 413]
        whole = us.requests[0].body_bytes
        assert len(us.events()) == 100
        assert rig.rejected == []
        us_before = len(us.requests)
        await rig.settled(rig.delivery.offer(chunk([event(number, padding=800) for number in range(100, 200)])))
        assert all(request.body_bytes < whole for request in us.requests[us_before:])


async def test_a_single_event_that_is_too_large_for_mixpanel_is_rejected(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    us.fail("too_large_html")
    async with running(us, max_events=1, concurrency=1) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(0), event(1)])))
        assert [(item.offset, item.reason) for item in rig.rejected] == [(0, TOO_LARGE)]
        assert ids(us) == ["id-1"]


async def test_what_can_never_be_sent_is_rejected_without_a_request(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    huge = event(1, note="x" * 1_048_576)
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk([None, huge, b"", event(3)])))
        assert [(item.offset, item.reason.value) for item in rig.rejected] == [
            (0, "not_an_event"),
            (1, "too_large"),
            (2, "not_an_event"),
        ]
        assert ids(us) == ["id-3"]
        assert len(us.requests) == 1
        await rig.settled(rig.delivery.offer(chunk([None])))
        assert len(us.requests) == 1


@pytest.mark.parametrize("retry_after", [None, "0", "Wed, 25 Nov 2015 10:00:00 GMT", "soon"])
async def test_429_is_tried_again_until_it_is_accepted(
    us: Any, running: Any, event: Any, chunk: Any, retry_after: str | None
) -> None:
    us.fail("rate_limited", 4, **({} if retry_after is None else {"retry_after": retry_after}))
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(5)])))
        assert statuses(us) == [429, 429, 429, 429, 200]
        assert len({(request.body_bytes, request.wire_bytes) for request in us.requests}) == 1
        assert rig.metric("retries_total", region="us", why="rate_limited") == 4


async def test_retry_after_holds_every_request_of_the_region(us: Any, running: Any, event: Any, chunk: Any) -> None:
    us.fail("rate_limited", retry_after="1")
    async with running(us, max_events=1, concurrency=4) as rig:
        first = rig.delivery.offer(chunk([event(0)]))
        await rig.until(lambda: rig.metric("retries_total", region="us", why="rate_limited") == 1)  # it has the answer
        await rig.settled(first, rig.delivery.offer(chunk([event(number) for number in range(1, 20)])))
        refused, *later = us.requests
        assert refused.status == 429
        assert min(request.time for request in later) >= refused.time + 1.0
        assert len(us.events()) == 20


@pytest.mark.parametrize(
    ("fault", "status", "why"),
    [
        ("internal_error", 500, "unavailable"),
        ("bad_gateway", 502, "unavailable"),
        ("unavailable", 503, "unavailable"),
        ("close", None, "unavailable"),
        ("reset", None, "unavailable"),
        ("html_ok", 200, "not_acknowledged"),
        (Fault(json_answer(200, {"error": "quota", "status": 0})), 200, "not_acknowledged"),
        (Fault(Answer(200, "1", TEXT_TYPE)), 200, "not_acknowledged"),
        (Fault(Answer(404, "no such page", TEXT_TYPE)), 404, "not_acknowledged"),
    ],
    ids=str,
)
async def test_no_result_means_the_same_bytes_again(
    us: Any, running: Any, event: Any, chunk: Any, fault: Any, status: int | None, why: str
) -> None:
    us.fail(fault, 3)
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(5)])))
        assert statuses(us) == [status, status, status, 200]
        assert len(us.events()) == 5
        assert rig.metric("retries_total", region="us", why=why) == 3
        assert rig.metric("delivered_events_total", region="us") == 5


@pytest.mark.parametrize("fault", ["stored_but_500", "stored_but_closed"])
async def test_what_was_stored_without_an_answer_is_stored_once(
    us: Any, running: Any, event: Any, chunk: Any, fault: str
) -> None:
    us.fail(fault, 2)
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(5)])))
        assert us.stored_count == 15
        assert us.duplicates == 10
        assert len(us.events()) == 5


async def test_a_wrong_count_is_no_acknowledgement(us: Any, running: Any, event: Any, chunk: Any) -> None:
    us.fail("short_count", 2)
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(5)])))
        assert statuses(us) == [200, 200, 200]
        assert len(us.events()) == 5  # the one that was left out twice came with the third


async def test_a_service_that_does_not_answer_in_time_is_asked_again(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    us.fail("slow", delay_s=3.0)
    async with running(us, request_timeout_s=1) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(0)])))
        assert ids(us) == ["id-0"]
        assert rig.metric("request_seconds_count", region="us", status_class="error") >= 1


async def test_a_service_that_is_away_and_comes_back_gets_everything(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    await asyncio.to_thread(us.down)
    async with running(us, max_events=3) as rig:
        done = rig.delivery.offer(chunk([event(number) for number in range(20)]))
        await rig.until(lambda: rig.metric("retries_total", region="us", why="unavailable") > 5)
        assert not done.done()
        await asyncio.to_thread(us.up)
        await rig.settled(done)
        assert sorted(ids(us)) == sorted(f"id-{number}" for number in range(20))


@pytest.mark.parametrize(("fault", "why"), [("unauthorized", "unauthorized"), ("forbidden", "forbidden")])
async def test_401_and_403_halt_the_region_and_keep_everything(
    us: Any, running: Any, event: Any, chunk: Any, fault: str, why: str
) -> None:
    us.fail(fault)
    async with running(us, max_events=2, concurrency=1) as rig:
        futures = [rig.delivery.offer(chunk([event(number) for number in range(10)]))]
        await rig.until(lambda: rig.delivery.halted is not None)
        futures.append(rig.delivery.offer(chunk([event(number) for number in range(10, 20)])))
        await asyncio.wait_for(rig.delivery.close(3600.0), 60.0)  # there is nothing to wait for
        assert rig.delivery.halted.value == why
        assert len(us.requests) == 1
        assert us.events() == []
        assert not any(future.done() for future in futures)
        assert rig.metric("delivery_halted", region="us", why=why) == 1
        assert rig.rejected == rig.failures == []


async def test_requests_in_flight_at_the_halt_are_still_acknowledged(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    us.fail(Fault(delay_s=1.5))
    async with running(us, max_events=1, concurrency=2) as rig:
        slow = rig.delivery.offer(chunk([event(0)]))
        await rig.until(lambda: not us._script._queue)  # it has arrived, and waits for its answer
        us.fail("unauthorized")
        refused = rig.delivery.offer(chunk([event(1), event(2), event(3)]))
        await rig.settled(slow)
        assert rig.delivery.halted is not None
        assert not refused.done()
        assert ids(us) == ["id-0"]


async def test_what_may_not_leave_any_more_is_asked_before_every_attempt(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    seen: list[int] = []

    async def before(batch: Any) -> Any:
        seen.append(len(batch.records))
        return batch

    us.fail("rate_limited", 2)
    async with running(us, options={"before_attempt": before}) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(5)])))
        assert seen == [5, 5, 5]


async def test_what_is_taken_out_between_two_attempts_does_not_leave(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    async def before(batch: Any) -> Any:
        if not us.requests or batch.records[0].offset >= 2:
            return batch
        withdrawn, rest = batch.halves()
        withdrawn.settle(Fate.SUPPRESSED)
        return rest

    us.fail("internal_error")
    async with running(us, options={"before_attempt": before}) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(number) for number in range(4)])))
        assert ids(us) == ["id-2", "id-3"]


async def test_a_batch_that_is_withdrawn_as_a_whole_costs_no_request(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    async def before(batch: Any) -> Any:
        if batch.records[0].offset >= 10:
            return batch
        batch.settle(Fate.SUPPRESSED)
        return Batch([], [], body_size([]))

    async with running(us, max_events=2, concurrency=1, options={"before_attempt": before}) as rig:
        withdrawn = rig.delivery.offer(chunk([event(0), event(1)]))
        await rig.settled(withdrawn, rig.delivery.offer(chunk([event(2), event(3)], first=10)))
        assert [request.events for request in us.requests] == [2]
        assert ids(us) == ["id-2", "id-3"]
