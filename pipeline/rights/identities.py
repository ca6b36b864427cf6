"""What is kept of a profile so that its pseudonyms can be computed: the consents it has had (R25, R26).

A record of `identities` is JSON under the profile's normalised id. It lives until the profile is erased; grants in it
end earlier, see `pruned`.
"""

from collections import deque
from collections.abc import Iterator
from struct import Struct as Packing
from typing import Final, Literal

import msgspec
from msgspec import Struct

from pipeline.core.cohort import REGIONS
from pipeline.core.consent import ConsentRecord, normalise_id
from pipeline.core.evidence import over_at
from pipeline.core.grants import Grant
from pipeline.policy.vocabulary import Region
from pipeline.stream.followed import Followed

Band = Literal["child", "teen", "adult", "unknown"]
NEVER: Final = 253_402_300_799_999  # an end that is not known: nothing is forgotten because of it


class Last(Struct, frozen=True, gc=False, omit_defaults=True):
    """What the newest consent record of a profile said. withdrawn: also where it could not be read, or was erased.

    over_at: when it is over by itself, milliseconds since the epoch; None for never, and where that is not known.
    """

    analytics: bool
    third_party_disclosure: bool
    marketing: bool
    withdrawn: bool
    region: Region
    band: Band
    over_at: int | None = None


class Position(Struct, frozen=True, gc=False):
    """Where a record of `consent` stands in its partition, and when the broker got it, in ms since the epoch."""

    offset: int
    ms: int

    def covers(self, other: "Position") -> bool:
        """Say whether a record that stands at `other` is this one, or older.

        Both must agree: a broker's clock may step back, and offsets begin anew where a topic was made again.
        """
        return other.offset <= self.offset and other.ms <= self.ms


NOWHERE: Final = Position(-1, -1)


class Identity(Struct, frozen=True, gc=False):
    """The consents of a profile.

    grants: in the order in which they came, the present one last. ended: for all but the last, when the next came.
    since: when the first record came. last: the newest record. at: where it stands. Times in ms since the epoch.
    """

    grants: tuple[Grant, ...]
    since: int
    last: Last
    ended: tuple[int, ...] = ()
    at: Position = NOWHERE

    def spans(self) -> Iterator[tuple[Grant, int]]:
        """Yield each grant and when it ended."""
        return zip(self.grants, (*self.ended, NEVER), strict=True)


_decoder = msgspec.json.Decoder(Identity)
_encoder = msgspec.json.Encoder()


def encode_identity(identity: Identity) -> bytes:
    """Return the value of the record."""
    return _encoder.encode(identity)


def parse_identity(value: bytes) -> Identity | None:
    """Read the value of a record; None if it is none."""
    try:
        identity = _decoder.decode(value)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    missing = len(identity.grants) - 1 - len(identity.ended)
    if missing == 0:
        return identity
    if missing < 0:
        return None
    return msgspec.structs.replace(identity, ended=(NEVER,) * missing + identity.ended)


def grant_of(record: ConsentRecord) -> Grant:
    """Return the act of consent that a record tells of."""
    return Grant(record.consent_id, record.granted_at, REGIONS[record.region])


def with_record(before: Identity | None, record: ConsentRecord, at: Position) -> Identity:
    """Return the identity after a consent record."""
    grant, purposes = grant_of(record), record.purposes
    last = Last(
        purposes.analytics,
        purposes.third_party_disclosure,
        purposes.marketing,
        record.withdrawn_at is not None,
        grant.region,
        record.age.band,
        over_at(record),
    )
    if before is None:
        return Identity((grant,), at.ms, last, (), at)
    if before.grants[-1] == grant:
        return Identity(before.grants, before.since, last, before.ended, at)
    spans = [(each, min(end, at.ms)) for each, end in before.spans() if each != grant]
    return Identity((*(each for each, _ in spans), grant), before.since, last, tuple(end for _, end in spans), at)


def without_consent(before: Identity, at: Position) -> Identity:
    """Return the identity after a record that ends all consent: one that cannot be read, or a tombstone."""
    last = msgspec.structs.replace(before.last, withdrawn=True)
    return msgspec.structs.replace(before, last=last, at=at)


def pruned(identity: Identity, oldest_ms: int) -> Identity:
    """Forget grants that ended before `oldest_ms`: no event of theirs is queued or at Mixpanel any more (R29)."""
    if not identity.ended or min(identity.ended) >= oldest_ms:
        return identity
    spans = [(grant, end) for grant, end in identity.spans() if end >= oldest_ms]
    return msgspec.structs.replace(
        identity, grants=tuple(grant for grant, _ in spans), ended=tuple(end for _, end in spans[:-1])
    )


