"""Whether outgoing events keep to Mixpanel's limits of one event, told from their bytes. Pure but for the clock.

What is over a limit is cut by Mixpanel without a word, renamed, or refused with its whole request. The sanitizer makes
no such event; this look does not trust it. One pass of an automaton over the request body accepts every event that
is plainly within the limits; the few others are decoded and measured.

Source: https://docs.mixpanel.com/reference/import-events, section High level requirements and the pages it names.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

import msgspec
import re2

from pipeline.deliver.limits import EVENT_LIMIT
from pipeline.deliver.reasons import DeliveryRejectReason

MOST_PROPERTIES: Final = 254
MOST_KEYS: Final = 254
MOST_ITEMS: Final = 254
DEEPEST: Final = 3
LONGEST_STRING: Final = 255  # bytes
LONGEST_NAME: Final = 255  # bytes, which is the narrow reading of "characters"
LARGEST_VALUE: Final = 8192  # bytes of a list or an object
LONGEST_INSERT_ID: Final = 36
EARLIEST_MS: Final = 31_536_000_000  # 1971-01-01
FUTURE_MS: Final = 3_600_000
SECONDS_BELOW: Final = 10**11  # a smaller time is in seconds
FORBIDDEN_IDS: Final = frozenset(
    "00000000-0000-0000-0000-000000000000 anon anonymous nil none null n/a na undefined unknown <nil> 0 -1 true false"  # noqa: SIM905 - a list would be four times as long
    " [] {}".split()
)

PLAIN_BYTES: Final = 850  # of an event that the automaton may accept: no room for too many properties or words
_USED_MS: Final = 600_000  # for so long an automaton is used; what it does not accept yet is measured
_SPARE_MS: Final = 60_000  # and for moments so much earlier, since batches are not looked at in order
_INSERT_ID: Final = re.compile(r"[A-Za-z0-9-]{1,36}", re.ASCII)
_MAX_MEMORY: Final = 32 << 20


class Over(NamedTuple):
    """An event that must not be sent: its place in the batch, from 0, why, and the field at fault, "" if unknown."""

    number: int
    reason: DeliveryRejectReason
    field: str


class EventLimits:
    """Looks at request bodies. It may be used in several threads at a time. clock: milliseconds since the epoch."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        made_at = clock()
        self._made = made_at, _plain(made_at)

    def look(self, body: bytes, values: Sequence[bytes], newest_ms: int = 0) -> list[Over]:
        """Return the events over a limit in a request body, which is the JSON array of these values, without space.

        newest_ms: when Kafka got one of them. It is now at least: a clock that is behind must not condemn events.
        """
        now_ms = max(self._clock(), newest_ms)
        made_at, plain = self._made
        if not made_at <= now_ms < made_at + _USED_MS:
            made_at = now_ms - _SPARE_MS
            plain = _plain(made_at)
            self._made = made_at, plain
        suspects = _not_plain(plain, body, values)
        if max(map(len, values), default=0) > PLAIN_BYTES:
            suspects |= {number for number, value in enumerate(values) if len(value) > PLAIN_BYTES}
        return [over for number in sorted(suspects) if (over := measure(number, values[number], now_ms)) is not None]


def _not_plain(plain: Any, body: bytes, values: Sequence[bytes]) -> set[int]:
    """Return the places of the events that an automaton does not accept."""
    found: set[int] = set()
    starts: list[int] | None = None
    place = 1 if values else len(body)
    while place < len(body):
        place = plain.match(body, place).end()
        if place >= len(body):
            break
        starts = starts or list(accumulate((len(value) + 1 for value in values), initial=1))
        number = min(bisect_right(starts, place), len(values)) - 1
        found.add(number)
        place = starts[number + 1]
    return found


