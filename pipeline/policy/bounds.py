"""Whether what a schema allows could be over one of Mixpanel's limits of an event: found when the registry is compiled.

Mixpanel cuts, renames or refuses what is over a limit, so no schema may allow it. Single values are bounded by their
checks (`policy.checks`): 255 bytes of a text, 254 items of a list, nothing nested in it. Here are the limits of a whole
list and of a whole event: https://docs.mixpanel.com/reference/import-events and, for lists,
https://docs.mixpanel.com/docs/data-structure/property-reference/data-type.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]  # what a pattern can match is told nowhere else
from typing import Any, Final

import msgspec

from pipeline.policy.checks import PATTERNS
from pipeline.policy.vocabulary import Action, Cohort

LONGEST_NAME: Final = 255  # bytes
LARGEST_LIST: Final = 8192  # bytes of JSON
LARGEST_EVENT: Final = 1_048_575
MOST_PROPERTIES: Final = 254 - 7 - 10  # without our own seven, and what Mixpanel's servers add

_LONGEST_TEXT: Final = 255
_ESCAPED: Final = 6  # bytes of a sign that JSON writes as \u0000
_NUMBER: Final = 25  # bytes of the longest number
_PSEUDONYM: Final = 34
_ENVELOPE: Final = 1024  # bytes of the event's own fields, with much to spare


def largest(action: Action, schema: Mapping[str, Any]) -> int:
    """Return the most bytes that a value may take in JSON when it leaves by this action."""
    if action is Action.PSEUDONYMIZE:
        return _PSEUDONYM
    if action is Action.SCRUB:
        return _LONGEST_TEXT * _ESCAPED + 2
    if action is Action.ROUTE:
        return max(len(route.encode()) for route in schema["x-routes"]) + 2
    return _largest(schema)


def of_property(name: str, schema: Mapping[str, Any], size: int) -> list[str]:
    """Say what is wrong with one property that may leave and takes `size` bytes at most."""
    wrong = []
    if len(name.encode()) > LONGEST_NAME:
        wrong.append(f"a name may have {LONGEST_NAME} bytes")
    if schema.get("type") == "array" and size > LARGEST_LIST:
        wrong.append(
            f"a list may take {LARGEST_LIST} bytes, and this one up to {size}: fewer maxItems, or shorter items"
        )
    if any(len(route.encode()) > _LONGEST_TEXT for route in schema.get("x-routes", ())):
        wrong.append(f"a route may have {_LONGEST_TEXT} bytes")
    return wrong


def of_event(name: str, longest_suffix: str, sizes: Mapping[Cohort, Mapping[str, int]]) -> list[str]:
    """Say what is wrong with an event. sizes: of what may leave, the most bytes of each value, by name."""
    wrong = []
    if not name.strip() or len((name + longest_suffix).encode()) > _LONGEST_TEXT:
        wrong.append(f"title: an event's name may have {_LONGEST_TEXT - len(longest_suffix)} bytes and is not blank")
    most = max((len(each) for each in sizes.values()), default=0)
    if most > MOST_PROPERTIES:
        wrong.append(f"properties: {MOST_PROPERTIES} may leave with an event, and these are {most}")
    bytes_ = max((_event_bytes(each.items()) for each in sizes.values()), default=0)
    if bytes_ > LARGEST_EVENT:
        wrong.append(f"properties: an event may take {LARGEST_EVENT} bytes, and this one up to {bytes_}")
    return wrong


def _event_bytes(sizes: Iterable[tuple[str, int]]) -> int:
    return _ENVELOPE + sum(len(msgspec.json.encode(name)) + size + 2 for name, size in sizes)


def _largest(schema: Mapping[str, Any]) -> int:
    kind = schema.get("type", "string")
    if kind == "array":
        return int(schema["maxItems"]) * (_largest(schema["items"]) + 1) + 1
    if kind != "string":
        return _NUMBER
    if "enum" in schema:
        return max(len(msgspec.json.encode(value)) for value in schema["enum"])
    width, widest = _of_pattern(schema["pattern"])
    return min(width, int(schema.get("maxLength", _LONGEST_TEXT)), _LONGEST_TEXT) * widest + 2


@lru_cache(PATTERNS)
def _of_pattern(pattern: str) -> tuple[int, int]:
    """Return how many signs a pattern matches at most, and how many bytes of JSON one of them takes at most."""
    parsed = _parser.parse(pattern)
    return int(parsed.getwidth()[1]), _widest(parsed)


def _widest(parsed: Iterable[tuple[Any, Any]]) -> int:
    """Return how many bytes of JSON one ASCII sign that a pattern matches may take: 1, 2 (escaped) or 6."""
    return max((_width(kind, what) for kind, what in parsed), default=1)


def _width(kind: Any, what: Any) -> int:
    match kind:
        case _constants.LITERAL:
            return _sign(what)
        case _constants.RANGE:
            return max(map(_sign, range(what[0], min(what[1], 127) + 1)), default=1)
        case _constants.IN:
            return _widest(what)
        case _constants.CATEGORY:
            return 1 if what in {_constants.CATEGORY_DIGIT, _constants.CATEGORY_WORD} else _ESCAPED
        case _constants.BRANCH:
            return max(map(_widest, what[1]))
        case _constants.SUBPATTERN:
            return _widest(what[-1])
        case _constants.MAX_REPEAT | _constants.MIN_REPEAT | _constants.POSSESSIVE_REPEAT:
            return _widest(what[2])
        case _constants.ATOMIC_GROUP:
            return _widest(what)
        case _constants.AT | _constants.ASSERT | _constants.ASSERT_NOT | _constants.GROUPREF:
            return 1
        case _:
            return _ESCAPED  # any sign, or any but some


def _sign(code: int) -> int:
    return len(msgspec.json.encode(chr(code))) - 2 if code < 128 else 1  # noqa: PLR2004 - others are never let through
