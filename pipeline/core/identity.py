"""Pseudonyms and event ids: pure functions of the raw event and fixed keys, so that a replay repeats them (R15)."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.policy.vocabulary import Region, Space

REMEMBERED = 200_000  # pseudonyms kept at hand; about 60 MB
MIN_KEY_BYTES = 32

# Mixpanel refuses these as ids; on the raw value, for a pseudonym of "undefined" would merge all broken clients.
# docs.mixpanel.com, Import Events, "distinct_id" and "$insert_id"
FORBIDDEN_IDS = frozenset({
    "00000000-0000-0000-0000-000000000000", "anon", "anonymous", "nil", "none", "null", "n/a", "na", "undefined",
    "unknown", "<nil>", "0", "-1", "true", "false", "[]", "{}", "",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class RegionKeys:
    """One region's secrets, raw bytes. They are never logged and never compared across regions here."""

    spaces: Mapping[Space, bytes] = field(repr=False)
    event_ids: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All secrets of a worker, and the pseudonyms it has made lately."""

    regions: Mapping[Region, RegionKeys] = field(repr=False)
    _keyed: dict[Region, hashlib.blake2b] = field(default_factory=dict, repr=False, compare=False)
    _memo: dict[tuple[Region, Space, str, str, int], str] = field(default_factory=dict, repr=False, compare=False)

    def pseudonym(self, region: Region, space: Space, profile: str, consent: str, epoch: int) -> str:
        """Name a person for one region, purpose, consent and epoch, as a UUIDv4-shaped string.

        HMAC-SHA-256 over the three parts, each with its length before it. A new consent or epoch gives a name
        that cannot be joined with the old one.
        """
        known = (region, space, profile, consent, epoch)
        name = self._memo.get(known)
        if name is None:
            if len(self._memo) >= REMEMBERED:
                self._memo.clear()
            name = self._memo[known] = self._compute(*known)
        return name

    def _compute(self, region: Region, space: Space, profile: str, consent: str, epoch: int) -> str:
        message = "".join(f"{len(part)}:{part}" for part in (profile, consent, str(epoch))).encode()
        digest = bytearray(hmac.digest(self.regions[region].spaces[space], message, "sha256")[:16])
        digest[6] = digest[6] & 0x0F | 0x40  # version and variant bits: Mixpanel's original id merge wants UUIDv4
        digest[8] = digest[8] & 0x3F | 0x80
        text = digest.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def property_name(self, region: Region, space: Space, name: str, text: str) -> str:
        """Name the value of a property that the policy pseudonymizes: 32 hexadecimal characters."""
        message = "".join(f"{len(part)}:{part}" for part in ("property", name, text)).encode()
        return hmac.digest(self.regions[region].spaces[space], message, "sha256")[:16].hex()

    def event_id(self, region: Region, source: bytes) -> str:
        """Derive `$insert_id` (32 hexadecimal characters) from what tells this event from every other."""
        keyed = self._keyed.get(region)
        if keyed is None:
            key = self.regions[region].event_ids[: hashlib.blake2b.MAX_KEY_SIZE]
            keyed = self._keyed[region] = hashlib.blake2b(digest_size=16, key=key)
        digest = keyed.copy()  # half the cost of taking in the key anew
        digest.update(source)
        return digest.hexdigest()
