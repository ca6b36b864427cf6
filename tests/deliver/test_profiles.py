"""Updates of profiles and groups reach /engage and /groups in order, each as often as it takes (R16; T39, T46, T48)."""

import asyncio
import functools
import json
from collections import Counter
from typing import Any

import msgspec
import pytest

from pipeline.deliver.answers import (
    Accepted,
    Answer,
    Busy,
    NotAnAnswer,
    Refused400,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from pipeline.deliver.incident import Destination, Policy
from pipeline.deliver.leak_stop import LeakStop
from pipeline.deliver.profile_answers import read_profile_answer
from pipeline.deliver.profile_messages import REPEATABLE, Messages, read
from pipeline.deliver.reasons import DeliveryRejectReason, Fate
from pipeline.ops.metrics import Metrics
from pipeline.sandbox.mixpanel_answers import Answer as Wire
from pipeline.sandbox.mixpanel_faults import Fault
from pipeline.workers.labels import LABEL_VALUES
from tests.deliver.leaks import SCAN
from tests.deliver.updates import PERSON, TIME_S, group_update, person_update

ERROR_IN_200 = Fault(answer=Wire(200, '{"error": "some data points were invalid", "status": 0}'))


def fates(done: Any) -> Counter[Fate]:
    return Counter(fate for fate, offsets in done.result() for _ in offsets)


async def test_t46_t48_an_update_leaves_without_a_place_and_in_the_form_that_engage_reads(
    us: Any, running: Any, chunk: Any
) -> None:
    async with running(us) as rig:
        done = rig.delivery.offer(chunk([person_update({"$set": {"plan": "family"}})]))
        await rig.settled(done)
    assert fates(done) == {Fate.DELIVERED: 1}
    (request,) = us.requests
    assert (request.method, request.path) == ("POST", "/engage")
    assert request.query == {"ip": "0", "strict": "1", "verbose": "1"}
    assert request.headers["content-type"] == "application/json"
    assert not {"content-encoding", "authorization", "x-forwarded-for", "cookie"} & request.headers.keys()
    assert us.profiles.people() == {PERSON: {"plan": "family"}}  # no $city, no $last_seen
    assert us.profiles.geo_violations == []
    (applied,) = us.profiles.applied
    assert applied.update == {
        "$token": us.project.token, "$distinct_id": PERSON, "$ip": "0", "$ignore_time": True, "$time": TIME_S,
        "$set": {"plan": "family"},
    }  # fmt: skip


async def test_one_message_for_each_operator_in_the_order_of_the_update(us: Any, running: Any, chunk: Any) -> None:
    operations = {
        "$set_once": {"plan": "free"},
        "$set": {"plan": "family", "worlds": []},
        "$union": {"worlds": ["ocean", "city"]},
        "$remove": {"worlds": "city"},
        "$unset": ["plan"],
    }
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk([person_update(operations)])))
    assert [next(iter(each.update.keys() & REPEATABLE)) for each in us.profiles.applied] == list(operations)
    assert us.profiles.people() == {PERSON: {"worlds": ["ocean"]}}
    assert len(us.requests) == 1


async def test_groups_have_an_address_of_their_own(us: Any, running: Any, chunk: Any) -> None:
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk([group_update({"$set": {"plan": "school"}})])))
    assert [(request.path, request.status) for request in us.requests] == [("/groups", 200)]
    assert us.profiles.profiles == {("school", "hill"): {"plan": "school"}}


async def test_events_and_updates_of_a_chunk_all_settle(us: Any, running: Any, chunk: Any, event: Any) -> None:
    values = [
        value
        for number in range(50)
        for value in (
            event(number),
            person_update({"$set": {"levels_completed": number}}),
            group_update({"$set": {"levels_completed": number}}),
        )
    ]
    async with running(us) as rig:
        done = rig.delivery.offer(chunk(values))
        await rig.settled(done)
    assert fates(done) == {Fate.DELIVERED: 150}
    assert len(us.events()) == 50
    assert us.profiles.people() == {PERSON: {"levels_completed": 49}}
    assert us.profiles.profiles["school", "hill"] == {"levels_completed": 49}
    assert sorted(offset for _, offsets in done.result() for offset in offsets) == list(range(150))


FAULTS = [
    "unavailable",
    "bad_gateway",
    "html_ok",
    "rate_limited",
    "close",
    "reset",
    "stored_but_500",
    "stored_but_closed",
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_an_update_is_sent_again_and_none_overtakes_it(us: Any, running: Any, chunk: Any, fault: str) -> None:
    us.fail_profiles(fault, 2)
    async with running(us, concurrency=8) as rig:
        futures = []
        for number in range(20):
            update = person_update({"$set": {"levels_completed": number}, "$union": {"worlds": [f"w{number % 4}"]}})
            futures.append(rig.delivery.offer(chunk([update], first=number)))
            await asyncio.sleep(0)
        await rig.settled(*futures)
    assert us.profiles.people() == {PERSON: {"levels_completed": 19, "worlds": ["w0", "w1", "w2", "w3"]}}
    sets = [each.update["$set"]["levels_completed"] for each in us.profiles.applied if "$set" in each.update]
    first = [number for place, number in enumerate(sets) if number not in sets[:place]]
    assert first == list(range(20))
    assert max(Counter(sets).values()) == (3 if fault.startswith("stored") else 1)
    assert all(fates(done) == {Fate.DELIVERED: 1} for done in futures)


async def test_a_repeated_request_has_the_same_bytes(us: Any, running: Any, chunk: Any) -> None:
    us.fail_profiles("stored_but_500", 1)
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk([person_update({"$set": {"plan": "family"}})])))
    first, second = us.profiles.applied
    assert json.dumps(first.update) == json.dumps(second.update)


