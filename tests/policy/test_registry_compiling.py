"""The registry: the shipped one compiles, a wrong one is refused with every problem at once."""

from typing import Any

import pytest

from pipeline.policy.compiled import Registry
from pipeline.policy.errors import PolicyError
from pipeline.policy.registry import RESERVED, compile_registry
from pipeline.policy.vocabulary import Cohort, Purpose, StripReason
from pipeline.schemas import event_schemas

REASONS = tuple(StripReason)


def event(properties: Any = None, **keys: Any) -> dict[str, Any]:
    return {"title": "e", "type": "object", "x-purpose": "analytics", "properties": properties or {}} | keys


def prop(**keys: Any) -> dict[str, Any]:
    return {"type": "boolean", "x-class": "gameplay"} | keys


def problems(schemas: dict[str, dict[str, Any]]) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        compile_registry(schemas)
    return caught.value.problems


def kept(registry: Registry, name: str, cohort: Cohort) -> set[str]:
    return {key for key, _ in registry[name].properties[cohort].keep}


def test_shipped_registry_compiles() -> None:
    schemas = event_schemas()
    registry = compile_registry(schemas)
    assert set(registry) == set(schemas)
    assert registry["campaign_opened"].purpose is Purpose.MARKETING
    for name, plan in registry.items():
        assert set(plan.properties) == set(Cohort)
        for cohort in Cohort:
            listed = plan.properties[cohort]
            assert {key for key, _ in listed.keep} | {key for key, _ in listed.withheld} == set(
                schemas[name]["properties"]
            )
        assert kept(registry, name, Cohort.US_CHILD) <= kept(registry, name, Cohort.US_ADULT)
        assert kept(registry, name, Cohort.US_UNKNOWN) == kept(registry, name, Cohort.US_CHILD)


def test_free_text_and_urls_are_withheld_from_everybody() -> None:
    for name, schema in event_schemas().items():
        plan = compile_registry({name: schema})[name]
        for key, each in schema["properties"].items():
            if each["x-class"] in {"free_text", "url"}:
                withheld = {c: REASONS[dict(plan.properties[c].withheld)[key]] for c in Cohort}
                assert withheld[Cohort.US_ADULT] == withheld[Cohort.IN_ADULT] == each["x-class"]
                assert withheld[Cohort.US_CHILD] is StripReason.COHORT


@pytest.mark.parametrize(("teen_list", "names"), [("child", {"a"}), ("teen", {"a", "t"})])
def test_whose_list_a_teen_gets(teen_list: str, names: set[str]) -> None:
    properties = {"a": prop(), "t": prop(**{"x-cohorts": ["teen", "adult"]}), "g": prop(**{"x-cohorts": ["adult"]})}
    registry = compile_registry({"e": event(properties)}, teen_list=teen_list)
    assert kept(registry, "e", Cohort.US_TEEN) == names
    assert kept(registry, "e", Cohort.US_ADULT) == kept(registry, "e", Cohort.IN_ADULT) == {"a", "t", "g"}
    for cohort in (Cohort.US_CHILD, Cohort.US_UNKNOWN, Cohort.IN_CHILD, Cohort.IN_UNKNOWN, Cohort.XX):
        assert kept(registry, "e", cohort) == {"a"}


def test_nobodys_property_is_withheld() -> None:
    registry = compile_registry({"e": event({"a": prop(**{"x-cohorts": []})})})
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


@pytest.mark.parametrize("name", [*sorted(RESERVED), "$device_id", "$user_id", "$ignore", "mp_country_code", "$city"])
def test_names_of_mixpanels_own_cannot_be_registered(name: str) -> None:
    (problem,) = problems({"e": event({name: prop()})})
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
    compile_registry({"e": event(**{"x-purpose": "essential", "x-operation": "crash_reporting"})})
    assert "x-operation" in problems({"e": event(**{"x-purpose": "essential", "x-operation": ""})})[0]
