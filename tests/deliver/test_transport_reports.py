"""What people have reported of sending to Mixpanel, as inputs: T31 to T42, and what is like it.

T37 (nothing stored although the answer says so) is in test_residency.py, T39 (an error inside a 200 of /engage) in
test_profiles.py. T34 and T38 concern a gateway for SDKs: here is what becomes of such a body as a raw record.
"""

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from pipeline.core.outcome import Rejected
from pipeline.core.sanitize import sanitize
from pipeline.deliver.event_limits import EventLimits
from pipeline.deliver.hot_shard import HotShard
from pipeline.sandbox.mixpanel_answers import HTML_TYPE, TEXT_TYPE, Answer, json_answer, partly_refused, too_large
from pipeline.sandbox.mixpanel_faults import Fault
from pipeline.workers.context import now_ms
from tests.core.worlds import adult_world, encode, raw_event
from tests.deliver.rough import answer, cut_in_a_chunk, dripping, rough, says, shorter_than_said, stored, unread

PAGE = "<html><body><h1>413 Request Entity Too Large</h1></body></html>"
WEEK_MS = 7 * 86_400_000


def ids(standin: Any) -> list[str]:
    return sorted(item["properties"]["$insert_id"] for item in standin.events())


def page(status: int, *, store: bool = False) -> Fault:
    return Fault(Answer(status, PAGE, HTML_TYPE), store=store)


async def delivered(us: Any, running: Any, chunk: Any, values: list[bytes], **settings: Any) -> Any:
    """Deliver some events to their end, and return what was seen of it."""
    async with running(us, concurrency=1, **settings) as rig:
        await rig.settled(rig.delivery.offer(chunk(values)))
        assert rig.failures == []
        return rig


# --- T31: mixpanel-node#136

T31 = {
    "T31 page": page(413),
    "T31 nothing": Fault(Answer(413, "", TEXT_TYPE)),
    "T31 half a document": Fault(Answer(413, "{", "application/json")),
}


@pytest.mark.parametrize("fault", T31.values(), ids=T31)
async def test_t31_a_413_that_is_no_json_halves_the_batch(
    us: Any, running: Any, event: Any, chunk: Any, fault: Fault
) -> None:
    us.fail(fault)
    rig = await delivered(us, running, chunk, [event(number) for number in range(8)])
    assert [request.events for request in us.requests][1:] == [4, 4]
    assert len(us.events()) == 8
    assert rig.rejected == []


@pytest.mark.parametrize(("number", "times"), [(200, 1), (16_384, 2)], ids=["not to be believed", "believed"])
async def test_a_413_with_a_number_smaller_than_one_event(
    us: Any, running: Any, event: Any, chunk: Any, number: int, times: int
) -> None:
    """A large event is set aside when it is refused alone, and for no number; and ordinary ones are not concerned."""
    us.fail(Fault(too_large(number)), times)  # the whole, and then the large event alone
    async with running(us, concurrency=1) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(0, padding=30_000), event(1), event(2), event(3)])))
        await rig.settled(rig.delivery.offer(chunk([event(4)], first=10)))
        assert [(item.offset, item.reason.value) for item in rig.rejected] == [(0, "too_large")] * (times - 1)
        assert ids(us) == [f"id-{each}" for each in range(times - 1, 5)]


# --- T32: mixpanel-node#231


@pytest.mark.parametrize("form", ["T32 without", "T32 seconds", "T32 date"])
async def test_t32_a_429_holds_the_region_as_long_as_it_says(
    us: Any, running: Any, event: Any, chunk: Any, form: str
) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    waits = {"T32 without": None, "T32 seconds": "1", "T32 date": format_datetime(moment, usegmt=True)}[form]
    us.fail("rate_limited", 1, **({} if waits is None else {"retry_after": waits}))
    async with running(us, max_events=1, concurrency=4) as rig:
        first = rig.delivery.offer(chunk([event(0)]))
        await rig.until(lambda: rig.metric("retries_total", region="us", why="rate_limited") == 1)  # it has the answer
        await rig.settled(first, rig.delivery.offer(chunk([event(number) for number in range(1, 9)], first=1)))
        refused, *later = us.requests
        first_again = min(request.time for request in later)
        if form == "T32 seconds":
            assert first_again >= refused.time + 1.0
        if form == "T32 date":
            assert first_again >= moment.timestamp()
        assert len(us.events()) == 9
        assert rig.metric("retries_total", region="us", why="rate_limited") == 1


