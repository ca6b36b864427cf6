"""The registry: the shipped one compiles, a wrong one is refused with every problem at once."""

import dataclasses
from collections import Counter
from typing import Any

import pytest

from pipeline.policy.compiled import CompiledPolicy, Registry
from pipeline.policy.compiling import load_policy
from pipeline.policy.errors import PolicyError
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Action, Cohort, Purpose, StripReason
from pipeline.schemas import event_schemas, load_schema

DEFAULTS = load_schema("mixpanel-defaults")
NO_DEFAULTS: dict[str, Any] = {}
POLICY = load_policy()


def event(properties: Any = None, **keys: Any) -> dict[str, Any]:
    return {"title": "e", "type": "object", "x-purpose": "analytics", "properties": properties or {}} | keys


def prop(**keys: Any) -> dict[str, Any]:
    return {"type": "boolean", "x-class": "gameplay"} | keys


def problems(schemas: dict[str, dict[str, Any]]) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        compile_registry(schemas, DEFAULTS, POLICY)
    return caught.value.problems


def kept(registry: Registry, name: str, cohort: Cohort) -> set[str]:
    return {key for key, rule in registry[name].rules[cohort].items() if rule.stripped is None}


def teens_get(teen_list: str) -> CompiledPolicy:
    return dataclasses.replace(POLICY, teen_list=teen_list)


def test_shipped_registry_compiles() -> None:
    schemas = event_schemas()
    registry = compile_registry(schemas, DEFAULTS, POLICY)
    assert set(registry) == set(schemas)
    assert registry["campaign_opened"].purpose is Purpose.MARKETING
    for name, plan in registry.items():
        assert set(plan.rules) == set(plan.families) == set(Cohort)
        for cohort in Cohort:
            assert set(plan.rules[cohort]) == set(schemas[name]["properties"]) | set(DEFAULTS["properties"])
            assert {pattern.pattern for pattern, _ in plan.families[cohort]} == set(DEFAULTS["patternProperties"])
            assert all(rule.stripped is not None for _, rule in plan.families[cohort])
            assert all(key == rule.name for key, rule in plan.rules[cohort].items())
        assert kept(registry, name, Cohort.US_CHILD) <= kept(registry, name, Cohort.US_TEEN)
        assert kept(registry, name, Cohort.US_TEEN) < kept(registry, name, Cohort.US_ADULT)
        assert kept(registry, name, Cohort.US_ADULT) == kept(registry, name, Cohort.IN_ADULT)
        # a sign of youth would let more out otherwise
        assert kept(registry, name, Cohort.US_UNKNOWN) == kept(registry, name, Cohort.US_CHILD)
        for nobody in (Cohort.IN_CHILD, Cohort.IN_UNKNOWN, Cohort.XX):
            assert kept(registry, name, nobody) == set()


def test_free_text_and_urls_leave_for_adults_only_and_never_as_they_are() -> None:
    found = Counter[str]()
    for name, schema in event_schemas().items():
        plan = compile_registry({name: schema}, DEFAULTS, teens_get("teen"))[name]
        for key, each in schema["properties"].items():
            rules = {cohort: plan.rules[cohort][key] for cohort in Cohort}
            found[each["x-class"]] += 1
            if each["x-class"] == "free_text":
                for adult in (Cohort.US_ADULT, Cohort.IN_ADULT):
                    assert (rules[adult].action, rules[adult].stripped) == (Action.SCRUB, None)
                    assert rules[adult].transform is not None
            if each["x-class"] == "url":  # no routes are listed
                assert {rules[Cohort.US_ADULT].stripped, rules[Cohort.IN_ADULT].stripped} == {StripReason.CLASS}
            if each["x-class"] in {"free_text", "url"}:
                others = set(Cohort) - {Cohort.US_ADULT, Cohort.IN_ADULT}
                assert {rules[cohort].stripped for cohort in others} == {StripReason.COHORT}
    assert found["free_text"] >= 3
    assert found["url"] >= 1


