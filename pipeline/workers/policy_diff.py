"""What a change of policy does to a sample of events: which leave now, with what, and which no longer do (R38).

Values are compared and never told: a change names event, cohort, property and lines of the sample.
"""

import json
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.core.consent import ConsentLookup
from pipeline.core.context import Context
from pipeline.core.decode import decode
from pipeline.core.explain import written_by
from pipeline.core.outcome import Clean, Counted, Dropped, Outcome, Rejected
from pipeline.core.sanitize import sanitize
from pipeline.ops.settings import Settings
from pipeline.policy.compiling import load_policy
from pipeline.policy.facts import Facts, facts_of
from pipeline.policy.looseness import loosenings
from pipeline.policy.registry import compile_registry
from pipeline.schemas import event_schemas, load_schema
from pipeline.workers.trial import trial_context

EXAMPLES = 3
NO_COHORT = "–"
UNREGISTERED = "(not registered)"
PER_DELIVERY = frozenset({"token", "time", "$insert_id", "mp_lib", "$lib_version", "ip"})


class Direction(StrEnum):
    """What a change does to what leaves."""

    LOOSER = "looser"
    STRICTER = "stricter"
    SAME = "same"  # nothing that leaves changes, only the reason or the cohort


class Change(NamedTuple):
    """One kind of change. what: a registered property, `the event` or `identity`."""

    direction: Direction
    event: str
    cohort: str
    what: str
    was: str
    now: str


class Side(NamedTuple):
    """One of the two policies: the world it makes, and what it lets out as data."""

    context: Context
    facts: Facts


class Difference(NamedTuple):
    """Changes on the sample with counts and lines (from 1), and what the policies themselves say.

    looser, stricter: steps between the policies, in words, whether the sample shows them or not.
    """

    events: int
    changes: Counter[Change]
    examples: dict[Change, list[int]]
    looser: list[str]
    stricter: list[str]

    @property
    def direction(self) -> Direction:
        """Return the verdict: looser if anything is, in the sample or in the policies."""
        found = {change.direction for change in self.changes}
        if self.looser or Direction.LOOSER in found:
            return Direction.LOOSER
        return Direction.STRICTER if self.stricter or Direction.STRICTER in found else Direction.SAME


def load_side(path: Path, settings: Settings, at_ms: int) -> Side:
    """Load a settings file over the shipped policy, or a directory with settings.yaml, us.yaml and india.yaml.

    A directory `events` in it is its registry. Raise PolicyError, or ConfigError for schemas.
    """
    policy = load_policy(directory=path) if path.is_dir() else load_policy(path)
    own = path / "events"
    schemas = event_schemas(own if path.is_dir() and own.is_dir() else settings.policy.registry_dir)
    defaults = load_schema("mixpanel-defaults")
    registry = compile_registry(schemas, defaults, policy)
    facts = facts_of(policy, registry, schemas, defaults, load_schema("profile"))
    return Side(trial_context(policy, registry, settings, at_ms), facts)


def compare(old: Side, new: Side, sample: Iterable[bytes], consents: ConsentLookup) -> Difference:
    """Judge every record of the sample under both policies, with the same keys and at the same moment."""
    changes: Counter[Change] = Counter()
    examples: dict[Change, list[int]] = {}
    events = 0
    for number, raw in enumerate(sample, 1):
        was, now = sanitize(raw, consents, old.context), sanitize(raw, consents, new.context)
        for event, before, after in zip_longest(_events(raw), was, now):
            if before is None or after is None:  # a record that was rejected whole has one outcome
                continue
            events += 1
            for change in _changes(event, before, after, old.context, new.context):
                changes[change] += 1
                lines = examples.setdefault(change, [])
                if len(lines) < EXAMPLES and number not in lines:
                    lines.append(number)
    looser = [f"{step.where}: {step.what}" for step in loosenings(old.facts, new.facts)]
    stricter = [f"{step.where}: before, {step.what}" for step in loosenings(new.facts, old.facts)]
    return Difference(events, changes, examples, looser, stricter)