async def test_t39_an_error_inside_a_success_refuses_what_is_at_fault_and_nothing_else(
    us: Any, running: Any, chunk: Any
) -> None:
    us.profiles.script.refuse(lambda update: update.get("$set") == {"levels_completed": 13}, "levels")
    async with running(us) as rig:
        values = [person_update({"$set": {"levels_completed": n}}, f"{PERSON[:-2]}{n:02d}") for n in range(20)]
        done = rig.delivery.offer(chunk(values))
        await rig.settled(done)
        assert [(each.offset, each.reason) for each in rig.rejected] == [(13, "refused_by_mixpanel")]
    assert fates(done) == {Fate.DELIVERED: 19, Fate.REJECTED: 1}
    assert [each.update["$set"]["levels_completed"] for each in us.profiles.applied] == [*range(13), *range(14, 20)]
    assert {request.status for request in us.requests} == {200}


async def test_t39_a_single_update_that_is_refused_is_given_up(us: Any, running: Any, chunk: Any) -> None:
    us.fail_profiles(ERROR_IN_200, 1)
    async with running(us) as rig:
        done = rig.delivery.offer(chunk([person_update({"$set": {"plan": "family"}})]))
        await rig.settled(done)
        assert fates(done) == {Fate.REJECTED: 1}
        assert len(rig.rejected) == 1
    assert us.profiles.people() == {}


@pytest.mark.parametrize("fault", ["unauthorized", "forbidden"])
async def test_a_refused_token_halts_events_too_until_the_gate_reopens(
    us: Any, running: Any, chunk: Any, event: Any, fault: str
) -> None:
    us.fail_profiles(fault, 1)
    async with running(us) as rig:
        update = rig.delivery.offer(chunk([person_update({"$set": {"plan": "family"}})]))
        await rig.until(lambda: rig.delivery.halted is not None)
        assert rig.delivery.halted == fault
        later = rig.delivery.offer(chunk([event(1), group_update({"$set": {"plan": "school"}})], first=1))
        for _ in range(100):  # turns of the loop, each a chance to do what must not be done
            await asyncio.sleep(0)
        assert len(us.requests) == 1
        assert not update.done()
        rig.delivery.gate.reopen()
        await rig.settled(update, later)
    assert us.profiles.people() == {PERSON: {"plan": "family"}}
    assert len(us.events()) == 1


async def test_a_request_that_is_too_large_is_halved_in_order(us: Any, running: Any, chunk: Any) -> None:
    us.profiles.max_bytes = 2_000
    async with running(us) as rig:
        values = [person_update({"$set": {"levels_completed": number}}) for number in range(40)]
        done = rig.delivery.offer(chunk(values))
        await rig.settled(done)
    assert fates(done) == {Fate.DELIVERED: 40}
    assert [each.update["$set"]["levels_completed"] for each in us.profiles.applied] == list(range(40))
    assert max(request.wire_bytes for request in us.requests if request.status == 200) <= 2_000


async def test_no_request_has_more_messages_than_the_endpoint_takes(us: Any, running: Any, chunk: Any) -> None:
    everything = {
        "$set": {"plan": "family"},
        "$set_once": {"plan": "free"},
        "$union": {"worlds": ["ocean"]},
        "$remove": {"worlds": "ocean"},
        "$unset": ["plan"],
        "$delete": "",
    }
    assert everything.keys() == REPEATABLE
    async with running(us, max_events=2000) as rig:
        await rig.settled(rig.delivery.offer(chunk([person_update(everything)] * 400)))
    assert sum(request.events for request in us.requests) == 2_400
    assert {request.status for request in us.requests} == {200}
    assert max(request.events for request in us.requests) <= 2_000


BAD = {
    "adds": person_update({"$add": {"levels_completed": 1}}),
    "appends": person_update({"$set": {"plan": "free"}, "$append": {"worlds": "ocean"}}),
    "place": person_update({"$set": {"plan": "free"}}, ip="203.0.113.7"),
    "no word on the place": person_update({"$set": {"plan": "free"}}, ip=None),
    "no time": person_update({"$set": {"plan": "free"}}, time=None),
    "a token": person_update({"$set": {"plan": "free"}}, token="other"),
    "nothing to do": person_update({}),
    "a group's place": msgspec.json.encode({"$group_key": "a", "$group_id": "b", "$ip": "1", "$time": 1, "$set": {}}),
    "a person and a group": person_update({"$set": {}}, group_key="a", group_id="b"),
    "no JSON": b'{"$distinct_id":',
    "not UTF-8": b'{"$distinct_id":"\xff"}',
    "no keys": b'{"$":1}',
}


