"""Compile the event schemas, the contract with the backend teams, into what each cohort may keep (R03)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pipeline.policy import bounds
from pipeline.policy.checks import UnsupportedSchemaError, build_check, longest_text, most_digits
from pipeline.policy.compiled import (
    COUNTED,
    Check,
    ClassRule,
    CompiledPolicy,
    EventPlan,
    PropertyRule,
    Registry,
    Transform,
)
from pipeline.policy.counting import countable
from pipeline.policy.documents import placed
from pipeline.policy.errors import PolicyError
from pipeline.policy.harm import LAW, harm_in
from pipeline.policy.transforms import GENERALIZERS, build_free_text, build_route
from pipeline.policy.vocabulary import (
    IDENTITY_EVENTS,
    PROFILE_UPDATE,
    Action,
    Cohort,
    PropertyClass,
    Purpose,
    StripReason,
)

Schema = Mapping[str, Any]

GROUPS = ("child", "teen", "adult")
LISTS = ({*GROUPS}, {"teen", "adult"}, {"adult"}, set[str]())  # R03: a younger list is never longer
SCHEMA_KEYS = {
    "$schema", "$id", "title", "description", "x-purpose", "x-operation", "type", "properties", "required",
    "additionalProperties",
}  # fmt: skip
SHORTEST_IDENTIFIER = 7  # an IPv4 address; a shorter text cannot hold one that is told by its form
FEWEST_DIGITS = 9  # a social security number; a smaller number holds no identifier

_Parts = tuple[Check | None, Transform | None, bool]
_Rules = dict[str, tuple[tuple[Cohort, PropertyRule], ...]]


def compile_profile(schema: Schema, defaults: Schema, policy: CompiledPolicy) -> EventPlan:
    """Compile what a profile may hold, with Mixpanel's default properties added. Raise PolicyError.

    Its name is empty, as no event's is, so that nothing known of events is taken for it. `x-group-keys` lists those of
    its properties whose values may name a group.
    """
    written, group_keys = schema, schema.get("x-group-keys", ())
    schema = {key: value for key, value in schema.items() if key != "x-group-keys"}
    compiler = _Compiler(schema, defaults, policy)
    plan = compiler.compile("")
    problems = compiler.problems
    if plan.purpose is not Purpose.ANALYTICS:
        problems.append(f"x-purpose: a profile is kept for {Purpose.ANALYTICS} only")
    for name, spec in schema.get("properties", {}).items():
        if isinstance(spec, Mapping) and list(spec.get("x-cohorts", GROUPS)) not in ([], ["adult"]):
            problems.append(f'properties.{name}: x-cohorts may list "adult" only: nobody else has a profile (R16)')
    problems += _of_group_keys(group_keys, schema.get("properties", {}))
    if problems:
        raise PolicyError([placed(problem, written, "schemas/profile.json") for problem in problems])
    return replace(plan, group_keys=frozenset(group_keys))


def _of_group_keys(group_keys: Any, properties: Any) -> list[str]:
    """Say what is wrong with a list of group keys: each is a property of its own that is a text."""
    if not isinstance(group_keys, list | tuple):
        return ["x-group-keys: must be a list of properties"]
    wrong = [name for name in group_keys if not isinstance(name, str) or not _is_text(properties.get(name))]
    return [f"x-group-keys: {name} is not a property of type string" for name in wrong]


def _is_text(spec: Any) -> bool:
    return isinstance(spec, Mapping) and spec.get("type") == "string"


def compile_registry(schemas: Mapping[str, Schema], defaults: Schema, policy: CompiledPolicy) -> Registry:
    """Compile event name → schema, with Mixpanel's default properties added to each.

    Raise PolicyError with every problem of every file.
    """
    problems: list[str] = []
    plans = {}
    own: _Rules = {}
    for name, schema in sorted(schemas.items()):
        compiler = _Compiler(schema, defaults, policy, own)
        plans[name] = compiler.compile(name)
        problems += [placed(problem, schema, f"schemas/events/{name}.json") for problem in compiler.problems]
    if problems:
        raise PolicyError(problems)
    return plans


class _Compiler:
    """Compiles one event; what is wrong with it gathers in `problems`.

    own: rules of Mixpanel's properties by name, the same for every event of one policy; those not in it are added.
    """

    def __init__(self, schema: Schema, defaults: Schema, policy: CompiledPolicy, own: _Rules | None = None) -> None:
        self.problems: list[str] = []
        self._own: _Rules = {} if own is None else own
        self._sizes: dict[Cohort, dict[str, int]] = {cohort: {} for cohort in Cohort}  # most bytes of what may leave
        self._schema = schema
        self._defaults = defaults
        self._policy = policy

    def compile(self, name: str) -> EventPlan:
        """Return the plan; it is of no use if there are problems."""
        schema = self._schema
        self._of_event = bool(name)
        self.problems += [f"{key}: not a key of an event schema" for key in sorted(set(schema) - SCHEMA_KEYS)]
        if name in IDENTITY_EVENTS or name == PROFILE_UPDATE:
            self.problems.append("title: this event changes who is who at Mixpanel and cannot be registered (R16)")
        purpose = self._purpose()
        if purpose is Purpose.ESSENTIAL and not schema.get("x-operation"):
            self.problems.append("x-operation: an essential event names its internal operation (16 CFR 312.4(d)(3))")
        rules: dict[Cohort, dict[str, PropertyRule]] = {cohort: {} for cohort in Cohort}
        for prop, spec in self._defaults.get("properties", {}).items():
            self._add(rules, prop, spec, purpose, own=True)
        for prop, spec in schema.get("properties", {}).items():
            own = self._defaults.get("properties", {}).get(prop, {}).get("x-class")
            if prop.startswith(("$", "mp_")) or own not in {None, PropertyClass.MARKETING}:
                self.problems.append(f"properties.{prop}: is a name of Mixpanel's own and cannot be registered here")
            elif own is not None and isinstance(spec, Mapping) and spec.get("x-class") != own:
                self.problems.append(f"properties.{prop}: is a name of Mixpanel's own, so its x-class must be {own}")
            else:
                self._add(rules, prop, spec, purpose)
        families = self._families()
        if name:
            self.problems += bounds.of_event(name, COUNTED, self._sizes)
        operation = str(schema.get("x-operation", ""))
        counts = {} if self.problems else countable(schema)
        return EventPlan(name, purpose, operation, rules, families, counts, never=self._never(name))

    def _never(self, name: str) -> frozenset[Cohort]:
        """Return whom an event with this name must not be about: everybody with the child's list, or nobody."""
        children = self._children() if harm_in(name) is not None else ()
        return frozenset(children)

    def _children(self) -> list[Cohort]:
        return [cohort for cohort in Cohort if _group(cohort, self._policy.teen_list) == "child"]

    def _families(self) -> dict[Cohort, tuple[tuple[re.Pattern[str], PropertyRule], ...]]:
        """Compile names of Mixpanel's own that are known by how they begin. None may leave: nobody knows how many."""
        families: dict[Cohort, list[tuple[re.Pattern[str], PropertyRule]]] = {cohort: [] for cohort in Cohort}
        for pattern, spec in self._defaults.get("patternProperties", {}).items():
            rules = dict(self._rules(pattern, spec, own=True))
            for cohort, rule in rules.items():
                families[cohort].append((re.compile(pattern), rule))
            if self._of_event and any(rule.stripped is None for rule in rules.values()):
                self.problems.append(f"patternProperties.{pattern}: what may leave has to be registered by name")
        return {cohort: tuple(found) for cohort, found in families.items()}

    def _purpose(self) -> Purpose:
        try:
            return Purpose(self._schema.get("x-purpose", ""))
        except ValueError:
            self.problems.append(f"x-purpose: must be one of {', '.join(Purpose)}")
            return Purpose.AI_TRAINING

    def _add(
        self, rules: dict[Cohort, dict[str, PropertyRule]], name: str, spec: Any, purpose: Purpose, *, own: bool = False
    ) -> None:
        """Add one property of an event of this purpose, for every cohort. own: it is one of Mixpanel's."""
        try:
            ruled = self._own.get(name) if own else None
            if ruled is None:
                ruled = tuple(self._rules(name, spec, own=own))
            if own:
                self._own[name] = ruled
            for cohort, rule in ruled:
                if purpose is not Purpose.MARKETING and rule.kind is PropertyClass.MARKETING:
                    rules[cohort][name] = _withheld(rule, StripReason.CLASS)  # R06: not on events about other things
                else:
                    rules[cohort][name] = rule
            self._measure({cohort: rules[cohort][name] for cohort in Cohort}, name, spec)
            self._look_for_harm(rules, name, own=own)
        except UnsupportedSchemaError as exc:
            self.problems.append(f"properties.{name}: {exc}")

    def _look_for_harm(self, rules: Mapping[Cohort, Mapping[str, PropertyRule]], name: str, *, own: bool) -> None:
        """Refuse a property that would leave about a child and tell what must not be used (R11)."""
        what = None if own else harm_in(name)
        ruled = [rules[cohort][name] for cohort in self._children()] if what is not None else []
        if any(rule.stripped is None and rule.action is not Action.DROP_EVENT for rule in ruled):
            self.problems.append(
                f"properties.{name}: by its name it tells of {what}, which must not leave about a child ({LAW}, R11);"
                ' x-cohorts may list ["teen", "adult"], ["adult"] or []. If it is about the game and not about the'
                " person, give it a name that says so"
            )

    def _measure(self, rules: Mapping[Cohort, PropertyRule], name: str, spec: Schema) -> None:
        """Note how large a property of an event may be when it leaves; one that may be too large is a problem."""
        wrong: dict[str, None] = {}
        for cohort, rule in rules.items():
            if rule.stripped is None and rule.action is not Action.DROP_EVENT:
                size = self._sizes[cohort][name] = bounds.largest(rule.action, spec)
                wrong |= dict.fromkeys(bounds.of_property(name, spec, size) if self._of_event else [])
        self.problems += [f"properties.{name}: {problem}" for problem in wrong]

    def _rules(self, name: str, spec: Any, *, own: bool) -> Iterator[tuple[Cohort, PropertyRule]]:
        kind, groups = _head(spec)
        for cohort in Cohort:
            ruled = self._policy.classes[cohort, kind]
            listed = _group(cohort, self._policy.teen_list) in groups
            parts = _parts(kind, ruled.action, spec) if groups and not (own and _formless(spec, ruled.action)) else None
            stripped = None
            if not listed:
                stripped = StripReason.COHORT
            elif parts is None:
                stripped = StripReason.CLASS
            yield cohort, _rule(name, kind, ruled, parts or (None, None, False), stripped)


