"""What an update that stays behind tells, and what of it is judged as an event's properties are (R14, R15)."""

import dataclasses
import json
from typing import Any

import pytest

from pipeline.core.identity import KeyRing, KeyVersion, RegionKeys
from pipeline.core.outcome import Clean, Dropped, DropReason
from pipeline.policy.registry import compile_profile
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Region, Space
from pipeline.schemas import load_schema
from tests.core.worlds import (
    DEFAULTS,
    HOUR,
    KEYS,
    NOW,
    OPEN,
    PERMISSIVE,
    RECORDS,
    World,
    acting,
    record_of,
    world,
)
from tests.mixpanel_input.sdk import COPPICE

TEXT = {"type": "string", "pattern": "^[a-z0-9 -]{1,40}$", "x-class": "operational", "x-cohorts": ["adult"]}
CODE = TEXT | {"x-class": "persistent_id"}
LAND = TEXT | {"x-class": "coarse_location", "x-generalize": "country", "pattern": "^[A-Z]{2}$"}


def grouping(over: dict[str, Any] = OPEN, *records: dict[str, Any]) -> World:
    """Return a world where adults' clubs, codes and lands are groups; codes are pseudonymized."""
    here = world(over, records=records or (RECORDS["US/adult"],))
    schema = load_schema("profile")
    own = {"club": TEXT, "code": CODE, "land": LAND}
    schema |= {"properties": schema["properties"] | own, "x-group-keys": list(own)}
    policy = acting(here.context.policy, PropertyClass.PERSISTENT_ID, Action.PSEUDONYMIZE, Cohort.US_ADULT)
    plan = compile_profile(schema, DEFAULTS, policy)
    return World(dataclasses.replace(here.context, policy=policy, profile=plan, rulings={}), here.consents)


def update(given: dict[str, Any], **fields: Any) -> dict[str, Any]:
    root = {"$token": "client", "$distinct_id": "raw-id-of-hers", "$time": NOW - HOUR, "coppice": COPPICE}
    return root | {"$set": given} | fields


def changed(here: World, **changes: Any) -> World:
    policy = dataclasses.replace(here.context.policy, **changes)
    return World(dataclasses.replace(here.context, policy=policy, rulings={}), here.consents)


def with_a_destroyed_key(here: World) -> World:
    versions = (KeyVersion("1", b"", 0, retired=True), KeyVersion("2", b"k" * 32, NOW))
    keys = KeyRing({
        region: RegionKeys(dict.fromkeys(Space, versions), (KeyVersion("1", f"{region}".encode() * 16),))
        for region in Region
    })  # fmt: skip
    return World(dataclasses.replace(here.context, keys=keys), here.consents)


ADULT = grouping()
DROPPING = changed(ADULT, identifier_in_kept=dict.fromkeys(Cohort, Action.DROP_EVENT))
CLASSED = World(
    dataclasses.replace(
        ADULT.context, policy=acting(ADULT.context.policy, PropertyClass.ADVERTISING_ID, Action.DROP_EVENT), rulings={}
    ),
    ADULT.consents,
)
GROUP = {"$group_key": "club", "$group_id": "hill"}


