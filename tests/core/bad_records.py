"""Records that cannot be judged, each with its outcome: for the core and for the file command."""

from pipeline.core.decode import MAX_BYTES
from pipeline.core.outcome import RejectReason as Why
from tests.core.worlds import encode, raw_event, without

GOOD = encode(raw_event())
_HEAD, _TAIL = GOOD[:1], GOOD[1:]


def with_property(text: bytes) -> bytes:
    """Put raw JSON members at the head of the properties of a good event."""
    return GOOD.replace(b'"properties":{', b'"properties":{' + text + b",")


def padded(size: int) -> bytes:
    """Make a good event of exactly this many bytes, with a property that nobody registered."""
    start = with_property(b'"padding":""')
    return start.replace(b'"padding":""', b'"padding":"' + b"x" * (size - len(start)) + b'"')


def nested(depth: int) -> bytes:
    """Make an event with lists inside lists inside its properties."""
    return with_property(b'"deep":' + b"[" * depth + b"]" * depth)


# name → (bytes, reason, path)
BAD: dict[str, tuple[bytes, Why, str]] = {
    "nothing": (b"", Why.EMPTY, ""),
    "blanks": (b" \t ", Why.EMPTY, ""),
    "byte order mark alone": (b"\xef\xbb\xbf", Why.EMPTY, ""),
    "empty array": (b"[]", Why.EMPTY, ""),
    "words": (b"hello", Why.NOT_JSON, ""),
    "cut short": (GOOD[:-1], Why.NOT_JSON, ""),
    "text after the end": (GOOD + b"x", Why.NOT_JSON, ""),
    "two objects": (GOOD + GOOD, Why.NOT_JSON, ""),
    "single quotes": (b"{'event': 'x'}", Why.NOT_JSON, ""),
    "trailing comma": (GOOD[:-1] + b",}", Why.NOT_JSON, ""),
    "comment": (b"/* x */" + GOOD, Why.NOT_JSON, ""),
    "zero byte": (b"\x00", Why.NOT_JSON, ""),
    "control character in a text": (with_property(b'"x":"a\x01b"'), Why.NOT_JSON, ""),
    "array cut short": (b"[" + GOOD, Why.NOT_JSON, ""),
    "UTF-16 without a mark": ("{}".encode("utf-16-le"), Why.NOT_JSON, ""),
    "UTF-16": (GOOD.decode().encode("utf-16"), Why.NOT_UTF8, ""),
    "Latin-1": (with_property('"x":"é"'.encode("latin-1")), Why.NOT_UTF8, ""),
    "overlong form": (with_property(b'"x":"\xc0\xaf"'), Why.NOT_UTF8, ""),
    "half of a surrogate pair": (with_property(b'"x":"\xed\xa0\xbd"'), Why.NOT_UTF8, ""),
    "surrogate pair the wrong way round": (with_property(b'"x":"\xed\xb8\x80\xed\xa0\xbd"'), Why.NOT_UTF8, ""),
    "half of an escaped pair": (with_property(b'"x":"\\ud83d"'), Why.NOT_UTF8, ""),
    "half of an escaped pair in a name": (with_property(b'"\\ude00":1'), Why.NOT_UTF8, ""),
    "one byte too many": (padded(MAX_BYTES + 1), Why.TOO_LARGE, ""),
    "1 MiB and one byte": (padded(2**20 + 1), Why.TOO_LARGE, ""),
    "100,000 open brackets": (b"[" * 100_000, Why.TOO_COMPLEX, ""),
    "100,000 brackets": (nested(100_000), Why.TOO_COMPLEX, ""),
    "5,000 open brackets": (b"[" * 5_000, Why.TOO_DEEP, ""),
    "5,000 brackets": (nested(5_000), Why.TOO_DEEP, ""),
    "5,000 lists side by side": (with_property(b'"x":[' + b"[]," * 4_999 + b"[]]"), Why.TOO_COMPLEX, ""),
    "40,000 objects side by side": (with_property(b'"x":[' + b"{}," * 39_999 + b"{}]"), Why.TOO_COMPLEX, ""),
    "65 levels": (nested(64), Why.TOO_DEEP, ""),
    "900 levels": (nested(900), Why.TOO_DEEP, ""),
    "100,000 objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, Why.TOO_COMPLEX, ""),
    "5,000 objects": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, Why.TOO_DEEP, ""),
    "null": (b"null", Why.NOT_AN_OBJECT, ""),
    "number": (b"17", Why.NOT_AN_OBJECT, ""),
    "text": (b'"event"', Why.NOT_AN_OBJECT, ""),
    "array in an array": (b"[" + b"[" + GOOD + b"]" + b"]", Why.NOT_AN_OBJECT, ""),
    "repeated region": (_HEAD + b'"region":"IN",' + _TAIL, Why.DUPLICATE_KEY, ""),
    "repeated property": (with_property(b'"level":8'), Why.DUPLICATE_KEY, ""),
    "no event": (encode(without(raw_event(), "event")), Why.MISSING_FIELD, "event"),
    "no profile": (encode(without(raw_event(), "profile_id")), Why.MISSING_FIELD, "profile_id"),
    "no time": (encode(without(raw_event(), "time")), Why.MISSING_FIELD, "time"),
    "no time of receipt": (encode(without(raw_event(), "received_at")), Why.MISSING_FIELD, "received_at"),
    "no properties": (encode(without(raw_event(), "properties")), Why.MISSING_FIELD, "properties"),
    "broken client": (encode(raw_event(profile_id="undefined")), Why.FORBIDDEN_ID, "profile_id"),
    "clock at its beginning": (encode(raw_event(time=0)), Why.TIME_TOO_OLD, "time"),
    "clock ahead": (encode(raw_event(time=4_102_444_800)), Why.TIME_IN_FUTURE, "time"),
}