def _plain(now_ms: int) -> Any:
    """Return the automaton of a run of events that are plainly within the limits, each with the sign that follows it.

    It counts neither properties nor words of a list: in `PLAIN_BYTES`, 120 of which are the event's own, there is no
    room for 255 of them, at 6 and 3 bytes each.
    """
    name = rf'"[^"\\\x00-\x1f]{{1,{LONGEST_NAME}}}"'
    text = rf'"[^"\\\x00-\x1f]{{0,{LONGEST_STRING}}}"'
    value = (
        rf"(?:{text}|-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|true|false|null"
        rf"|\[(?:{text}(?:,{text})*)?\]|\[[0-9.,-]{{1,400}}\])"
    )
    uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    own = (
        rf'"token":"[^"\\\x00-\x1f]{{1,64}}","distinct_id":"(?:{uuid})?","time":(?:{_up_to(now_ms + FUTURE_MS)}),'
        r'"\$insert_id":"[0-9a-f]{32}"'
    )
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.encoding = re2.Options.Encoding.LATIN1
    options.never_capture = True
    title = rf'"[!#-\[\]-~][^"\\\x00-\x1f]{{0,{LONGEST_STRING - 1}}}"'  # what begins so is not blank
    form = rf'(?:\{{"event":{title},"properties":\{{{own}(?:,{name}:{value})*\}}\}}[,\]])*'
    return re2.compile(form.encode("latin-1"), options)


def _up_to(most: int) -> str:
    """Return the pattern of the numbers with as many digits as `most`, of at least 1973, that are not above it."""
    digits = str(most)
    below = [
        f"{digits[:at]}[{'1' if at == 0 else '0'}-{int(digit) - 1}][0-9]{{{len(digits) - at - 1}}}"
        for at, digit in enumerate(digits)
        if int(digit) > (1 if at == 0 else 0)
    ]
    return "|".join([*below, digits])


def measure(number: int, value: bytes, now_ms: int) -> Over | None:
    """Measure one event exactly; None where it keeps to every limit."""
    if len(value) >= EVENT_LIMIT:
        return Over(number, DeliveryRejectReason.TOO_LARGE, "")
    try:
        event = msgspec.json.decode(value)
    except (ValueError, RecursionError):
        return Over(number, DeliveryRejectReason.NOT_AN_EVENT, "")
    if type(event) is not dict or type(event.get("properties")) is not dict or len(event) > 2:  # noqa: PLR2004 - both
        return Over(number, DeliveryRejectReason.NOT_AN_EVENT, "")
    field = _field_at_fault(event.get("event"), event["properties"], now_ms)
    return None if field is None else Over(number, DeliveryRejectReason.OVER_LIMIT, field)


def _field_at_fault(name: Any, properties: dict[str, Any], now_ms: int) -> str | None:
    """Return a name of the envelope, or "properties" for one of the others; None where all is well."""
    if type(name) is not str or not name.strip() or len(name.encode()) > LONGEST_STRING:
        return "event"
    if not _is_time(properties.get("time"), now_ms):
        return "properties.time"
    person, own = properties.get("distinct_id"), properties.get("$insert_id")
    if type(person) is not str or person in FORBIDDEN_IDS:
        return "properties.distinct_id"
    if type(own) is not str or own in FORBIDDEN_IDS or not _INSERT_ID.fullmatch(own):
        return "properties.$insert_id"
    if len(properties) > MOST_PROPERTIES:
        return "properties"
    fits = all(_is_short(key, LONGEST_NAME) and _fits(part) for key, part in properties.items())
    return None if fits else "properties"


def _is_time(time: Any, now_ms: int) -> bool:
    """Say whether a time is one that Mixpanel takes: integer seconds or milliseconds, not older, not later."""
    if type(time) is not int:
        return False
    return EARLIEST_MS <= (time if time >= SECONDS_BELOW else time * 1000) <= now_ms + FUTURE_MS


def _fits(value: Any) -> bool:
    if type(value) is str:
        return _is_short(value, LONGEST_STRING)
    if type(value) is dict or type(value) is list:
        return len(msgspec.json.encode(value)) <= LARGEST_VALUE and _is_flat(value, 1)
    return True


def _is_flat(value: Any, depth: int) -> bool:
    """Say whether a list or object is neither too deep nor too long, nor anything in it. depth: 1 for a property's."""
    if type(value) is str:
        return _is_short(value, LONGEST_STRING)
    if type(value) is dict:
        parts = list(value.values())
        sound = len(value) <= MOST_KEYS and all(_is_short(key, LONGEST_NAME) for key in value)
    elif type(value) is list:
        parts = value
        sound = len(value) <= MOST_ITEMS and not any(type(part) is dict and _has_container(part) for part in value)
    else:
        return True
    return sound and depth <= DEEPEST and all(_is_flat(part, depth + 1) for part in parts)


def _has_container(value: dict[str, Any]) -> bool:
    return any(type(part) is dict or type(part) is list for part in value.values())


def _is_short(text: str, most: int) -> bool:
    return len(text) * 4 <= most or len(text.encode()) <= most