@pytest.mark.parametrize(
    ("here", "fields", "why"),
    [
        (grouping(PERMISSIVE, RECORDS["US/teen"]), {}, DropReason.PROFILE_NEVER),
        (grouping(OPEN, record_of("US/adult", withdrawn_at=NOW - 1)), {}, DropReason.CONSENT_WITHDRAWN),
        (grouping(PERMISSIVE, record_of("US/adult", granted_at=NOW - 1)), {}, DropReason.BEFORE_CONSENT),
        (CLASSED, {}, DropReason.CLASS),
        (ADULT, {"$add": {"levels_completed": 3}}, DropReason.PROFILE_NOT_REPEATABLE),
        (ADULT, {"$add": {"levels_completed": 0.5}}, DropReason.PROFILE_NOT_REPEATABLE),
        (with_a_destroyed_key(ADULT), {}, DropReason.KEY_RETIRED),
        (DROPPING, {"$set_once": {"club": "call 9876543210 today"}}, DropReason.IDENTIFIER),
        (ADULT, {"$group_key": "family", "$group_id": "x"}, DropReason.GROUP_UNREGISTERED),
        (ADULT, {}, DropReason.PROFILE_EMPTY),
    ],
)
def test_an_update_that_stays_behind_tells_what_was_in_it(here: World, fields: dict[str, Any], why: DropReason) -> None:
    outcome = here.one(update({"idfa": "x", "odd_thing": "y"}, **fields))
    assert isinstance(outcome, Dropped)
    assert outcome.reason is why
    assert outcome.cohort is (Cohort.US_TEEN if why is DropReason.PROFILE_NEVER else Cohort.US_ADULT)
    assert outcome.ruling is not None
    assert outcome.ruling.unknown == ("odd_thing",)
    assert dict(outcome.ruling.stripped)[PropertyClass.ADVERTISING_ID] == 1


def test_without_a_record_an_update_tells_so_too() -> None:
    stated = {"coppice": COPPICE | {"age": {"band": "adult", "source": "id_document"}}}
    outcome = World(grouping(PERMISSIVE).context, {}).one(update({"odd_thing": "y"}, **stated))
    assert isinstance(outcome, Dropped)
    assert outcome.reason is DropReason.NO_CONSENT
    assert outcome.ruling is not None
    assert outcome.ruling.unknown == ("odd_thing",)


def test_an_update_in_the_moment_of_the_grant_leaves() -> None:
    granted = NOW - HOUR
    here = grouping(PERMISSIVE, record_of("US/adult", granted_at=granted))
    first = COPPICE | {"received_at": granted}
    assert isinstance(here.one(update({"plan": "family"}, coppice=first)), Clean)
    before = here.one(update({"plan": "family"}, **{"$time": granted - 1}))
    assert isinstance(before, Dropped)
    assert before.reason is DropReason.BEFORE_CONSENT


def test_a_registered_code_leaves_as_a_keyed_name() -> None:
    outcome = ADULT.one(update({"code": "hill 7", "plan": "family"}))
    assert isinstance(outcome, Clean)
    expected = KEYS.property_name(Region.US, Space.ANALYTICS, "code", "hill 7", NOW - HOUR)
    assert json.loads(outcome.value)["$set"] == {"code": expected, "plan": "family"}


def test_a_group_by_a_registered_code_leaves_under_the_same_name() -> None:
    outcome = ADULT.one(update({"plan": "family"}, **{"$group_key": "code", "$group_id": "hill 7"}))
    assert isinstance(outcome, Clean)
    left = json.loads(outcome.value)
    assert left["$group_id"] == KEYS.property_name(Region.US, Space.ANALYTICS, "code", "hill 7", NOW - HOUR)
    assert left["$set"] == {"plan": "family"}


@pytest.mark.parametrize("group", [{}, GROUP], ids=["a person's", "a group's"])
def test_an_identifier_in_a_value_counts_whoever_the_update_is_about(group: dict[str, Any]) -> None:
    event = update({"club": "call 9876543210 today", "plan": "family"}, **group)
    outcome = ADULT.one(event)
    assert isinstance(outcome, Clean)
    assert json.loads(outcome.value)["$set"] == {"plan": "family"}
    assert outcome.lost == (PropertyClass.OPERATIONAL,)
    stays = DROPPING.one(event)
    assert isinstance(stays, Dropped)
    assert stays.reason is DropReason.IDENTIFIER


@pytest.mark.parametrize("group", [{"$group_key": "club"}, {"$group_id": "hill"}])
def test_an_update_that_names_half_a_group_is_a_groups(group: dict[str, Any]) -> None:
    outcome = ADULT.one(update({"plan": "family"}, **group))
    assert isinstance(outcome, Dropped)
    assert outcome.reason is DropReason.GROUP_UNREGISTERED


