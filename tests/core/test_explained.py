"""An explanation to the last field: where each of the envelope goes, what becomes of properties, what is added."""

import base64
import json
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec import UNSET

from pipeline.core.explain import Explanation, explain
from pipeline.core.outcome import Clean, Counted, Dropped, DropReason, Rejected, RejectReason
from pipeline.core.signals import DECIDES
from pipeline.policy.vocabulary import Action, PropertyClass, Space, StripReason
from tests.aggregate.counts import child_event, counts_world
from tests.core.worlds import (
    GOOD,
    HOUR,
    NOW,
    OPEN,
    RECORDS,
    World,
    acting,
    context_of,
    encode,
    raw_event,
    world,
)
from tests.mixpanel_input.sdk import COPPICE, sdk_event, sdk_world

ADULT = world(OPEN, records=(RECORDS["US/adult"],))
SDK = sdk_world()
ADDED = {"token", "distinct_id", "time", "$insert_id", "mp_lib", "$lib_version", "ip"}
UPDATE: dict[str, Any] = {
    "$token": "t",
    "$distinct_id": "raw-id",
    "$time": NOW - HOUR,
    "$set": {"plan": "family", "$email": "asha@example.com"},
    "$union": {"worlds": ["ocean"]},
    "$remove": {"groups": "class"},
    "$unset": ["app_language"],
    "$delete": "raw-id",
    "coppice": COPPICE,
}


def told(here: World, value: Any) -> list[Explanation]:
    return explain(value if isinstance(value, bytes) else encode(value), here.consents, here.context)


def one(here: World, value: Any) -> Explanation:
    (found,) = told(here, value)
    return found


def fields(found: Explanation) -> dict[str, tuple[Any, Any, Any]]:
    return {each.name: (each.before, each.goes_to, each.after) for each in found.envelope}


def stay(names: Iterable[str], event: dict[str, Any]) -> dict[str, tuple[Any, Any, Any]]:
    return {name: (event[name], None, UNSET) for name in names}


def test_an_event_that_leaves() -> None:
    event = raw_event(properties=GOOD | {"note": "hi mia@example.com", "$email": "x", "level": 0, "odd": 1})
    found = one(ADULT, event)
    assert isinstance(found.outcome, Clean)
    added = dict(found.added)
    assert fields(found) == stay(("received_at", "device_id", "region", "platform"), event) | {
        "event": ("analytics", "event", "analytics"),
        "event_id": (event["event_id"], "$insert_id", added["$insert_id"]),
        "time": (event["time"], "time", event["time"]),
        "profile_id": ("profile-0001", "distinct_id", found.outcome.key.decode()),
    }
    assert {each.name: (each.before, each.after, each.remark.stripped) for each in found.properties} == {
        name: (value, value, None) for name, value in GOOD.items()
    } | {
        "note": ("hi mia@example.com", "hi [email]", None),
        "$email": ("x", UNSET, StripReason.CLASS),
        "level": (0, UNSET, StripReason.INVALID),
        "odd": (1, UNSET, StripReason.UNREGISTERED),
    }
    assert added.keys() == ADDED
    assert added["token"] == "token-us"
    assert added["distinct_id"] == found.outcome.key.decode()
    assert found.plan is ADULT.context.registry["analytics"]
    (way,) = found.ways
    assert (way.way.space, way.answers, way.open) == (Space.ANALYTICS, (None, None), True)
    assert [(each.source, each.effect) for each in found.signals] == [("region", DECIDES), ("consent", DECIDES)]


@pytest.mark.parametrize(
    ("here", "event", "why", "ways"),
    [
        (world(OPEN), raw_event(), DropReason.NO_CONSENT, 0),
        (ADULT, raw_event(time=NOW - 31 * 24 * HOUR), DropReason.BEFORE_CONSENT, 1),
        (world(OPEN, records=(RECORDS["IN/adult"],)), raw_event(), DropReason.REGION_CONFLICT, 0),
    ],
)
def test_an_event_that_stays(here: World, event: dict[str, Any], why: DropReason, ways: int) -> None:
    found = one(here, event)
    assert isinstance(found.outcome, Dropped)
    assert found.outcome.reason is why
    assert fields(found) == stay(event.keys() - {"properties"}, event)
    assert {each.name: each.before for each in found.properties} == GOOD
    assert all(each.after is UNSET for each in found.properties)
    assert found.added == ()
    assert found.plan is here.context.registry["analytics"]
    assert len(found.ways) == ways
    assert found.signals


def test_an_event_that_no_schema_lists() -> None:
    event = raw_event(event="nobody_knows")
    found = one(ADULT, event)
    assert isinstance(found.outcome, Dropped)
    assert found.outcome.reason is DropReason.UNKNOWN_EVENT
    assert fields(found) == stay(event.keys() - {"properties"}, event)
    assert [each.source for each in found.signals] == ["region", "consent"]
    assert (found.plan, found.ways, found.properties, found.added) == (None, (), (), ())


def test_the_form_of_an_sdk_is_told_in_ours_wrapped_or_not() -> None:
    plain = one(SDK, sdk_event())
    assert isinstance(plain.outcome, Clean)
    after = {each.name: each.after for each in plain.properties if each.after is not UNSET}
    assert after == GOOD
    goes = {name: place for name, (_, place, _) in fields(plain).items() if place is not None}
    assert goes == {"event": "event", "event_id": "$insert_id", "time": "time", "profile_id": "distinct_id"}
    assert fields(plain)["profile_id"][0] == COPPICE["profile_id"]
    body = base64.b64encode(encode(sdk_event()))
    assert told(SDK, body) == told(SDK, b"data=" + body) == [plain]
    assert told(SDK, base64.b64encode(encode([sdk_event(), sdk_event()]))) == [plain, plain]


