"""Raw bytes → JSON value, or the reason why not."""

import json
from typing import Any, Final

import msgspec

from pipeline.core.outcome import Rejected, RejectReason

MAX_BYTES: Final = 1_000_000  # what fits a Kafka message of default size, with room for key and headers
MAX_DEPTH: Final = 64
LARGE: Final = 65_536  # a record that is smaller is quick to decode whatever it holds
MOST_BRACKETS: Final = 16_384

_decoder: Final = msgspec.json.Decoder()
_encoder: Final = msgspec.json.Encoder(enc_hook=lambda _: None)


class NotANumber:
    """Stands for NaN, Infinity and endless integers: fits no schema, so the property goes, the event stays."""


NOT_A_NUMBER: Final = NotANumber()


class _DuplicateKeyError(Exception):
    """An object names a key twice; nobody can say which value counts."""


def decode(raw: bytes | None) -> Any | Rejected:
    """Decode one record's value. Every expected defect is a typed rejection."""
    if not raw:
        return Rejected(RejectReason.EMPTY)
    if len(raw) > MAX_BYTES:
        return Rejected(RejectReason.TOO_LARGE)
    if len(raw) > LARGE and raw.count(b"[") + raw.count(b"{") > MOST_BRACKETS:
        return Rejected(RejectReason.TOO_COMPLEX)
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return decode_leniently(raw)


def decode_leniently(raw: bytes) -> Any | Rejected:
    """Decode what clients get wrong: surrogate pairs in UTF-8 (CESU-8), NaN, a byte order mark. Finds repeated keys.

    An element of an array that holds half a surrogate pair is a rejection in its place.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            pairs = raw.decode("utf-8-sig", "surrogatepass")
            text = pairs.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeError:
            return Rejected(RejectReason.NOT_UTF8)
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=lambda _: NOT_A_NUMBER, parse_int=_integer)
        if type(value) is list:
            return [_writable(element) for element in value]  # what is wrong with one leaves its neighbours alone
        _encoder.encode(value)  # half a surrogate pair, written as an escape, cannot be written as UTF-8 again
        return value
    except _DuplicateKeyError:
        return Rejected(RejectReason.DUPLICATE_KEY)
    except UnicodeEncodeError:
        return Rejected(RejectReason.NOT_UTF8)
    except RecursionError:
        return Rejected(RejectReason.TOO_DEEP)
    except ValueError:
        return Rejected(RejectReason.EMPTY if not text.strip() else RejectReason.NOT_JSON)


def _writable(element: Any) -> Any | Rejected:
    try:
        _encoder.encode(element)
        return element
    except UnicodeEncodeError:
        return Rejected(RejectReason.NOT_UTF8)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _DuplicateKeyError
    return value


def _integer(digits: str) -> Any:
    try:
        return int(digits)
    except ValueError:  # more digits than Python converts
        return NOT_A_NUMBER


def may_repeat_keys(raw: bytes, keys: int) -> bool:
    """Say whether raw may name a key twice, given how many keys were decoded; cheap, and wrong only towards True.

    Every key has one colon of its own, so as many colons as decoded keys leave none for a repeated key. Where texts
    hold colons too, it counts keys by the quote before theirs; space between the two might hide some.
    """
    if raw.count(b":") == keys:
        return False
    return (
        raw.count(b'":') != keys
        # `in` would cost twice as much for short bytes, and one byte is searched for many times as fast as two
        or (raw.find(b" ") >= 0 and raw.find(b" :") >= 0)
        or (raw.find(b"\n") >= 0 and raw.find(b"\n:") >= 0)
        or (raw.find(b"\t") >= 0 and raw.find(b"\t:") >= 0)
        or (raw.find(b"\r") >= 0 and raw.find(b"\r:") >= 0)
    )
