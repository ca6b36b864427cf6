"""May the event leave? Cohort × purpose → the ways the policy lists, each a row of predicates (R04–R11, R37)."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from pipeline.core.cohort import Standing
from pipeline.core.consent import ConsentFault, ConsentRecord
from pipeline.core.envelope import Envelope
from pipeline.core.outcome import DropReason
from pipeline.policy.compiled import CompiledPolicy, Predicate, Way
from pipeline.policy.vocabulary import Cohort, Purpose, Region

# a member is looked up in its Enum about ten times as slowly as a name in the module
_NO_REGION = Cohort.XX
_TEEN = Cohort.US_TEEN
_HOME = {cohort: Region.US if cohort in {Cohort.US_TEEN, Cohort.US_ADULT} else Region.IN for cohort in Cohort}


class Case(Struct, frozen=True, gc=False):
    """One event's claim to leave. earliest_ms: the earlier of event time and server receipt; now_ms: today."""

    standing: Standing
    record: ConsentRecord | None
    unreadable: bool
    opted_out: bool
    earliest_ms: int
    now_ms: int


def case_of(
    event: dict[str, Any],
    envelope: Envelope,
    state: ConsentRecord | ConsentFault | None,
    standing: Standing,
    now_ms: int,
) -> Case:
    """Gather what a decision may ask about an event whose envelope has been read."""
    record = state if isinstance(state, ConsentRecord) else None
    return Case(
        standing,
        record,
        record is None and state is ConsentFault.UNREADABLE,
        "gpc" in event and event["gpc"] is not False,
        min(envelope.received_ms, envelope.time_ms),
        now_ms,
    )


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


class Tried(Struct, frozen=True):
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
    if end is not None and case.now_ms < end:
        return DropReason.KILL_SWITCH if cohort in policy.killed else None
    return DropReason.VENDOR_GATE


def _in_force(case: Case, policy: CompiledPolicy) -> DropReason | None:
    """R08, R09: what holds for every consent, whoever grants it."""
    record = case.record
    if record is None:
        return DropReason.CONSENT_UNREADABLE if case.unreadable else DropReason.NO_CONSENT
    if record.withdrawn_at is not None:
        return DropReason.CONSENT_WITHDRAWN
    if record.granted_at > case.now_ms:
        return DropReason.CONSENT_IN_FUTURE
    if record.expires_at is not None and record.expires_at <= case.now_ms:
        return DropReason.CONSENT_EXPIRED
    if record.notice_version not in policy.notices.get(case.standing.cohort, ()):
        return DropReason.CONSENT_NOTICE
    if case.earliest_ms < record.granted_at:
        return DropReason.BEFORE_CONSENT
    return None


def _parental_consent(case: Case, policy: CompiledPolicy) -> DropReason | None:
    """VU: 16 CFR 312.5(b). An adult, known to be one, consents for a child by a method that proves it."""
    if (why := _in_force(case, policy)) is not None:
        return why
    record = case.record
    assert record is not None  # _in_force has seen it
    if record.age.band != "child":
        return DropReason.CONSENT_AGE
    if record.grantor.role == "self" or not record.grantor.adult_verified:
        return DropReason.CONSENT_GRANTOR
    if record.method not in policy.parental_methods:
        return DropReason.CONSENT_METHOD
    return None if record.purposes.analytics else DropReason.NO_ANALYTICS_CONSENT


def _disclosure_or_provider(case: Case, policy: CompiledPolicy) -> DropReason | None:
    """SP ∨ VD: 312.5(a)(2), a consent of its own; email-plus and text-plus never carry it."""
    if policy.provider:
        return None
    record = case.record
    granted = record is not None and record.purposes.third_party_disclosure
    if granted and record is not None and record.method in policy.disclosure_methods:
        return None
    return DropReason.NO_DISCLOSURE_CONSENT


def _own_analytics_consent(case: Case, policy: CompiledPolicy) -> DropReason | None:
    """OA: the person's own consent; a US adult's may be a notice with a right to object (J7)."""
    if case.opted_out:
        return DropReason.PRIVACY_SIGNAL
    cohort = case.standing.cohort
    if policy.us_adult_opt_out and cohort is Cohort.US_ADULT and case.record is None and not case.unreadable:
        return None
    if (why := _in_force(case, policy)) is not None:
        return why
    record = case.record
    assert record is not None  # _in_force has seen it
    if record.grantor.role != "self":
        return DropReason.CONSENT_GRANTOR
    if record.method not in policy.own_methods[_HOME[cohort]]:
        return DropReason.CONSENT_METHOD
    return None if record.purposes.analytics else DropReason.NO_ANALYTICS_CONSENT


def _own_marketing_consent(case: Case, _policy: CompiledPolicy) -> DropReason | None:
    granted = case.record is not None and case.record.purposes.marketing
    return None if granted else DropReason.NO_MARKETING_CONSENT


def _internal_ops_allowed(case: Case, policy: CompiledPolicy) -> DropReason | None:
    """312.5(c)(7), J3. A refusal on record, and any sign that the person is no child, close this path.

    It is for visitors whose age nobody has verified, so the gates of children and of unknown ages open it together.
    """
    if case.unreadable:
        return DropReason.CONSENT_UNREADABLE
    if case.record is not None and case.record.withdrawn_at is not None:
        return DropReason.CONSENT_WITHDRAWN
    if policy.internal_ops and policy.provider and not case.standing.older_signal:
        return _gate_of(Cohort.US_CHILD, case, policy) or _gate_of(Cohort.US_UNKNOWN, case, policy)
    return DropReason.NO_CONSENT if case.record is None else DropReason.UNKNOWN_AGE


_PREDICATES: dict[Predicate, Callable[[Case, CompiledPolicy], DropReason | None]] = {
    Predicate.VENDOR_GATE: _vendor_gate,
    Predicate.PARENTAL_CONSENT: _parental_consent,
    Predicate.DISCLOSURE_OR_PROVIDER: _disclosure_or_provider,
    Predicate.OWN_ANALYTICS_CONSENT: _own_analytics_consent,
    Predicate.OWN_MARKETING_CONSENT: _own_marketing_consent,
    Predicate.INTERNAL_OPS_ALLOWED: _internal_ops_allowed,
}
