"""The fate of each event, from what may become of it and from what is found outside. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.sandbox.chaos.judging import Possible
from pipeline.sandbox.chaos.updates import PATHS, Key
from pipeline.stream.suppression import key_for_marketing

DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event lies: coordinates, never content. index: its place in an array record."""

    topic: str
    partition: int
    offset: int
    index: int = 0


class Offence(NamedTuple):
    """An event that something is wrong with, and what."""

    why: str
    place: Place


@dataclass(slots=True)
class Found:
    """What is found outside.

    delivered, queued: by key, the region whose project or clean topic has the event; makers: of what is queued, the
    pseudonym that it is queued under; refused: keys that delivery has set aside, on record; suppressed: keys of
    suppressions, mostly pseudonyms, with when the broker got each; rejected: reasons by place.
    """

    delivered: dict[Key, str] = field(default_factory=dict)
    queued: dict[Key, str] = field(default_factory=dict)
    makers: dict[Key, str] = field(default_factory=dict)
    refused: set[Key] = field(default_factory=set)
    suppressed: dict[str, int] = field(default_factory=dict)
    rejected: dict[Place, str] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """Events by fate, and what is wrong. ambiguous: with more than one rightful fate, of which one was found."""

    published: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    ambiguous: int = 0
    unaccounted: list[Offence] = field(default_factory=list)
    leaks: list[Offence] = field(default_factory=list)

    @property
    def delivered(self) -> int:
        """Return how many events and updates have been delivered."""
        return sum(count for fate, count in self.fates.items() if fate.startswith(DELIVERED))


def account(place: Place, possible: Possible, found: Found, tally: Tally) -> None:
    """Find the one fate of an event and count it; note what is wrong with it."""
    tally.published += 1
    tally.ambiguous += not possible.certain
    fate = _fate(place, possible, found)
    if fate is not None:
        tally.fates[fate] += 1
        return
    queued = any(key in found.queued for key in possible.clean)
    tally.unaccounted.append(Offence("queued, and no fate" if queued else "no fate", place))


def _fate(place: Place, possible: Possible, found: Found) -> str | None:
    delivered = [key for key, region in possible.clean.items() if found.delivered.get(key) == region]
    if delivered:
        if len(delivered) > 1:
            return None  # twice under different names: not once
        return f"{DELIVERED}{delivered[0][0]}" if delivered[0][0] in PATHS else DELIVERED
    if (reason := found.rejected.get(place)) is not None:
        return f"rejected/{reason}" if reason in possible.rejected else None
    if any(key in found.refused for key in possible.clean):
        return "refused by Mixpanel"
    queued = [key for key in possible.clean if key in found.queued]
    if queued:
        return "suppressed" if all(_suppressed(key, possible, found) for key in queued) else None
    if possible.canary:
        return "canary"
    if possible.dropped:
        return f"dropped/{min(possible.dropped)}" if len(possible.dropped) == 1 else "dropped/consent that changed"
    return None


def _suppressed(key: Key, possible: Possible, found: Found) -> bool:
    makers = {found.makers[key]} if key in found.makers else possible.names(key)
    if key in possible.marketing:
        makers = {*makers, *(key_for_marketing(each.encode()).decode() for each in makers)}
    return not found.suppressed.keys().isdisjoint(makers)


def unexpected(delivered: Mapping[Key, str], expected: Mapping[Key, tuple[str, Place]]) -> list[Offence]:
    """Return what is at Mixpanel without the right to be: in the wrong project, or in any."""
    wrong = []
    for key, region in delivered.items():
        right, place = expected.get(key, ("", Place("", -1, -1)))
        if right != region:
            wrong.append(Offence("delivered and may not be" if not right else "in the wrong project", place))
    return wrong
