"""A rights worker whose clock is hours behind suppresses and erases what it would with the right time."""

from collections.abc import Sequence

import pytest

from pipeline.core.grants import Grant, grant_name
from pipeline.core.identity import KeyRing, RegionKeys
from pipeline.policy.compiling import load_policy
from pipeline.policy.vocabulary import Region, Space
from pipeline.rights.findings import Ended, Terms, pseudonyms
from pipeline.rights.identities import Identity, Last, Position
from pipeline.rights.reach import reach
from pipeline.stream.suppression import SuppressWhy

HOUR, DAY = 3_600_000, 86_400_000
NOW = 1_790_000_000_000
ROTATION = 30 * DAY
KEYS = KeyRing({
    region: RegionKeys.single({space: f"{region}/{space}".encode() * 4 for space in Space}, f"{region}/ids".encode())
    for region in Region
})  # fmt: skip


def _suppressed(grants: Sequence[Grant], withdrawn_ms: int, clock_ms: int) -> set[str]:
    terms = Terms(KEYS, provider=False, recordless=False, rotations_ms=(ROTATION,), kept_ms=730 * DAY)
    ended = Ended("somebody", grants, frozenset({Region.US}), SuppressWhy.WITHDRAWN, withdrawn_ms)
    return pseudonyms(ended, terms, clock_ms)


def _name(grant: Grant, time_ms: int) -> str:
    return KEYS.pseudonym(
        Region.US, Space.ANALYTICS, "somebody", grant_name(grant.consent_id, grant.granted_at), time_ms, ROTATION
    )


@pytest.mark.parametrize("behind_ms", [0, 2 * HOUR, 3 * DAY])
def test_a_grant_of_a_minute_ago(behind_ms: int) -> None:
    grant = Grant("young", NOW - 60_000, Region.US)
    assert _name(grant, NOW) in _suppressed([grant], NOW, NOW - behind_ms)


@pytest.mark.parametrize("behind_ms", [0, 2 * HOUR, 3 * DAY])
def test_an_epoch_that_began_a_minute_ago(behind_ms: int) -> None:
    now = NOW // ROTATION * ROTATION + 60_000
    grant = Grant("old", now - 5 * DAY, Region.US)
    assert _name(grant, now) in _suppressed([grant], now, now - behind_ms)


@pytest.mark.parametrize("behind_ms", [0, 2 * HOUR, 3 * DAY])
def test_an_erasure_reaches_a_grant_of_a_minute_ago(behind_ms: int) -> None:
    grant = Grant("young", NOW - 60_000, Region.US)
    last = Last(
        analytics=True, third_party_disclosure=True, marketing=False, withdrawn=False, region=Region.US, band="adult"
    )
    identity = Identity((grant,), grant.granted_at, last, (), Position(1, NOW))
    found = reach(KEYS, load_policy(), (ROTATION,), "somebody", identity, NOW - behind_ms)
    assert _name(grant, NOW) in found[Region.US]
