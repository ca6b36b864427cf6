"""The leak stop's look at updates of profiles: what may leave is no hit, and a person is found wherever she hides."""

import dataclasses
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.outcome import Clean
from pipeline.deliver.canaries import planted
from pipeline.deliver.leak_scan import UNREGISTERED, LeakScan
from pipeline.deliver.profile_messages import Messages
from pipeline.ops.settings import Settings
from pipeline.policy.registry import compile_profile
from pipeline.schemas import load_schema
from pipeline.workers.leaks import leak_scan
from tests.core.worlds import DEFAULTS, OPEN, RECORDS, World, world
from tests.deliver.leaks import SEED, look
from tests.deliver.updates import group_update, person_update
from tests.mixpanel_input.sdk import COPPICE

SCAN = LeakScan(["level_completed"], ["level"], planted(SEED), ["plan", "worlds", "levels_completed", "club", "code"])


def found(update: bytes) -> set[tuple[str, str]]:
    """Return kinds and fields of what is found in the messages that an update leaves as, beside a harmless one."""
    harmless = Messages("token").of(person_update({"$set": {"plan": "family", "levels_completed": 7}}))
    hits = look(*harmless, *Messages("token").of(update), *harmless, scan=SCAN)
    assert all(hit.number > 0 for hit in hits)
    return {(str(kind), field) for hit in hits for kind in hit.kinds for field in hit.fields}


@pytest.mark.parametrize(
    "operations",
    [
        {"$set": {"plan": "family", "levels_completed": 7, "worlds": ["ocean", "city"]}},
        {"$set_once": {"plan": "free", "code": "a17"}},
        {"$union": {"worlds": ["ocean"]}, "$remove": {"worlds": "city"}},
        {"$unset": ["plan", "worlds"]},
        {"$delete": ""},
    ],
    ids=str,
)
def test_what_may_leave_is_no_hit(operations: dict[str, Any]) -> None:
    assert found(person_update(operations)) == set()
    assert found(group_update(operations)) == set()


@pytest.mark.parametrize("operator", ["$set", "$set_once", "$remove"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("kid@example.com", "email"),
        ("call 98765 43210", "phone"),
        (9876543210, "phone"),
        ("a2lkQGV4YW1wbGUuY29tIGlzIG1pbmU=", "email"),
        ("203.0.113.77", "ip_address"),
        ({"inner": "kid@example.com"}, "email"),
        (["ok", "kid@example.com"], "email"),
    ],
    ids=str,
)
def test_a_person_in_a_value_is_found(operator: str, value: Any, kind: str) -> None:
    assert kind in {each for each, _ in found(person_update({operator: {"plan": value}}))}
    assert kind in {each for each, _ in found(group_update({operator: {"plan": value}}))}
    assert kind in {each for each, _ in found(person_update({"$union": {"worlds": [value]}}))}


def test_a_person_in_a_name_is_found_and_not_told() -> None:
    for operations in ({"$unset": ["kid@example.com"]}, {"$set": {"kid@example.com": 1}}):
        assert found(person_update(operations)) == {("email", UNREGISTERED)}
    assert found(person_update({"$delete": "kid@example.com"})) == {("email", "(not an event)")}


def test_a_name_that_never_leaves_is_found_whatever_it_holds() -> None:
    assert found(person_update({"$set": {"$email": "x"}})) == {("property", "$email")}
    assert found(person_update({"$unset": ["$email"]})) == set()  # it takes something away, and says nothing


@pytest.mark.parametrize(
    "update",
    [
        person_update({"$set": {"plan": "family"}}, "kid@example.com"),
        group_update({"$set": {"plan": "family"}}, name="kid@example.com"),
        group_update({"$set": {"plan": "family"}}, key="kid@example.com"),
    ],
)
def test_a_person_in_the_place_of_a_pseudonym_is_found(update: bytes) -> None:
    assert "email" in {kind for kind, _ in found(update)}


def test_an_address_in_the_place_of_ip_is_found() -> None:
    update = msgspec.json.encode({"$token": "t", "$distinct_id": "x", "$ip": "203.0.113.77", "$set": {"plan": "free"}})
    (hit,) = look(update, scan=SCAN)
    assert "ip_address" in {str(kind) for kind in hit.kinds}


# --- the pipeline's own


CLUB = {"type": "string", "pattern": "^[a-z]{3,12}$", "x-class": "operational", "x-cohorts": ["adult"]}


def grouping() -> World:
    here = world(OPEN, records=(RECORDS["US/adult"],))
    schema = load_schema("profile")
    schema |= {"properties": schema["properties"] | {"club": CLUB}, "x-group-keys": ["club"]}
    plan = compile_profile(schema, DEFAULTS, here.context.policy)
    return World(dataclasses.replace(here.context, profile=plan), here.consents)


HERE = grouping()
OWN = leak_scan(HERE.context.registry, Settings(), HERE.context.profile)
REGISTERED = st.fixed_dictionaries(
    {},
    optional={
        "plan": st.sampled_from(["free", "family", "school"]),
        "app_language": st.sampled_from(["en", "hi", "ta"]),
        "notifications_enabled": st.booleans(),
        "levels_completed": st.integers(0, 500),
        "worlds": st.lists(st.sampled_from(["jungle", "ocean", "space", "city"]), max_size=8),
        "groups": st.lists(st.sampled_from(["family", "class", "school"]), max_size=3),
        "nonsense": st.text(max_size=8),
    },
)
OPERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "$set": REGISTERED,
        "$set_once": REGISTERED,
        "$unset": st.lists(st.sampled_from(["plan", "worlds", "x"]), max_size=3),
        "$delete": st.just("raw-id"),
    },
).filter(bool)


@settings(max_examples=100)
@given(operations=OPERATIONS, group=st.booleans())
def test_what_the_sanitizer_lets_leave_is_no_hit(operations: dict[str, Any], *, group: bool) -> None:
    about = {"$group_key": "club", "$group_id": "hill"} if group else {"$distinct_id": "raw-id-of-somebody"}
    outcome = HERE.one(about | operations | {"coppice": COPPICE})
    if not isinstance(outcome, Clean):
        return
    messages = Messages("0123456789abcdef0123456789abcdef").of(outcome.value)
    assert messages
    assert look(*messages, scan=OWN) == []
