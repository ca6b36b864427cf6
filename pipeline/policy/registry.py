"""Compile the event schemas, the contract with the backend teams, into what each cohort may keep (R03)."""

from collections.abc import Mapping
from typing import Any

from pipeline.policy.checks import UnsupportedSchemaError, build_check
from pipeline.policy.compiled import Check, EventPlan, PropertyPlan, Registry
from pipeline.policy.errors import PolicyError
from pipeline.policy.vocabulary import Cohort, PropertyClass, Purpose, StripReason

GROUPS = ("child", "teen", "adult")
LISTS = ({*GROUPS}, {"teen", "adult"}, {"adult"}, set[str]())  # R03: a younger list is never longer
RESERVED = {
    "token",
    "distinct_id",
    "time",
    "$insert_id",
    "ip",
    "mp_lib",
    "$lib_version",
}  # set by coppice itself
SCHEMA_KEYS = {
    "$schema", "$id", "title", "description", "x-purpose", "x-operation", "type", "properties", "required",
    "additionalProperties",
}  # fmt: skip
# R21, R22: these pass only through a scrubber, which no cohort has
UNSCRUBBED = {PropertyClass.FREE_TEXT: StripReason.FREE_TEXT, PropertyClass.URL: StripReason.URL}
_POSITION = {reason: i for i, reason in enumerate(StripReason)}


def compile_registry(schemas: Mapping[str, Mapping[str, Any]], *, teen_list: str = "child") -> Registry:
    """Compile event name → schema. teen_list: whose list teens get (J16). Raise PolicyError with every problem."""
    problems: list[str] = []
    plans = {}
    for name, schema in sorted(schemas.items()):
        try:
            plans[name] = _event(schema, teen_list)
        except PolicyError as exc:
            problems += [f"schemas/events/{name}.json: {problem}" for problem in exc.problems]
    if problems:
        raise PolicyError(problems)
    return plans


def _event(schema: Mapping[str, Any], teen_list: str) -> EventPlan:
    problems = [f"{key}: not a key of an event schema" for key in sorted(set(schema) - SCHEMA_KEYS)]
    try:
        purpose = Purpose(schema.get("x-purpose", ""))
    except ValueError:
        problems.append(f"x-purpose: must be one of {', '.join(Purpose)}")
        purpose = Purpose.MARKETING
    if purpose is Purpose.ESSENTIAL and not schema.get("x-operation"):
        problems.append("x-operation: an essential event names its internal operation (16 CFR 312.4(d)(3))")
    keep: dict[str, dict[str, Check]] = {group: {} for group in GROUPS}
    withheld: dict[str, dict[str, int]] = {group: {} for group in GROUPS}
    for name, prop in schema.get("properties", {}).items():
        try:
            groups, check, reason = _property(name, prop)
        except UnsupportedSchemaError as exc:
            problems.append(f"properties.{name}: {exc}")
            continue
        for group in GROUPS:
            if check is not None and group in groups:
                keep[group][name] = check
            else:
                withheld[group][name] = _POSITION[StripReason.COHORT if group not in groups else reason]
    if problems:
        raise PolicyError(problems)
    by_group = {g: PropertyPlan(tuple(keep[g].items()), tuple(withheld[g].items())) for g in GROUPS}
    return EventPlan(purpose, {cohort: by_group[_group(cohort, teen_list)] for cohort in Cohort})


def _group(cohort: Cohort, teen_list: str) -> str:
    """Say whose list a cohort gets; an unknown age gets the shortest."""
    age = cohort.partition("/")[2]
    return {"adult": "adult", "teen": teen_list}.get(age, "child")


def _property(name: str, prop: Mapping[str, Any]) -> tuple[set[str], Check | None, StripReason]:
    if name in RESERVED or name.startswith(("$", "mp_")):
        raise UnsupportedSchemaError("is a name of Mixpanel's own and cannot be registered here")
    if not isinstance(prop, Mapping):
        raise UnsupportedSchemaError("must be a schema with x-class")
    try:
        kind = PropertyClass(prop.get("x-class", ""))
    except ValueError:
        raise UnsupportedSchemaError(f"x-class must be one of {', '.join(PropertyClass)}") from None
    listed = prop.get("x-cohorts", GROUPS)
    if not isinstance(listed, list | tuple) or any(group not in GROUPS for group in listed):
        raise UnsupportedSchemaError(f"x-cohorts may list {', '.join(GROUPS)}")
    groups = set(listed)
    if groups not in LISTS:
        raise UnsupportedSchemaError(
            "x-cohorts must list older groups with younger ones: the child's list is the smallest"
        )
    if kind in UNSCRUBBED:
        return groups, None, UNSCRUBBED[kind]
    return groups, build_check(prop), StripReason.INVALID
