"""Consent must be valid evidence: a field of its record that is missing or changed keeps the event back (R08, R09)."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.consent import ConsentFault, ConsentRecord, normalise_id, parse_consent
from pipeline.core.outcome import Clean, Dropped, DropReason, Outcome
from pipeline.policy.vocabulary import Cohort
from tests.core.worlds import (
    DAY,
    HOUR,
    NOW,
    OPEN,
    PERMISSIVE,
    RECORDS,
    World,
    consents_of,
    context_of,
    fate,
    merged,
    policy_of,
    raw_event,
    record_of,
    world,
)

GRANTED = ["US/child", "US/teen", "US/adult", "IN/adult"]
REQUIRED = [
    "profile_id", "consent_id", "region", "age", "grantor", "method", "purposes", "notice_version", "language",
    "granted_at",
    "age.band", "age.source", "grantor.role", "grantor.adult_verified", "purposes.analytics",
    "purposes.third_party_disclosure", "purposes.marketing",
]  # fmt: skip
CONTEXT = context_of(policy_of(OPEN))


def judged(record: Any, cohort: str, **event: Any) -> Clean | Dropped:
    consents = {"profile-0001": parse_consent(b"profile-0001", json.dumps(record).encode())}
    outcome = World(CONTEXT, consents).one(raw_event(region=cohort[:2], **event))
    assert isinstance(outcome, Clean | Dropped)
    return outcome


def why(outcome: Outcome) -> DropReason | None:
    return outcome.reason if isinstance(outcome, Dropped) else None


def parent_of(record: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    *outer, last = path.split(".")
    for step in outer:
        record = record[step]
    return record, last


def replaced(record: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    result = copy.deepcopy(record)
    node, name = parent_of(result, path)
    node[name] = value
    return result


def removed(record: dict[str, Any], path: str) -> dict[str, Any]:
    result = copy.deepcopy(record)
    node, name = parent_of(result, path)
    del node[name]
    return result


@pytest.mark.parametrize("cohort", GRANTED)
def test_valid_record_unlocks(cohort: str) -> None:
    assert isinstance(judged(RECORDS[cohort], cohort), Clean)


@pytest.mark.parametrize("path", REQUIRED)
@pytest.mark.parametrize("cohort", GRANTED)
def test_missing_field_voids_the_record(cohort: str, path: str) -> None:
    assert isinstance(judged(removed(RECORDS[cohort], path), cohort), Dropped)


@pytest.mark.parametrize("path", REQUIRED)
@pytest.mark.parametrize("cohort", GRANTED)
def test_field_of_another_type_voids_the_record(cohort: str, path: str) -> None:
    for value in (None, "", [], {}, 1.5, "x" * 257, {"x": 1}, ["US"]):
        assert isinstance(judged(replaced(RECORDS[cohort], path, value), cohort), Dropped), value


@pytest.mark.parametrize("cohort", GRANTED)
def test_record_that_cannot_be_read_is_no_consent(cohort: str) -> None:
    for record in (None, [], "x", 5, {}, RECORDS[cohort] | {"withdrawn_At": None}, [RECORDS[cohort]]):
        assert isinstance(judged(record, cohort), Dropped), record
    own_age = {"age": {"band": "adult", "source": "id_document"}}
    assert why(judged({}, "US/adult", **own_age)) is DropReason.CONSENT_UNREADABLE
    assert why(judged({}, "US/child")) is DropReason.CONSENT_UNREADABLE


@pytest.mark.parametrize(
    ("cohort", "path", "value", "reason"),
    [
        ("US/child", "age.band", "teen", DropReason.CONSENT_GRANTOR),  # now she is a teen, who consents for herself
        ("US/child", "age.band", "unknown", DropReason.UNKNOWN_AGE),
        ("US/child", "region", "IN", DropReason.REGION_CONFLICT),
        ("US/child", "grantor.role", "self", DropReason.CONSENT_GRANTOR),
        ("US/child", "grantor.adult_verified", False, DropReason.CONSENT_UNVERIFIED),
        ("US/child", "method", "in_app", DropReason.CONSENT_METHOD),
        ("US/child", "method", "carrier_pigeon", DropReason.CONSENT_METHOD),
        ("US/child", "purposes.analytics", False, DropReason.NO_ANALYTICS_CONSENT),
        ("US/child", "purposes.third_party_disclosure", False, DropReason.NO_DISCLOSURE_CONSENT),
        ("US/child", "notice_version", "2025-01", DropReason.CONSENT_NOTICE),
        ("US/child", "notice_version", "2026-04 ", DropReason.CONSENT_NOTICE),
        ("US/child", "granted_at", NOW + 1, DropReason.CONSENT_IN_FUTURE),
        ("US/child", "granted_at", NOW - HOUR + 1, DropReason.BEFORE_CONSENT),
        ("US/child", "withdrawn_at", NOW - 1, DropReason.CONSENT_WITHDRAWN),
        ("US/child", "withdrawn_at", NOW + DAY, DropReason.CONSENT_WITHDRAWN),
        ("US/child", "expires_at", NOW, DropReason.CONSENT_EXPIRED),
        ("US/teen", "age.band", "adult", None),
        ("US/teen", "age.band", "child", DropReason.CONSENT_GRANTOR),
        ("US/teen", "age.source", "a_friend", DropReason.UNKNOWN_AGE),
        ("US/teen", "region", "IN", DropReason.REGION_CONFLICT),
        ("US/teen", "grantor.role", "parent", DropReason.CONSENT_GRANTOR),
        ("US/teen", "grantor.role", "guardian", DropReason.CONSENT_GRANTOR),
        ("US/teen", "method", "card_payment", DropReason.CONSENT_METHOD),
        ("US/teen", "purposes.analytics", False, DropReason.NO_ANALYTICS_CONSENT),
        ("US/teen", "notice_version", "2025-01", DropReason.CONSENT_NOTICE),
        ("US/teen", "granted_at", NOW + 1, DropReason.CONSENT_IN_FUTURE),
        ("US/teen", "expires_at", NOW - 1, DropReason.CONSENT_EXPIRED),
        ("US/adult", "age.band", "child", DropReason.CONSENT_GRANTOR),
        ("US/adult", "age.source", "a_friend", DropReason.UNKNOWN_AGE),
        ("US/adult", "grantor.role", "parent", DropReason.CONSENT_GRANTOR),
        ("US/adult", "method", "digilocker", DropReason.CONSENT_METHOD),
        ("US/adult", "purposes.analytics", False, DropReason.NO_ANALYTICS_CONSENT),
        ("US/adult", "withdrawn_at", NOW - DAY, DropReason.CONSENT_WITHDRAWN),
        ("IN/adult", "age.band", "teen", DropReason.INDIA_CHILD),
        ("IN/adult", "age.source", "self_declared", DropReason.UNKNOWN_AGE),
        ("IN/adult", "grantor.role", "guardian", DropReason.CONSENT_GRANTOR),
        ("IN/adult", "method", "card_payment", DropReason.CONSENT_METHOD),
        ("IN/adult", "region", "US", DropReason.REGION_CONFLICT),
        ("IN/adult", "notice_version", "x", DropReason.CONSENT_NOTICE),
        ("IN/adult", "granted_at", NOW - HOUR + 1, DropReason.BEFORE_CONSENT),
    ],
)
def test_changed_field(cohort: str, path: str, value: Any, reason: DropReason | None) -> None:
    outcome = judged(replaced(RECORDS[cohort], path, value), cohort)
    assert why(outcome) is reason


def test_own_record_of_a_child_unlocks_nothing() -> None:
    record = record_of("US/child", grantor={"role": "self", "adult_verified": True})
    assert why(judged(record, "US/child")) is DropReason.CONSENT_GRANTOR


def test_guardian_may_consent_as_a_parent_does() -> None:
    assert isinstance(judged(record_of("US/child", grantor={"role": "guardian"}), "US/child"), Clean)


@pytest.mark.parametrize("method", ["email_plus", "text_plus"])
@pytest.mark.parametrize("disclosure", [True, False])
def test_email_and_text_plus_never_carry_disclosure(method: str, disclosure: bool) -> None:
    record = record_of("US/child", method=method, purposes={"third_party_disclosure": disclosure})
    assert why(world(OPEN, records=(record,)).one(raw_event())) is DropReason.NO_DISCLOSURE_CONSENT
    # where the vendor only supports internal operations nothing is disclosed, and the method is enough
    provider = merged(OPEN, {"mixpanel": {"coppa_role": "internal_ops_provider"}})
    assert isinstance(world(provider, records=(record,)).one(raw_event()), Clean)


def test_marketing_needs_both_consents() -> None:
    for analytics, marketing in ((True, True), (True, False), (False, True), (False, False)):
        record = record_of("US/adult", purposes={"analytics": analytics, "marketing": marketing})
        outcome = judged(record, "US/adult", event="marketing")
        assert isinstance(outcome, Clean) == (analytics and marketing)
    assert isinstance(judged(RECORDS["US/adult"], "US/adult", event="ai_training"), Dropped)


@pytest.mark.parametrize("cohort", GRANTED)
@pytest.mark.parametrize("field", ["time", "received_at"])
def test_both_times_count_against_the_grant(cohort: str, field: str) -> None:
    granted = NOW - HOUR
    record = record_of(cohort, granted_at=granted)
    other = "received_at" if field == "time" else "time"
    for millis, leaves in ((granted - 1, False), (granted, True), (granted + 1, True)):
        outcome = judged(record, cohort, **{field: millis, other: granted + 5})
        assert isinstance(outcome, Clean) == leaves
        assert leaves or why(outcome) is DropReason.BEFORE_CONSENT


def test_offline_buffer_is_not_filled_back() -> None:
    record = record_of("US/adult", granted_at=NOW - HOUR)
    buffered = [raw_event(time=NOW - HOUR - minutes * 60_000, received_at=NOW) for minutes in (-30, -1, 1, 600)]
    leaves = [isinstance(outcome, Clean) for outcome in world(OPEN, records=(record,)).judge(buffered)]
    assert leaves == [True, True, False, False]


@pytest.mark.parametrize("ends", [NOW + 1, None])
def test_consent_in_force(ends: int | None) -> None:
    assert isinstance(judged(RECORDS["US/adult"] | {"expires_at": ends, "withdrawn_at": None}, "US/adult"), Clean)


def test_record_of_another_profile_is_unreadable() -> None:
    raw = json.dumps(RECORDS["US/adult"]).encode()
    assert parse_consent(b"profile-0002", raw) is ConsentFault.UNREADABLE
    assert parse_consent(b"\xff", raw) is ConsentFault.UNREADABLE
    assert parse_consent(b"", raw) is ConsentFault.UNREADABLE
    assert isinstance(parse_consent(b"profile-0001", raw), ConsentRecord)


def test_consent_of_one_profile_unlocks_no_other() -> None:
    outcome = world(OPEN, records=(RECORDS["US/adult"],)).one(raw_event(profile_id="profile-0002"))
    assert fate(outcome) == (DropReason.NO_CONSENT, Cohort.US_UNKNOWN)


BYTES = st.binary(max_size=40) | st.builds(
    lambda cut: json.dumps(RECORDS["US/adult"]).encode()[:cut], st.integers(0, 400)
)


@given(BYTES)
def test_any_bytes_are_a_record_or_a_fault(value: bytes) -> None:
    assert isinstance(parse_consent(b"profile-0001", value), ConsentRecord | ConsentFault)


def test_nesting_without_end_is_a_fault() -> None:
    assert parse_consent(b"profile-0001", b'{"x":' + b"[" * 100_000) is ConsentFault.UNREADABLE


@given(st.text(max_size=20))
def test_ids_are_written_one_way(text: str) -> None:
    once = normalise_id(text)
    assert normalise_id(once) == once
    assert normalise_id(f" {text}\n") == once


SCALARS = (
    st.none() | st.booleans() | st.integers(-1, 2**53) | st.sampled_from(["", "US", "IN", "self", "x", "2026-04", "é"])
)


@settings(max_examples=400)
@given(st.sampled_from(GRANTED), st.lists(st.tuples(st.sampled_from(REQUIRED), SCALARS), min_size=1, max_size=3))
def test_nothing_leaves_on_a_damaged_record(cohort: str, changes: list[tuple[str, Any]]) -> None:
    record = RECORDS[cohort]
    for path, value in changes:
        try:
            record = replaced(record, path, value)
        except TypeError:  # its parent is already damaged
            return
    outcome = judged(record, cohort)
    if isinstance(outcome, Clean):
        # what may differ without voiding it: texts that are only kept, marketing, and an earlier grant
        harmless = {
            "consent_id",
            "language",
            "purposes.marketing",
            "granted_at",
            "age.source",
            "grantor.adult_verified",
        }
        harmless |= {"purposes.third_party_disclosure"} if cohort != "US/child" else set()
        last = dict(changes)
        assert {p for p, v in last.items() if replaced(RECORDS[cohort], p, v) != RECORDS[cohort]} <= harmless
        assert outcome.cohort == cohort


def test_permissive_settings_do_not_repair_a_record() -> None:
    here = World(context_of(policy_of(PERMISSIVE)), consents_of(RECORDS["US/child"] | {"region": "FR"}))
    for event in ("essential", "analytics", "marketing"):
        assert isinstance(here.one(raw_event(event=event)), Dropped)
