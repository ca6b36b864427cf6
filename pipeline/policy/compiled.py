"""The policy as the core reads it: frozen lookups, no file, no default, nothing left to decide."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pipeline.policy.vocabulary import Cohort, Purpose, Region, Space

Check = Callable[[Any], bool]


class Predicate(Enum):
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


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """Everything that decides whether an event leaves.

    decisions: the ways out by cohort and purpose, tried in order; none means never. gates: cohort → end of its
    signed document's term, ms. age_sources: by region, the sources whose word makes somebody a teen or an adult.
    rotation_ms: by cohort, how long one pseudonym lasts.
    """

    version: str
    sha256: str
    decisions: Mapping[tuple[Cohort, Purpose], tuple[Way, ...]]
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
class PropertyPlan:
    """What one cohort may keep of one event.

    keep: property → check of its value; withheld: registered property → position of its reason in `StripReason`.
    """

    keep: tuple[tuple[str, Check], ...]
    withheld: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class EventPlan:
    """A registered event: what it is for, and what each cohort may keep of it (R03)."""

    purpose: Purpose
    properties: Mapping[Cohort, PropertyPlan]


Registry = Mapping[str, EventPlan]
