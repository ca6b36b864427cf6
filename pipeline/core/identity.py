"""Pseudonyms and event ids: pure functions of the raw event and versioned keys, so that a replay repeats them (R15).

Which version of a key names an event is told by the event's time alone. Redelivery, replay and erasure therefore
compute the same name years later, whatever keys have been added since.
"""

import hashlib
import hmac
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pipeline.core.grants import NO_GRANT, Grant, grant_name
from pipeline.policy.vocabulary import Region, Space

REMEMBERED: Final = 200_000  # pseudonyms kept at hand; about 60 MB
MIN_KEY_BYTES: Final = 32
BEGINNING: Final = 0  # a version from here on covers every event time
FUTURE_MS: Final = 3_600_000  # how far ahead a client's clock may be: one hour, as Mixpanel allows
EVENT_IDS: Final = "event_ids"
KEY_NAMES: Final = (*(str(space) for space in Space), EVENT_IDS)

# Mixpanel refuses these as ids; on the raw value, for a pseudonym of "undefined" would merge all broken clients.
# docs.mixpanel.com, Import Events, "distinct_id" and "$insert_id"
FORBIDDEN_IDS: Final = frozenset({
    "00000000-0000-0000-0000-000000000000", "anon", "anonymous", "nil", "none", "null", "n/a", "na", "undefined",
    "unknown", "<nil>", "0", "-1", "true", "false", "[]", "{}", "",
})  # fmt: skip


class RetiredKeyError(Exception):
    """Raised for an event time whose key has been destroyed. Ask `KeyRing.retired` before; no text holds a key."""


@dataclass(frozen=True, slots=True)
class KeyVersion:
    """One version of a key: in force for event times from `from_ms` until the next version's.

    retired: its secret has been destroyed; what it named can neither be named again nor erased by name.
    made_ms: when it was made, None where nobody wrote it down.
    """

    version: str
    secret: bytes = field(repr=False)
    from_ms: int = BEGINNING
    retired: bool = False
    made_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RegionKeys:
    """One region's keys, each a list of versions, oldest first."""

    spaces: Mapping[Space, tuple[KeyVersion, ...]]
    event_ids: tuple[KeyVersion, ...]

    @classmethod
    def single(cls, spaces: Mapping[Space, bytes], event_ids: bytes) -> "RegionKeys":
        """Return keys that never change, from their secrets."""
        return cls(
            {space: (KeyVersion("1", secret),) for space, secret in spaces.items()},
            (KeyVersion("1", event_ids),),
        )

    def named(self) -> Iterator[tuple[str, tuple[KeyVersion, ...]]]:
        """Yield every key by its name."""
        yield from self.spaces.items()
        yield EVENT_IDS, self.event_ids


