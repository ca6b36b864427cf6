"""The policy as the core reads it: frozen lookups, no file, no default, nothing left to decide."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Purpose, Region, Space, StripReason, Word

Check = Callable[[Any], bool]


class Unsafe:
    """What a transform returns when it cannot make a value safe."""


UNSAFE = Unsafe()
Transform = Callable[[Any, Region], Any]


class Predicate(Word):
    """What a decision may ask for: a closed vocabulary, no expressions."""

    VENDOR_GATE = "vendor_gate"
    PARENTAL_CONSENT = "parental_consent"
    DISCLOSURE_OR_PROVIDER = "disclosure_or_provider"
    OWN_ANALYTICS_CONSENT = "own_analytics_consent"
    OWN_MARKETING_CONSENT = "own_marketing_consent"
    INTERNAL_OPS_ALLOWED = "internal_ops_allowed"


@dataclass(frozen=True, slots=True)
class Way:
    """One way for an event to leave: every predicate holds, in this order; the first that fails names the reason."""

    space: Space
    require: tuple[Predicate, ...]
    law: str


@dataclass(frozen=True, slots=True)
class ClassRule:
    """What becomes of one class of data in one cohort. alarm: its presence is a defect of the app."""

    action: Action
    alarm: bool
    rule: str
    law: str


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """Everything that decides whether an event leaves.

    decisions: the ways out by cohort and purpose, tried in order; none means never. gates: cohort → end of its
    signed document's term, ms.
    killed: cohorts that the kill switch has stopped. age_sources: by region, the sources whose word makes somebody a
    teen or an adult. rotation_ms: by cohort, how long one pseudonym lasts.
    """

    version: str
    sha256: str
    decisions: Mapping[tuple[Cohort, Purpose], tuple[Way, ...]]
    classes: Mapping[tuple[Cohort, PropertyClass], ClassRule]
    identifier_in_kept: Mapping[Cohort, Action]
    killed: frozenset[Cohort]
    gates: Mapping[Cohort, int]
    notices: Mapping[Cohort, frozenset[str]]
    age_sources: Mapping[Region, frozenset[str]]
    primary_child: bool
    parental_methods: frozenset[str]
    disclosure_methods: frozenset[str]
    own_methods: Mapping[Region, frozenset[str]]
    provider: bool
    internal_ops: bool
    us_adult_opt_out: bool
    kids_rules: bool
    teen_list: str
    own_region_only: bool
    rotation_ms: Mapping[Cohort, int]


@dataclass(frozen=True, slots=True)
class PropertyRule:
    """What becomes of one registered property in one cohort.

    check: is the value what the schema allows? None where any text is taken and made safe. transform: makes the
    leaving value from an allowed one. scan: the value is text that an identifier could fit into. stripped: why it
    never leaves, None if it may. memo: values that were found safe, or their forms; for the core, bounded by it.
    """

    name: str
    kind: PropertyClass
    action: Action
    check: Check | None
    transform: Transform | None
    scan: bool
    alarm: bool
    rule: str
    law: str
    stripped: StripReason | None
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class EventPlan:
    """A registered event: what it is for, and what each cohort may keep of it (R03).

    families: patterns of property names that are known by their form, for `rule_of` in the registry.
    """

    name: str
    purpose: Purpose
    operation: str
    rules: Mapping[Cohort, Mapping[str, PropertyRule]]
    families: Mapping[Cohort, tuple[tuple[re.Pattern[str], PropertyRule], ...]]


Registry = Mapping[str, EventPlan]
