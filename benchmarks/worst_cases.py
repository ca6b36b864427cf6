"""Inputs that are made to be slow: what a client, by accident or on purpose, can put into one record of up to 1 MB.

Each case is a record that decodes, or nearly does, and sends the core down a path that looks expensive: very wide, very
deep, very long, or full of what some detector has to look at twice. Where texts are remembered by their content, each
turn has others, so that no repeat is cheaper than the first look.
"""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from pipeline.core.consent import ConsentRecord, normalise_id, parse_consent
from pipeline.core.decode import MAX_BYTES
from pipeline.core.sanitize import MOST_EVENTS
from pipeline.detect.normalise import MAX_TEXT

ADULT: Final = "worst-case-adult"
ENVELOPE_BYTES: Final = 400  # room for what stands around the text
AREA: Final = MAX_BYTES - ENVELOPE_BYTES

PATTERNS: Final = {
    "digits": "9",
    "digits in groups": "1234 5678 ",
    "almost card numbers": "4111 1111 1111 1112 ",
    "Aadhaar, checksum wrong": "2345 6789 0123 ",
    "Aadhaar, checksum right": "2345 6789 0124 ",
    "dashes": "1-",
    "loose dashes": "1 - ",
    "dots": "1.",
    "addresses": "10.20.30.41 ",
    "half addresses": "a@",
    "mail": "a.b@c.example ",
    "mail without end": "a.b@c.d.",
    "plus signs": "+1 ",
    "telephone": "(206) 555-0123 ",
    "colons": "a:b:",
    "hexadecimal": "deadbeef-",
    "words": "aadhaar pan ssn account passport ",
    "words and numbers": "account 123456789 passport A1234567 ",
    "names": "my name is Kavya ",
    "street": "12 Elm Street ",
    "PAN": "ABCPE1234F ",
    "capitals": "AB12",
    "brackets": "[[",
    "braces": '{"a":',
    "braces of one": '{"a":1}',
    "tokens": "[email]",
    "percent": "%31",
    "percent of percent": "%2525",
    "plus and percent": "+%31",
    "entities": "&#x39;",
    "long entities": "&#00000000057;",
    "ampersands": "&",
    "escapes": "\\u0039",
    "backslashes": "\\",
    "base64": "QUJD",
    "base64 in parts": "aB3/dEf_gH-iJk+",
    "base64 words": "bXkgbnVtYmVy MTIzNDU2Nzg5 ",
    "camel case": "aBcDeFgH ",
    "spaces": " ",
    "zero width": "1\u200b",
    "marks": "\u0315\u0300",
    "letters with marks": "e\u0301\u0327",
    "other digits": "९८७६ ",
    "wide digits": "９８７６",
    "compatibility": "ﷺ",
    "Hindi": "मेरा नंबर ९८७६५ ",
    "slashes": "/a",
    "links": "https://a.example/?q=1 ",
}
"""What an adult's free text is filled with, again and again."""


class Case(NamedTuple):
    """An input. name: what is nasty about it."""

    name: str
    raw: bytes


def consents(now_ms: int) -> dict[str, ConsentRecord]:
    """Return the consent of the adult whom all cases are about, so that none ends before its properties are read."""
    record = {
        "profile_id": ADULT,
        "consent_id": "worst-case",
        "region": "US",
        "age": {"band": "adult", "source": "id_document"},
        "grantor": {"role": "self", "adult_verified": False},
        "method": "in_app",
        "purposes": {"analytics": True, "third_party_disclosure": True, "marketing": True},
        "notice_version": "2026-04",
        "language": "en",
        "granted_at": now_ms - 100_000_000,
    }
    parsed = parse_consent(ADULT.encode(), _encode(record))
    assert isinstance(parsed, ConsentRecord)
    return {normalise_id(ADULT): parsed}


def cases(now_ms: int, turn: int) -> Iterator[Case]:
    """Yield every case. now_ms: when its events happened; turn: number of the repeat."""
    event = _Events(now_ms, turn)
    for made in (_shapes, _names, _long_values, _bodies, _texts, _records_of_texts):
        yield from made(event)


