"""Updates of profiles and groups: of adults who agreed, cut to the registry, and of nobody else (R16; T48)."""

import base64
import dataclasses
import json
from typing import Any

import pytest

from pipeline.core.outcome import Clean, Dropped, DropReason, Outcome, Rejected, RejectReason
from pipeline.core.profile_update import NOT_REPEATABLE as NOT_REPEATABLE_OPERATORS
from pipeline.core.profile_update import OPERATORS, ProfileUpdate, permitted, read_update
from pipeline.core.ruling import Names, Ruling, ruling_for
from pipeline.policy.errors import PolicyError
from pipeline.policy.registry import compile_profile, compile_registry
from pipeline.policy.vocabulary import IDENTITY_EVENTS, PROFILE_UPDATE, Action, Cohort, PropertyClass, Region
from pipeline.schemas import load_schema
from tests.core.worlds import (
    DEFAULTS,
    HOUR,
    NOW,
    OPEN,
    PERMISSIVE,
    RECORDS,
    SCHEMAS,
    World,
    encode,
    policy_of,
    raw_event,
    record_of,
    without,
    world,
)
from tests.mixpanel_input.sdk import COPPICE, HEADERS, judge, one, sdk_world, with_profile

NOT_REPEATABLE = (DropReason.PROFILE_NOT_REPEATABLE, Cohort.US_ADULT)


def update(**operations: Any) -> dict[str, Any]:
    """Make an update as SDKs send it to /engage; operators without their sign."""
    root = {"$token": "client", "$distinct_id": "raw-id", "$time": NOW - HOUR, "coppice": COPPICE}
    return root | {f"${name}": operand for name, operand in operations.items()}


def fate(outcome: Outcome) -> tuple[DropReason, Cohort]:
    assert isinstance(outcome, Dropped), outcome
    return outcome.reason, outcome.cohort


def leaving(outcome: Outcome) -> dict[str, Any]:
    """Return the object that leaves, whose beginning tells the sink where it goes."""
    assert isinstance(outcome, Clean), outcome
    assert outcome.is_update
    left: dict[str, Any] = json.loads(outcome.value)
    return left


VALID: dict[str, Any] = {
    "$set": {"plan": "family"},
    "$set_once": {"plan": "free"},
    "$add": {"levels_completed": 3},
    "$union": {"worlds": ["ocean"]},
    "$append": {"worlds": "ocean"},
    "$remove": {"worlds": "ocean"},
    "$unset": ["plan"],
    "$delete": "raw-id",
}


def test_every_operator_has_a_case_here() -> None:
    assert VALID.keys() == OPERATORS


