"""What may rightly become of a raw record: the pure core, run with every consent that its worker may have had."""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from pipeline.core.consent import ConsentFault, ConsentRecord, normalise_id, parse_consent
from pipeline.core.context import Context
from pipeline.core.outcome import Clean, Dropped, Outcome, Rejected
from pipeline.core.sanitize import sanitize
from pipeline.deliver.canaries import MARK
from pipeline.sandbox.chaos.arrivals import key_of
from pipeline.sandbox.chaos.updates import Key, id_of
from pipeline.stream.log_reader import Stored

State = ConsentRecord | ConsentFault | None
SAME_MOMENT_MS: Final = 5
"""The broker stamps records of two topics; what is closer together may have been appended the other way round."""


@dataclass(slots=True)
class Possible:
    """Everything that may become of one event.

    clean: by the key it would have at Mixpanel, the region; content: by the same, the whole event; under: by the same,
    the number of the consent record of its profile that lets it leave; whose: of updates of groups, which are the same
    whoever makes them, the pseudonyms of who may have made it, each with that number; marketing: keys of events for
    marketing; canary: keys that must never arrive; dropped, rejected: reasons.
    """

    clean: dict[Key, str] = field(default_factory=dict)
    content: dict[Key, Any] = field(default_factory=dict)
    under: dict[Key, int] = field(default_factory=dict)
    whose: dict[Key, dict[str, int]] = field(default_factory=dict)
    marketing: set[Key] = field(default_factory=set)
    canary: set[Key] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)

    def add(self, outcome: Outcome, under: int) -> None:
        """Take in one of the possible outcomes. under: number of the consent record it was judged with."""
        if isinstance(outcome, Clean):
            content = msgspec.json.decode(outcome.value)
            key = key_of(content)
            if MARK in outcome.value:
                self.canary.add(key)
            else:
                self.clean[key] = str(outcome.region)
                self.content[key] = content
                self.under.setdefault(key, under)
                if "$group_key" in content:
                    self.whose.setdefault(key, {}).setdefault(outcome.key.decode(), under)
                if outcome.marketing:
                    self.marketing.add(key)
        elif isinstance(outcome, Dropped):
            self.dropped.add(str(outcome.reason))
        elif isinstance(outcome, Rejected):
            self.rejected.add(str(outcome.reason))
        else:
            self.dropped.add("counted")  # by the demo's settings never: nothing of it leaves under a name

    def names(self, key: Key) -> Mapping[str, int]:
        """Return the pseudonyms under which something may leave, each with the number of the record that lets it."""
        return self.whose.get(key) or {key[1]: self.under.get(key, 0)}

    @property
    def certain(self) -> bool:
        """Say whether there is one possible fate only."""
        return len(self.clean) + len(self.canary) + len(self.dropped) + len(self.rejected) == 1


class Consents:
    """The consent states of every profile and when the broker got each."""

    def __init__(self) -> None:
        self._times: dict[str, list[int]] = {}
        self._states: dict[str, list[State]] = {}

    def take(self, record: Stored) -> "Change":
        """Take in one record of `consent`."""
        assert record.key is not None
        profile = normalise_id(record.key.decode())
        state = parse_consent(record.key, record.value) if record.value is not None else None
        self._times.setdefault(profile, []).append(record.timestamp)
        states = self._states.setdefault(profile, [None])
        states.append(state)
        return Change(profile, len(states) - 1, state)

    def since(self, profile: str, moment_ms: int) -> Iterator[tuple[int, State]]:
        """Yield the state at a moment, and every later one: a worker may know any of them, and none before.

        Each with its number: 0 before the first record.
        """
        first = bisect_left(self._times.get(profile, ()), moment_ms - SAME_MOMENT_MS)
        states = self._states.get(profile, [None])
        return ((number, states[number]) for number in range(first, len(states)))


class Change(NamedTuple):
    """A consent record: whose, the how manyth of the profile, and what it says."""

    profile: str
    number: int
    state: State


class _One:
    """A look-up that always gives the same state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def get(self, _profile: str, /) -> State:
        return self._state


def judge(record: Stored, consents: Consents, context: Context, shifts_s: Collection[float]) -> list[Possible]:
    """Return for each event of a record what may become of it. shifts_s: by how much the worker's clock may be wrong.

    All events of a record are about the profile that its key names.
    """
    profile = normalise_id((record.key or b"").decode())
    found: list[Possible] = []
    for number, state in consents.since(profile, record.timestamp):
        for shift_s in (0.0, *shifts_s):
            at = context.at(record.timestamp + int(shift_s * 1000))
            for index, outcome in enumerate(sanitize(record.value, _One(state), at, record.headers)):
                if index == len(found):
                    found.append(Possible())
                found[index].add(outcome, number)
    return found


def own_texts(value: bytes | None) -> Iterator[tuple[str, list[str]]]:
    """Yield event id and the ids of person and device that must not leave, for each readable event of a record.

    An update has none of its own: what stands for its id, and ids with what is planted in it.
    """
    try:
        content: Any = msgspec.json.decode(value or b"")
    except ValueError:
        return
    for event in content if isinstance(content, list) else [content]:
        if isinstance(event, dict) and "coppice" in event:
            yield id_of(event), []
        elif isinstance(event, dict):
            ids = [str(event[name]) for name in ("profile_id", "device_id", "event_id") if name in event]
            yield str(event.get("event_id", "")), ids