# --- T33: mixpanel-node#149, #226; mixpanel-python#104, #116, #80

AGAIN = {
    "T33 closed after the body": "close",
    "T33 reset": "reset",
    "T33 503 text": "unavailable",
    "T33 stored, then closed": "stored_but_closed",
    "T33 stored, then 500": "stored_but_500",
    "502 page": page(502),
    "504 page": page(504),
    "504 page, stored": page(504, store=True),
    "408": Fault(Answer(408, "Request Timeout", TEXT_TYPE)),
    "414": Fault(Answer(414, PAGE, HTML_TYPE)),
    "200 with nothing in it": Fault(Answer(200, "", "application/json")),
    "200 with one more": Fault(json_answer(200, {"num_records_imported": 4, "status": "OK"})),
    "200 with one less": "short_count",
    "204": Fault(Answer(204, "", TEXT_TYPE)),
    "redirect": Fault(Answer(307, "", TEXT_TYPE, {"Location": "/elsewhere"})),
}


@pytest.mark.parametrize("fault", AGAIN.values(), ids=AGAIN)
async def test_t33_without_a_result_the_same_bytes_are_sent_again(
    us: Any, running: Any, event: Any, chunk: Any, fault: Any
) -> None:
    us.fail(fault, 2)
    rig = await delivered(us, running, chunk, [event(number) for number in range(3)])
    assert ids(us) == ["id-0", "id-1", "id-2"]
    assert len(us.requests) == 3
    assert len({(request.path, request.body_bytes, request.wire_bytes) for request in us.requests}) == 1
    assert rig.rejected == []
    assert rig.metric("delivered_events_total", region="us") == 3


ROUGH = {
    "T33 closed before the body was read": unread,
    "cut in a chunk": cut_in_a_chunk,
    "shorter than it says": shorter_than_said,
    "one byte at a time": dripping,
    "no HTTP": says(lambda _: b"\x16\x03\x01 TLS?\r\n\r\n"),
    "half a status line": says(lambda _: b"HTTP/1.1 2"),
    "gzip that is none": says(lambda n: answer("200 OK", stored(n), "Content-Encoding: gzip")),
    "an endless header": says(lambda n: answer("200 OK", stored(n), "X: " + "x" * 100_000)),
}


@pytest.mark.parametrize("behaviour", ROUGH.values(), ids=ROUGH)
async def test_an_answer_that_breaks_off_is_none(running: Any, event: Any, chunk: Any, behaviour: Any) -> None:
    async with (
        rough(behaviour, behaviour) as served,
        running(served, concurrency=1, request_timeout_s=2) as rig,
    ):
        await rig.settled(rig.delivery.offer(chunk([event(0), event(1)])))
        assert [item["properties"]["$insert_id"] for item in served.confirmed] == ["id-0", "id-1"]
        assert len(set(served.bodies)) == 1
        assert rig.metric("retries_total", region="us", why="unavailable") == 2
        assert rig.metric("delivered_events_total", region="us") == 2
        assert rig.rejected == rig.failures == []


async def test_a_gzipped_answer_that_nobody_asked_for_is_read(running: Any, event: Any, chunk: Any) -> None:
    zipped = says(lambda number: answer("200 OK", gzip.compress(stored(number)), "Content-Encoding: gzip"))
    async with rough(zipped) as served, running(served, concurrency=1) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(0)])))
        assert len(served.bodies) == 1


# --- T34, T38: mixpanel-node#127; rudder-sdk-android#359, analytics-swift#430

