"""One look over everything an event holds: keys that stand twice, depth, and what it says about the person's age."""

from typing import Any

from pipeline.core.decode import MAX_DEPTH, may_repeat_keys
from pipeline.core.outcome import RejectReason
from pipeline.core.youth import age_in, names_age
from pipeline.policy.vocabulary import Age

ENVELOPE = frozenset({
    "event", "event_id", "time", "received_at", "profile_id", "device_id", "region", "platform", "properties", "age",
    "gpc",
})  # fmt: skip
MAX_PARTS = 2048  # lists and objects in one event; what has more takes longer than one event may
MAX_KEYS = 2048  # in one event, whatever they are keys of
SHAPES = 4096  # kept at hand; clients choose property names, so the store is bounded in number and in width
WIDEST = 64
FEW_LISTS = MAX_DEPTH // 2  # so few cannot be nested too deep

_NONE: tuple[str, ...] = ()
_ORDER = (Age.CHILD, Age.TEEN, Age.ADULT)
_shapes: dict[tuple[str, ...], tuple[str, ...]] = {}


def telling_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of an object's keys that are named like an age. Events of one kind share their keys."""
    known = _shapes.get(names)
    if known is None:
        known = tuple(name for name in names if names_age(name)) or _NONE
        if len(names) <= WIDEST and sum(map(len, names)) <= WIDEST * WIDEST:
            if len(_shapes) >= SHAPES:
                _shapes.clear()
            _shapes[names] = known
    return known


def survey(event: dict[str, Any], raw: bytes | None, now_ms: int) -> tuple[bool, Age | None] | RejectReason:
    """Return whether a key may stand twice, and the youngest age that a property reveals; None: nested too deep.

    raw: what the event was decoded from; None when it was decoded in a way that finds repeated keys.
    """
    properties, age = event.get("properties"), event.get("age")
    keys = len(event)
    if type(properties) is dict:
        keys += len(properties)
    if type(age) is dict:
        keys += len(age)
    if keys > MAX_KEYS:
        return RejectReason.TOO_COMPLEX
    found: list[Age] = []
    if not event.keys() <= ENVELOPE:
        _read({name: value for name, value in event.items() if name not in ENVELOPE}, now_ms, found)
    repeats = False
    if raw is not None and raw.count(b":") == keys and (b"[" not in raw or raw.count(b"[") < FEW_LISTS):
        # Each key has a colon of its own. So none stands twice, no object but these three has any, and only lists nest.
        for node in (properties, age):
            if type(node) is dict:
                _read(node, now_ms, found)
    else:
        nested = _walk(event, now_ms, found)
        if isinstance(nested, RejectReason):
            return nested
        repeats = raw is not None and may_repeat_keys(raw, len(event) + nested)
    return repeats, min(found, key=_ORDER.index) if found else None


def _read(node: dict[str, Any], now_ms: int, found: list[Age]) -> None:
    for name in telling_names(tuple(node)):
        found.append(age_in(name, node[name], now_ms))


def _walk(event: dict[str, Any], now_ms: int, found: list[Age]) -> int | RejectReason:
    """Look into every container below the event; return how many keys they have, or why there is too much to see."""
    count = parts = 0
    level: list[Any] = [v for v in event.values() if type(v) is dict or type(v) is list]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for node in level:
            values = node
            if type(node) is dict:
                count += len(node)
                if count > MAX_KEYS:
                    return RejectReason.TOO_COMPLEX
                values = node.values()
                _read(node, now_ms, found)
            below += [v for v in values if type(v) is dict or type(v) is list]
        if not below:
            return count
        parts += len(below)
        if parts > MAX_PARTS:
            return RejectReason.TOO_COMPLEX
        level = below
    return RejectReason.TOO_DEEP
