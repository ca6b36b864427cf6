"""What Mixpanel's strict import accepts as an event, as pure functions.

Sources: https://docs.mixpanel.com/reference/import-events (requirements, identifiers, time) and
https://docs.mixpanel.com/docs/data-structure/property-reference/data-type (strings, lists, objects).
Where these pages leave room the narrow reading is taken: who satisfies these rules satisfies the service.

The messages for a blank `event`, a `time` of the wrong type, a missing `distinct_id`, a malformed
`$insert_id` and a string that is not UTF-8 are published by Mixpanel or quoted by its users; the service
does not list the others, so they follow the same pattern.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

FORBIDDEN_IDS: Final = frozenset(
    {
        "00000000-0000-0000-0000-000000000000",
        "anon",
        "anonymous",
        "nil",
        "none",
        "null",
        "n/a",
        "na",
        "undefined",
        "unknown",
        "<nil>",
        "0",
        "-1",
        "true",
        "false",
        "[]",
        "{}",
    },
)
"""Values refused both as `distinct_id` and as `$insert_id`: they are what a programming mistake leaves."""

EARLIEST_MS: Final = 31_536_000_000
"""1971-01-01 UTC, in milliseconds since the epoch."""

_MILLISECONDS_FROM: Final = 100_000_000_000
_FIELDS: Final = frozenset({"event", "properties"})
_INSERT_ID: Final = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_WIDEST_CODE_POINT: Final = 4
_NOT_UTF8: Final = "string should be valid utf8"


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one event; sizes are bytes of UTF-8, and every bound is the largest value accepted."""

    event_bytes: int = 1_048_575
    properties: int = 254
    object_keys: int = 254
    array_items: int = 254
    depth: int = 3
    value_bytes: int = 8_192
    string_bytes: int = 255
    name_characters: int = 255
    insert_id_bytes: int = 36
    future_ms: int = 3_600_000


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Failed:
    """One refused event: its place in the request, the field at fault, and the message of the answer."""

    index: int
    field: str
    message: str


def epoch_ms(value: int) -> int:
    """Return `time` in milliseconds, whether it was sent in seconds or in milliseconds.

    Mixpanel does not publish where it draws the line; 10^11 reads as seconds of the year 5138 or as
    milliseconds of 1973, so no plausible event is misread.
    """
    return value if value >= _MILLISECONDS_FROM else value * 1000


def check_event(
    event: Mapping[str, Any],
    index: int,
    *,
    size: int,
    now_ms: int,
    token: str,
    limits: Limits = DEFAULT_LIMITS,
) -> Failed | None:
    """Return why `event` is refused, or None where it is accepted.

    `size` is the event's share of the uncompressed request in bytes, `now_ms` the server's clock and `token`
    the project's: an event that names another project's token is refused, since it was meant for another
    project and perhaps for another region.
    """
    if size > limits.event_bytes:
        return Failed(index, "event", "event is invalid: must be smaller than 1MB of uncompressed JSON")
    name = event.get("event")
    if not isinstance(name, str) or not name.strip():
        return Failed(index, "event", "'event' must not be missing or blank")
    if not _is_utf8(name):
        return Failed(index, "event", f"event is invalid: {_NOT_UTF8}")
    for field in event:
        if field not in _FIELDS:
            return Failed(index, field, f"'{field}' is invalid: must not be present")
    properties = event.get("properties")
    if not isinstance(properties, dict):
        return Failed(index, "properties", "'properties' is invalid: must be an object")
    return (
        _check_time(properties, index, now_ms, limits)
        or _check_distinct_id(properties, index)
        or _check_insert_id(properties, index, limits)
        or _check_token(properties, index, token)
        or _check_properties(properties, index, limits)
    )


