"""One look over everything an event holds: keys that stand twice, depth, and what it says about the person's age."""

from typing import Any, Final

from pipeline.core.decode import MAX_DEPTH, may_repeat_keys
from pipeline.core.outcome import RejectReason
from pipeline.core.work import MOST_SIGNS, Work
from pipeline.core.youth import age_in, names_age
from pipeline.policy.vocabulary import Age

ENVELOPE: Final = frozenset({
    "event", "event_id", "time", "received_at", "profile_id", "device_id", "region", "platform", "properties", "age",
    "gpc",
})  # fmt: skip
MAX_PARTS: Final = 2048  # lists and objects in one event; what has more takes longer than one event may
MAX_KEYS: Final = 2048  # in one event, whatever they are keys of
STATED: Final = 2  # keys of an age as the backend states it, band and source: neither is named like one
SHAPES: Final = 4096  # kept at hand; clients choose property names, so the store is bounded in number and in width
WIDEST: Final = 64
ENVELOPES: Final = 256  # orders of an envelope's keys, kept at hand
FEW_LISTS: Final = MAX_DEPTH // 2  # so few cannot be nested too deep

_envelopes: Final[set[tuple[str, ...]]] = set()
_NONE: Final[tuple[str, ...]] = ()
_ORDER: Final = (Age.CHILD, Age.TEEN, Age.ADULT)
_shapes: Final[dict[tuple[str, ...], tuple[str, ...]]] = {}


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


class _TooMuchError(Exception):
    """The array has more than may be looked at."""


def survey(
    event: dict[str, Any],
    raw: bytes | None,
    now_ms: int,
    work: Work | None = None,
    names: tuple[str, ...] | None = None,
) -> tuple[bool, Age | None] | RejectReason:
    """Return whether a key may stand twice, and the youngest age that a property reveals; None: nested too deep.

    raw: what the event was decoded from; None when it was decoded in a way that finds repeated keys. work: what may
    still be looked at for the array that the event stands in. A small record cannot hold too much. names: those of the
    event's properties, where the caller has them at hand.
    """
    properties, age = event.get("properties"), event.get("age")
    keys = len(event)
    if type(properties) is dict:
        keys += len(properties)
    if type(age) is dict:
        keys += len(age)
    if keys > MAX_KEYS:
        return RejectReason.TOO_COMPLEX
    if work is None:
        if raw is None or len(raw) > MOST_SIGNS:
            work = Work()
        elif _is_envelope(event) and _is_flat(raw, keys):  # as nearly every event is
            if names is not None and not telling_names(names) and not _tells(age):
                return False, None
            return False, _youngest(_read_flat(properties, age, now_ms, None))
    try:
        return _survey(event, raw, keys, now_ms, work)
    except _TooMuchError:
        return RejectReason.TOO_COMPLEX


def _is_envelope(event: dict[str, Any]) -> bool:
    """Say whether an event has no other keys than an envelope's, which nearly all have in the same few orders."""
    names = tuple(event)
    if names in _envelopes:
        return True
    if not ENVELOPE.issuperset(names):
        return False
    if len(_envelopes) < ENVELOPES:
        _envelopes.add(names)
    return True


def _is_flat(raw: bytes, keys: int) -> bool:
    """Say whether no key stands twice and no object is in another, given how many keys event, properties and age have.

    Each key has a colon of its own. So when those keys are all that there are, only lists can nest.
    """
    return (raw.find(b"[") < 0 or raw.count(b"[") < FEW_LISTS) and not may_repeat_keys(raw, keys)


def _survey(
    event: dict[str, Any], raw: bytes | None, keys: int, now_ms: int, work: Work | None
) -> tuple[bool, Age | None] | RejectReason:
    found: list[Age] = []
    if not _is_envelope(event):
        found = _read({name: value for name, value in event.items() if name not in ENVELOPE}, now_ms, work)
    repeats = False
    if raw is not None and _is_flat(raw, keys):
        found += _read_flat(event.get("properties"), event.get("age"), now_ms, work)
    else:
        nested = _walk(event, now_ms, found, work)
        if isinstance(nested, RejectReason):
            return nested
        repeats = raw is not None and may_repeat_keys(raw, len(event) + nested)
    return repeats, _youngest(found)


def _youngest(ages: list[Age]) -> Age | None:
    return min(ages, key=_ORDER.index) if ages else None


def _read_flat(properties: Any, age: Any, now_ms: int, work: Work | None) -> list[Age]:
    found = _read(properties, now_ms, work) if type(properties) is dict else []
    if _tells(age):
        found += _read(age, now_ms, work)
    return found


def _tells(age: Any) -> bool:
    """Say whether the envelope's `age` holds anything but what `cohort.resolve` reads of it."""
    return type(age) is dict and not (len(age) == STATED and "band" in age and "source" in age)


def _read(node: dict[str, Any], now_ms: int, work: Work | None) -> list[Age]:
    """Return the age group that each property of an object states. Raise _TooMuchError."""
    names = tuple(node)
    if work is None:
        telling = telling_names(names)
    elif not work.may_read(names) or not work.may_tell(len(telling := telling_names(names))):
        raise _TooMuchError
    return [age_in(name, node[name], now_ms) for name in telling] if telling else []


def _walk(event: dict[str, Any], now_ms: int, found: list[Age], work: Work | None) -> int | RejectReason:
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
                found += _read(node, now_ms, work)
            below += [v for v in values if type(v) is dict or type(v) is list]
        if not below:
            return count
        parts += len(below)
        if parts > MAX_PARTS:
            return RejectReason.TOO_COMPLEX
        level = below
    return RejectReason.TOO_DEEP
