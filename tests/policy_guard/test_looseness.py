"""Every way in which a policy or a registry can get looser is found, named once, and only in that direction (R38)."""

import copy
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.policy.compiled import ClassRule, CompiledPolicy, Counting, Predicate, Way
from pipeline.policy.compiling import load_policy
from pipeline.policy.errors import PolicyError
from pipeline.policy.facts import Facts, decode, encode, facts_of
from pipeline.policy.looseness import Loosening, loosenings
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Purpose, Region, Space
from pipeline.schemas import event_schemas, load_schema

DEMO = Path(__file__).parents[2] / "pipeline" / "sandbox" / "demo-settings.yaml"
POLICY = load_policy(DEMO)
SCHEMAS = {name: schema for name, schema in event_schemas().items() if name in {"level_started", "campaign_opened"}}
DEFAULTS = load_schema("mixpanel-defaults")
PROFILE = load_schema("profile")
DAY_MS = 86_400_000
SAME = {"type": "integer", "minimum": 0, "maximum": 9, "x-class": "gameplay", "x-cohorts": ["adult"]}


def facts(
    policy: CompiledPolicy = POLICY, schemas: Any = SCHEMAS, defaults: Any = DEFAULTS, profile: Any = PROFILE
) -> Facts:
    return facts_of(policy, compile_registry(schemas, defaults, policy), schemas, defaults, profile)


BASE = facts()


def classes(cohort: Cohort, kind: PropertyClass, action: Action) -> dict[str, Any]:
    rule = POLICY.classes[cohort, kind]
    return {"classes": {**POLICY.classes, (cohort, kind): ClassRule(action, rule.alarm, rule.rule, rule.law)}}


def ways(cohort: Cohort, purpose: Purpose, *ways: Way) -> dict[str, Any]:
    return {"decisions": {**POLICY.decisions, (cohort, purpose): ways}}


FIRST_CHILD = POLICY.decisions[Cohort.US_CHILD, Purpose.ANALYTICS][0]
# what changes in the policy → where the one loosening is found
POLICY_STEPS: dict[str, tuple[dict[str, Any], str]] = {
    "way added": (
        ways(Cohort.IN_CHILD, Purpose.ANALYTICS, Way(Space.ANALYTICS, (Predicate.VENDOR_GATE,), "none")),
        "decisions: IN/child, analytics",
    ),
    "predicate removed": (
        ways(Cohort.US_CHILD, Purpose.ANALYTICS, replace(FIRST_CHILD, require=FIRST_CHILD.require[:-1])),
        "decisions: US/child, analytics",
    ),
    "kill switch lifted": ({}, "kill switch: US/teen"),
    "gate opened": ({"gates": {**POLICY.gates, Cohort.US_UNKNOWN: 20_000 * DAY_MS}}, "vendor gate: US/unknown"),
    "gate longer": (
        {"gates": {**POLICY.gates, Cohort.US_CHILD: POLICY.gates[Cohort.US_CHILD] + DAY_MS}},
        "vendor gate: US/child",
    ),
    "notice added": (
        {"notices": {**POLICY.notices, Cohort.US_TEEN: frozenset({"2026-04", "2019-01"})}},
        "notices of US/teen",
    ),
    "age source added": (
        {"age_sources": {**POLICY.age_sources, Region.IN: frozenset({"id_document", "self_declared"})}},
        "age sources of region in",
    ),
    "parental method added": (
        {"parental_methods": POLICY.parental_methods | {"checkbox"}},
        "parental consent methods",
    ),
    "disclosure method added": (
        {"disclosure_methods": POLICY.disclosure_methods | {"email_plus"}},
        "parental consent methods for disclosure",
    ),
    "rule 10 method added": (
        {"rule_10_methods": POLICY.rule_10_methods | {"checkbox"}},
        "parental consent methods of rule 10",
    ),
    "language added": (
        {"languages": {Region.US: frozenset({"en", "es"}), Region.IN: frozenset()}},
        "languages of region us",
    ),
    "any language": ({}, "languages of region in"),
    "text of a notice added": (
        {"notice_hashes": {"2026-04": frozenset({"a", "b"})}},
        "texts of notice 2026-04",
    ),
    "any text of a notice": ({}, "texts of notice 2026-04"),
    "own method added": (
        {"own_methods": {**POLICY.own_methods, Region.US: POLICY.own_methods[Region.US] | {"banner"}}},
        "own consent methods of region us",
    ),
    "counts": (
        {"counting": Counting(DAY_MS, 0, 20, {"level_started": ("world",)})},
        "counts of children in India",
    ),
    "provider": ({"provider": True}, "setting: provider"),
    "internal operations": ({"internal_ops": True}, "setting: internal_ops"),
    "opt out": ({"us_adult_opt_out": True}, "setting: us_adult_opt_out"),
    "rotation longer": (
        {"rotation_ms": {**POLICY.rotation_ms, Cohort.US_CHILD: 31 * DAY_MS}},
        "pseudonym: US/child",
    ),
    "teens as teens": ({"teen_list": "teen"}, "setting: us_teen.profile"),
    "identifier lets the event live": (
        {"identifier_in_kept": {**POLICY.identifier_in_kept, Cohort.US_CHILD: Action.DROP}},
        "identifier in what is kept: US/child",
    ),
    "class kept": (classes(Cohort.US_CHILD, PropertyClass.CONTACT, Action.KEEP), "class contact: US/child"),
    "class whole": (classes(Cohort.US_ADULT, PropertyClass.DEVICE, Action.KEEP), "class device: US/adult"),
}
BEFORE: dict[str, dict[str, Any]] = {
    "kill switch lifted": {"killed": frozenset({Cohort.US_TEEN})},
    "language added": {"languages": {Region.US: frozenset({"en"}), Region.IN: frozenset()}},
    "any language": {"languages": {Region.US: frozenset(), Region.IN: frozenset({"hi"})}},
    "text of a notice added": {"notice_hashes": {"2026-04": frozenset({"a"})}},
    "any text of a notice": {"notice_hashes": {"2026-04": frozenset({"a"})}},
}