@pytest.mark.parametrize("kind", ["free_text", "url"])
def test_text_that_is_listed_for_everybody_still_leaves_for_adults_only(kind: str) -> None:
    schema = {"type": "string", "x-class": kind, "x-routes": ["/help"]}
    registry = compile_registry({"e": event({"a": schema})}, NO_DEFAULTS, teens_get("teen"))
    for cohort in Cohort:
        adult = cohort in {Cohort.US_ADULT, Cohort.IN_ADULT}
        assert registry["e"].rules[cohort]["a"].stripped is (None if adult else StripReason.CLASS)


@pytest.mark.parametrize(("teen_list", "names"), [("child", {"a"}), ("teen", {"a", "t"})])
def test_whose_list_a_teen_gets(teen_list: str, names: set[str]) -> None:
    properties = {"a": prop(), "t": prop(**{"x-cohorts": ["teen", "adult"]}), "g": prop(**{"x-cohorts": ["adult"]})}
    registry = compile_registry({"e": event(properties)}, NO_DEFAULTS, teens_get(teen_list))
    assert kept(registry, "e", Cohort.US_TEEN) == names
    assert kept(registry, "e", Cohort.US_ADULT) == kept(registry, "e", Cohort.IN_ADULT) == {"a", "t", "g"}
    for cohort in (Cohort.US_CHILD, Cohort.US_UNKNOWN):
        assert kept(registry, "e", cohort) == {"a"}
    for cohort in (Cohort.IN_CHILD, Cohort.IN_UNKNOWN, Cohort.XX):  # their events never leave: nothing to keep
        assert kept(registry, "e", cohort) == set()
        assert registry["e"].rules[cohort]["a"].stripped is StripReason.CLASS
        assert registry["e"].rules[cohort]["t"].stripped is StripReason.COHORT


def test_nobodys_property_is_withheld() -> None:
    registry = compile_registry({"e": event({"a": prop(**{"x-cohorts": []})})}, NO_DEFAULTS, POLICY)
    assert all(not kept(registry, "e", cohort) for cohort in Cohort)


def test_every_problem_is_said_at_once_with_its_place() -> None:
    found = problems(
        {
            "one": event({"a": prop(type="object"), "$ip": prop(), "b": {"type": "boolean"}}),
            "two": event({"c": {"type": "string", "x-class": "gameplay"}}, **{"x-purpose": "fun", "oneOf": []}),
            "three": event(**{"x-purpose": "essential"}),
            "fine": event({"a": prop()}),
        }
    )
    assert [problem.split(": ")[:2] for problem in found] == [
        ["schemas/events/one.json", "properties.a"],
        ["schemas/events/one.json", "properties.$ip"],
        ["schemas/events/one.json", "properties.b"],
        ["schemas/events/three.json", "x-operation"],
        ["schemas/events/two.json", "oneOf"],
        ["schemas/events/two.json", "x-purpose"],
        ["schemas/events/two.json", "properties.c"],
    ]


OTHERS = [name for name, schema in DEFAULTS["properties"].items() if schema["x-class"] != "marketing"]


@pytest.mark.parametrize("name", [*OTHERS, "$anything", "$", "mp_anything", "$$", "$ae_mine", "$mp_mine"])
def test_names_of_mixpanels_own_cannot_be_registered(name: str) -> None:
    (problem,) = problems({"e": event({name: prop()})})
    assert problem.startswith(f"schemas/events/e.json: properties.{name}: ")
    assert "Mixpanel" in problem


@pytest.mark.parametrize(
    "schema",
    [
        True,
        False,
        None,
        5,
        [],
        {},
        {"type": "boolean"},
        prop(**{"x-class": "secret"}),
        prop(**{"x-class": ["gameplay"]}),
        prop(**{"x-class": None}),
        prop(**{"x-cohorts": "adult"}),
        prop(**{"x-cohorts": None}),
        prop(**{"x-cohorts": ["grown-up"]}),
        prop(**{"x-cohorts": [["adult"]]}),
        prop(**{"x-cohorts": {"adult": 1}}),
        prop(**{"x-cohort": ["adult"]}),
        prop(type="string", enum=[["a"]]),
        prop(type="string", enum=[{}]),
    ],
    ids=repr,
)
def test_property_that_cannot_be_registered(schema: Any) -> None:
    (problem,) = problems({"e": event({"a": schema})})
    assert problem.startswith("schemas/events/e.json: properties.a: ")


