"""Inputs that are made to be slow: what a client, by accident or on purpose, can put into one record of up to 1 MB.

Each case is a record that decodes, or nearly does, and sends the core down a path that looks expensive: very wide, very
deep, very long, or full of what some detector has to look at twice. Where texts are remembered by their content, each
turn has others, so that no repeat is cheaper than the first look.
"""

import base64
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from benchmarks.worst_patterns import PATTERNS, SIGNS
from pipeline.core.consent import ConsentRecord, normalise_id, parse_consent
from pipeline.core.decode import MAX_BYTES, MOST_BRACKETS
from pipeline.core.sanitize import MOST_EVENTS
from pipeline.detect.catalogue import CATALOGUE
from pipeline.detect.normalise import MAX_TEXT

ADULT: Final = "worst-case-adult"
ENVELOPE_BYTES: Final = 400  # room for what stands around the text
AREA: Final = MAX_BYTES - ENVELOPE_BYTES


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
    for made in (_shapes, _arrays, _names, _ages, _long_values, _bodies, _texts, _records_of_texts, _mixed_texts):
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


def _arrays(event: _Events) -> Iterator[Case]:
    """Arrays of events that have nothing in common, or look as if a key stood twice."""
    rng = random.Random(event.turn)
    names = [f"n{event.turn}_{i}" for i in range(60)]
    shuffled = [event(dict.fromkeys(rng.sample(names, 60), 1)) for _ in range(MOST_EVENTS)]
    yield Case("many events of the same names in other orders", _encode(shuffled))
    nested = [event({"x": [{f"k{event.turn}_{i}_{j}": 1} for j in range(40)]}) for i in range(MOST_EVENTS)]
    yield Case("many events of objects of other names", _encode(nested))
    yield Case("many events with quotes and colons", _encode([event({"x": '":' * 100}) for _ in range(MOST_EVENTS)]))
    yield Case(
        "many events with a key twice", _encode([event({"x": 1}) for _ in range(MOST_EVENTS)])[:-3] + b',"x":2}}]'
    )
    yield Case("many events that are none", _encode([[]] * (MOST_BRACKETS - 1) + ["x"] * 100))
    yield Case(
        "many events of deep lists", _encode([event({"x": json.loads("[" * 15 + "]" * 15)}) for _ in range(900)])
    )
    yield Case("many events of big numbers", _encode([event({"level": 10**600 + i}) for i in range(900)]))
    ages = {"age": "x", "dob": "x", "birthday": "x", "user_age": "x", "yob": "x"}
    yield Case(
        "many events of many ages", _encode([event(ages | {f"age{i}": "?" for i in range(25)}) for _ in range(900)])
    )
    bought = [
        event({"sku": f"{event.turn}.{i}.1.1.1.1.1.1.1.1"[:40], "price": 1}, "purchase_completed") for i in range(999)
    ]
    yield Case("many events of product codes", _encode(bought))
    about = {"profile_id": ADULT, "region": "US", "received_at": event.now_ms}
    comment = event.text("1.", 120)
    sent = {"time": event.now_ms, "token": "t", "coppice": about, "comment": comment}
    yield Case("many events of an SDK", _encode([{"event": "feedback_submitted", "properties": sent}] * 999))
    people = {"$token": "t", "$distinct_id": "d", "$time": event.now_ms, "coppice": about}
    yield Case(
        "many profile updates",
        _encode([people | {"$set": {f"k{i}_{j}": "1.1.1.1" for j in range(20)}} for i in range(999)]),
    )


def _ages(event: _Events) -> Iterator[Case]:
    """Ages that take long to read, under names that take long to recognise."""
    values = {
        "a month": "april 2016 x", "a written date": "31 february 2016", "a word": "x" * 60, "Hindi": "१६ साल " * 8,
        "a stamp": "1460160000000", "marks": "\u0315\u0300" * 30, "a row": "1 2 3 4 5 6 7 8 9",
    }  # fmt: skip
    for name, value in values.items():
        yield Case(f"ages that are {name}", _encode(event({f"age{event.turn}_{i}": value for i in range(2_000)})))
    scripts = {"Hindi": "क्ष", "marks": "a\u0315\u0300", "ligatures": "ﷺ", "Greek": "αge", "wide": "ａｇｅ"}
    for name, part in scripts.items():
        each = (part * 300)[:250]
        count = min(2_000, AREA // (len(each.encode()) + 20))
        yield Case(f"long names of {name}", _encode(event({f"{event.turn}{i}{each}": 1 for i in range(count)})))
    yield Case("long names of words", _encode(event({f"{event.turn}{i}" + "myAge_" * 40: 1 for i in range(2_000)})))


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


def _mixed_texts(event: _Events) -> Iterator[Case]:
    """Free texts no two of which are alike, so that nothing is at hand that was worked out for another."""
    rng = random.Random(event.turn)
    hits = [hit for detector in CATALOGUE for hit in detector.hits]
    words = [word for detector in CATALOGUE for word in detector.words]
    makers: dict[str, Callable[[], str]] = {
        "identifiers": lambda: " ".join(rng.choices(hits, k=5)),
        "identifiers and words": lambda: " ".join(rng.choices(hits + words, k=8)),
        "signs": lambda: "".join(rng.choices(SIGNS, k=120)),
        "digits and separators": lambda: "".join(rng.choices("0123456789 .-+()/", k=120)),
        "letters": lambda: "".join(rng.choices("abcdefghij ABC@.", k=120)),
        "other scripts": lambda: "".join(rng.choices("मनकரవఏবa१9 ", k=60)),
        "identifiers in base64": lambda: base64.b64encode(" ".join(rng.choices(hits, k=2)).encode()).decode(),
        "identifiers in percent signs": lambda: "".join(f"%{byte:02x}" for byte in rng.choice(hits).encode()),
        "percent in base64": lambda: base64.b64encode(quote(rng.choice(hits)).encode()).decode(),
        "JSON": lambda: json.dumps({rng.choice(words): rng.choices(hits, k=3)}),
    }
    for name, make in makers.items():
        texts = [make()[:120] for _ in range(MOST_EVENTS)]
        yield Case(f"1000 texts of {name}", _encode([event({"rating": 1, "comment": text}) for text in texts]))
        yield Case(f"a text of {name}", _encode(event({"rating": 1, "comment": " ".join(texts)[:1_000]})))


def _records_of_texts(event: _Events) -> Iterator[Case]:
    """As many free texts as fit a record: long ones, and those of as many events as a record may hold."""
    for name, pattern in PATTERNS.items():
        unit = len(_encode(pattern)) - 2
        for length in (MAX_TEXT, 120):
            size = length * unit // len(pattern) + ENVELOPE_BYTES
            count = min(MOST_EVENTS, MAX_BYTES // size)
            filled = [event({"rating": 1, "comment": event.text(pattern, length)}) for _ in range(count)]
            yield Case(f"{count} texts of {length}: {name}", _encode(filled))
