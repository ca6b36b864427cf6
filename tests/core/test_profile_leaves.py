"""Whatever an update is like: only an adult's leaves, with no id of hers, and twice in the same bytes (R15, R16)."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.outcome import Clean, Outcome
from pipeline.core.profile_update import NOT_REPEATABLE, OPERATORS
from pipeline.policy.registry import compile_profile
from pipeline.policy.vocabulary import Cohort
from pipeline.schemas import load_schema
from tests.core.worlds import DEFAULTS, HOUR, NOW, PERMISSIVE, RECORDS, World, encode, record_of, world

LOOSE: dict[str, Any] = {
    "x-group-keys": ["club"],
    "properties": {
        "note": {"type": "string", "pattern": "^.{0,60}$", "x-class": "operational", "x-cohorts": ["adult"]},
        "club": {
            "type": "string",
            "pattern": "^[A-Za-z0-9 @.-]{1,60}$",
            "x-class": "operational",
            "x-cohorts": ["adult"],
        },
        "notes": {
            "type": "array",
            "items": {"type": "string", "pattern": "^.{0,60}$"},
            "maxItems": 5,
            "x-class": "operational",
            "x-cohorts": ["adult"],
        },
        "score": {"type": "integer", "minimum": 0, "maximum": 10**12, "x-class": "gameplay", "x-cohorts": ["adult"]},
    },
}
IDS = ["profile-0001", "device-of-the-client", "asha@example.com", "98765 43210"]


def judging(cohort: str) -> World:
    """Return a world with a registry as wide as one can be, where this person has agreed to everything."""
    here = world(PERMISSIVE, records=(record_of(cohort),) if cohort in RECORDS else ())
    plan = compile_profile(load_schema("profile") | LOOSE, DEFAULTS, here.context.policy)
    return World(dataclasses.replace(here.context, profile=plan), here.consents)


WORLDS = {cohort: judging(cohort) for cohort in ("US/child", "US/teen", "US/adult", "IN/child", "IN/adult", "nobody")}
TEXT = st.one_of(st.sampled_from(IDS), st.text(max_size=30), st.sampled_from(IDS).map(lambda each: f"see {each} now"))
SCALAR = st.one_of(TEXT, st.integers(-(10**13), 10**13), st.booleans(), st.none())
VALUE = st.one_of(SCALAR, st.lists(SCALAR, max_size=4), st.dictionaries(TEXT, SCALAR, max_size=2))
NAME = st.one_of(st.sampled_from(["note", "notes", "club", "score", "$email", "plan"]), TEXT)
OPERAND = st.one_of(st.dictionaries(NAME, VALUE, max_size=4), st.lists(NAME, max_size=4), SCALAR)
ROOT = st.fixed_dictionaries(
    {},
    optional={
        "$distinct_id": st.sampled_from(IDS),
        "$device_id": st.just(IDS[1]),
        "$user_id": st.sampled_from(IDS),
        "$ip": st.sampled_from(["203.0.113.77", "1"]),
        "$latitude": st.just(12.345678),
        "$group_key": st.sampled_from(["club", "note", "company"]),
        "$group_id": TEXT,
        "$time": st.integers((NOW - HOUR) // 1000, NOW // 1000),
    },
)
UPDATE = st.builds(
    lambda root, operations: {"$token": "token-of-the-client"} | root | operations,
    ROOT,
    st.dictionaries(st.sampled_from(sorted(OPERATORS - NOT_REPEATABLE)), OPERAND, min_size=1, max_size=3),
)


def outcome_of(update: dict[str, Any], cohort: str) -> Outcome:
    region = "US" if cohort == "nobody" else cohort[:2]
    about = {"profile_id": "profile-0001", "region": region, "received_at": NOW - HOUR}
    return WORLDS[cohort].one(update | {"coppice": about})


@pytest.mark.parametrize("cohort", ["US/child", "US/teen", "IN/child", "nobody"])
@given(update=UPDATE)
def test_nobodys_update_but_an_adults_leaves(cohort: str, update: dict[str, Any]) -> None:
    assert not isinstance(outcome_of(update, cohort), Clean)


@pytest.mark.parametrize("cohort", ["US/adult", "IN/adult"])
@given(update=UPDATE)
def test_no_id_of_hers_leaves(cohort: str, update: dict[str, Any]) -> None:
    outcome = outcome_of(update, cohort)
    if not isinstance(outcome, Clean):
        return
    left = json.loads(outcome.value)
    assert outcome.cohort is Cohort(cohort)
    assert outcome.value.startswith((b'{"$distinct_id":"', b'{"$group_key":"club"'))
    assert not {"$token", "$device_id", "$user_id", "$latitude", "$longitude", "coppice"} & left.keys()
    assert left.get("$distinct_id", outcome.key.decode()) == outcome.key.decode()
    assert ("$distinct_id" in left) == (left.get("$ip") == "0") == ("$group_key" not in left)
    assert OPERATORS.intersection(left)
    own = {"profile-0001", "asha@example.com"} | {
        update[name] for name in ("$distinct_id", "$device_id", "$user_id") if name in update
    }
    text = outcome.value.decode()
    assert not [each for each in own if each in text]
    assert "203.0.113.77" not in text


@given(update=UPDATE)
def test_the_same_update_leaves_in_the_same_bytes(update: dict[str, Any]) -> None:
    first = outcome_of(update, "US/adult")
    again = outcome_of(json.loads(encode(update)), "US/adult")
    assert type(first) is type(again)
    if isinstance(first, Clean) and isinstance(again, Clean):
        assert (first.value, first.key) == (again.value, again.key)
        later = dataclasses.replace(WORLDS["US/adult"].context, now_ms=NOW + HOUR)
        about = {"profile_id": "profile-0001", "region": "US", "received_at": NOW - HOUR}
        (late,) = World(later, WORLDS["US/adult"].consents).judge(update | {"coppice": about})
        assert isinstance(late, Clean)
        assert late.value == first.value
