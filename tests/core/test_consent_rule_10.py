"""A parent's consent in India by rule 10: it opens nothing for identified events; counts without ids ask for it."""

from typing import Any

import pytest

from pipeline.core.age_transition import growth_of
from pipeline.core.case import case_of
from pipeline.core.cohort import resolve
from pipeline.core.consent import ConsentRecord
from pipeline.core.envelope import Envelope, read_envelope
from pipeline.core.evidence import rule_10
from pipeline.core.outcome import Dropped, DropReason
from pipeline.policy.vocabulary import Cohort, Region
from tests.core.worlds import (
    DAY,
    HOUR,
    NOW,
    OPEN,
    PERMISSIVE,
    consents_of,
    fate,
    merged,
    policy_of,
    raw_event,
    record_of,
    world,
)

ANSWERS = {
    "consent": {
        "notice_versions": {"in_child": ["2026-04"]},
        "rule_10_methods": ["virtual_token"],
        "notice_hashes": {"2026-04": ["3f5a"]},
        "notice_languages": {"in": ["hi", "en"]},
    }
}
GOOD = record_of(
    "IN/child", method="virtual_token", relation="mother", notice_hash="3f5a", language="hi", birth_month="2015-04"
)


def judged(record: dict[str, Any], *answers: dict[str, Any], now_ms: int = NOW, **event: Any) -> DropReason | None:
    policy = policy_of(OPEN, ANSWERS, *answers)
    (state,) = consents_of(record).values()
    raw = raw_event(region="IN", **event)
    envelope = read_envelope(raw, now_ms)
    assert isinstance(envelope, Envelope)
    known = state if isinstance(state, ConsentRecord) else None
    growth = growth_of(known, envelope.time_ms, envelope.received_ms, now_ms) if known is not None else None
    standing = resolve(Region.IN, None, None, known, growth, policy)
    return rule_10(case_of(raw, envelope, state, standing, now_ms), policy)


def test_good_evidence_holds() -> None:
    assert judged(GOOD) is None
    assert judged(merged(GOOD, {"age": {"band": "teen"}})) is None
    assert judged(merged(GOOD, {"grantor": {"role": "guardian"}})) is None
    assert judged(GOOD, {"mixpanel": {"coppa_role": "internal_ops_provider"}}) is None


DEFECTS: dict[str, tuple[dict[str, Any], DropReason]] = {
    "withdrawn": ({"withdrawn_at": NOW - 1}, DropReason.CONSENT_WITHDRAWN),
    "not yet": ({"granted_at": NOW + 1}, DropReason.CONSENT_IN_FUTURE),
    "expired": ({"expires_at": NOW}, DropReason.CONSENT_EXPIRED),
    "eighteen": ({"birth_month": "2008-10"}, DropReason.CONSENT_OUTGROWN),
    "another notice": ({"notice_version": "2025-01"}, DropReason.CONSENT_NOTICE),
    "another text": ({"notice_hash": "3f5b"}, DropReason.CONSENT_NOTICE_HASH),
    "no text": ({"notice_hash": None}, DropReason.CONSENT_NOTICE_HASH),
    "another language": ({"language": "fr"}, DropReason.CONSENT_LANGUAGE),
    "after the event": ({"granted_at": NOW - 60_000}, DropReason.BEFORE_CONSENT),
    "an adult's": ({"age": {"band": "adult", "source": "a_friend"}}, DropReason.CONSENT_AGE),
    "the child's own": ({"grantor": {"role": "self"}}, DropReason.CONSENT_GRANTOR),
    "of somebody": ({"grantor": {"adult_verified": False}}, DropReason.CONSENT_UNVERIFIED),
    "method of the US": ({"method": "card_payment"}, DropReason.CONSENT_METHOD),
    "method of adults": ({"method": "digilocker"}, DropReason.CONSENT_METHOD),
    "no relation": ({"relation": None}, DropReason.CONSENT_RELATION),
    "no purpose": ({"purposes": {"analytics": False}}, DropReason.NO_ANALYTICS_CONSENT),
    "unreadable": ({"granted_at": "today"}, DropReason.CONSENT_UNREADABLE),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_has_its_reason(defect: str) -> None:
    change, reason = DEFECTS[defect]
    assert judged(merged(GOOD, change)) is reason


def test_adult_by_record_is_not_counted_as_a_child_of_a_parent() -> None:
    answers = {"consent": {"notice_versions": {"in_adult": ["2026-04"]}}}
    adult = merged(GOOD, {"age": {"band": "adult", "source": "id_document"}, "birth_month": None})
    assert judged(adult, answers) is DropReason.CONSENT_AGE


def test_event_and_today_both_count() -> None:
    end = 1_796_083_200_000  # 2026-12-01T00:00:00Z
    record = merged(GOOD, {"birth_month": "2008-11"})
    assert judged(record, now_ms=end - 1, time=end - HOUR, received_at=end - HOUR) is None
    assert judged(record, now_ms=end, time=end - HOUR, received_at=end - HOUR) is DropReason.CONSENT_OUTGROWN
    assert judged(GOOD, time=NOW - 31 * DAY) is DropReason.BEFORE_CONSENT


@pytest.mark.parametrize("event", ["essential", "analytics", "marketing", "ai_training"])
def test_it_opens_nothing_for_an_identified_event(event: str) -> None:
    outcome = world(PERMISSIVE, ANSWERS, records=(GOOD,)).one(raw_event(event=event, region="IN"))
    assert isinstance(outcome, Dropped)
    assert fate(outcome)[1] is Cohort.IN_CHILD