def truncate_event(event: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """Return an accepted event as the service keeps it: long strings and names cut without a word.

    Strings are cut to 255 bytes at a code point, in lists and objects too; property names to 255 characters.
    """
    return {
        "event": _truncate(event["event"], limits),
        "properties": {
            name[: limits.name_characters]: _truncate(value, limits) for name, value in event["properties"].items()
        },
    }


def _truncate(value: Any, limits: Limits) -> Any:
    if isinstance(value, str):
        if len(value) * _WIDEST_CODE_POINT <= limits.string_bytes:
            return value
        return value.encode()[: limits.string_bytes].decode(errors="ignore")
    if isinstance(value, list):
        return [_truncate(item, limits) for item in value]
    if isinstance(value, dict):
        return {key[: limits.name_characters]: _truncate(item, limits) for key, item in value.items()}
    return value


def _is_utf8(text: str) -> bool:
    """True if the text has no half of a surrogate pair, neither from an escape nor from a stray byte."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _property(index: int, name: str, rule: str) -> Failed:
    return Failed(index, f"properties.{name}", f"'properties.{name}' is invalid: {rule}")


def _check_time(properties: Mapping[str, Any], index: int, now_ms: int, limits: Limits) -> Failed | None:
    if "time" not in properties:
        return _property(index, "time", "must not be missing")
    time = properties["time"]
    if type(time) is not int:  # a bool is an int to isinstance, and not a time
        return _property(index, "time", "must be specified as seconds since epoch")
    if epoch_ms(time) < EARLIEST_MS:
        return _property(index, "time", "must not be before 1971-01-01")
    if epoch_ms(time) > now_ms + limits.future_ms:
        return _property(index, "time", "must not be more than 1 hour in the future")
    return None


def _check_distinct_id(properties: Mapping[str, Any], index: int) -> Failed | None:
    if "distinct_id" not in properties:
        return _property(index, "distinct_id", "must not be missing")
    distinct_id = properties["distinct_id"]
    if not isinstance(distinct_id, str):
        return _property(index, "distinct_id", "must be a string")
    if distinct_id in FORBIDDEN_IDS:
        return _property(index, "distinct_id", "must not be a placeholder value")
    return None


def _check_insert_id(properties: Mapping[str, Any], index: int, limits: Limits) -> Failed | None:
    insert_id = properties.get("$insert_id")
    if insert_id is None or insert_id == "":
        rule = "must not be missing"
    elif not isinstance(insert_id, str):
        rule = "must be a string"
    elif not _INSERT_ID.fullmatch(insert_id):
        rule = "must only contain alphanumeric or hyphen '-' characters"
    elif len(insert_id) > limits.insert_id_bytes:
        rule = f"must not be longer than {limits.insert_id_bytes} bytes"
    elif insert_id in FORBIDDEN_IDS:
        rule = "must not be a placeholder value"
    else:
        return None
    return Failed(index, "$insert_id", f"'$insert_id' is invalid: {rule}")


def _check_token(properties: Mapping[str, Any], index: int, token: str) -> Failed | None:
    if "token" in properties and properties["token"] != token:
        return _property(index, "token", "must be the token of this project")
    return None


def _check_properties(properties: Mapping[str, Any], index: int, limits: Limits) -> Failed | None:
    if len(properties) > limits.properties:
        return Failed(
            index, "properties", f"'properties' is invalid: must have fewer than {limits.properties + 1} keys"
        )
    for name, value in properties.items():
        kind = type(value)
        if not _is_utf8(name) or (kind is str and not _is_utf8(value)):
            return Failed(index, f"properties.{name}", f"properties.{name} is invalid: {_NOT_UTF8}")
        if kind is not dict and kind is not list:
            continue
        rule = _container_fault(value, 1, limits)
        if rule == _NOT_UTF8:
            return Failed(index, f"properties.{name}", f"properties.{name} is invalid: {_NOT_UTF8}")
        if rule is None and _json_bytes(value) > limits.value_bytes:
            rule = f"must not be larger than {limits.value_bytes} bytes"
        if rule is not None:
            return _property(index, name, rule)
    return None


def _container_fault(value: Any, depth: int, limits: Limits) -> str | None:
    """Return the rule that a list or object breaks; `depth` is 1 for the value of a property."""
    if depth > limits.depth:
        return f"must not be nested deeper than {limits.depth} levels"
    rule = _list_fault(value, limits) if isinstance(value, list) else _object_fault(value, limits)
    if rule is not None:
        return rule
    for child in value if isinstance(value, list) else value.values():
        if isinstance(child, str):
            rule = None if _is_utf8(child) else _NOT_UTF8
        elif isinstance(child, (dict, list)):
            rule = _container_fault(child, depth + 1, limits)
        if rule is not None:
            return rule
    return None


def _list_fault(value: list[Any], limits: Limits) -> str | None:
    if len(value) > limits.array_items:
        return f"must have fewer than {limits.array_items + 1} elements"
    if any(isinstance(item, dict) and _has_container(item) for item in value):
        return "objects in a list must not be nested"
    return None


def _object_fault(value: Mapping[str, Any], limits: Limits) -> str | None:
    if len(value) > limits.object_keys:
        return f"must have fewer than {limits.object_keys + 1} keys"
    return None if all(map(_is_utf8, value)) else _NOT_UTF8


def _has_container(value: Mapping[str, Any]) -> bool:
    return any(isinstance(item, (dict, list)) for item in value.values())


def _json_bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
