"""From the bytes of an import request to its events, with the limits of the service."""

import json
import math
import re
import zlib
from enum import StrEnum
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

import msgspec

from pipeline.sandbox.mixpanel_answers import JSON_TYPE

NDJSON_TYPE: Final = "application/x-ndjson"
FORM_TYPE: Final = "application/x-www-form-urlencoded"

_GZIP_WINDOW: Final = 31
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_array: Final = msgspec.json.Decoder(list[msgspec.Raw])
_lines: Final = msgspec.json.Decoder(msgspec.Raw)


class BodyFault(StrEnum):
    """Why a request has no events that could be judged one by one."""

    TOO_LARGE = "request is too large"
    ENCODING = "unsupported or broken Content-Encoding"
    TYPE = "unsupported Content-Type"
    UNREADABLE = "request body must be JSON objects, in a list or one a line"
    EMPTY = "request body has no events"


class SizedEvent(NamedTuple):
    """One event and its share of the uncompressed body in bytes."""

    size: int
    event: dict[str, Any]


def decompress(body: bytes, encoding: str, limit: int | None) -> bytes | BodyFault:
    """Undo `Content-Encoding`; stop as soon as the result exceeds `limit` bytes (None: no limit)."""
    if encoding in {"", "identity"}:
        return BodyFault.TOO_LARGE if limit is not None and len(body) > limit else body
    if encoding != "gzip":
        return BodyFault.ENCODING
    parts: list[bytes] = []
    total = 0
    while body:
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            parts.append(member.decompress(body, 0 if limit is None else limit + 1 - total))
        except zlib.error:
            return BodyFault.ENCODING
        total += len(parts[-1])
        if limit is not None and total > limit:
            return BodyFault.TOO_LARGE
        if not member.eof:
            return BodyFault.ENCODING
        body = member.unused_data
    return b"".join(parts)


def count_events(body: bytes, content_type: str) -> int:
    """Count the events of a well-formed body as cheaply as possible; 0 for anything else."""
    if content_type == FORM_TYPE:
        # JSON keeps an unescaped quote on both sides of a name only, so this is one hit an event
        return body.count(b"%22properties%22")
    try:
        return len(_split(body, content_type))
    except msgspec.DecodeError:
        return 0


def read_events(body: bytes, content_type: str) -> list[SizedEvent] | BodyFault:
    """Return the events of an uncompressed body: a JSON array, NDJSON, or the `data` field of a form.

    Text that is not UTF-8 is kept as lone surrogates, so that it costs its own event and not its neighbours.
    """
    if content_type == FORM_TYPE:
        body = "".join(parse_qs(body.decode("ascii", "replace")).get("data", [])).encode()
        if body.startswith(b"{"):  # the official client sends a lone event without brackets
            body = b"[" + body + b"]"
    elif content_type not in {JSON_TYPE, NDJSON_TYPE}:
        return BodyFault.TYPE
    if not body.strip():
        return BodyFault.EMPTY
    try:
        parts = _split(body, content_type)
        events = [SizedEvent(len(memoryview(part)), msgspec.json.decode(part)) for part in parts]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = body.decode(errors="surrogateescape")
        try:
            events = _read_lines(text) if content_type == NDJSON_TYPE else _read_array(text)
        except (ValueError, RecursionError):
            return BodyFault.UNREADABLE
    if not events:
        return BodyFault.EMPTY
    if not all(isinstance(item.event, dict) for item in events):
        return BodyFault.UNREADABLE
    return events


def _split(body: bytes, content_type: str) -> list[msgspec.Raw]:
    return _lines.decode_lines(body) if content_type == NDJSON_TYPE else _array.decode(body)


# What the fast parser refuses is read once more leniently: text that is not UTF-8, lone surrogate escapes and
# integers of any size are JSON to the service. Raises ValueError for what is not JSON even so, and
# RecursionError for nesting beyond reason.


def _read_lines(text: str) -> list[SizedEvent]:
    events = []
    for line in text.split("\n"):
        if line.strip():
            event, end = _read_value(line, _skip_space(line, 0))
            _require(end, len(line.rstrip()))
            events.append(event)
    return events


def _read_array(text: str) -> list[SizedEvent]:
    events: list[SizedEvent] = []
    separator, position = _read_mark(text, 0)
    _require(separator, "[")
    while separator != "]":
        event, position = _read_value(text, position)
        events.append(event)
        separator, position = _read_mark(text, position)
        _require(separator in {",", "]"}, expected=True)
    _require(position, len(text))
    return events


def _read_value(text: str, start: int) -> tuple[SizedEvent, int]:
    value, end = _lenient.raw_decode(text, start)
    return SizedEvent(len(text[start:end].encode(errors="surrogateescape")), value), end


def _read_mark(text: str, start: int) -> tuple[str, int]:
    """Return the next character that is not space, and where the one after it begins."""
    position = _skip_space(text, start)
    return text[position : position + 1], _skip_space(text, position + 1)


def _skip_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return len(text) if found is None else found.end()


def _require(actual: object, expected: object) -> None:
    if actual != expected:
        raise ValueError("not JSON")


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("number out of range")
    return number


_lenient: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
