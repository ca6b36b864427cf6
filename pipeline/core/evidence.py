"""Is the consent on record valid evidence, and does it cover this event? One reason for each defect (R04–R09).

Every function with a case returns None where all holds, else the first thing that does not.
"""

from typing import Final

from pipeline.core.age_transition import outgrown_at, was_too_young
from pipeline.core.case import Case
from pipeline.core.consent import ConsentRecord
from pipeline.core.outcome import DropReason
from pipeline.policy.compiled import CompiledPolicy, Predicate, Way
from pipeline.policy.vocabulary import Cohort, Region

# a member is looked up in its Enum about ten times as slowly as a name in the module
_LAW: Final = {cohort: Region.IN if cohort.startswith("IN/") else Region.US for cohort in Cohort}
_US_TEEN: Final = Cohort.US_TEEN
_US_ADULT: Final = Cohort.US_ADULT
_MINORS: Final = {"child", "teen"}
_NO_NOTICES: Final[frozenset[str]] = frozenset()
_PARENTAL: Final = Predicate.PARENTAL_CONSENT  # the ways that ask `in_force`
_OWN: Final = Predicate.OWN_ANALYTICS_CONSENT
QUEUED_MS: Final = 30 * 86_400_000
"""No event waits for longer between being judged and being sent. What ends after that is not looked at again."""


def in_force(case: Case, policy: CompiledPolicy) -> DropReason | None:
    """R08, R09: what holds for every consent, whoever grants it."""
    record = case.record
    if record is None:
        return DropReason.CONSENT_UNREADABLE if case.unreadable else DropReason.NO_CONSENT
    if record.withdrawn_at is not None:
        return DropReason.CONSENT_WITHDRAWN
    granted_at, expires_at, notice = record.granted_at, record.expires_at, record.notice_version
    if granted_at > case.now_ms:
        return DropReason.CONSENT_IN_FUTURE
    if case.standing.outgrown:
        return DropReason.CONSENT_OUTGROWN
    if expires_at is not None and expires_at <= case.now_ms:
        return DropReason.CONSENT_EXPIRED
    cohort = case.standing.cohort
    if notice not in policy.notices.get(cohort, _NO_NOTICES):
        return DropReason.CONSENT_NOTICE
    if case.standing.adult_signal and cohort is _US_TEEN and notice not in policy.notices[_US_ADULT]:
        return DropReason.CONSENT_NOTICE  # a younger signal opens nothing: the adult's notice counts, too
    texts = policy.notice_hashes.get(notice)
    if texts is not None and record.notice_hash not in texts:
        return DropReason.CONSENT_NOTICE_HASH
    languages = policy.languages[_LAW[cohort]]
    if languages and record.language not in languages:
        return DropReason.CONSENT_LANGUAGE
    return DropReason.BEFORE_CONSENT if case.earliest_ms < granted_at else None


def over_at(record: ConsentRecord) -> int | None:
    """Return from when on `in_force` refuses everything because time has passed, in milliseconds; None for never.

    By the record's own end (R08), or because she has outgrown it (R28).
    """
    end, grown = record.expires_at, outgrown_at(record)
    return grown if end is None or (grown is not None and grown < end) else end


def over_while_queued(record: ConsentRecord, way: Way, now_ms: int) -> int:
    """Return from when on the consent that an event leaves on is over by itself; 0 if not while the event waits (R04).

    A way that does not ask `in_force` does not end with it.
    """
    end = over_at(record)
    if end is None or end - now_ms >= QUEUED_MS or (_PARENTAL not in way.require and _OWN not in way.require):
        return 0
    return end


def parental(case: Case, policy: CompiledPolicy) -> DropReason | None:
    """VU: 16 CFR 312.5(b). An adult, known to be one, consents for a child by a method that proves it."""
    return _by_adult(case, policy, {"child"}, policy.parental_methods)


def rule_10(case: Case, policy: CompiledPolicy) -> DropReason | None:
    """R10 ∧ VU: DPDP Rules r.10. A parent, shown to be an adult, says how she is related and consents for a minor.

    It opens no way for an identified event (DPDP Act s.9(3)); counts without ids of Indian children ask for it (R11).
    """
    why = _by_adult(case, policy, _MINORS, policy.rule_10_methods)
    if why is None and case.record is not None and case.record.relation is None:
        return DropReason.CONSENT_RELATION
    return why


def _by_adult(case: Case, policy: CompiledPolicy, bands: set[str], methods: frozenset[str]) -> DropReason | None:
    if (why := in_force(case, policy)) is not None:
        return why
    record = case.record
    assert record is not None  # in_force has seen it
    if record.age.band not in bands:
        return DropReason.CONSENT_AGE
    if record.grantor.role == "self":
        return DropReason.CONSENT_GRANTOR
    if not record.grantor.adult_verified:
        return DropReason.CONSENT_UNVERIFIED
    if record.method not in methods:
        return DropReason.CONSENT_METHOD
    return None if record.purposes.analytics else DropReason.NO_ANALYTICS_CONSENT


def disclosure(case: Case, policy: CompiledPolicy) -> DropReason | None:
    """SP ∨ VD: 312.5(a)(2), a consent of its own; email-plus and text-plus never carry it."""
    if policy.provider:
        return None
    record = case.record
    if record is not None and record.purposes.third_party_disclosure and record.method in policy.disclosure_methods:
        return None
    return DropReason.NO_DISCLOSURE_CONSENT


def own(case: Case, policy: CompiledPolicy) -> DropReason | None:
    """OA: the person's own consent; a US adult's may be a notice with a right to object (J7)."""
    if case.opted_out:
        return DropReason.PRIVACY_SIGNAL
    cohort, record = case.standing.cohort, case.record
    if record is None and policy.us_adult_opt_out and cohort is _US_ADULT and not case.unreadable:
        return None
    if (why := in_force(case, policy)) is not None:
        return why
    assert record is not None  # in_force has seen it
    if record.grantor.role != "self" or was_too_young(record):
        return DropReason.CONSENT_GRANTOR
    if record.method not in policy.own_methods[_LAW[cohort]]:
        return DropReason.CONSENT_METHOD
    return None if record.purposes.analytics else DropReason.NO_ANALYTICS_CONSENT


def own_marketing(case: Case, _policy: CompiledPolicy) -> DropReason | None:
    """OM: the person agreed to marketing, which nothing else implies (R06)."""
    granted = case.record is not None and case.record.purposes.marketing
    return None if granted else DropReason.NO_MARKETING_CONSENT