class KeyRing:
    """All keys of a deployment, and the pseudonyms it has made lately.

    projects: by region, the id of the Mixpanel project. It goes into the keys that names are computed with, as do
    region and purpose: two projects that share a key file never share a pseudonym (R15). Raise ValueError for a key
    without a version from the beginning, or with two from the same moment.
    """

    __slots__ = ("_breaks", "_ids", "_last", "_memo", "_newest", "_secrets", "regions", "retired_until_ms")

    def __init__(self, regions: Mapping[Region, RegionKeys], projects: Mapping[Region, str] | None = None) -> None:
        self.regions = regions
        versions = [each for keys in regions.values() for _, series in keys.named() for each in series]
        self._breaks = sorted({each.from_ms for each in versions} - {BEGINNING})
        self._last = len(self._breaks)
        self._newest = self._breaks[-1] if self._breaks else BEGINNING  # most events are younger: one comparison
        self._secrets = {
            (region, name): _derived(series, region, name, (projects or {}).get(region, ""))
            for region, keys in regions.items()
            for name, series in keys.named()
        }
        self._ids = {region: tuple(map(_keyed, self._by_era(region, EVENT_IDS))) for region in regions}
        self.retired_until_ms = max((_retired_until(s) for k in regions.values() for _, s in k.named()), default=0)
        self._memo: dict[tuple[Region, Space, str, str, int, int], str] = {}

    def pseudonym(self, region: Region, space: Space, profile: str, grant: str, time_ms: int, rotation_ms: int) -> str:
        """Name a person for one region, purpose, grant and epoch, as a UUIDv4-shaped string.

        HMAC-SHA-256 over profile, grant and epoch (the event's time in whole rotations), each with its length before
        it, under the version in force at the event's time. A new grant, epoch or version gives a name that cannot be
        joined with the old one. Raise RetiredKeyError where `retired` says so.
        """
        era = self._last if time_ms >= self._newest else bisect_right(self._breaks, time_ms)
        known = (region, space, profile, grant, time_ms // rotation_ms, era)
        name = self._memo.get(known)
        if name is None:
            if len(self._memo) >= REMEMBERED:
                self._memo.clear()
            secret = self._secret(region, space, time_ms)
            name = self._memo[known] = _pseudonym(secret, profile, grant, time_ms // rotation_ms)
        return name

    def property_name(self, region: Region, space: Space, name: str, text: str, time_ms: int) -> str:
        """Name the value of a property that the policy pseudonymizes: 32 hexadecimal characters."""
        message = _message("property", name, text)
        return hmac.digest(self._secret(region, space, time_ms), message, "sha256")[:16].hex()

    def event_id(self, region: Region, source: bytes, time_ms: int) -> str:
        """Derive `$insert_id` (32 hexadecimal characters) from what tells this event from every other."""
        era = self._last if time_ms >= self._newest else bisect_right(self._breaks, time_ms)
        keyed = self._ids[region][era]
        if keyed is None:
            raise RetiredKeyError
        digest = keyed.copy()  # half the cost of taking in the key anew
        digest.update(source)
        return digest.hexdigest()

    def retired(self, region: Region, space: Space, time_ms: int) -> bool:
        """Say whether a key for events of this time has been destroyed, so that none of them can leave.

        Never so from `retired_until_ms` on, which is cheaper to ask first.
        """
        names = (space, EVENT_IDS)
        return any(_in_force(self._secrets[region, name], time_ms) is None for name in names)

    def reachable(
        self,
        region: Region,
        profile: str,
        grants: Iterable[Grant],
        now_ms: int,
        rotations_ms: Collection[int],
        *,
        since_ms: int,
    ) -> set[str]:
        """Return every pseudonym that an event of these grants can have got in a region, for suppression and erasure.

        Both spaces, all rotations and epochs from each grant to the latest time an event of today may bear; names
        without a grant from `since_ms` on. A version counts from its first epoch to the last, since a worker that has
        not seen the next one goes on with it. Names under retired keys are out of reach. Grants of other regions are
        passed over.
        """
        until = now_ms + FUTURE_MS
        starts = [(grant_name(g.consent_id, g.granted_at), g.granted_at) for g in grants if g.region is region]
        return {
            _pseudonym(secret, profile, grant, epoch)
            for grant, start in [(NO_GRANT, since_ms), *starts]
            for rotation in rotations_ms
            for epoch in range(start // rotation, until // rotation + 1)
            if start <= until
            for space in self.regions[region].spaces
            for from_ms, secret in self._secrets[region, space]
            if secret is not None and from_ms <= min(until, (epoch + 1) * rotation - 1)
        }

    def ages_ms(self, now_ms: int) -> dict[tuple[Region, str], int]:
        """Return by region and name how old the version in force is. One of unknown age counts as very old."""
        ages = {}
        for region, keys in self.regions.items():
            for name, series in keys.named():
                current = max((each for each in series if each.from_ms <= now_ms), key=lambda each: each.from_ms)
                ages[region, name] = now_ms - max(current.from_ms, current.made_ms or BEGINNING)
        return ages

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self.regions)})"

    def _secret(self, region: Region, space: Space, time_ms: int) -> bytes:
        secret = _in_force(self._secrets[region, space], time_ms)
        if secret is None:
            raise RetiredKeyError
        return secret

    def _by_era(self, region: Region, name: str) -> Iterator[bytes | None]:
        """Yield the secret in force from each moment on at which any key of the ring changes."""
        for start in [BEGINNING, *self._breaks]:
            yield _in_force(self._secrets[region, name], start)


Dated = tuple[tuple[int, bytes | None], ...]
"""From when on which key holds, oldest first; None for one that has been destroyed."""


def _derived(series: tuple[KeyVersion, ...], region: Region, name: str, project: str) -> Dated:
    """Return the keys that names are computed with: HMAC-SHA-256 of what they are for, under each secret."""
    dated = sorted(series, key=lambda each: each.from_ms)
    starts = [each.from_ms for each in dated]
    if starts[:1] != [BEGINNING] or len(set(starts)) < len(starts):
        raise ValueError(f"{region}.{name}: versions must start at the beginning, each at a moment of its own")
    purpose = _message("coppice", region, name, project)
    return tuple(
        (each.from_ms, None if each.retired else hmac.digest(each.secret, purpose, "sha256")) for each in dated
    )


def _in_force(dated: Dated, time_ms: int) -> bytes | None:
    return next(secret for from_ms, secret in reversed(dated) if from_ms <= time_ms)


def _retired_until(series: tuple[KeyVersion, ...]) -> int:
    """Return the end of the last version that has been destroyed, BEGINNING if none has."""
    ends = [each.from_ms for each in series]
    return max((min(e for e in ends if e > each.from_ms) for each in series if each.retired), default=BEGINNING)


def _keyed(secret: bytes | None) -> "hashlib.blake2b | None":
    return None if secret is None else hashlib.blake2b(digest_size=16, key=secret)


def _pseudonym(secret: bytes, profile: str, grant: str, epoch: int) -> str:
    digest = bytearray(hmac.digest(secret, _message(profile, grant, str(epoch)), "sha256")[:16])
    digest[6] = digest[6] & 0x0F | 0x40  # version and variant bits: Mixpanel's original id merge wants UUIDv4
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _message(*parts: str) -> bytes:
    """Write parts so that no other parts read the same."""
    return "".join(f"{len(part)}:{part}" for part in parts).encode()
