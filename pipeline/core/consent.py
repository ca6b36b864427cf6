"""The consent record as the consent service publishes it (schemas/consent.json), and how it is read."""

import json
import re
import unicodedata
from enum import Enum
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta, Struct

from pipeline.core.decode import may_repeat_keys

Id = Annotated[str, Meta(min_length=1, max_length=256)]
Millis = Annotated[int, Meta(ge=1_000_000_000_000, le=253_402_300_799_999)]  # 2001 to 9999: seconds cannot pass
WORD = re.compile(r"[a-z0-9_.-]{1,64}")  # method, source, relation: words of the consent service's own lists
MONTH = re.compile(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])")


class ConsentAge(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """How old the person is, and how that is known."""

    band: Literal["child", "teen", "adult", "unknown"]
    source: str


class Grantor(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Who granted it: the person, or the parent of a child (16 CFR 312.5; DPDP Rules r.10)."""

    role: Literal["self", "parent", "guardian"]
    adult_verified: bool


class Purposes(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What was granted; every purpose stands alone (R04–R07)."""

    analytics: bool
    third_party_disclosure: bool
    marketing: bool
    ai_training: bool = False


class ConsentRecord(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One profile's consent, times in milliseconds since the epoch.

    Unknown fields are refused: a misspelt `withdrawn_at` must never be read as "not withdrawn".
    """

    profile_id: Id
    consent_id: Id
    region: Literal["US", "IN"]
    age: ConsentAge
    grantor: Grantor
    method: str
    purposes: Purposes
    notice_version: Id
    language: Id
    granted_at: Millis
    withdrawn_at: Millis | None = None
    expires_at: Millis | None = None
    notice_hash: Id | None = None
    source: str | None = None
    relation: str | None = None
    birth_month: str | None = None


class ConsentFault(Enum):
    """A consent state that is there but cannot be used."""

    UNREADABLE = "unreadable"  # the record on the topic is not valid: counts as no consent
    MISROUTED = "misrouted"  # the event was published to a partition where its consent cannot be


class ConsentLookup(Protocol):
    """The consent states of the profiles whose events may arrive on one partition."""

    def get(self, profile_id: str, /) -> ConsentRecord | ConsentFault | None:
        """Return the state of a profile, None when there is no record."""


KEYS = 17  # of a record without optional ones: 10, and 2, 2 and 3 below them
KNOWN_WORDS = 16_384

_decoder = msgspec.json.Decoder(ConsentRecord)


def normalise_id(text: str) -> str:
    """Write an id one way, however the client wrote it (trimmed, NFC), so that it finds its consent."""
    return text if text.isascii() and text == text.strip() else unicodedata.normalize("NFC", text.strip())


def parse_consent(key: bytes, value: bytes) -> ConsentRecord | ConsentFault:
    """Read a record of the `consent` topic. Anything but a valid record about the key's profile is a fault.

    A key that stands twice is one, too: nobody can say which `withdrawn_at` counts.
    """
    try:
        record = _decoder.decode(value)
        words = (record.method, record.age.source, record.source, record.relation, record.birth_month)
        if record.profile_id != key.decode() or (words not in _known and not _well_formed(words)):
            return ConsentFault.UNREADABLE
        if may_repeat_keys(value, KEYS + _optional_keys(record)):
            json.loads(value, object_pairs_hook=_unique)
    except (ValueError, RecursionError):  # msgspec's and Unicode's errors are ValueErrors
        return ConsentFault.UNREADABLE
    return record


Words = tuple[str, str, str | None, str | None, str | None]

_known: set[Words] = set()  # few, since they come from short lists; matching a pattern costs more than a look-up


def _well_formed(words: Words) -> bool:
    *plain, month = words
    if not all(word is None or WORD.fullmatch(word) for word in plain):
        return False
    if month is not None and not MONTH.fullmatch(month):
        return False
    if len(_known) < KNOWN_WORDS:
        _known.add(words)
    return True


def _optional_keys(record: ConsentRecord) -> int:
    return (
        (record.withdrawn_at is not None)
        + (record.expires_at is not None)
        + (record.notice_hash is not None)
        + (record.source is not None)
        + (record.relation is not None)
        + (record.birth_month is not None)
        + record.purposes.ai_training
    )


def _unique(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
