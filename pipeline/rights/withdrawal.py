"""A withdrawal as a consent record: the one in force, with the moment at which it ended."""

import json

from pipeline.core.consent import ConsentRecord, parse_consent
from pipeline.rights.results import Note


def withdrawn(key: bytes, value: bytes, at: int) -> bytes | Note:
    """Return the consent record with `withdrawn_at`; why not, where it needs none or cannot have one.

    at: when the request was received, milliseconds since the epoch. Consent that was given after it is another
    decision of the same person, and stands.
    """
    record = parse_consent(key, value)
    if not isinstance(record, ConsentRecord):
        return Note.UNREADABLE_RECORD
    if record.withdrawn_at is not None:
        return Note.ALREADY_WITHDRAWN
    if record.granted_at > at:
        return Note.GRANTED_ANEW
    return json.dumps(json.loads(value) | {"withdrawn_at": at}, ensure_ascii=False, separators=(",", ":")).encode()