def _formless(spec: Schema, action: Action) -> bool:
    """Say whether nothing tells in which form one of Mixpanel's properties could leave, should the policy let it."""
    asked = action in {Action.KEEP, Action.GENERALIZE, Action.PSEUDONYMIZE}
    return asked and {"type", "enum"}.isdisjoint(spec)


def _head(spec: Any) -> tuple[PropertyClass, set[str]]:
    if not isinstance(spec, Mapping):
        raise UnsupportedSchemaError("must be a schema with x-class")
    try:
        kind = PropertyClass(spec.get("x-class", ""))
    except ValueError:
        raise UnsupportedSchemaError(f"x-class must be one of {', '.join(PropertyClass)}") from None
    listed = spec.get("x-cohorts", GROUPS)
    if not isinstance(listed, list | tuple) or any(group not in GROUPS for group in listed):
        raise UnsupportedSchemaError(f"x-cohorts may list {', '.join(GROUPS)}")
    if set(listed) not in LISTS:
        raise UnsupportedSchemaError(
            "x-cohorts must list older groups with younger ones: the child's list is the smallest"
        )
    return kind, set(listed)


def _group(cohort: Cohort, teen_list: str) -> str:
    """Say whose list a cohort gets; an unknown age gets the shortest."""
    age = cohort.partition("/")[2]
    return {"adult": "adult", "teen": teen_list}.get(age, "child")