@pytest.mark.parametrize("step", POLICY_STEPS)
def test_step_of_the_policy(step: str) -> None:
    change, where = POLICY_STEPS[step]
    old, new = facts(replace(POLICY, **BEFORE.get(step, {}))), facts(replace(POLICY, **change))
    assert [each.where for each in loosenings(old, new)] == [where]
    assert loosenings(new, old) == []


@pytest.mark.parametrize("flag", ["primary_child", "kids_rules", "own_region_only"])
def test_protection_that_is_switched_off(flag: str) -> None:
    changes: dict[str, Any] = {flag: True}
    on = facts(replace(POLICY, **changes))
    changes[flag] = False
    off = facts(replace(POLICY, **changes))
    assert [each.where for each in loosenings(on, off)] == [f"setting: {flag}"]
    assert loosenings(off, on) == []


def test_texts_of_a_notice_that_is_no_longer_in_force_may_go_with_it() -> None:
    held = facts(replace(POLICY, notice_hashes={"2026-04": frozenset({"a"})}))
    newer = facts(replace(POLICY, notices=dict.fromkeys(POLICY.notices, frozenset({"2026-12"}))))
    assert {each.where for each in loosenings(held, newer)} == {f"notices of {cohort}" for cohort in POLICY.notices}


def test_space_of_a_way_is_part_of_it() -> None:
    other = ways(Cohort.US_CHILD, Purpose.ANALYTICS, replace(FIRST_CHILD, space=Space.INTERNAL_OPS))
    (found,) = loosenings(BASE, facts(replace(POLICY, **other)))
    assert "internal_ops" in found.what


def test_class_whose_events_were_dropped_whole() -> None:
    whole = facts(replace(POLICY, **classes(Cohort.US_ADULT, PropertyClass.HEALTH, Action.DROP_EVENT)))
    assert loosenings(BASE, whole) == []
    assert [each.where for each in loosenings(whole, BASE)] == ["class health: US/adult"]


