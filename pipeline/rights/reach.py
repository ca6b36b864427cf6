"""Every pseudonym that something of a person can be kept under, by region: what is suppressed, deleted, exported."""

from collections.abc import Collection
from typing import Final

from pipeline.core.grants import Grant
from pipeline.core.identity import KeyRing
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.vocabulary import Region
from pipeline.rights.identities import Identity

DAY_MS: Final = 86_400_000
# How long before its first consent record an event of a profile may date; its client's clock says when it was.
LATE_MS: Final = 90 * DAY_MS
# How long Mixpanel keeps an event at most: https://docs.mixpanel.com/docs/privacy/gdpr-compliance
KEPT_MS: Final = 5 * 365 * DAY_MS


def reach(
    keys: KeyRing,
    policy: CompiledPolicy,
    rotations_ms: Collection[int],
    profile: str,
    identity: Identity | None,
    now_ms: int,
    *,
    granted_until: int | None = None,
) -> dict[Region, set[str]]:
    """Return the pseudonyms of a profile in each region that it has had consent in, or could be in without.

    Where the policy lets events of US users leave without a consent record (16 CFR 312.5(c)(7), J3; adults on notice,
    J7), such names count from as far back as Mixpanel keeps events. granted_until: leave out grants after that moment.
    Where our own clock is behind the broker's time of the last consent record, that counts: names of young grants
    would be left out, and after an erasure nobody can compute them any more.
    """
    grants: tuple[Grant, ...] = identity.grants if identity is not None else ()
    now_ms = max(now_ms, identity.at.ms) if identity is not None else now_ms
    if granted_until is not None:
        grants = tuple(grant for grant in grants if grant.granted_at <= granted_until)
    regions = {grant.region for grant in grants}
    since = now_ms
    if identity is not None:
        regions.add(identity.last.region)
        since = identity.since - LATE_MS
    if without_record(policy):
        regions.add(Region.US)
        since = min(since, now_ms - KEPT_MS)
    found = {
        region: keys.reachable(region, profile, grants, now_ms, rotations_ms, since_ms=max(since, 0))
        for region in sorted(regions)
    }
    return {region: names for region, names in found.items() if names}


def without_record(policy: CompiledPolicy) -> bool:
    """True if events of somebody without a consent record may leave."""
    return policy.internal_ops or policy.us_adult_opt_out