def test_an_identifier_counts_whichever_operation_it_stands_in() -> None:
    event = update({"club": "call 9876543210 today"}, **{"$set_once": {"plan": "family"}})
    outcome = ADULT.one(event)
    assert isinstance(outcome, Clean)
    assert outcome.lost == (PropertyClass.OPERATIONAL,)
    stays = DROPPING.one(event)
    assert isinstance(stays, Dropped)
    assert stays.reason is DropReason.IDENTIFIER


def test_an_operation_behind_a_deletion_leaves_with_it_and_what_is_deleted_names_nothing() -> None:
    root = {name: value for name, value in update({}).items() if name != "$set"}
    outcome = ADULT.one(root | {"$delete": "raw-id-of-hers", "$set": {"plan": "family"}})
    assert isinstance(outcome, Clean)
    assert outcome.region is Region.US
    left = json.loads(outcome.value)
    assert (left["$delete"], left["$set"]) == ("", {"plan": "family"})
    assert outcome.ruling.unknown == ()


@pytest.mark.parametrize("key", ["plan", 7, ["club"], None, {"club": 1}])
def test_a_group_by_what_is_no_groups_key_stays(key: Any) -> None:
    outcome = ADULT.one(update({"plan": "family"}, **{"$group_key": key, "$group_id": "family"}))
    assert isinstance(outcome, Dropped)
    assert outcome.reason is DropReason.GROUP_UNREGISTERED


def test_an_update_has_the_time_that_the_client_gave_it_in_whole_seconds() -> None:
    outcome = ADULT.one(update({"plan": "family"}, **{"$time": NOW - 3 * HOUR + 700}))
    assert isinstance(outcome, Clean)
    time = json.loads(outcome.value)["$time"]
    assert (time, type(time)) == ((NOW - 3 * HOUR) // 1000, int)


def test_updates_of_an_array_share_what_may_be_looked_at() -> None:
    events = [update({"club": f"{'club of hills ' * 2}{number}", "plan": "family"}) for number in range(700)]
    left = [json.loads(outcome.value)["$set"] for outcome in ADULT.judge(events) if isinstance(outcome, Clean)]
    assert len(left) == len(events)
    kept = ["club" in each for each in left]
    assert kept[0]
    assert not kept[-1]
    assert kept == sorted(kept, reverse=True)


def test_groups_of_an_array_share_what_may_be_looked_at() -> None:
    root = update({"plan": "family"}, **{"$group_key": "club"})
    events = [root | {"$group_id": f"{'club of hills ' * 2}{number}"} for number in range(700)]
    outcomes = ADULT.judge(events)
    kept = [isinstance(outcome, Clean) for outcome in outcomes]
    assert kept[0]
    assert not kept[-1]
    assert kept == sorted(kept, reverse=True)
    last = outcomes[-1]
    assert isinstance(last, Dropped)
    assert last.reason is DropReason.GROUP_UNREGISTERED


@pytest.mark.parametrize(("region", "other"), [("US", "IN"), ("IN", "US")])
def test_a_country_leaves_where_it_is_the_one_that_the_backend_knows(region: str, other: str) -> None:
    here = grouping(PERMISSIVE, RECORDS[f"{region}/adult"])
    known = COPPICE | {"region": region}
    for name in ("$country_code", "land"):
        outcome = here.one(update({name: region, "plan": "family"}, coppice=known))
        assert isinstance(outcome, Clean)
        assert json.loads(outcome.value)["$set"] == {name: region, "plan": "family"}
        outcome = here.one(update({name: other, "plan": "family"}, coppice=known))
        assert isinstance(outcome, Clean)
        assert json.loads(outcome.value)["$set"] == {"plan": "family"}


@pytest.mark.parametrize(("land", "why"), [("US", None), ("IN", DropReason.GROUP_UNREGISTERED)])
def test_a_group_by_country_is_the_one_that_the_backend_knows(land: str, why: DropReason | None) -> None:
    outcome = ADULT.one(update({"plan": "family"}, **{"$group_key": "land", "$group_id": land}))
    assert (outcome.reason if isinstance(outcome, Dropped) else None) is why
    if isinstance(outcome, Clean):
        assert json.loads(outcome.value)["$group_id"] == land