class IdentityState(Followed):
    """The identities of one partition, packed small: a million profiles take some 220 MB.

    unreadable: records so far that could not be read; the ones before them stay in force.
    """

    __slots__ = ("_held", "_overwritten", "unreadable")

    def __init__(self, partition: int) -> None:
        super().__init__(partition)
        self._held: dict[bytes, bytes] = {}
        self._overwritten: deque[bytes] = deque()
        self.unreadable = 0

    def apply(self, key: bytes | None, value: bytes | None, timestamp_ms: int) -> None:  # noqa: ARG002  # the form
        """Take over one record; no value means that the profile was erased.

        A record that is older than what is held comes from a worker that had lost the partition: it is passed over,
        and `overwritten` tells of it.
        """
        if key is None:
            self.unreadable += 1
        elif value is None:
            self._held.pop(key, None)
        elif (identity := parse_identity(value)) is None or not identity.grants:
            self.unreadable += 1
        elif (held := self._held.get(key)) is not None and _is_later(held, identity.at):
            self._overwritten.append(key)
        else:
            self._held[key] = pack(identity)

    def get(self, profile: str) -> Identity | None:
        """Return the identity of a profile, by its id, normalised or not."""
        packed = self._held.get(normalise_id(profile).encode("utf-8", "surrogatepass"))
        return unpack(packed) if packed is not None else None

    def overwritten(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and value of each record that is held and no longer the newest on the topic; once each."""
        while self._overwritten:
            key = self._overwritten.popleft()
            if (packed := self._held.get(key)) is not None:
                yield key, encode_identity(unpack(packed))

    def __len__(self) -> int:
        return len(self._held)


# The packed form: flags, since, offset and time of `at`, `over_at` or NEVER; the ends; then the grants. A consent id
# that is a UUID in its usual spelling takes 16 bytes, any other its length and its text.
_HEAD = Packing("<BQqqqH")
_END = Packing("<Q")
_GRANT = Packing("<BQ")
_LENGTH = Packing("<H")
_UUID_BYTES: Final = 16
_BANDS: Final[tuple[Band, ...]] = ("child", "teen", "adult", "unknown")
_ANALYTICS, _DISCLOSURE, _MARKETING, _WITHDRAWN, _INDIA, _BAND_SHIFT = 1, 2, 4, 8, 16, 5
_GRANT_INDIA, _GRANT_UUID = 1, 2


def _is_later(packed: bytes, at: Position) -> bool:
    """Say whether what is held was made from a later record than `at`."""
    _, _, offset, ms, _, _ = _HEAD.unpack_from(packed)
    return (offset, ms) != (at.offset, at.ms) and at.offset <= offset and at.ms <= ms


def pack(identity: Identity) -> bytes:
    """Return the small form of an identity that has a grant."""
    last, at = identity.last, identity.at
    flags = (
        last.analytics * _ANALYTICS
        | last.third_party_disclosure * _DISCLOSURE
        | last.marketing * _MARKETING
        | last.withdrawn * _WITHDRAWN
        | (last.region is Region.IN) * _INDIA
        | _BANDS.index(last.band) << _BAND_SHIFT
    )
    over = NEVER if last.over_at is None else last.over_at
    parts = [_HEAD.pack(flags, identity.since, at.offset, at.ms, over, len(identity.grants))]
    parts += [_END.pack(end) for end in identity.ended]
    for grant in identity.grants:
        india, raw = (grant.region is Region.IN) * _GRANT_INDIA, _as_uuid(grant.consent_id)
        if raw is not None:
            parts += [_GRANT.pack(india | _GRANT_UUID, grant.granted_at), raw]
        else:
            text = grant.consent_id.encode("utf-8", "surrogatepass")
            parts += [_GRANT.pack(india, grant.granted_at), _LENGTH.pack(len(text)), text]
    return b"".join(parts)


def unpack(packed: bytes) -> Identity:
    """Return the identity that was packed."""
    flags, since, offset, ms, over, count = _HEAD.unpack_from(packed)
    place = _HEAD.size
    ended = tuple(end for (end,) in _END.iter_unpack(packed[place : place + (count - 1) * _END.size]))
    place += (count - 1) * _END.size
    grants = []
    for _ in range(count):
        kind, granted_at = _GRANT.unpack_from(packed, place)
        place += _GRANT.size
        if kind & _GRANT_UUID:
            consent_id = _spell(packed[place : place + _UUID_BYTES])
            place += _UUID_BYTES
        else:
            (length,) = _LENGTH.unpack_from(packed, place)
            place += _LENGTH.size
            consent_id = packed[place : place + length].decode("utf-8", "surrogatepass")
            place += length
        grants.append(Grant(consent_id, granted_at, Region.IN if kind & _GRANT_INDIA else Region.US))
    last = Last(
        bool(flags & _ANALYTICS),
        bool(flags & _DISCLOSURE),
        bool(flags & _MARKETING),
        bool(flags & _WITHDRAWN),
        Region.IN if flags & _INDIA else Region.US,
        _BANDS[flags >> _BAND_SHIFT],
        None if over == NEVER else over,
    )
    return Identity(tuple(grants), since, last, ended, Position(offset, ms))


def _as_uuid(text: str) -> bytes | None:
    """Return the bytes of a UUID, None where they would not spell the same text again."""
    if len(text) != 36 or not text.isascii():  # noqa: PLR2004  # 32 digits and four dashes
        return None
    try:
        raw = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    return raw if len(raw) == _UUID_BYTES and _spell(raw) == text else None


def _spell(raw: bytes) -> str:
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