POISON = {
    "T34 the address of a GET": b"GET /track?data=" + b"eyJldmVudCI6ImEifQ" * 600,
    "T34 a form without its field": b"verbose=1&ip=1",
    "T38 half a document": b'{"event":"level_started","properties":{',
    "T38 no text": b"\xff\xfe\x00",
    "T38 nothing": b"",
    "T38 endless nesting": b"[" * 200_000,
}


@pytest.mark.parametrize("raw", POISON.values(), ids=POISON)
def test_t38_a_body_that_cannot_be_read_is_set_aside_and_the_next_is_judged(raw: bytes) -> None:
    world = adult_world()
    outcomes = sanitize(raw, world.consents, world.context)
    assert [type(outcome) for outcome in outcomes] == [Rejected]
    assert world.clean(encode(raw_event()))


# --- T40: rudder PR #4245, #4257, #4260

T40 = {
    "T40 index only": ([{"index": 1}], [1]),
    "T40 index and insert_id": ([{"index": 1, "insert_id": "id-1"}], [1]),
    "T40 index and $insert_id": ([{"index": 1, "$insert_id": "id-1"}], [1]),
    "T40 the index wins over another's id": ([{"index": 1, "$insert_id": "id-3", "insert_id": "id-0"}], [1]),
    "T40 insert_id only": ([{"insert_id": "id-1"}], None),
    "T40 $insert_id only": ([{"$insert_id": "id-1"}], None),
    "index out of range": ([{"index": 4}], None),
    "index below 0": ([{"index": -1}], None),
    "index twice": ([{"index": 1}, {"index": 1}], None),
}


@pytest.mark.parametrize(("failed", "rejected"), T40.values(), ids=T40)
async def test_t40_who_is_refused_is_told_by_the_index_or_found_out(
    us: Any, running: Any, event: Any, chunk: Any, failed: Any, rejected: list[int] | None
) -> None:
    """Without an index that adds up nobody is guessed: the batch is halved, and whoever is refused alone is it."""
    us.fail(Fault(partly_refused(4 - len(failed), [{"field": "properties.time"} | each for each in failed])))
    if rejected is None:
        us.refuse(lambda item: item["properties"]["$insert_id"] == "id-1")
    rig = await delivered(us, running, chunk, [event(number) for number in range(4)])
    assert [item.offset for item in rig.rejected] == [1]
    assert rig.metric("delivered_events_total", region="us") == 3
    assert len(us.requests) == (1 if rejected else 3)


async def test_t40_duplicate_insert_ids_in_one_batch_are_told_apart(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    us.refuse(lambda item: item["properties"]["time"] == 5)
    values = [event(number, **{"$insert_id": "same"}) for number in range(3)]
    values.insert(1, event(9, **{"$insert_id": "same", "time": 5}))
    rig = await delivered(us, running, chunk, values)
    assert [item.offset for item in rig.rejected] == [1]
    assert rig.metric("delivered_events_total", region="us") == 3


@pytest.mark.parametrize("text", ["bad request", PAGE, ""], ids=["400 text", "400 page", "400 nothing"])
async def test_a_400_that_is_no_json_is_narrowed_down(us: Any, running: Any, event: Any, chunk: Any, text: str) -> None:
    us.fail(Fault(Answer(400, text, TEXT_TYPE)))
    rig = await delivered(us, running, chunk, [event(number) for number in range(6)])
    assert ids(us) == [f"id-{number}" for number in range(6)]
    assert rig.rejected == []


# --- T42: mixpanel-js#384


async def test_t42_week_old_events_that_arrive_together_are_delivered(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    week_ago = now_ms() - WEEK_MS
    values = [event(number, time=week_ago + number) for number in range(5000)]
    options = {"checks": EventLimits(now_ms), "hot_shard": HotShard(200_000, now_ms)}
    async with running(us, options=options) as rig:
        done = [rig.delivery.offer(chunk(values[at : at + 500], first=at)) for at in range(0, 5000, 500)]
        await rig.settled(*done)
        assert len(us.events()) == 5000
        assert rig.rejected == []
