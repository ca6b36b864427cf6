"""What a policy and its registry let out, as plain data that can be stored, read in a review and compared.

Whatever is not listed stays behind, so that a later addition always shows as one.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from pipeline.policy.compiled import CompiledPolicy, EventPlan, PropertyRule, Registry
from pipeline.policy.counting import steps
from pipeline.policy.errors import PolicyError
from pipeline.policy.harm import NEVER_COUNTED, NEVER_OF_CHILDREN, NOT_MEANT
from pipeline.policy.registry import Schema, compile_profile, compile_registry
from pipeline.policy.vocabulary import Action, Cohort, Purpose, Region

OF_CHILDREN, IN_COUNTS = "names of what leaves about children", "names in counts of children"
NOTICES, TEXTS = "notices of ", "texts of notice "  # what the names of some sets begin with
GROUPS = ("child", "teen", "adult")
LIMITS = ("type", "enum", "pattern", "maxLength", "minimum", "maximum", "items", "maxItems", "x-routes")

# Mixpanel's own properties are the same on every event, but for those that only belong on events about marketing
ON_MARKETING, ON_OTHERS = "on events about marketing", "on every other event"
_PROBES: Mapping[str, Mapping[str, str]] = {
    ON_MARKETING: {"x-purpose": Purpose.MARKETING},
    ON_OTHERS: {"x-purpose": Purpose.ESSENTIAL, "x-operation": "none"},
}


class WayFacts(msgspec.Struct, frozen=True):
    """One way out: its pseudonym space, and everything that must hold, sorted."""

    space: str
    require: tuple[str, ...]


class PropertyFacts(msgspec.Struct, frozen=True):
    """A property that leaves with some cohort. groups: the list of its schema; limits: what its schema allows.

    forms: cohort → `keep`, `generalize:<how>`, `scrub`, `pseudonymize`, `route`, or `drop_event`.
    """

    kind: str
    groups: tuple[str, ...]
    limits: dict[str, Any]
    forms: dict[str, str]


class EventFacts(msgspec.Struct, frozen=True):
    """A registered event, with its own properties only."""

    purpose: str
    properties: dict[str, PropertyFacts]


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that makes one policy looser than another.

    accepted: sets to which every addition lets more out (methods, sources, notices). held_to: sets of that kind that
    bind nobody where they are missing (languages of a region, texts of a notice). flags: the switches as they are.
    classes: actions by cohort, `drop` left out. gates: end of each open gate, ms since the epoch. profile: what the
    profile of an adult may hold, without Mixpanel's own; group_keys: the properties whose values may name a group.
    words: those that names about children may not have, by where; not_meant: those that only look like one.
    """

    ways: dict[str, dict[str, tuple[WayFacts, ...]]]
    killed: tuple[str, ...]
    gates: dict[str, int]
    accepted: dict[str, tuple[str, ...]]
    flags: dict[str, bool]
    teen_list: str
    rotation_ms: dict[str, int]
    classes: dict[str, dict[str, str]]
    identifier_in_kept: dict[str, str]
    events: dict[str, EventFacts]
    defaults: dict[str, dict[str, PropertyFacts]]
    held_to: dict[str, tuple[str, ...]] = {}  # older baselines have none, nor what follows
    profile: dict[str, PropertyFacts] = {}
    group_keys: tuple[str, ...] = ()
    words: dict[str, tuple[str, ...]] = {}
    not_meant: tuple[str, ...] = ()


def facts_of(
    policy: CompiledPolicy, registry: Registry, schemas: Mapping[str, Schema], defaults: Schema, profile: Schema
) -> Facts:
    """Gather the facts. schemas and defaults: what the registry was compiled from, without problems.

    profile: the schema of profiles. Raise PolicyError with every problem of it.
    """
    probes = compile_registry(_PROBES, defaults, policy)
    held = compile_profile(profile, defaults, policy)
    own_families: Mapping[str, Any] = defaults.get("patternProperties", {})
    return Facts(
        ways=_ways(policy),
        killed=tuple(sorted(policy.killed)),
        gates={cohort: policy.gates[cohort] for cohort in Cohort if cohort in policy.gates},
        accepted=_accepted(policy),
        held_to=_held_to(policy),
        flags={
            "primary_child": policy.primary_child,
            "provider": policy.provider,
            "internal_ops": policy.internal_ops,
            "us_adult_opt_out": policy.us_adult_opt_out,
            "kids_rules": policy.kids_rules,
            "own_region_only": policy.own_region_only,
        },
        teen_list=policy.teen_list,
        rotation_ms={cohort: policy.rotation_ms[cohort] for cohort in Cohort},
        classes=_classes(policy),
        identifier_in_kept={cohort: policy.identifier_in_kept[cohort] for cohort in Cohort},
        events={
            name: EventFacts(plan.purpose, _properties(plan, schemas[name].get("properties", {})))
            for name, plan in sorted(registry.items())
        },
        defaults={
            name: _properties(plan, {**defaults.get("properties", {}), **own_families})
            for name, plan in sorted(probes.items())
        },
        profile=_properties(held, profile.get("properties", {})),
        group_keys=tuple(sorted(held.group_keys)),
        words={
            OF_CHILDREN: tuple(sorted({word for words in NEVER_OF_CHILDREN.values() for word in words})),
            IN_COUNTS: tuple(sorted({word for words in NEVER_COUNTED.values() for word in words})),
        },
        not_meant=tuple(sorted(NOT_MEANT)),
    )