def _events(raw: bytes) -> list[Any]:
    value = decode(raw)
    return value if type(value) is list else [value]


def _changes(event: Any, was: Outcome, now: Outcome, old: Context, new: Context) -> Iterable[Change]:
    name = event.get("event") if type(event) is dict else None
    known = name if type(name) is str and (name in old.registry or name in new.registry) else UNREGISTERED
    before, after = _cohort(was), _cohort(now)
    cohort = before if before == after else f"{before} → {after}"

    def change(direction: Direction, what: str, told_was: str, told_now: str) -> Change:
        return Change(direction, known, cohort, what, told_was, told_now)

    if isinstance(was, Clean) and isinstance(now, Clean):
        given = (_given(event) if was.is_update else event.get("properties")) if type(event) is dict else None
        yield from _properties(given if type(given) is dict else {}, was, now, change)
        yield from _identity(was, now, old, new, change)
    elif isinstance(was, Clean):
        yield change(Direction.STRICTER, "the event", "leaves", _told(now))
    elif isinstance(now, Clean):
        yield change(Direction.LOOSER, "the event", _told(was), "leaves")
    elif isinstance(now, Counted) and (not isinstance(was, Counted) or was.cell != now.cell):
        told = "is counted in another way" if isinstance(was, Counted) else _told(now)
        yield change(Direction.LOOSER, "the event", _told(was), told)
    elif isinstance(was, Counted) and not isinstance(now, Counted):
        yield change(Direction.STRICTER, "the event", _told(was), _told(now))
    elif (_told(was), before) != (_told(now), after):
        yield change(Direction.SAME, "the event", _told(was), _told(now))


def _given(update: dict[str, Any]) -> dict[str, Any]:
    """Return what an update asks for, by name; a value of another form than its operator's is none that leaves."""
    return written_by({name: part for name, part in update.items() if type(part) is dict})


def _properties(given: dict[str, Any], was: Clean, now: Clean, change: Any) -> Iterable[Change]:
    before, after = _left(was), _left(now)
    for name in sorted((before.keys() | after.keys()) - PER_DELIVERY - {"distinct_id"}):
        if name not in after:
            yield change(Direction.STRICTER, name, "leaves", "stays behind")
        elif name not in before:
            yield change(Direction.LOOSER, name, "stays behind", "leaves")
        elif before[name] != after[name]:
            if given.get(name) == before[name]:
                yield change(Direction.STRICTER, name, "leaves as it is", "leaves in another form")
            else:  # which of two other forms says more cannot be told
                as_it_is = given.get(name) == after[name]
                told = "leaves as it is" if as_it_is else "leaves in yet another form"
                yield change(Direction.LOOSER, name, "leaves in another form", told)


def _identity(was: Clean, now: Clean, old: Context, new: Context, change: Any) -> Iterable[Change]:
    before, after = _left(was)["distinct_id"], _left(now)["distinct_id"]
    if before == after:
        return
    if not after:
        yield change(Direction.STRICTER, "identity", "a pseudonym", "none")
    elif not before:
        yield change(Direction.LOOSER, "identity", "none", "a pseudonym")
    else:
        shorter = new.policy.rotation_ms[now.cohort] < old.policy.rotation_ms[was.cohort]
        yield change(
            Direction.STRICTER if shorter else Direction.LOOSER, "identity", "a pseudonym", "another pseudonym"
        )


def _left(clean: Clean) -> dict[str, Any]:
    left: dict[str, Any] = json.loads(clean.value)
    if not clean.is_update:
        return dict(left["properties"])
    return written_by(left) | {"distinct_id": clean.key.decode()}


def _cohort(outcome: Outcome) -> str:
    return NO_COHORT if isinstance(outcome, Rejected) else outcome.cohort


def _told(outcome: Outcome) -> str:
    match outcome:
        case Clean():
            return "leaves"
        case Dropped():
            return f"stays: {outcome.reason}"
        case Counted():
            return "is counted"
        case Rejected():
            return f"rejected: {outcome.reason}"