@pytest.mark.parametrize("operator", sorted(VALID.keys() - NOT_REPEATABLE_OPERATORS))
def test_an_adults_update_leaves_under_the_pseudonym_of_her_events(operator: str) -> None:
    event = update() | {operator: VALID[operator]}
    outcome = one(event)
    (of_events,) = judge(raw_event(event="analytics"))
    assert isinstance(outcome, Clean)
    assert isinstance(of_events, Clean)
    assert outcome.key == of_events.key
    expected = "" if operator == "$delete" else VALID[operator]
    head = {"$distinct_id": outcome.key.decode(), "$ip": "0", "$ignore_time": True, "$time": (NOW - HOUR) // 1000}
    assert leaving(outcome) == head | {operator: expected}
    assert outcome.value.startswith(b'{"$distinct_id":"' + outcome.key)
    bare = {name: value for name, value in event.items() if name != "coppice"}
    for same in (one(base64.b64encode(encode([event]))), one(bare, HEADERS)):
        assert isinstance(same, Clean)
        assert same.value == outcome.value


@pytest.mark.parametrize("operator", sorted(NOT_REPEATABLE_OPERATORS))
@pytest.mark.parametrize("beside", [{}, {"$set": {"plan": "family"}}], ids=["alone", "beside another"])
def test_what_would_count_twice_stays_behind_as_a_whole(operator: str, beside: dict[str, Any]) -> None:
    assert fate(one(update() | beside | {operator: VALID[operator]})) == NOT_REPEATABLE


def test_update_of_which_nothing_may_leave_stays() -> None:
    for event in (update(set={"$email": "a@example.com"}), update(unset=["x"]), update(set={})):
        assert fate(one(event)) == (DropReason.PROFILE_EMPTY, Cohort.US_ADULT)


GROUP = {"$token": "client", "$group_key": "club", "$group_id": "hill", "coppice": COPPICE, "$time": NOW - HOUR}
CLUB = {"type": "string", "pattern": "^[a-z]{3,12}$", "x-class": "operational", "x-cohorts": ["adult"]}


def grouping(spec: dict[str, Any] = CLUB, **settings: Any) -> World:
    """Return a world where adults' clubs are groups."""
    here = world(OPEN | settings, records=(RECORDS["US/adult"],))
    schema = load_schema("profile")
    schema |= {"properties": schema["properties"] | {"club": spec}, "x-group-keys": ["club"]}
    plan = compile_profile(schema, DEFAULTS, here.context.policy)
    return World(dataclasses.replace(here.context, profile=plan), here.consents)


def dropping(here: World) -> World:
    """Return the world with a policy that lets nothing leave which an identifier stands in."""
    drop = dict.fromkeys(Cohort, Action.DROP_EVENT)
    policy = dataclasses.replace(here.context.policy, identifier_in_kept=drop)
    return World(dataclasses.replace(here.context, policy=policy, rulings={}), here.consents)


@pytest.mark.parametrize("operator", VALID)
def test_group_that_no_schema_lists_stays(operator: str) -> None:
    event = {"$token": "client", "$group_key": "family", "$group_id": "raw", "coppice": COPPICE}
    event |= {operator: VALID[operator]}
    reason = NOT_REPEATABLE[0] if operator in NOT_REPEATABLE_OPERATORS else DropReason.GROUP_UNREGISTERED
    assert fate(one(event)) == (reason, Cohort.US_ADULT)


def test_registered_group_leaves_by_an_id_that_its_schema_allows() -> None:
    left = leaving(grouping().one(GROUP | {"$set": {"plan": "school", "$name": "Hill Club"}}))
    assert left == {
        "$group_key": "club", "$group_id": "hill", "$time": (NOW - HOUR) // 1000, "$set": {"plan": "school"},
    }  # fmt: skip


@pytest.mark.parametrize("group_id", ["Hill Club", "x", "profile-0001", "", None, 7, ["hill"], {"a": 1}], ids=repr)
def test_group_by_an_id_that_its_schema_refuses_stays(group_id: Any) -> None:
    event = GROUP | {"$group_id": group_id, "$set": {"plan": "school"}}
    assert fate(grouping().one(event)) == (DropReason.GROUP_UNREGISTERED, Cohort.US_ADULT)


def test_group_named_by_a_person_stays() -> None:
    here = grouping(CLUB | {"pattern": "^[a-z0-9-]{3,36}$"})
    for name in ("profile-0001", "raw-id", "9876543210"):
        event = GROUP | {"$group_id": name, "$distinct_id": "raw-id", "$set": {"plan": "school"}}
        assert fate(here.one(event)) == (DropReason.GROUP_UNREGISTERED, Cohort.US_ADULT)
        assert fate(dropping(here).one(event)) == (DropReason.IDENTIFIER, Cohort.US_ADULT)


@pytest.mark.parametrize("cohort", ["US/child", "US/teen", "IN/child"])
def test_group_of_a_minor_stays(cohort: str) -> None:
    here = with_profile(world(PERMISSIVE, records=(RECORDS[cohort],)))
    event = GROUP | {"$set": {"plan": "school"}, "coppice": COPPICE | {"region": cohort[:2]}}
    assert fate(here.one(event)) == (DropReason.PROFILE_NEVER, Cohort(cohort))


TEXT = {"type": "string", "pattern": "^[a-z0-9 -]{1,40}$", "x-class": "operational", "x-cohorts": ["adult"]}


@pytest.mark.parametrize("operator", ["$set", "$set_once"])
@pytest.mark.parametrize("text", ["call 9876543210 today", "profile-0001", "her id is raw-id-of-the-sdk"])
def test_an_identifier_in_a_value_keeps_it_or_the_whole_update_by_the_policy(operator: str, text: str) -> None:
    here = grouping(TEXT)
    event = update() | {"$distinct_id": "raw-id-of-the-sdk", operator: {"club": text, "plan": "family"}}
    outcome = here.one(event)
    assert leaving(outcome)[operator] == {"plan": "family"}
    assert isinstance(outcome, Clean)
    assert outcome.lost == (PropertyClass.OPERATIONAL,)
    assert fate(dropping(here).one(event)) == (DropReason.IDENTIFIER, Cohort.US_ADULT)
    harmless = event | {operator: {"club": "a hill", "plan": "family"}}
    assert leaving(dropping(here).one(harmless))[operator] == {"club": "a hill", "plan": "family"}


@pytest.mark.parametrize("cohort", ["US/child", "US/teen", "IN/child"])
@pytest.mark.parametrize("operator", VALID)
def test_minor_has_no_profile_whatever_is_granted(cohort: str, operator: str) -> None:
    here = with_profile(world(PERMISSIVE, records=(RECORDS[cohort],)))
    event = update() | {operator: VALID[operator]}
    event["coppice"] = COPPICE | {"region": cohort[:2]}
    assert fate(here.one(event)) == (DropReason.PROFILE_NEVER, Cohort(cohort))
    assert isinstance(here.one(raw_event(region=cohort[:2])), Clean) == (cohort != "IN/child")


@pytest.mark.parametrize("region", ["US", "IN"])
def test_unknown_age_may_be_a_minor(region: str) -> None:
    event = update(set={"plan": "family"}) | {"coppice": COPPICE | {"profile_id": "nobody", "region": region}}
    assert fate(one(event)) == (DropReason.PROFILE_NEVER, Cohort(f"{region}/unknown"))


@pytest.mark.parametrize(
    "operand", [{"age": 9}, {"plan": "family", "dob": "2018-05-01"}, {"kid": {"grade": 3}}], ids=str
)
def test_update_that_reveals_a_child_is_about_a_child(operand: Any) -> None:
    assert fate(one(update(set=operand))) == (DropReason.PROFILE_NEVER, Cohort.US_CHILD)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"purposes": {"analytics": False}}, DropReason.NO_ANALYTICS_CONSENT),
        ({"withdrawn_at": NOW - 1}, DropReason.CONSENT_WITHDRAWN),
        ({"notice_version": "2019-01"}, DropReason.CONSENT_NOTICE),
        ({"granted_at": NOW - 1}, DropReason.BEFORE_CONSENT),
    ],
)
def test_adult_needs_the_consent_that_her_events_need(changes: Any, reason: DropReason) -> None:
    here = with_profile(world(OPEN, records=(record_of("US/adult", **changes),)))
    assert fate(here.one(update(set={"plan": "family"}))) == (reason, Cohort.US_ADULT)