def encode(facts: Facts) -> bytes:
    """Return facts as the JSON that is kept: sorted, so that a change of the policy is a change of few lines."""
    return msgspec.json.format(msgspec.json.encode(facts, order="sorted"), indent=1) + b"\n"


def decode(stored: bytes, name: str) -> Facts:
    """Read facts back. name: of the file, for the error. Raise PolicyError."""
    try:
        return msgspec.json.decode(stored, type=Facts)
    except msgspec.DecodeError as exc:
        raise PolicyError([f"{name}: is not a baseline of this version of coppice ({exc})"]) from None


def _ways(policy: CompiledPolicy) -> dict[str, dict[str, tuple[WayFacts, ...]]]:
    found: dict[str, dict[str, tuple[WayFacts, ...]]] = {}
    for (cohort, purpose), ways in sorted(policy.decisions.items()):
        if ways:
            facts = tuple(WayFacts(way.space, tuple(sorted(p.value for p in way.require))) for way in ways)
            found.setdefault(cohort, {})[purpose] = facts
    return found


def _accepted(policy: CompiledPolicy) -> dict[str, tuple[str, ...]]:
    found: dict[str, Iterable[str]] = {
        "parental consent methods": policy.parental_methods,
        "parental consent methods for disclosure": policy.disclosure_methods,
        "parental consent methods of rule 10": policy.rule_10_methods,
    }
    for cohort, notices in policy.notices.items():
        found[f"{NOTICES}{cohort}"] = notices
    for region, sources in policy.age_sources.items():
        found[f"age sources of region {region}"] = sources
    for region, methods in policy.own_methods.items():
        found[f"own consent methods of region {region}"] = methods
    if policy.counting is not None:
        found["counts of children in India"] = steps(policy.counting)
    return {name: tuple(sorted(values)) for name, values in sorted(found.items())}


def _held_to(policy: CompiledPolicy) -> dict[str, tuple[str, ...]]:
    found = {f"languages of region {region}": policy.languages[region] for region in Region if policy.languages[region]}
    found |= {f"{TEXTS}{version}": texts for version, texts in policy.notice_hashes.items()}
    return {name: tuple(sorted(values)) for name, values in sorted(found.items())}


def _classes(policy: CompiledPolicy) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for (cohort, kind), rule in sorted(policy.classes.items()):
        if rule.action is not Action.DROP:
            found.setdefault(cohort, {})[kind] = rule.action
    return found


def _properties(plan: EventPlan, specs: Mapping[str, Any]) -> dict[str, PropertyFacts]:
    """Return those of the properties (a family by its pattern) that do more than stay behind."""
    found = {}
    for name, spec in sorted(specs.items()):
        forms: dict[str, str] = {}
        for cohort in Cohort:
            if cohort in plan.never:
                continue
            rule = plan.rules[cohort].get(name) or _family(plan, cohort, name)
            if rule is not None and rule.stripped is None:
                forms[cohort] = _form(rule, spec)
        if forms:
            groups = tuple(group for group in GROUPS if group in spec.get("x-cohorts", GROUPS))
            limits = {key: spec[key] for key in LIMITS if key in spec}
            found[name] = PropertyFacts(spec["x-class"], groups, limits, forms)
    return found


def _family(plan: EventPlan, cohort: Cohort, name: str) -> PropertyRule | None:
    return next((rule for pattern, rule in plan.families[cohort] if pattern.pattern == name), None)


def _form(rule: PropertyRule, spec: Mapping[str, Any]) -> str:
    if rule.action in {Action.KEEP, Action.GENERALIZE} and "x-generalize" in spec:
        return f"{Action.GENERALIZE}:{spec['x-generalize']}"
    return rule.action
