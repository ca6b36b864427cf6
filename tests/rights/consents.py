"""Consent records and identities for the tests of this room."""

import json
from typing import Any

from pipeline.core.consent import ConsentAge, ConsentRecord, Grantor, Purposes
from pipeline.rights.identities import Identity, Position, with_record

DAY = 86_400_000
GRANTED = 1_790_000_000_000  # 2026-09-21
SEEN = Position(7, GRANTED + DAY)


def consent(**changes: Any) -> ConsentRecord:
    """Make a US adult's own consent to analytics and disclosure; `analytics`, `band` and `role` are short cuts."""
    purposes = Purposes(
        changes.pop("analytics", True), changes.pop("third_party_disclosure", True), changes.pop("marketing", False)
    )
    fields: dict[str, Any] = {
        "profile_id": "p-1",
        "consent_id": "c-1",
        "region": "US",
        "age": ConsentAge(changes.pop("band", "adult"), "id_document"),
        "grantor": Grantor(changes.pop("role", "self"), adult_verified=True),
        "method": "in_app",
        "purposes": purposes,
        "notice_version": "2026-04",
        "language": "en",
        "granted_at": GRANTED,
    }
    return ConsentRecord(**fields | changes)


def identity(**changes: Any) -> Identity:
    """Make the identity that one such record leads to."""
    return with_record(None, consent(**changes), SEEN)


def document(profile: str, **changes: Any) -> dict[str, Any]:
    """Make the JSON document of such a record, as the consent service publishes it."""
    return {
        "profile_id": profile,
        "consent_id": f"c-{profile}",
        "region": "US",
        "age": {"band": "adult", "source": "id_document"},
        "grantor": {"role": "self", "adult_verified": False},
        "method": "in_app",
        "purposes": {"analytics": True, "third_party_disclosure": True, "marketing": False},
        "notice_version": "2026-04",
        "language": "en",
        "granted_at": GRANTED,
    } | changes


def record_of(profile: str, **changes: Any) -> bytes:
    """Make the value of such a record."""
    return json.dumps(document(profile, **changes)).encode()