def test_right_to_object_is_no_consent_to_a_profile() -> None:
    here = with_profile(world(PERMISSIVE))
    adult = {"age": {"band": "adult", "source": "id_document"}}
    assert isinstance(here.one(raw_event(**adult)), Clean)
    event = update(set={"plan": "family"}) | {"coppice": COPPICE | adult}
    assert fate(here.one(event)) == (DropReason.NO_CONSENT, Cohort.US_ADULT)


def test_kill_switch_comes_before_everything() -> None:
    stopped = OPEN | {"kill_switch": {"all": True, "regions": [], "cohorts": []}}
    for cohort in ("US/child", "US/adult"):
        here = with_profile(world(stopped, records=(RECORDS[cohort],)))
        assert fate(here.one(update(set={"plan": "family"}))) == (DropReason.KILL_SWITCH, Cohort(cohort))


def test_unknown_region() -> None:
    event = update(set={"plan": "family"}) | {"coppice": COPPICE | {"region": "FR"}}
    assert fate(one(event)) == (DropReason.UNKNOWN_REGION, Cohort.XX)


@pytest.mark.parametrize(
    ("event", "reason", "path"),
    [
        (update(), RejectReason.MISSING_FIELD, "operator"),
        (update(rename={"a": "b"}), RejectReason.WRONG_TYPE, "operator"),
        (update(set={"plan": "family"}) | {"set": {}}, RejectReason.WRONG_TYPE, "operator"),
        (update(set=["plan"]), RejectReason.WRONG_TYPE, "operator"),
        (update(set_once=None), RejectReason.WRONG_TYPE, "operator"),
        (update(add={"levels_completed": "3"}), RejectReason.WRONG_TYPE, "operator"),
        (update(add={"levels_completed": True}), RejectReason.WRONG_TYPE, "operator"),
        (update(union={"worlds": "ocean"}), RejectReason.WRONG_TYPE, "operator"),
        (update(append=7), RejectReason.WRONG_TYPE, "operator"),
        (update(unset={"plan": 1}), RejectReason.WRONG_TYPE, "operator"),
        (update(unset=[7]), RejectReason.WRONG_TYPE, "operator"),
        (update(set={}) | {"coppice": None}, RejectReason.MISSING_FIELD, "profile_id"),
        (update(set={}) | {"coppice": {"profile_id": "profile-0001"}}, RejectReason.MISSING_FIELD, "time"),
        (update(set={}) | {"coppice": {"profile": "x"}}, RejectReason.WRONG_TYPE, "coppice"),
        (update(set={}) | {"$time": "2026-11-25"}, RejectReason.WRONG_TYPE, "time"),
        (update(set={}) | {"$time": 0}, RejectReason.TIME_TOO_OLD, "time"),
    ],
)
def test_update_that_cannot_be_read(event: dict[str, Any], reason: RejectReason, path: str) -> None:
    if path == "time" and reason is RejectReason.MISSING_FIELD:
        event = without(event, "$time")  # then the time of receipt would have to say
    assert one(event) == Rejected(reason, path)


