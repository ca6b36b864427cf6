"""What a registered name says of its value counts as much as how the value looks (R12), whatever stands beside it.

The registry is what a studio writes: a nickname that is registered as gameplay is a nickname all the same.
"""

import copy
from functools import cache

import pytest
from msgspec import UNSET

from pipeline.core.explain import explain
from pipeline.core.outcome import Clean, Dropped, DropReason
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import PropertyClass, StripReason
from tests.core.worlds import (
    DEFAULTS,
    OPEN,
    PERMISSIVE,
    RECORDS,
    SCHEMAS,
    World,
    consents_of,
    context_of,
    encode,
    kept,
    policy_of,
    raw_event,
)

TEXT = {"type": "string", "pattern": "^[A-Za-z0-9 ._-]{1,40}$", "x-class": "gameplay"}
NAMES = ("nickname", "city", "zip_note", "geohash_note", "colour")


@cache
def studio(cohort: str = "US/adult") -> World:
    schemas = copy.deepcopy(SCHEMAS)
    for name in NAMES:
        schemas["analytics"]["properties"][name] = TEXT
    policy = policy_of(OPEN if cohort == "US/adult" else PERMISSIVE)
    return World(context_of(policy, registry=compile_registry(schemas, DEFAULTS, policy)), consents_of(RECORDS[cohort]))


@pytest.mark.parametrize(
    ("name", "value", "leaves"),
    [
        ("nickname", "zuzz", False), ("city", "Pune", False), ("zip_note", "94105", False),
        ("geohash_note", "tek3v9q", False),
        ("colour", "zuzz", True), ("colour", "94105", True), ("zip_note", "red", True), ("nickname", " ", True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("beside", [{}, {"phrase": "gems_9876543210"}], ids=["alone", "beside an identifier"])
def test_a_name_tells_whatever_stands_beside_it(name: str, value: str, leaves: bool, beside: dict[str, str]) -> None:
    here, event = studio(), raw_event(properties={name: value, "world": "ocean"} | beside)
    for _ in range(2):  # what was seen before is no better for it
        outcome = here.one(event)
        assert isinstance(outcome, Clean)
        assert kept(outcome) == {"world": "ocean"} | ({name: value} if leaves else {})
        assert outcome.lost == (PropertyClass.GAMEPLAY,) * ((not leaves) + len(beside))
    (told,) = explain(encode(event), here.consents, here.context)
    stays = next(each for each in told.properties if each.name == name)
    assert (stays.after is UNSET, stays.remark.stripped) == (not leaves, None if leaves else StripReason.IDENTIFIER)


def test_a_childs_event_is_dropped_for_it() -> None:
    outcome = studio("US/child").one(raw_event(properties={"nickname": "zuzz"}))
    assert isinstance(outcome, Dropped)
    assert outcome.reason is DropReason.IDENTIFIER


@pytest.mark.parametrize("beside", [{}, {"phrase": "gems_9876543210"}], ids=["alone", "beside an identifier"])
def test_a_name_of_the_class_that_the_registry_gives_it_says_nothing_new(beside: dict[str, str]) -> None:
    here = World(context_of(policy_of(PERMISSIVE)), consents_of(RECORDS["US/adult"]))
    event = raw_event(event="marketing", properties={"utm_id": "spring", "world": "ocean"} | beside)
    assert kept(here.one(event)) == {"utm_id": "spring", "world": "ocean"}
    (told,) = explain(encode(event), here.consents, here.context)
    assert next(each.remark.stripped for each in told.properties if each.name == "utm_id") is None
