"""Key rings with versions: as plain numbers, which a test can reason about, and as the core knows them."""

import hashlib

from hypothesis import strategies as st

from pipeline.core.identity import EVENT_IDS, KEY_NAMES, KeyRing, KeyVersion, RegionKeys
from pipeline.policy.vocabulary import Region, Space
from tests.core.worlds import DAY, HOUR, NOW

OLDEST, FUTURE = NOW - 400 * DAY, NOW + HOUR
Dated = dict[tuple[Region, str], list[int]]
"""For each key the moments from which its versions are in force; the first is 0."""


def secret_of(region: Region, name: str, start: int) -> bytes:
    """Return the secret of the version that starts at a moment."""
    return hashlib.sha256(f"{region}/{name}/{start}".encode()).digest()


def everywhere(*starts: int) -> Dated:
    """Return the same moments for each key."""
    return {(region, name): list(starts) for region in Region for name in KEY_NAMES}


def ring_of(dated: Dated, retired: int = 0) -> KeyRing:
    """Return the ring. retired: how many of the oldest versions of each key are destroyed, never the newest."""

    def series(region: Region, name: str) -> tuple[KeyVersion, ...]:
        starts = dated[region, name]
        gone = starts[: min(retired, len(starts) - 1)]
        return tuple(
            KeyVersion(str(i), b"" if start in gone else secret_of(region, name, start), start, start in gone)
            for i, start in enumerate(starts)
        )

    return KeyRing({r: RegionKeys({space: series(r, space) for space in Space}, series(r, EVENT_IDS)) for r in Region})


@st.composite
def rings(draw: st.DrawFn) -> Dated:
    """Draw up to three versions of each key, each from a moment of its own."""
    later = st.lists(st.integers(OLDEST, FUTURE - HOUR), max_size=2, unique=True)
    return {(region, name): [0, *sorted(draw(later))] for region in Region for name in KEY_NAMES}