@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
async def test_what_the_sanitizer_does_not_write_is_never_sent(us: Any, running: Any, chunk: Any, value: bytes) -> None:
    assert read(value) is None
    async with running(us) as rig:
        done = rig.delivery.offer(chunk([value, person_update({"$set": {"plan": "family"}})]))
        await rig.settled(done)
        assert [(each.offset, each.reason) for each in rig.rejected] == [(0, DeliveryRejectReason.NOT_AN_EVENT)]
    assert us.profiles.people() == {PERSON: {"plan": "family"}}
    assert len(us.requests) == 1


async def test_a_suppressed_persons_update_is_taken_out_before_each_attempt(us: Any, running: Any, chunk: Any) -> None:
    people = [f"{PERSON[:-2]}{number:02d}" for number in range(4)]
    gone = {people[1].encode(), people[3].encode()}
    attempts = 0

    async def take_out(batch: Any) -> Any:
        nonlocal attempts
        attempts += 1
        out = {place for place, record in enumerate(batch.records) if record.key in gone}
        if attempts < 3 or not out:  # at first nobody is suppressed, and Mixpanel is away
            return batch
        us.clear_faults()
        left, suppressed = batch.apart(out)
        suppressed.settle(Fate.SUPPRESSED)
        return left

    us.fail_profiles("unavailable", None)
    async with running(us, options={"before_attempt": take_out}) as rig:
        values = [person_update({"$set": {"plan": "family"}}, person) for person in people]
        done = rig.delivery.offer(chunk(values, keys=[person.encode() for person in people]))
        await rig.settled(done)
    assert fates(done) == {Fate.DELIVERED: 2, Fate.SUPPRESSED: 2}
    assert set(us.profiles.people()) == {people[0], people[2]}


async def test_an_update_with_personal_data_in_it_holds_the_region(us: Any, running: Any, chunk: Any) -> None:
    metrics = Metrics(LABEL_VALUES)
    stop = LeakStop(
        "us",
        "events.clean.us",
        SCAN,
        None,
        destination=Destination("https://api.mixpanel.com", "1"),
        policy=Policy("test-1", "a" * 64),
        metrics=metrics,
        clock=lambda: TIME_S * 1000,
    )
    async with running(us, options={"leaks": stop}, metrics=metrics) as rig:
        harmless = person_update({"$set": {"plan": "family"}, "$union": {"worlds": ["ocean"]}})
        await rig.settled(rig.delivery.offer(chunk([harmless])))
        held = rig.delivery.offer(chunk([person_update({"$set_once": {"plan": "kid@example.com"}})], first=1))
        await rig.until(lambda: stop.on)
        assert not held.done()
        assert metrics.registry.get_sample_value("coppice_leak_hits_total", {"region": "us", "kind": "email"}) == 1
    assert len(us.requests) == 1


async def test_what_is_not_settled_at_the_end_stays_so(us: Any, running: Any, chunk: Any) -> None:
    us.fail_profiles("unavailable", None)
    async with running(us) as rig:
        done = rig.delivery.offer(chunk([person_update({"$set": {"plan": "family"}})]))
        await rig.until(lambda: len(us.requests) > 1)
    assert not done.done()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"status": 1, "error": None}, Accepted()),
        (200, {"status": 1}, Accepted()),
        (200, {"status": 0, "error": "x"}, Refused400()),
        (200, {"status": 1, "error": "x"}, Refused400()),
        (200, {"status": 0, "error": None}, Refused400()),
        (200, {"error": "x"}, Refused400()),
        (200, {"status": True, "error": None}, NotAnAnswer()),
        (200, {"status": "OK"}, NotAnAnswer()),
        (200, {"status": "1"}, NotAnAnswer()),
        (200, {}, NotAnAnswer()),
        (200, 1, NotAnAnswer()),
        (200, [], NotAnAnswer()),
        (200, b"1", NotAnAnswer()),
        (200, b"<html>", NotAnAnswer()),
        (200, b"", NotAnAnswer()),
        (200, b"\xff", NotAnAnswer()),
        (204, b"", NotAnAnswer()),
        (302, b"", NotAnAnswer()),
        (400, {"error": "x", "failed_records": [{"index": 0}]}, Refused400()),
        (401, b"", Unauthorized(401)),
        (403, b"", Unauthorized(403)),
        (413, b"<html>", TooLarge(None)),
        (429, b"", Busy(7.0)),
        (500, {"status": 1, "error": None}, Unavailable(7.0)),
    ],
)
def test_only_a_plain_success_counts(status: int, body: Any, expected: Answer) -> None:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    assert read_profile_answer(status, raw, 2, 7.0) == expected


def test_messages_are_those_of_the_package_and_the_same_each_time() -> None:
    build = functools.partial(Messages("t").of, person_update({"$set": {"plan": "प"}, "$unset": ["worlds"]}))
    first, second = build()
    assert first.startswith(b'{"$token":"t","$time":%d,"$distinct_id":' % TIME_S)
    assert "प".encode() in first
    assert (first, second) == tuple(build())