@pytest.mark.parametrize("time", [(NOW - HOUR) // 1000, NOW - HOUR, (NOW - HOUR) / 1000, None])
def test_time_in_seconds_or_milliseconds_or_not_at_all(time: Any) -> None:
    left = leaving(one(update(set={"plan": "family"}) | {"$time": time}))
    assert abs(left["$time"] - (NOW - HOUR) // 1000) <= 1


def test_update_and_event_in_one_body_have_an_outcome_each() -> None:
    first, second, third = judge([update(set={"plan": "family"}), {"event": "x", "properties": {}}, update(set=1)])
    assert leaving(first)["$set"] == {"plan": "family"}
    assert second == Rejected(RejectReason.MISSING_FIELD, "profile_id")
    assert third == Rejected(RejectReason.WRONG_TYPE, "operator")


def test_event_may_not_call_itself_an_update() -> None:
    event = raw_event(event=PROFILE_UPDATE, profile_update={"operations": {"$set": {}}, "group": False})
    assert fate(one(event)) == (DropReason.UNKNOWN_EVENT, Cohort.US_ADULT)


@pytest.mark.parametrize("name", [PROFILE_UPDATE, *sorted(IDENTITY_EVENTS)])
def test_names_that_change_who_is_who_cannot_be_registered(name: str) -> None:
    with pytest.raises(PolicyError, match="R16"):
        compile_registry({name: SCHEMAS["analytics"] | {"title": name}}, DEFAULTS, policy_of())


# --- what is left of the operations


def allowed(**operations: Any) -> dict[str, Any]:
    """Cut an adult's update to the registry of profiles."""
    context = sdk_world().context
    found = read_update(update(**operations))
    assert isinstance(found, ProfileUpdate)
    plan = context.profile
    assert plan is not None

    def rules(names: Names) -> Ruling:
        return ruling_for(names, plan, Cohort.US_ADULT, context.policy, {})

    kept, _ = permitted(found, plan, Cohort.US_ADULT, Region.US, rules, lambda *_: "pseudonym")
    return kept


@pytest.mark.parametrize("operator", VALID)
def test_registered_properties_are_kept(operator: str) -> None:
    expected = "" if operator == "$delete" else VALID[operator]  # $delete holds the raw id
    assert allowed(**{operator[1:]: VALID[operator]}) == {operator: expected}


def test_unregistered_names_and_values_that_do_not_fit_stay_behind() -> None:
    operand = {
        "plan": "family",
        "$email": "kid@example.com",
        "$name": "Mia",
        "x": 1,
        "app_language": "Mia",
        "worlds": "x",
    }
    assert allowed(set=operand) == {"$set": {"plan": "family"}}
    assert allowed(set_once={"$avatar": "https://x/y.png"}) == {}
    assert allowed(add={"levels_completed": 501}) == {}
    assert allowed(add={"$amount": 3}, append={"$transactions": {"$amount": 3}}) == {}
    assert allowed(union={"worlds": ["ocean", "Mia"], "groups": ["class"]}) == {"$union": {"groups": ["class"]}}
    assert allowed(append={"worlds": "Mia", "plan": "family"}, remove={"groups": "class"}) == {
        "$remove": {"groups": "class"}
    }
    assert allowed(unset=["plan", "$email", "kid@example.com"]) == {"$unset": ["plan"]}


def test_t48_place_of_a_profile_never_leaves() -> None:
    root = {"$ip": "203.0.113.7", "$latitude": 1.5, "$longitude": 2.5}
    found = read_update(update(set={"$city": "Boardman", "plan": "free"}) | root)
    assert isinstance(found, ProfileUpdate)
    assert found.operations == {"$set": {"$city": "Boardman", "plan": "free"}}
    assert allowed(set={"$city": "Boardman", "$timezone": "UTC", "plan": "free"}) == {"$set": {"plan": "free"}}


def test_what_stays_behind_is_counted() -> None:
    outcome = one(update(set={"plan": "family", "$email": "kid@example.com", "nickname_of_cat": "x"}))
    assert isinstance(outcome, Clean)
    assert outcome.ruling is not None
    assert dict(outcome.ruling.stripped) == {PropertyClass.CONTACT: 1, "unregistered": 1}


def test_without_a_registry_of_profiles_nothing_may_be_updated() -> None:
    here = sdk_world()
    bare = World(dataclasses.replace(here.context, profile=None), here.consents)
    assert fate(bare.one(update(set={"plan": "family"}))) == (DropReason.UNKNOWN_EVENT, Cohort.US_ADULT)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"x-purpose": "marketing"}, "x-purpose"),
        ({"properties": {"plan": {"type": "boolean", "x-class": "operational"}}}, "properties.plan"),
        (
            {"properties": {"plan": {"type": "boolean", "x-class": "operational", "x-cohorts": ["teen", "adult"]}}},
            "properties.plan",
        ),
        ({"x-group-keys": ["levels_completed"]}, "x-group-keys"),
        ({"x-group-keys": ["nowhere"]}, "x-group-keys"),
        ({"x-group-keys": "plan"}, "x-group-keys"),
        ({"properties": {"$email": {"type": "boolean", "x-class": "operational", "x-cohorts": []}}}, "email"),
    ],
)
def test_schema_that_would_give_others_a_profile_is_refused(change: Any, told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        compile_profile(load_schema("profile") | change, DEFAULTS, policy_of())