def _parts(kind: PropertyClass, action: Action, spec: Schema) -> _Parts | None:
    """Return check, transform and whether to scan; None where nothing may leave."""
    match action:
        case Action.KEEP if "x-generalize" not in spec:
            check = build_check(spec)  # the first: it refuses what the rest cannot read
            return check, None, longest_text(spec) >= SHORTEST_IDENTIFIER or most_digits(spec) >= FEWEST_DIGITS
        case Action.PSEUDONYMIZE:
            return build_check(spec), None, False
        case Action.KEEP | Action.GENERALIZE:
            how = GENERALIZERS.get(spec.get("x-generalize", ""))
            return (build_check(spec), how, False) if how is not None else None
        case Action.SCRUB:
            return (None, build_free_text(spec), False) if kind is PropertyClass.FREE_TEXT else None
        case Action.ROUTE:
            return _route(spec)
        case Action.DROP_EVENT:
            return None, None, False
        case Action.DROP:
            return None


def _route(spec: Schema) -> _Parts | None:
    routes = spec.get("x-routes")
    if routes is None:
        return None
    if not isinstance(routes, list):
        raise UnsupportedSchemaError("x-routes must be a list of templates")
    try:
        return None, build_route(routes), False
    except (TypeError, ValueError) as exc:
        raise UnsupportedSchemaError(f"x-routes: {exc}") from None


def _rule(
    name: str, kind: PropertyClass, ruled: ClassRule, parts: _Parts, stripped: StripReason | None
) -> PropertyRule:
    check, transform, scan = parts
    return PropertyRule(name, kind, ruled.action, check, transform, scan, ruled.alarm, ruled.rule, ruled.law, stripped)


def _withheld(rule: PropertyRule, why: StripReason) -> PropertyRule:
    return PropertyRule(rule.name, rule.kind, Action.DROP, None, None, False, rule.alarm, rule.rule, rule.law, why)
