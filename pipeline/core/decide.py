"""May the event leave? Cohort × purpose → the ways the policy lists, each a row of predicates (R04–R11, R37)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pipeline.core import evidence
from pipeline.core.case import Case
from pipeline.core.outcome import DropReason
from pipeline.policy.compiled import CompiledPolicy, Predicate, Way
from pipeline.policy.vocabulary import Cohort, Purpose

# a member is looked up in its Enum about ten times as slowly as a name in the module
_NO_REGION: Final = Cohort.XX
_TEEN: Final = Cohort.US_TEEN


def decide(case: Case, purpose: Purpose, policy: CompiledPolicy) -> Way | DropReason:
    """Return the first way that is open, else why the first way is closed."""
    cohort = case.standing.cohort
    if cohort in policy.killed:
        return DropReason.KILL_SWITCH
    if cohort is _NO_REGION:
        return DropReason.REGION_CONFLICT if case.standing.conflict else DropReason.UNKNOWN_REGION
    ways = policy.decisions.get((cohort, purpose))
    if not ways:
        return _never(case, purpose)
    first: DropReason | None = None
    for way in ways:
        why = None
        for predicate in way.require:
            why = _PREDICATES[predicate](case, policy)
            if why is not None:
                break
        if why is None:
            return way
        first = first or why
    return first or DropReason.PURPOSE_NEVER


@dataclass(frozen=True, slots=True)
class Tried:
    """One way of the policy. answers: for each predicate of `way.require`, None if it holds, else why it does not."""

    way: Way
    answers: tuple[DropReason | None, ...]

    @property
    def open(self) -> bool:
        """Say whether every predicate holds."""
        return not any(self.answers)


def trace(case: Case, purpose: Purpose, policy: CompiledPolicy) -> tuple[Tried, ...]:
    """Ask every predicate of every way, also those that `decide` no longer needs to ask."""
    ways = policy.decisions.get((case.standing.cohort, purpose), ())
    return tuple(Tried(way, tuple(_PREDICATES[each](case, policy) for each in way.require)) for way in ways)


def _never(case: Case, purpose: Purpose) -> DropReason:
    cohort = case.standing.cohort
    if cohort is Cohort.IN_CHILD:
        return DropReason.INDIA_CHILD
    if cohort in {Cohort.US_UNKNOWN, Cohort.IN_UNKNOWN}:
        if case.standing.outgrown:
            return DropReason.CONSENT_OUTGROWN
        if case.unreadable:
            return DropReason.CONSENT_UNREADABLE
        return DropReason.NO_CONSENT if case.record is None else DropReason.UNKNOWN_AGE
    return DropReason.PURPOSE_NEVER if purpose in {Purpose.MARKETING, Purpose.AI_TRAINING} else DropReason.NO_CONSENT


def _vendor_gate(case: Case, policy: CompiledPolicy) -> DropReason | None:
    """R37. Where an adult is said to be younger, her own gate must be open, too: a younger signal opens nothing."""
    if case.standing.adult_signal and case.standing.cohort is _TEEN:
        return _gate_of(Cohort.US_ADULT, case, policy) or _gate_of(_TEEN, case, policy)
    return _gate_of(case.standing.cohort, case, policy)


def _gate_of(cohort: Cohort, case: Case, policy: CompiledPolicy) -> DropReason | None:
    """Open while the cohort's document is in force; the kill switch closes it also to whoever must pass it, too."""
    end = policy.gates.get(cohort)
    if end is None:
        return DropReason.VENDOR_GATE
    if case.now_ms >= end:
        return DropReason.VENDOR_GATE_EXPIRED
    return DropReason.KILL_SWITCH if cohort in policy.killed else None


def _internal_ops_allowed(case: Case, policy: CompiledPolicy) -> DropReason | None:
    """312.5(c)(7), J3. A refusal on record, and any sign that the person is no child, close this path.

    It is for visitors whose age nobody has verified, so the gates of children and of unknown ages open it together.
    """
    if case.unreadable:
        return DropReason.CONSENT_UNREADABLE
    if case.record is not None and case.record.withdrawn_at is not None:
        return DropReason.CONSENT_WITHDRAWN
    if case.standing.outgrown:
        return DropReason.CONSENT_OUTGROWN
    if policy.internal_ops and policy.provider and not case.standing.older_signal:
        return _gate_of(Cohort.US_CHILD, case, policy) or _gate_of(Cohort.US_UNKNOWN, case, policy)
    return DropReason.NO_CONSENT if case.record is None else DropReason.UNKNOWN_AGE


_PREDICATES: Final[dict[Predicate, Callable[[Case, CompiledPolicy], DropReason | None]]] = {
    Predicate.VENDOR_GATE: _vendor_gate,
    Predicate.PARENTAL_CONSENT: evidence.parental,
    Predicate.DISCLOSURE_OR_PROVIDER: evidence.disclosure,
    Predicate.OWN_ANALYTICS_CONSENT: evidence.own,
    Predicate.OWN_MARKETING_CONSENT: evidence.own_marketing,
    Predicate.INTERNAL_OPS_ALLOWED: _internal_ops_allowed,
}