class _Events:
    """Makes events of the adult."""

    def __init__(self, now_ms: int, turn: int) -> None:
        self.now_ms, self.turn = now_ms, turn
        self._number = 0

    def __call__(self, properties: dict[str, Any], event: str = "feedback_submitted", **more: Any) -> dict[str, Any]:
        self._number += 1
        return {
            "event": event,
            "event_id": f"{self.turn}-{self._number}",
            "time": self.now_ms,
            "received_at": self.now_ms,
            "profile_id": ADULT,
            "region": "US",
            "platform": "android",
            "properties": properties,
        } | more

    def text(self, pattern: str, length: int) -> str:
        """Return a text of that length that no other turn and no other call has."""
        self._number += 1
        start = f"{self.turn} {self._number} "
        return (start + pattern * (length // len(pattern) + 1))[:length]


def _encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _fill(part: str, area: int = AREA) -> str:
    """Return as many repeats of a part as fit."""
    return part * (area // len(part.encode()))


def _shapes(event: _Events) -> Iterator[Case]:
    """Wide, deep, and many."""
    yield Case("lists in lists", _encode(event({"x": [[[]]] * 4_000})))
    yield Case("as many lists as are looked at", _encode(event({"x": [[1]] * 4_090})))
    yield Case("as many objects as are looked at", _encode(event({"x": [{"age": 3}] * 4_090})))
    yield Case("objects of other keys", _encode(event({"x": [{f"k{i}": 1, f"age{i}": "?"} for i in range(4_090)]})))
    yield Case("more lists than are looked at", _encode(event({"x": [[1]] * 150_000})))
    yield Case("deep", _encode(event({"x": json.loads("[" * 60 + "]" * 60)})))
    yield Case("too deep", b"[" * 16_000 + b"]" * 16_000)
    yield Case("a key twice", _encode(event({"x": _fill("a:")}))[:-1] + b',"region":"US"}')
    yield Case("many numbers", _encode(event({"x": [7] * 490_000})))
    yield Case("long numbers", b'{"x":' + b"9" * AREA + b"}")
    yield Case("numbers of many digits", b'{"x":[' + b",".join([b"9" * 4_000] * 240) + b"]}")
    yield Case("not JSON at its end", _encode(event({f"k{i}": "v" for i in range(50_000)}))[:-1])
    yield Case("NaN at its end", _encode(event({f"k{i}": "v" for i in range(50_000)}))[:-2] + b',"n":NaN}}')
    yield Case("many events", _encode([event({"level": 1}, "level_started") for _ in range(MOST_EVENTS)]))
    yield Case("more events than are judged", _encode([event({"level": 1}, "level_started")] * 5_000))
    wide = {f"k{i}": i for i in range(80)}
    yield Case("many events of many properties", _encode([event(wide) for _ in range(880)]))
    yield Case(
        "many events of other names", _encode([event({f"age {i} {j}": 1 for j in range(30)}) for i in range(1000)])
    )


def _names(event: _Events) -> Iterator[Case]:
    """Names of properties, which clients choose."""
    turn = event.turn
    named: dict[str, Callable[[int], str]] = {
        "names": lambda i: f"k{turn}_{i}",
        "names like ages": lambda i: f"age{turn}_{i}",
        "names like birth dates in capitals": lambda i: f"DateOfBirth{turn}X{i}",
        "names in Hindi": lambda i: f"उम्र{turn}_{i}",
        "names in Greek": lambda i: f"αge{turn}_{i}",
        "names that are numbers": lambda i: f"{turn}{98_765_000_000 + i}",
        "names that are addresses": lambda i: f"a{turn}.{i}@mail.example",
        "names that are escaped": lambda i: f"%31%32{turn}%33{i}",
        "names of advertising ids": lambda i: f"idfa_{turn}_{i}",
    }
    for case, name in named.items():
        each = len(name(10_000).encode()) + len('"":"2016-04-09",')
        properties = {name(i): "2016-04-09" for i in range(AREA // each - 1)}
        yield Case(case, _encode(event(properties)))
    yield Case("one long name", _encode(event({f"{turn}" + "k" * 900_000: 1})))
    yield Case("one long name of ages", _encode(event({f"{turn}" + "myage" * 180_000: 1})))
    yield Case("one long name, not ASCII", _encode(event({f"{turn}" + "é" * 400_000: 1})))
    yield Case("long names", _encode(event({f"{turn}{i}" + "childage" * 1_000: 1 for i in range(120)})))
    yield Case("long names of base64", _encode(event({f"{turn}{i}" + "QUJDx9" * 1_300: 1 for i in range(120)})))


def _long_values(event: _Events) -> Iterator[Case]:
    """One value that fills the record."""
    for case, part in {"letters": "a ", "quotes": '":', "colons": " :", "Hindi": "अ", "base64": "QUJD"}.items():
        fitting = _fill(part, AREA // 2)
        yield Case(f"a property of {case} nobody knows", _encode(event({"x": fitting})))
        yield Case(f"free text of {case}", _encode(event({"comment": fitting})))
    link = "https://cdn.example.com/"
    for part in ("%2e", "/a", "?", "../", "%25"):
        watched = {"video_id": "v-1", "watched_pct": 1, "url": link + _fill(part)}
        yield Case(f"a link of {part}", _encode(event(watched, "video_watched")))
    bought = {"sku": _fill("a_"), "price": 1}
    yield Case("a product code", _encode(event(bought, "purchase_completed")))
    yield Case("an event's name", _encode(event({}, "e" * 900_000)))
    for field in ("event_id", "profile_id", "region", "platform", "time", "age"):
        yield Case(f"the field {field}", _encode(event({"level": 1}, "level_started", **{field: "9" * 900_000})))
    dated = {"birth_date": "2016-04-09" * 90_000, "age": "1" * 60_000}
    yield Case("a birth date", _encode(event(dated)))


def _bodies(event: _Events) -> Iterator[Case]:
    """What SDKs send: wrapped, and with profile updates."""
    many = _encode([event({"level": 1}, "level_started") for _ in range(MOST_EVENTS)])
    yield Case("base64 of many events", base64.b64encode(many))
    yield Case("a form of base64", b"data=" + base64.b64encode(many))
    yield Case("a form of percent signs", b"data=" + b"%7B" * 330_000)
    yield Case("a form of broken percent signs", b"data=" + b"%7B%" * 240_000)
    yield Case("a form of fields", b"data=a&" * 140_000)
    about = {"profile_id": ADULT, "region": "US", "received_at": event.now_ms}
    sent = {"time": event.now_ms, "token": "t", "coppice": about}
    track = {"event": "feedback_submitted", "properties": sent | {f"k{i}": "v" for i in range(60_000)}}
    yield Case("an SDK's event", _encode(track))
    people = {"$token": "t", "$distinct_id": "d", "$time": event.now_ms, "coppice": about}
    yield Case("a profile update", _encode(people | {"$set": {f"k{i}": "v" for i in range(60_000)}}))
    yield Case("a profile update of names", _encode(people | {"$unset": [f"k{i}" for i in range(90_000)]}))
    yield Case("a profile update of lists", _encode(people | {"$union": {f"k{i}": ["v"] for i in range(4_000)}}))


def _texts(event: _Events) -> Iterator[Case]:
    """One free text, as long as is looked at."""
    for name, pattern in PATTERNS.items():
        yield Case(f"a text: {name}", _encode(event({"rating": 1, "comment": event.text(pattern, MAX_TEXT)})))
    for layers in (1, 2, 3, 4):
        inner = event.text("9876543210 ", 500)
        for _ in range(layers):
            inner = base64.b64encode(inner.encode()).decode()
        yield Case(
            f"a text: base64 {layers} times", _encode(event({"comment": (inner + " ") * (MAX_TEXT // len(inner))}))
        )
    nested = "[" * 1_000 + "]" * 1_000
    yield Case("a text: JSON, deep", _encode(event({"comment": nested})))
    wide = _encode([[event.turn, i] for i in range(700)]).decode()
    yield Case("a text: JSON, wide", _encode(event({"comment": wide})))
    objects = _encode([{f"ssn{i}": "123"} for i in range(400)]).decode()
    yield Case("a text: JSON, objects", _encode(event({"comment": objects})))


def _records_of_texts(event: _Events) -> Iterator[Case]:
    """As many free texts as fit a record: long ones, and those of as many events as a record may hold."""
    for name, pattern in PATTERNS.items():
        unit = len(_encode(pattern)) - 2
        for length in (MAX_TEXT, 120):
            size = length * unit // len(pattern) + ENVELOPE_BYTES
            count = min(MOST_EVENTS, MAX_BYTES // size)
            filled = [event({"rating": 1, "comment": event.text(pattern, length)}) for _ in range(count)]
            yield Case(f"{count} texts of {length}: {name}", _encode(filled))
