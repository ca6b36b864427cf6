"""A small world in which events of Indian children are counted, and the way from raw events to what leaves."""

import json
import random
from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.aggregate.emission import Emission, Sender, emission
from pipeline.aggregate.records import Close, Window, contribution, mark
from pipeline.aggregate.windows import Windows
from pipeline.core.outcome import Counted, Outcome
from pipeline.policy.vocabulary import Region
from tests.core.worlds import HOUR, KEYS, LIBRARY, NOW, OPEN, PROJECTS, World, merged, raw_event, record_of, world

COUNTS: dict[str, Any] = merged(OPEN, {
    "india_child": {
        "mode": "aggregate_only",
        "aggregates": {"window": "hour", "grace_minutes": 60, "events": {"analytics": ["world", "won"]}},
    },
    "vendor_gate": {"in_child_counts": {"document": "D-1", "until": "2099-12-31"}},
    "consent": {"notice_versions": {"in_child": ["2026-04"]}, "rule_10_methods": ["digilocker"]},
})  # fmt: skip
PARENT = record_of("IN/child", relation="mother")
SENDER = Sender(KEYS, PROJECTS[Region.IN], LIBRARY)
START = NOW - NOW % HOUR - 2 * HOUR  # of a window that is over
K = 20


def child(number: int) -> str:
    """Name a child."""
    return f"child-{number:04}"


def counts_world(children: Iterable[str], *overlays: dict[str, Any], now_ms: int = NOW) -> World:
    """Return a world where the parents of these children have consented to everything."""
    records = [PARENT | {"profile_id": name, "consent_id": f"consent-{name}"} for name in children]
    return world(COUNTS, *overlays, records=tuple(records), now_ms=now_ms)


def child_event(name: str, number: int = 0, **fields: Any) -> dict[str, Any]:
    """Make an event of a child in the window at `START`; another number is another event."""
    at = START + number % HOUR
    event = raw_event(profile_id=name, region="IN", event_id=f"event-{name}-{number}", time=at, received_at=at + 500)
    return event | fields


def judged(here: World, events: Iterable[dict[str, Any]]) -> list[Counted]:
    """Judge events that must all be counted."""
    outcomes: list[Outcome] = [here.one(event) for event in events]
    assert all(isinstance(outcome, Counted) for outcome in outcomes), outcomes
    return [outcome for outcome in outcomes if isinstance(outcome, Counted)]


def contributions(outcomes: Iterable[Counted]) -> list[bytes]:
    """Return the values of the records that the sanitiser writes."""
    return [contribution(outcome)[1] for outcome in outcomes]


def close(window: Window, k: int = K) -> bytes:
    """Return the mark that closes a window."""
    return mark(Close(*window, k, window.end_ms + HOUR))


def read(log: Sequence[bytes], *, at_ms: int | None = None) -> Windows:
    """Read a log. at_ms: when the broker got all of it; soon after the window if not given."""
    state = Windows(0)
    for offset, value in enumerate(log, 1):
        state.apply(None, value, START + 2 * HOUR if at_ms is None else at_ms)
        state.advance(offset)
    return state


def left(log: Sequence[bytes], window: Window) -> Emission:
    """Return what leaves of one window of a log that closes it."""
    return emission(read(log).closed[window], SENDER)


def told(made: Emission) -> dict[str, int]:
    """Return the counts that leave, by the values of their dimensions."""
    found = {}
    for _, value in made.records:
        properties = json.loads(value)["properties"]
        dimensions = {name: properties[name] for name in ("world", "won") if name in properties}
        found[json.dumps(dimensions, sort_keys=True)] = properties["count"]
    return found


def shuffled(values: Iterable[Any], seed: int = 1) -> list[Any]:
    """Return the values in another order, the same one for a seed."""
    mixed = list(values)
    random.Random(seed).shuffle(mixed)
    return mixed
