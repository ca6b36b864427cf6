"""The list of data items that leave, for the privacy notice: 16 CFR 312.4(c)-(d), DPDP Act s.5, DPDP Rules r.3.

Made from what the workers run with, so that the notice and the practice cannot drift apart.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pipeline.core.profile_update import ADULTS
from pipeline.core.words import COHORTS, PURPOSES
from pipeline.detect.scrub import LIMIT
from pipeline.policy.compiled import CompiledPolicy, EventPlan, PropertyRule, Registry
from pipeline.policy.compiling import DAY_MS
from pipeline.policy.counting import steps
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Purpose

Schema = Mapping[str, Any]

KIDS_RULES = frozenset({Cohort.US_CHILD, Cohort.US_UNKNOWN})
COARSE = {
    "os_major": "major version only",
    "form_factor": "kind of device only: phone, tablet, watch, tv or desktop",
    "country": "country, only where it is the account's",
    "state": "state, from a list",
    "day": "day, without the time",
}
FEW = 8  # words of a list that are shown
IN_PROFILE = "in the profile"  # in place of the events that carry an item
COLUMNS = ("Data item", "What it is", "Class", "How it leaves", "Purpose", "Events")


class Item(NamedTuple):
    """One data item of one cohort. events: names of the events that carry it, empty where all do."""

    name: str
    description: str
    kind: str
    form: str
    purposes: tuple[Purpose, ...]
    events: tuple[str, ...]

    def cells(self) -> tuple[str, ...]:
        """Return the text of each of COLUMNS."""
        events = ", ".join(self.events) if self.events else "all"
        return self.name, self.description, self.kind, self.form, ", ".join(self.purposes), events

    def row(self) -> str:
        """Return the item as a line of a Markdown table."""
        name, *rest = (cell.replace("|", "\\|") for cell in self.cells())
        return f"| `{name}` | {' | '.join(rest)} |"


def items_of(
    cohort: Cohort, registry: Registry, schemas: Mapping[str, Schema], defaults: Schema, policy: CompiledPolicy
) -> list[Item]:
    """Return the data items that may leave about a cohort, given the consent or other ground that its events need.

    schemas, defaults: what the registry was compiled from. Empty where no event of the cohort ever leaves.
    """
    plans = [
        plan for plan in registry.values() if policy.decisions.get((cohort, plan.purpose)) and cohort not in plan.never
    ]
    if not plans:
        return []
    carriers: dict[tuple[str, str, str, str], list[EventPlan]] = {}
    for plan in plans:
        listed = defaults.get("properties", {}) | schemas[plan.name].get("properties", {})
        for name, rule in plan.rules[cohort].items():
            if rule.stripped is None:
                spec = listed[name]
                key = (name, str(spec.get("description", "")), str(rule.kind), form_of(rule, spec))
                carriers.setdefault(key, []).append(plan)
    return [
        *(_item(key, plans, plans) for key in _added(cohort, policy)),
        *(_item(key, found, plans) for key, found in sorted(carriers.items())),
    ]


def profile_items(cohort: Cohort, profile: EventPlan, schema: Schema, policy: CompiledPolicy) -> list[Item]:
    """Return what the profile of an adult may hold; nothing for anybody else (R16). schema: of profiles."""
    if cohort not in ADULTS or not policy.decisions.get((cohort, profile.purpose)):
        return []
    return [
        Item(
            name,
            str(spec.get("description", "")),
            str(rule.kind),
            form_of(rule, spec),
            (profile.purpose,),
            (IN_PROFILE,),
        )
        for name, spec in sorted(schema["properties"].items())
        if (rule := profile.rules[cohort][name]).stripped is None
    ]


def _item(key: tuple[str, str, str, str], carriers: list[EventPlan], plans: list[EventPlan]) -> Item:
    purposes = tuple(sorted({plan.purpose for plan in carriers}))
    events = () if len(carriers) == len(plans) else tuple(sorted(plan.name for plan in carriers))
    return Item(*key, purposes, events)


def _added(cohort: Cohort, policy: CompiledPolicy) -> Iterator[tuple[str, str, str, str]]:
    """Yield what coppice writes into every event that leaves."""
    days = policy.rotation_ms[cohort] // DAY_MS
    form = f"a keyed pseudonym, a new one every {days} days and with every new consent"
    if policy.kids_rules and cohort in KIDS_RULES:
        form += "; empty, unless the platform is Android"  # J10
    yield "distinct_id", "Tells one profile's events from another's.", str(PropertyClass.PERSISTENT_ID), form
    operational = str(PropertyClass.OPERATIONAL)
    yield "event", "What happened.", operational, "its name, from the list of registered events"
    yield "time", "When it happened, by the device's clock.", operational, "to the millisecond"
    yield "$insert_id", "Tells one event from another, so that none counts twice.", operational, "a keyed digest"


def form_of(rule: PropertyRule, spec: Schema) -> str:
    """Say in which form a property leaves that may."""
    if "x-generalize" in spec and rule.transform is not None:
        return COARSE[spec["x-generalize"]]
    match rule.action:
        case Action.SCRUB:
            longest = min(int(spec.get("maxLength", LIMIT)), LIMIT)
            return f"text of at most {longest} characters, with a token for every identifier that is found in it"
        case Action.PSEUDONYMIZE:
            return "a keyed digest"
        case Action.ROUTE:
            return "which of the listed addresses it is, without query and ids"
        case _:
            return _range(spec)


def _range(spec: Schema) -> str:
    kind = spec.get("type", "string")
    if kind == "array":
        return f"as it is: a list of up to {spec['maxItems']}, each {_range(spec['items']).removeprefix('as it is: ')}"
    if "enum" in spec:
        words = spec["enum"]
        return f"as it is: one of {', '.join(words) if len(words) <= FEW else f'{len(words)} words of a list'}"
    if kind in {"integer", "number"}:
        return f"as it is: {spec['minimum']} to {spec['maximum']}"
    return "as it is: yes or no" if kind == "boolean" else "as it is: a short code of a fixed form"


def markdown(cohorts: Mapping[Cohort, list[Item]], policy: CompiledPolicy) -> str:
    """Render the page."""
    return "\n".join(_page(cohorts, policy))


def _page(cohorts: Mapping[Cohort, list[Item]], policy: CompiledPolicy) -> Iterator[str]:
    yield "# Data items by cohort"
    yield ""
    yield (
        "What may leave for Mixpanel, for the privacy notice. Nothing that is not listed leaves, and what is listed "
        "leaves only with the consent, or the other ground, that its purpose needs, and while a signed document with "
        "Mixpanel is in force for the cohort."
    )
    yield ""
    yield f"Made by `coppice registry notice --markdown` from policy {policy.version}; do not edit."
    for cohort, items in cohorts.items():
        yield ""
        yield f"## {cohort}: {COHORTS[cohort]}"
        yield ""
        if not items:
            counted = cohort is Cohort.IN_CHILD and policy.counting is not None
            yield "Nothing but counts leaves, without any id:" if counted else "Nothing leaves."
            if counted and policy.counting is not None:
                yield from ("", *(f"- {step}" for step in steps(policy.counting)))
            continue
        yield from (f"- {line}" for line in grounds(cohort, policy))
        yield ""
        yield f"| {' | '.join(COLUMNS)} |"
        yield "|" + "---|" * len(COLUMNS)
        yield from (item.row() for item in items)
    yield ""


def grounds(cohort: Cohort, policy: CompiledPolicy) -> Iterator[str]:
    """Say for which purposes events of a cohort may leave, and under which sections."""
    for purpose in Purpose:
        laws = "; ".join(dict.fromkeys(way.law for way in policy.decisions.get((cohort, purpose), ())))
        if laws:
            yield f"{purpose}: {PURPOSES[purpose]} ({laws})"
