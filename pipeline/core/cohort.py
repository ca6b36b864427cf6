"""Who is this event about? Youngest age and strictest region win; unknown never means permissive (R01, R02)."""

from itertools import product
from typing import Any, Final

from pipeline.core.age_transition import Growth
from pipeline.core.consent import ConsentRecord
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.vocabulary import Age, Cohort, Region

REGIONS: Final = {"US": Region.US, "IN": Region.IN}
_ORDER: Final = {"child": 0, "teen": 1, "adult": 2}
# one by one, since compiled code reads a name as fast as its value only where it is final
_CHILD: Final = 0
_TEEN: Final = 1
_ADULT: Final = 2
_UNKNOWN: Final = 3
_COHORTS: Final = {
    Region.US: (Cohort.US_CHILD, Cohort.US_TEEN, Cohort.US_ADULT, Cohort.US_UNKNOWN),
    Region.IN: (Cohort.IN_CHILD, Cohort.IN_CHILD, Cohort.IN_ADULT, Cohort.IN_UNKNOWN),
}
_INFANT: Final = Age.CHILD
_INDIA: Final = Region.IN  # a member is looked up in its Enum about ten times as slowly as a name in the module


class Standing:
    """The cohort, and what else the signals say.

    conflict: two regions were stated. older_signal: an accepted source has said that the person is no child, which
    closes 312.5(c)(7). adult_signal: an accepted source has said adult, and a younger signal has won. outgrown: the
    consent on record was for a minor who is too old for it now, and says nothing about her any more (R28).
    """

    __slots__ = ("adult_signal", "cohort", "conflict", "older_signal", "outgrown")

    def __init__(
        self,
        cohort: Cohort,
        conflict: bool = False,
        older_signal: bool = False,
        adult_signal: bool = False,
        outgrown: bool = False,
    ) -> None:
        self.cohort: Final = cohort
        self.conflict: Final = conflict
        self.older_signal: Final = older_signal
        self.adult_signal: Final = adult_signal
        self.outgrown: Final = outgrown


_UNKNOWN_REGION: Final = Standing(Cohort.XX)
_CONFLICT: Final = Standing(Cohort.XX, conflict=True)
_STANDINGS: Final = {
    cohort: tuple(
        Standing(cohort, older_signal=older, adult_signal=adult, outgrown=outgrown)
        for older, adult, outgrown in product((False, True), repeat=3)
    )
    for cohort in Cohort
}
"""All there are but the two above: looking one up costs less than making it."""


def region_of(event: dict[str, Any]) -> Region | None:
    """Return the region the envelope states, None when it states none that is known."""
    region = event.get("region")
    return REGIONS.get(region) if type(region) is str else None


def resolve(
    region: Region | None,
    stated: Any,
    revealed: Age | None,
    record: ConsentRecord | None,
    growth: Growth | None,
    policy: CompiledPolicy,
) -> Standing:
    """Resolve the cohort from the envelope's region and age, what the event reveals, and the consent record.

    stated: the envelope's `age`, {"band", "source"}; one that cannot be read makes the age unknown. growth: what the
    record's month of birth says (`age_transition.growth_of`). A young age counts whoever says it; an older one needs a
    source that the policy accepts, and a month of birth never makes anybody older.
    """
    if region is None:
        return _UNKNOWN_REGION
    if record is not None and REGIONS[record.region] is not region:
        return _CONFLICT
    accepted = policy.age_sources[region]
    youngest = proven = _UNKNOWN
    older = adult = False  # once an accepted source has said it, no other signal unsays it
    if record is not None:
        youngest, proven, older, adult = _recorded(record, growth, accepted)
    if stated is not None:
        band, source = (stated.get("band"), stated.get("source")) if type(stated) is dict else (None, None)
        if type(band) is not str or type(source) is not str or (band != "unknown" and band not in _ORDER):
            proven = youngest = _UNKNOWN if youngest else _CHILD
        elif band != "unknown":
            order = _ORDER[band]
            youngest = min(youngest, order)
            if source in accepted:
                proven = min(proven, order)
                older = older or order > _CHILD
                adult = adult or order == _ADULT
    if revealed is not None:
        youngest = min(youngest, _ORDER[revealed])
    if growth is not None:
        youngest = min(youngest, _ORDER[growth.age])
    outgrown = growth is not None and growth.outgrown
    place = (4 if older else 0) + (2 if adult else 0) + (1 if outgrown else 0)
    return _STANDINGS[_cohort(region, youngest, proven, policy)][place]


def _recorded(record: ConsentRecord, growth: Growth | None, accepted: frozenset[str]) -> tuple[int, int, bool, bool]:
    """Return what a record says: the youngest age, the proven one, whether she is no child, whether she is an adult.

    The age on an outgrown record is none any more. A month of birth may show that she is no child, which only closes
    312.5(c)(7); a teen of 18 stays a teen until she has consented as an adult.
    """
    youngest = proven = _UNKNOWN
    age = record.age
    band, trusted = age.band, age.source in accepted
    older = growth is not None and trusted and growth.age is not _INFANT
    if band != "unknown" and not (growth is not None and growth.outgrown):
        youngest = _ORDER[band]
        if trusted:
            proven = youngest
    return youngest, proven, older or _CHILD < proven < _UNKNOWN, proven == _ADULT


def _cohort(region: Region, youngest: int, proven: int, policy: CompiledPolicy) -> Cohort:
    cohorts = _COHORTS[region]
    # DPDP Act s.2(f): a child until 18. J1: an audience of children screens nobody out, and only adults are shown
    # to be older
    if youngest == _CHILD or (youngest == _TEEN and (region is _INDIA or policy.primary_child)):
        return cohorts[_CHILD]
    return cohorts[youngest if _CHILD < proven < _UNKNOWN else _UNKNOWN]