@pytest.mark.parametrize("body", [b"data=", b"%%%", base64.b64encode(b"{"), base64.b64encode(b"[]")])
def test_a_body_that_holds_nothing_has_only_an_outcome(body: bytes) -> None:
    for found in told(SDK, body):
        assert isinstance(found.outcome, Rejected)
        assert found == Explanation(found.outcome)


def test_an_update_that_leaves() -> None:
    found = one(SDK, UPDATE)
    assert isinstance(found.outcome, Clean)
    key, seconds = found.outcome.key.decode(), (NOW - HOUR) // 1000
    assert fields(found) == stay(("received_at", "region", "platform"), COPPICE) | {
        "profile_id": ("profile-0001", "$distinct_id", key),
        "time": (NOW - HOUR, "$time", seconds),
    }
    assert {each.name: (each.before, each.after) for each in found.properties} == {
        "plan": ("family", "family"),
        "$email": ("asha@example.com", UNSET),
        "worlds": (["ocean"], ["ocean"]),
        "groups": (["class"], ["class"]),
    }
    assert found.added == (("$distinct_id", key), ("$ip", "0"), ("$ignore_time", True), ("$time", seconds))
    assert found.plan is SDK.context.profile
    assert [way.open for way in found.ways] == [True]


@pytest.mark.parametrize(
    ("here", "why", "planned"),
    [
        (SDK, DropReason.PROFILE_NOT_REPEATABLE, True),
        (World(ADULT.context, SDK.consents), DropReason.UNKNOWN_EVENT, False),
    ],
)
def test_an_update_that_stays(here: World, why: DropReason, planned: bool) -> None:
    found = one(here, UPDATE | {"$append": {"worlds": "city"}})
    assert isinstance(found.outcome, Dropped)
    assert found.outcome.reason is why
    assert all(each[1:] == (None, UNSET) for each in fields(found).values())
    assert set(fields(found)) == {"profile_id", "time", "received_at", "region", "platform"}
    assert [each.source for each in found.signals] == ["region", "consent"]
    assert (found.plan is not None) is planned
    assert [each.name for each in found.properties] == (["plan", "$email", "worlds", "groups"] if planned else [])
    assert all(each.after is UNSET for each in found.properties)
    assert (bool(found.ways), found.added) == (planned, ())


def test_a_rejected_event_of_an_array_has_only_its_outcome() -> None:
    found = told(ADULT, [raw_event(), {"event": "analytics"}, 7, raw_event(region="GB")])
    assert [type(each.outcome) for each in found] == [Clean, Rejected, Rejected, Dropped]
    assert found[1:3] == [Explanation(found[1].outcome), Explanation(found[2].outcome)]


def test_an_event_that_is_only_counted_is_told_as_one_that_stays() -> None:
    name = "profile-0001"
    event = child_event(name)
    found = one(counts_world([name]), event)
    assert isinstance(found.outcome, Counted)
    assert {each.name: each.before for each in found.properties} == event["properties"]
    assert all(each.after is UNSET for each in found.properties)
    assert fields(found) == stay(event.keys() - {"properties"}, event)
    assert found.ways == ()  # nothing may leave, whatever anybody answers
    assert found.added == ()


def test_a_keyed_name_is_told_as_it_leaves_and_a_country_where_it_is_the_regions() -> None:
    policy = acting(ADULT.context.policy, PropertyClass.DEVICE, Action.PSEUDONYMIZE)
    here = World(context_of(policy), ADULT.consents)
    found = one(here, raw_event(properties={"$os_version": "17.2", "mp_country_code": "US", "world": "ocean"}))
    assert isinstance(found.outcome, Clean)
    left = json.loads(found.outcome.value)["properties"]
    assert left["$os_version"] != "17.2"
    assert {each.name: each.after for each in found.properties} == {
        "$os_version": left["$os_version"], "mp_country_code": "US", "world": "ocean",
    }  # fmt: skip
    other = one(ADULT, raw_event(properties={"mp_country_code": "IN"}))
    assert [(each.after, each.remark.stripped) for each in other.properties] == [(UNSET, StripReason.UNSAFE)]


@pytest.mark.parametrize(
    ("name", "alarm"), [("idfa", True), ("$email", True), ("odd", False), ("level", False), ("note", False)]
)
def test_whether_a_property_is_a_defect_of_the_app_is_told(name: str, alarm: bool) -> None:
    child = world(OPEN, records=(RECORDS["US/child"],))
    (found,) = one(child, raw_event(properties={name: 1})).properties
    assert found.remark.alarm is alarm


def test_an_event_of_ours_stays_ours_whatever_its_properties_are_called() -> None:
    strange = {"token": "t", "distinct_id": "raw-id", "coppice": {"profile_id": "profile-0002", "region": "IN"}}
    found = one(ADULT, raw_event(properties=GOOD | strange))
    assert isinstance(found.outcome, Clean)
    assert fields(found)["profile_id"][0] == "profile-0001"
    assert {each.name: each.before for each in found.properties} == GOOD | strange
    assert {each.name for each in found.properties if each.after is not UNSET} == GOOD.keys()


class Broken:
    """Consent that cannot be looked up."""

    def get(self, profile_id: str, /) -> None:
        raise KeyError(profile_id)


def test_an_event_that_a_defect_has_set_aside_has_only_its_outcome() -> None:
    (found,) = explain(encode(raw_event()), Broken(), ADULT.context)
    assert isinstance(found.outcome, Rejected)
    assert found.outcome.reason is RejectReason.INTERNAL_ERROR
    assert found == Explanation(found.outcome)