def test_every_field_of_the_policy_is_looked_at() -> None:
    looked_at = {name for change, _ in POLICY_STEPS.values() for name in change} | {
        "killed", "primary_child", "kids_rules", "own_region_only",
    }  # fmt: skip
    lets_nothing_out = {"version", "sha256", "hold", "mixpanel_days"}  # how long a copy stays that has left
    assert {field.name for field in fields(CompiledPolicy)} - looked_at == lets_nothing_out


def with_property(spec: dict[str, Any] | None, *, event: str = "level_started", name: str = "probe") -> Facts:
    schemas = copy.deepcopy(SCHEMAS)
    if spec is not None:
        schemas[event]["properties"][name] = spec
    return facts(schemas=schemas)


TEXT = {"type": "string", "pattern": "^[a-z]{1,9}$", "x-class": "gameplay"}
LIST = {"type": "array", "maxItems": 3, "items": {"enum": ["a", "b"]}, "x-class": "gameplay"}
ROUTES = {"type": "string", "x-class": "url", "x-cohorts": ["adult"], "x-routes": ["/a/{id}"]}
DEVICE = {"type": "string", "pattern": "^[0-9.]{1,9}$", "x-class": "device", "x-cohorts": ["adult"]}
OLDER = {**SAME, "x-cohorts": ["teen", "adult"]}
REGISTRY_STEPS: dict[str, tuple[dict[str, Any] | None, dict[str, Any], str]] = {
    "registered": (None, SAME, "US/adult: keep"),
    "longer list": (SAME, OLDER, ""),
    "for all ages": (OLDER, {**SAME, "x-cohorts": ["child", "teen", "adult"]}, "US/child"),
    "lower minimum": (SAME, {**SAME, "minimum": -1}, "minimum -1 in place of 0"),
    "higher maximum": (SAME, {**SAME, "maximum": 10}, "maximum 10 in place of 9"),
    "fractions": (SAME, {**SAME, "type": "number"}, "type number in place of integer"),
    "longer enum": ({"enum": ["a"], "x-class": "gameplay"}, {"enum": ["a", "b"], "x-class": "gameplay"}, "b"),
    "enum to pattern": ({"enum": ["a"], "x-class": "gameplay"}, TEXT, "a pattern in place of a list"),
    "longer text": ({**TEXT, "maxLength": 5}, {**TEXT, "maxLength": 6}, "length 6 in place of 5"),
    "no length": ({**TEXT, "maxLength": 5}, TEXT, "length 255 in place of 5"),
    "more items": (LIST, {**LIST, "maxItems": 4}, "4 items in place of 3"),
    "wider items": (LIST, {**LIST, "items": {"enum": ["a", "b", "c"]}}, "items: 1 values that were not allowed: c"),
    "more routes": (ROUTES, {**ROUTES, "x-routes": ["/a/{id}", "/b"]}, "routes /b added"),
    "harmless class": ({**SAME, "x-class": "contact"}, SAME, "US/adult: keep"),
    "whole version": ({**DEVICE, "x-generalize": "os_major"}, {**DEVICE, "x-generalize": "day"}, "generalize:day"),
    "free text": ({**TEXT, "x-cohorts": ["adult"]}, {**TEXT, "x-cohorts": ["adult"], "x-class": "free_text"}, "scrub"),
}  # fmt: skip


@pytest.mark.parametrize("step", [name for name in REGISTRY_STEPS if name != "longer list"])
def test_step_of_the_registry(step: str) -> None:
    before, after, what = REGISTRY_STEPS[step]
    old, new = with_property(before), with_property(after)
    (found,) = loosenings(old, new)
    assert found.where == "event level_started: probe"
    assert what in found.what
    if step not in {"whole version", "free text"}:  # neither of these two says more than the other
        assert loosenings(new, old) == []


def test_list_of_teens_counts_where_teens_have_one() -> None:
    before, after, _ = REGISTRY_STEPS["longer list"]
    assert before is not None
    assert loosenings(with_property(before), with_property(after)) == []  # teens get the child's list
    teens = replace(POLICY, teen_list="teen")

    def of(spec: dict[str, Any]) -> Facts:
        schemas = copy.deepcopy(SCHEMAS)
        schemas["level_started"]["properties"]["probe"] = spec
        return facts(teens, schemas)

    assert [each.what for each in loosenings(of(before), of(after))] == ["US/teen: keep"]