@pytest.mark.parametrize("purpose", [None, "", "Essential", ["analytics"], {}, 1])
def test_purpose_that_is_not_one(purpose: Any) -> None:
    (problem,) = problems({"e": event(**{"x-purpose": purpose})})
    assert "essential, analytics, marketing, ai_training" in problem


def test_essential_event_names_its_operation() -> None:
    essential = event(**{"x-purpose": "essential", "x-operation": "crash_reporting"})
    assert compile_registry({"e": essential}, DEFAULTS, POLICY)["e"].operation == "crash_reporting"
    assert "x-operation" in problems({"e": event(**{"x-purpose": "essential", "x-operation": ""})})[0]


@pytest.mark.parametrize("name", ["utm_source", "utm_campaign", "campaign_id", "initial_utm_medium"])
@pytest.mark.parametrize("kind", ["gameplay", "operational", "free_text"])
def test_name_of_a_campaign_cannot_be_registered_as_something_else(name: str, kind: str) -> None:
    (problem,) = problems({"e": event({name: {"type": "boolean", "x-class": kind}})})
    assert problem.startswith(f"schemas/events/e.json: properties.{name}: ")
    assert "marketing" in problem


@pytest.mark.parametrize("purpose", ["essential", "analytics", "ai_training"])
@pytest.mark.parametrize("name", ["utm_source", "mine"])
def test_marketing_property_is_withheld_from_events_about_other_things(name: str, purpose: str) -> None:
    schema = event({name: prop(**{"x-class": "marketing"})}, **{"x-purpose": purpose, "x-operation": "o"})
    marketing = schema | {"x-purpose": "marketing"}
    registry = compile_registry({"e": schema, "m": marketing}, DEFAULTS, POLICY)
    for cohort in Cohort:
        assert registry["e"].rules[cohort][name].stripped is StripReason.CLASS
    assert registry["m"].rules[Cohort.US_ADULT][name].stripped is None
    assert registry["m"].rules[Cohort.US_CHILD][name].stripped is StripReason.CLASS


@pytest.mark.parametrize(
    "routes", ["/help", ["/he lp"], ["https://a.example/b"], [""], [5], 5, [None], {"a": 1}, ["/a/{B}"]]
)
def test_routes_that_cannot_be_read(routes: Any) -> None:
    (problem,) = problems({"e": event({"a": {"type": "string", "x-class": "url", "x-routes": routes}})})
    assert problem.startswith("schemas/events/e.json: properties.a: x-routes")


@pytest.mark.parametrize(
    "schema",
    [
        prop(type="string", pattern="^[a-z]{1,6}$"), prop(type="string", enum=["9876543210"]), prop(),
        prop(type="integer", minimum=0, maximum=99_999_999), prop(type="number", minimum=-99_999, maximum=5),
        prop(type="array", maxItems=4, items={"type": "integer", "minimum": 0, "maximum": 100}),
        prop(type="string", pattern="^[a-z]+$", maxLength=6),
    ],
)  # fmt: skip
def test_value_with_no_room_for_an_identifier_is_not_scanned(schema: dict[str, Any]) -> None:
    rule = compile_registry({"e": event({"a": schema})}, NO_DEFAULTS, POLICY)["e"].rules[Cohort.US_CHILD]["a"]
    assert rule.stripped is None
    assert not rule.scan


@pytest.mark.parametrize(
    "schema",
    [
        prop(type="string", pattern="^[0-9.]{1,7}$"), prop(type="string", pattern="^[a-z]+(_[a-z0-9]+){0,4}$"),
        prop(type="integer", minimum=0, maximum=100_000_000), prop(type="integer", minimum=-100_000_000, maximum=0),
        prop(type="number", minimum=0, maximum=2**53),
        prop(type="array", maxItems=4, items={"type": "integer", "minimum": 0, "maximum": 10**10}),
        prop(type="array", maxItems=4, items={"type": "string", "pattern": "^.+$"}),
    ],
)  # fmt: skip
def test_value_with_room_for_an_identifier_is_scanned(schema: dict[str, Any]) -> None:
    rule = compile_registry({"e": event({"a": schema})}, NO_DEFAULTS, POLICY)["e"].rules[Cohort.US_CHILD]["a"]
    assert rule.scan
