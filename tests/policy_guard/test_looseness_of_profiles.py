"""A wider profile is found, and so are fewer words that names about children may not have (R38, R16, R11)."""

import copy
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.compiling import load_policy
from pipeline.policy.errors import PolicyError
from pipeline.policy.facts import IN_COUNTS, OF_CHILDREN, Facts, decode, encode, facts_of
from pipeline.policy.looseness import loosenings
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Cohort
from pipeline.schemas import event_schemas, load_schema
from tests.core.worlds import DEMO_FILE

POLICY = load_policy(DEMO_FILE)
SCHEMAS = {"campaign_opened": event_schemas()["campaign_opened"]}
DEFAULTS = load_schema("mixpanel-defaults")
PROFILE = load_schema("profile")


def facts(profile: Any = PROFILE, schemas: Any = SCHEMAS, policy: CompiledPolicy = POLICY) -> Facts:
    return facts_of(policy, compile_registry(schemas, DEFAULTS, policy), schemas, DEFAULTS, profile)


def with_property(spec: dict[str, Any] | None, **keys: Any) -> Facts:
    profile = copy.deepcopy(dict(PROFILE)) | keys
    if spec is not None:
        profile["properties"]["probe"] = spec
    return facts(profile)


BASE = facts()
ADULT = {"x-class": "gameplay", "x-cohorts": ["adult"]}
NUMBER = {"type": "integer", "minimum": 0, "maximum": 9, **ADULT}
TEXT = {"type": "string", "pattern": "^[a-z]{1,9}$", "maxLength": 5, **ADULT}
LIST = {"type": "array", "maxItems": 3, "items": {"enum": ["a", "b"]}, **ADULT}
STEPS: dict[str, tuple[dict[str, Any] | None, dict[str, Any], str]] = {
    "a new property": (None, NUMBER, "IN/adult: keep; US/adult: keep"),
    "another cohort": ({**NUMBER, "x-cohorts": []}, NUMBER, "IN/adult: keep; US/adult: keep"),
    "a class that leaves": ({**NUMBER, "x-class": "health"}, NUMBER, "IN/adult: keep; US/adult: keep"),
    "a class that leaves whole": (
        {**TEXT, "x-class": "device", "x-generalize": "os_major"}, TEXT, "IN/adult: keep; US/adult: keep",
    ),
    "a lower minimum": (NUMBER, {**NUMBER, "minimum": -1}, "minimum -1 in place of 0"),
    "a higher maximum": (NUMBER, {**NUMBER, "maximum": 10}, "maximum 10 in place of 9"),
    "fractions": (NUMBER, {**NUMBER, "type": "number"}, "type number in place of integer"),
    "a longer enum": ({"enum": ["a"], **ADULT}, {"enum": ["a", "b"], **ADULT}, "1 values that were not allowed: b"),
    "a pattern for an enum": ({"enum": ["a"], **ADULT}, TEXT, "a pattern in place of a list of values"),
    "a longer text": (TEXT, {**TEXT, "maxLength": 6}, "length 6 in place of 5"),
    "more items": (LIST, {**LIST, "maxItems": 4}, "4 items in place of 3"),
    "wider items": (LIST, {**LIST, "items": {"enum": ["a", "b", "c"]}}, "items: 1 values that were not allowed: c"),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_step_of_the_profile(step: str) -> None:
    before, after, what = STEPS[step]
    old, new = with_property(before), with_property(after)
    (found,) = loosenings(old, new)
    assert (found.where, found.what) == ("profile: probe", what)
    assert loosenings(new, old) == []


def test_another_pattern_counts_as_wider_both_ways() -> None:
    one, other = with_property(TEXT), with_property({**TEXT, "pattern": "^[a-z]{1,8}$"})
    assert len(loosenings(one, other)) == len(loosenings(other, one)) == 1


@pytest.mark.parametrize("cohorts", [["teen", "adult"], ["child", "teen", "adult"]])
def test_a_profile_of_somebody_younger_is_not_even_compared(cohorts: list[str]) -> None:
    with pytest.raises(PolicyError, match=r'profile\.json: properties\.probe: x-cohorts may list "adult" only'):
        with_property({**NUMBER, "x-cohorts": cohorts})


def test_a_property_that_may_name_a_group() -> None:
    old, new = with_property(TEXT), with_property(TEXT, **{"x-group-keys": ["probe"]})
    assert [(each.where, each.what) for each in loosenings(old, new)] == [
        ("profile: probe", "names groups, which have a profile")
    ]
    assert loosenings(new, old) == []


def test_a_baseline_that_knows_no_profile_lets_none_pass() -> None:
    stored = msgspec.json.decode(encode(BASE))
    del stored["profile"], stored["words"], stored["not_meant"]
    old = decode(msgspec.json.encode(stored), "old.json")
    assert {each.where for each in loosenings(old, BASE)} == {f"profile: {name}" for name in PROFILE["properties"]}


def test_words_about_children() -> None:
    words = BASE.words[OF_CHILDREN]
    fewer = msgspec.structs.replace(BASE, words={**BASE.words, OF_CHILDREN: tuple(w for w in words if w != "whale*")})
    (found,) = loosenings(BASE, fewer)
    assert (found.where, found.what) == (OF_CHILDREN, "whale* is no longer on the list")
    assert loosenings(fewer, BASE) == []
    wider = msgspec.structs.replace(
        BASE, words={**BASE.words, OF_CHILDREN: tuple("sad*" if w in {"sad", "sadness"} else w for w in words)}
    )
    assert loosenings(BASE, wider) == []
    none = msgspec.structs.replace(BASE, words={OF_CHILDREN: words})
    assert {each.where for each in loosenings(BASE, none)} == {IN_COUNTS}
    excused = msgspec.structs.replace(BASE, not_meant=(*BASE.not_meant, "whale watch*"))
    assert [each.what for each in loosenings(BASE, excused)] == ["whale watch* is let through"]
    assert loosenings(excused, BASE) == []


def test_an_event_that_is_never_about_children_lets_nothing_of_them_out() -> None:
    schema = {
        "title": "x",
        "x-purpose": "analytics",
        "properties": {"probe": {"type": "boolean", "x-class": "gameplay"}},
    }
    found = facts(schemas={"mood_logged": schema, "level_started": schema}, policy=replace(POLICY, teen_list="teen"))
    told = {name: set(event.properties["probe"].forms) for name, event in found.events.items()}
    older = {Cohort.US_TEEN, Cohort.US_ADULT, Cohort.IN_ADULT}
    assert told == {"mood_logged": older, "level_started": older | {Cohort.US_CHILD, Cohort.US_UNKNOWN}}


def test_an_own_schema_of_mixpanels_property_is_compared_with_what_holds_without_it() -> None:
    """utm_source on an event for marketing: the app's schema allows less than Mixpanel's own, which it hides."""
    with_own = {"e": {"title": "e", "x-purpose": "marketing", "properties": {}}}
    with_own["e"]["properties"] = {"utm_source": {"enum": ["push"], "x-class": "marketing", "x-cohorts": ["adult"]}}
    without = {"e": {"title": "e", "x-purpose": "marketing", "properties": {}}}
    hidden, plain = facts(schemas=with_own), facts(schemas=without)
    assert loosenings(plain, hidden) == []
    assert [each.where for each in loosenings(hidden, plain)] == ["event e: utm_source"]
