"""The policy as the core reads it: frozen lookups, no file, no default, nothing left to decide.

Nobody changes a lookup. They are typed as the dictionaries they are because compiled code looks into a dictionary in a
fifth of the time that it takes to ask a Mapping.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Purpose, Region, Space, StripReason, Word

COUNTED = "_counted"  # follows the name of an event in the name under which its counts are sent


class Check(ABC):
    """What a property's schema allows. A class: compiled code calls its methods faster than functions it was given."""

    @abstractmethod
    def allows(self, value: Any) -> bool:
        """Say whether the value, as it was decoded from JSON, is what the schema allows."""


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
class Counting:
    """What may be counted of Indian children's events, where the operator has asked for counts (R11, J5, J19).

    events: the dimensions of each event that is counted, sorted. k: the fewest children in a group. grace_ms: from the
    end of a window to its count.
    """

    window_ms: int
    grace_ms: int
    k: int
    events: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Hold:
    """What India wants kept for a year against an erasure (DPDP Rules r.8(3); R30, J8).

    from_ms: when the duty begins, milliseconds since the epoch. mixpanel_copy: whether Mixpanel's copy is kept for it.
    """

    from_ms: int
    mixpanel_copy: bool


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """Everything that decides whether an event leaves.

    decisions: the ways out by cohort and purpose, tried in order; none means never. gates: cohort → end of its
    signed document's term, ms. notice_hashes: by version, the hashes of its texts; a version that is not listed is not
    held to any. languages: by region, those of the notices; none means any. rule_10_methods: of parents in India.
    killed: cohorts that the kill switch has stopped. age_sources: by region, the sources whose word makes somebody a
    teen or an adult. rotation_ms: by cohort, how long one pseudonym lasts. counting: None where nothing is counted.
    hold: what is kept of India's data against an erasure. mixpanel_days: after how many days Mixpanel holds nothing any
    more of anybody (R29, J17).
    """

    version: str
    sha256: str
    decisions: dict[tuple[Cohort, Purpose], tuple[Way, ...]]
    classes: dict[tuple[Cohort, PropertyClass], ClassRule]
    identifier_in_kept: dict[Cohort, Action]
    killed: frozenset[Cohort]
    gates: dict[Cohort, int]
    notices: dict[Cohort, frozenset[str]]
    notice_hashes: dict[str, frozenset[str]]
    languages: dict[Region, frozenset[str]]
    age_sources: dict[Region, frozenset[str]]
    primary_child: bool
    parental_methods: frozenset[str]
    disclosure_methods: frozenset[str]
    rule_10_methods: frozenset[str]
    own_methods: dict[Region, frozenset[str]]
    provider: bool
    internal_ops: bool
    us_adult_opt_out: bool
    kids_rules: bool
    teen_list: str
    own_region_only: bool
    rotation_ms: dict[Cohort, int]
    counting: Counting | None = None
    hold: Hold | None = None
    mixpanel_days: int = 730


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

    families: patterns of property names that are known by their form, for `rule_of` in the registry. countable: the
    properties by which a child's events may be counted, with all their values (R11). group_keys: of the profile's plan,
    the properties whose values may name a group at Mixpanel. never: cohorts about whom the event must not leave because
    of what its name tells (R11).
    """

    name: str
    purpose: Purpose
    operation: str
    rules: Mapping[Cohort, Mapping[str, PropertyRule]]
    families: Mapping[Cohort, tuple[tuple[re.Pattern[str], PropertyRule], ...]]
    countable: Mapping[str, frozenset[str | bool]] = field(default_factory=dict)
    group_keys: frozenset[str] = frozenset()
    never: frozenset[Cohort] = frozenset()


Registry = dict[str, EventPlan]