def test_pattern_that_changed_counts_as_wider_both_ways() -> None:
    one, other = with_property(TEXT), with_property({**TEXT, "pattern": "^[a-z]{1,8}$"})
    assert len(loosenings(one, other)) == len(loosenings(other, one)) == 1


def test_list_of_values_that_the_pattern_allowed_is_stricter() -> None:
    one, other = with_property(TEXT), with_property({"enum": ["easy", "hard"], "x-class": "gameplay"})
    assert loosenings(one, other) == []
    (found,) = loosenings(one, with_property({"enum": ["easy", "too-long-and-dashed"], "x-class": "gameplay"}))
    assert "too-long-and-dashed" in found.what


def test_description_is_no_step() -> None:
    assert loosenings(with_property(SAME), with_property({**SAME, "description": "other words"})) == []


def test_event_is_one_step_with_all_it_has() -> None:
    schema = {"title": "new", "x-purpose": "analytics", "type": "object", "properties": {"a": SAME, "b": TEXT}}
    (found,) = loosenings(BASE, facts(schemas={**SCHEMAS, "new": schema}))
    assert (found.where, found.what) == ("event new", "registered, for analytics, with 2 properties of its own")
    (wider,) = loosenings(BASE, facts(schemas={**SCHEMAS, "new": {**schema, "properties": {"a": SAME}}}))
    assert wider.id != found.id  # a signature for the one is none for the other
    assert loosenings(BASE, facts(schemas={**SCHEMAS, "new": {**schema, "x-purpose": "ai_training"}})) == []


def test_purpose_of_an_event_is_a_step() -> None:
    schemas = {**SCHEMAS, "level_started": {**SCHEMAS["level_started"], "x-purpose": "marketing"}}
    (found,) = loosenings(BASE, facts(schemas=schemas))
    assert found.where == "event level_started"


def test_property_of_mixpanel_is_said_once_for_all_events() -> None:
    defaults = copy.deepcopy(DEFAULTS)
    defaults["properties"]["$probe"] = {**SAME, "description": "x"}
    (found,) = loosenings(BASE, facts(defaults=defaults))
    assert found.where == "Mixpanel's properties on every other event: $probe"
    utm = copy.deepcopy(DEFAULTS)
    utm["properties"]["utm_probe"] = {**TEXT, "x-class": "marketing", "x-cohorts": ["adult"]}
    (found,) = loosenings(BASE, facts(defaults=utm))
    assert found.where == "Mixpanel's properties on events about marketing: utm_probe"


def test_ids_are_stable_and_tell_steps_apart() -> None:
    def step(**spec: Any) -> Loosening:
        (found,) = loosenings(with_property(SAME), with_property({**SAME, **spec}))
        return found

    assert step(maximum=10) == step(maximum=10)
    assert step(maximum=10).id != step(maximum=11).id
    both = loosenings(with_property(SAME), facts(replace(POLICY, provider=True), _with(maximum=10)))
    assert step(maximum=10) in both  # whatever else has changed
    assert len({each.id for each in both}) == 2


def _with(**spec: Any) -> dict[str, Any]:
    schemas = copy.deepcopy(SCHEMAS)
    schemas["level_started"]["properties"]["probe"] = {**SAME, **spec}
    return schemas


def test_shipped_settings_are_stricter_than_the_demo() -> None:
    shipped = facts(load_policy())
    looser = {each.where for each in loosenings(BASE, shipped)}
    assert all("methods" in where or "age sources" in where for where in looser)  # the demo knows fewer
    assert {"setting: primary_child", "vendor gate: US/child"} <= {each.where for each in loosenings(shipped, BASE)}


def test_facts_survive_their_file_and_other_files_are_refused() -> None:
    assert decode(encode(BASE), "x") == BASE
    assert loosenings(decode(encode(BASE), "x"), BASE) == []
    for broken in (b"", b"{}", encode(BASE).replace(b'"ways"', b'"paths"')):
        with pytest.raises(PolicyError, match=r"mine\.json"):
            decode(broken, "mine.json")
