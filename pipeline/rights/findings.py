"""What a chunk of consent records changes: identities to keep, and what must not leave any more. No Kafka, no clock."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from pipeline.core.cohort import REGIONS
from pipeline.core.consent import ConsentFault, ConsentRecord, normalise_id, parse_consent
from pipeline.core.grants import Grant
from pipeline.core.identity import KeyRing
from pipeline.policy.vocabulary import Region
from pipeline.rights.change import change, ended_grants, ends_marketing, ends_sooner
from pipeline.rights.identities import (
    NEVER,
    Identity,
    IdentityState,
    Position,
    grant_of,
    pruned,
    with_record,
    without_consent,
)
from pipeline.rights.reach import LATE_MS
from pipeline.stream.chunk import Record
from pipeline.stream.suppression import SuppressWhy
from pipeline.stream.topics import SUPPRESSIONS, TOPICS

LIFE_MS: Final = next(topic.retention_ms for topic in TOPICS if topic.name == SUPPRESSIONS)
"""How long a suppression counts: nothing that was queued when it was made is queued for longer."""


class Terms(NamedTuple):
    """What is taken from the rules in force.

    keys: those that pseudonyms are computed with. provider: Mixpanel works for internal operations only (J18).
    recordless: events of people without a consent record may leave, or could lately. rotations_ms: how long pseudonyms
    last. kept_ms: how long after an event it may still be queued, or at Mixpanel.
    """

    keys: KeyRing
    provider: bool
    recordless: bool
    rotations_ms: Collection[int]
    kept_ms: int


class Ended(NamedTuple):
    """What is over for a profile. grants: whose events must not leave; ms: when the broker got the record.

    marketing_only: only their events for marketing must not. from_ms: they must not from then on; None: not at all.
    """

    profile: str
    grants: Sequence[Grant]
    regions: frozenset[Region]
    why: SuppressWhy
    ms: int
    marketing_only: bool = False
    from_ms: int | None = None


class Tombstone(NamedTuple):
    """The erasure of a consent record of a profile that is known, so that nobody has asked us for it."""

    profile: str
    at: Position


class Findings:
    """Judges records in order, each with what came before it in the same chunk.

    written: the identities to be kept, by profile. ended, tombstones: in the order of the records.
    """

    __slots__ = ("_now_ms", "_state", "_terms", "ended", "tombstones", "written")

    def __init__(self, state: IdentityState, terms: Terms, now_ms: int) -> None:
        self._state = state
        self._terms = terms
        self._now_ms = now_ms
        self.written: dict[str, Identity] = {}
        self.ended: list[Ended] = []
        self.tombstones: list[Tombstone] = []

    def take(self, record: Record) -> None:
        """Judge one record.

        One that the identity knows already is passed over: what followed from it is confirmed, and judged after later
        ones an old consent would look like a new one.
        """
        profile = profile_of(record.key)
        if profile is None:
            return  # nobody's: no event can carry such an id
        before = self.written.get(profile) or self._state.get(profile)
        at = Position(record.offset, record.timestamp)
        if before is not None and before.at.covers(at):
            return
        after = parse_consent(record.key or b"", record.value) if record.value is not None else None
        self._end(profile, before, after, at)
        if isinstance(after, ConsentRecord):
            self.written[profile] = pruned(with_record(before, after, at), self._now_ms - self._terms.kept_ms)
        elif before is not None:
            self.written[profile] = without_consent(before, at)
            if after is None:
                self.tombstones.append(Tombstone(profile, at))

    def _end(
        self, profile: str, before: Identity | None, after: ConsentRecord | ConsentFault | None, at: Position
    ) -> None:
        """Note what the record ends, unless that is so long ago that its suppression would be over by now."""
        if at.ms < self._now_ms - LIFE_MS:
            return
        why = change(before, after, provider=self._terms.provider)
        if why is not None:
            grants = ended_grants(before, after, why)
            if grants or self._terms.recordless:
                self.ended.append(Ended(profile, grants, _regions(before, after, grants), why, at.ms))
        elif before is not None and isinstance(after, ConsentRecord):
            self._narrow(profile, before, after, at.ms)

    def _narrow(self, profile: str, before: Identity, after: ConsentRecord, ms: int) -> None:
        """Note what of a grant that goes on is over, now or before everything that is queued has left."""
        why, regions = SuppressWhy.NARROWED, _regions(before, after, before.grants)
        if ends_marketing(before, after):
            grants = ended_grants(before, after, why)
            self.ended.append(Ended(profile, grants, regions, why, ms, marketing_only=True))
        end = ends_sooner(before, after)
        if end is not None and end < self._now_ms + LIFE_MS:
            self.ended.append(Ended(profile, (grant_of(after),), regions, why, ms, from_ms=end))


def pseudonyms(ended: Ended, terms: Terms, now_ms: int) -> set[str]:
    """Return every name that an event of these grants can have; where all is over, also one that could leave without.

    The broker's time of the record counts where our own clock is behind it: names of young grants would be left out.
    """
    now_ms = max(now_ms, ended.ms)
    nameless = terms.recordless and not ended.marketing_only and ended.from_ms is None
    since_ms = now_ms - LATE_MS if nameless else NEVER
    found: set[str] = set()
    for region in ended.regions:
        found |= terms.keys.reachable(
            region, ended.profile, ended.grants, now_ms, terms.rotations_ms, since_ms=since_ms
        )
    return found


def profile_of(key: bytes | None) -> str | None:
    """Return the normalised id that a record's key names; None for no key, or one that is no text."""
    try:
        return normalise_id(key.decode()) if key is not None else None
    except UnicodeDecodeError:
        return None


def _regions(
    before: Identity | None, after: ConsentRecord | ConsentFault | None, grants: Sequence[Grant]
) -> frozenset[Region]:
    """Return the regions to whose project an event that is over may be on its way."""
    found = {grant.region for grant in grants}
    if before is not None:
        found.add(before.last.region)
    elif isinstance(after, ConsentRecord):
        found.add(REGIONS[after.region])
    return frozenset(found or Region)
