"""The independent leak stop's look at a batch: the last thing before it is compressed (R35). Pure.

It works the other way round than a detector. A grammar says what an event looks like that plainly holds nothing: our
own fields in our own form, known names, short words, small numbers. One pass of an automaton over the whole request
body accepts nearly everything. Whatever it does not accept is decoded, unfolded and looked at closely
(`leak_patterns`). So a form that nobody has thought of is looked at, too; but only what is recognised is a hit.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

import msgspec
import re2

from pipeline.deliver.canaries import Planted
from pipeline.deliver.leak_forms import unfold
from pipeline.deliver.leak_patterns import EMBEDDING, LeakKind, is_forbidden, kinds_in

UNREGISTERED: Final = "(unregistered)"
"""Stands for a property name that no schema has: it may hold a personal value itself."""

_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Never q and z side by side: so do planted texts begin. Few changes of letter case: encoded bytes have many.
_SMALL: Final = "(?:[a-pr-z]|q+[a-pr-y])"
_LARGE: Final = "(?:[A-PR-Z]|Q+[A-PR-Y]){1,9}"
_LOWER: Final = f"{_SMALL}*"
_LATIN: Final = f"{_LOWER}(?:{_LARGE}(?:{_SMALL}+{_LARGE})?{_LOWER})?[Qq]?"
# UTF-8 of U+0900 to U+0D7F, nine scripts of India, without their digits; other signs are unfolded first
_INDIC: Final = (
    r"(?:\xe0(?:[\xa4\xa6\xa8\xaa\xac\xae\xb0\xb2\xb4][\x80-\xbf]"
    r"|[\xa5\xa7\xa9\xab\xad\xaf\xb1\xb3\xb5][\x80-\xa5\xb0-\xbf]))+"
)
_WORD: Final = f"(?:{_LATIN}|{_INDIC})"
_BETWEEN: Final = r"[ _.,!?'()\[\]-]+"
_TEXT: Final = f"{_WORD}(?:{_BETWEEN}{_WORD})*"
_LOWER_TEXT: Final = f"(?:{_LOWER}q?|{_INDIC})(?:{_BETWEEN}(?:{_LOWER}q?|{_INDIC}))*"
_APART: Final = f"(?:[a-pr-z]|{_BETWEEN}){_LOWER_TEXT}"
_RUN: Final = "(?:[0-9]{1,3}|[0-9]{5,6})"  # four digits between letters may be a PAN
_STRING: Final = (  # digits are too few, or too far apart, for the number of anything
    rf'"(?:{_TEXT}(?:[0-9]{{1,3}}{_TEXT}|[0-9]{{4,7}}(?:{_BETWEEN}{_TEXT})?)?'
    rf"|[A-PR-Y]?{_LOWER_TEXT}(?:[0-9]{{1,3}}|[0-9]{{1,2}}{_APART}[0-9]{{1,2}}){_APART}[0-9]{{1,2}}{_LOWER_TEXT}"
    rf"|(?:{_SMALL}|_)*(?:{_RUN}(?:{_SMALL}|_)+)*{_RUN}?"  # a code: no number has letters within
    r'|[0-9]{1,2}(?:\.[0-9]{1,3}){2}|[0-9a-f]{32})"'  # a version, a pseudonym of a property
)
_WORDS: Final = rf'\[(?:"{_TEXT}"(?:,"{_TEXT}")*)?\]'
_VALUE: Final = rf"(?:{_STRING}|-?[0-9]{{1,8}}(?:\.[0-9]{{1,17}})?|true|false|null|{_WORDS})"
_OWN: Final = frozenset({"token", "time", "mp_lib", "$lib_version"})
_OF_US: Final = frozenset({"event", "distinct_id", "$insert_id", "ip", "$distinct_id", "$group_key", "$group_id", ""})
_OPERATORS: Final = frozenset({"$set", "$set_once", "$union", "$remove", "$unset", "$delete", "$add", "$append"})
_GROUP_ID: Final = re.compile(r"[0-9a-f]{32}")  # a pseudonym; another one is a word that the registry lists
_SECONDS: Final = range(31_536_000, 10**10)  # a time since 1971
_MAX_MEMORY: Final = 64 << 20  # bytes that the automaton may take; it needs a few

_PSEUDONYM: Final = re.compile(_UUID)
_PLAIN: Final = re.compile(  # the cheapest look at a part of what was not accepted as a whole
    r"[A-PR-Y]?[a-pr-y _.,!?'-]*[0-9]{0,7}|[0-9]{1,2}(?:\.[0-9]{1,3}){2}"
)
_SHORTEST: Final = 10**8  # a smaller number is nobody's


class Hit(NamedTuple):
    """An event that must not leave: its place in the batch, from 0, kinds and properties of what was found in it."""

    number: int
    kinds: frozenset[LeakKind]
    fields: frozenset[str]


class LeakScan:
    """Looks for leaks in batches. It may be used in several threads at a time.

    events, names: of the events and properties that may leave by the registry in force; whatever has another name is
    looked at closely. planted: values that must never be seen. profile: names that a profile or group may have.
    """

    def __init__(
        self, events: Collection[str], names: Collection[str], planted: Planted, profile: Collection[str] = ()
    ) -> None:
        self._names = frozenset(names)
        self._profile = frozenset(profile)
        self._planted = planted
        options = re2.Options()
        options.max_mem = _MAX_MEMORY
        options.encoding = re2.Options.Encoding.LATIN1
        options.never_capture = True
        self._harmless = re2.compile(_grammar(events, self._names).encode("latin-1"), options)

    def scan(self, body: bytes, values: Sequence[bytes]) -> list[Hit]:
        """Return the hits in a request body, which is the JSON array of these values without any space between."""
        place, hits = 1, []
        starts: list[int] | None = None
        while place < len(body):
            place = self._harmless.match(body, place).end()
            if place >= len(body):
                break
            starts = starts or list(accumulate((len(value) + 1 for value in values), initial=1))
            index = min(bisect_right(starts, place), len(values)) - 1
            hit = self._look(index, values[index])
            if hit is not None:
                hits.append(hit)
            place = starts[index + 1]
        return hits

    def _look(self, index: int, value: bytes) -> Hit | None:
        """Decode one event and look at every name and value in it; what cannot be decoded is one text."""
        found: dict[LeakKind, set[str]] = {}
        for name, kind in self._findings(value):
            found.setdefault(kind, set()).add(self._written(name))
        return Hit(index, frozenset(found), frozenset().union(*found.values())) if found else None

    def _findings(self, value: bytes) -> Iterator[tuple[str, LeakKind]]:
        try:
            event = _decode(value)
            if type(event) is dict and _OPERATORS.intersection(event):
                yield from self._in_update(event)
                return
            properties = event["properties"]
            beside = [(name, part) for name, part in event.items() if name != "properties"]
            named = list(properties.items())
        except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
            yield from (("", kind) for kind in self._in_text(value.decode(errors="replace")))
            return
        for name, part in beside:
            yield from (
                ((name, kind) for kind in self._in_any(part)) if name == "event" else self._in_property(name, part)
            )
        for name, part in named:
            if name == "distinct_id":
                if not (type(part) is str and _PSEUDONYM.fullmatch(part)):
                    yield from ((name, kind) for kind in self._in_any(part) if kind is not LeakKind.DEVICE_ID)
            elif name == "$insert_id":
                if not (type(part) is str and re.fullmatch(r"[0-9a-f-]{32,36}", part)):
                    yield from ((name, kind) for kind in self._in_any(part))
            elif name not in _OWN and not self._is_plain_property(name, part):
                yield from self._in_property(name, part)

    def _in_update(self, update: dict[str, Any]) -> Iterator[tuple[str, LeakKind]]:
        """Look at an update of a profile or group: there are few, so that every one is looked at closely."""
        for name, part in update.items():
            if name in _OPERATORS:
                yield from self._in_operand(part)
            elif not _is_own_part(name, part):
                yield from self._in_property(name, part)

    def _in_operand(self, operand: Any) -> Iterator[tuple[str, LeakKind]]:
        if type(operand) is list:  # names, of `$unset`
            names = {name: True for name in operand if type(name) is str}
            operand = names | {"": [each for each in operand if type(each) is not str]}
        elif type(operand) is not dict:
            operand = {"": operand}
        for name, part in operand.items():
            if name in self._profile or not name:
                yield from ((name, kind) for kind in self._in_any(part))
                if type(part) is list and name:
                    yield from ((name, kind) for kind in _in_numbers(part))
            else:
                yield from self._in_property(name, part)

    def _is_plain_property(self, name: str, value: Any) -> bool:
        """Say at little cost that a property needs no look."""
        return _is_plain(value) and (name in self._names or (name == "ip" and value == 0 and value is not False))

    def _in_property(self, name: str, value: Any) -> Iterator[tuple[str, LeakKind]]:
        if name not in self._names:
            if is_forbidden(name, value):
                yield name, LeakKind.PROPERTY
            if not _PLAIN.fullmatch(name):
                yield from ((name, kind) for kind in self._in_text(name))
        if type(value) is dict:
            for inner, part in value.items():
                yield from self._in_property(inner, part)
        elif type(value) is list:
            yield from ((name, kind) for kind in _in_numbers(value))
            for part in value:
                yield from (
                    self._in_property(name, part)
                    if type(part) is dict
                    else ((name, kind) for kind in self._in_any(part))
                )
        else:
            yield from ((name, kind) for kind in self._in_any(value))

    def _in_any(self, value: Any) -> Iterator[LeakKind]:
        if type(value) is str:
            yield from () if _PLAIN.fullmatch(value) else self._in_text(value)
        elif type(value) is int or type(value) is float:
            yield from self._in_number(value)
        elif type(value) is list:
            for part in value:
                yield from self._in_any(part)
        elif type(value) is dict:
            for name, part in value.items():
                yield from (kind for _, kind in self._in_property(name, part))

    def _in_number(self, value: float) -> Iterator[LeakKind]:
        if type(value) is float and not value.is_integer():
            if self._planted.stands_in(str(value)):
                yield LeakKind.CANARY
        elif abs(value) >= _SHORTEST:
            yield from self._in_text(str(int(value)))

    def _in_text(self, text: str) -> Iterator[LeakKind]:
        if self._planted.hides_in(text):
            yield LeakKind.CANARY
        for form in unfold(text):
            yield from kinds_in(form)
            if self._planted.stands_in(form):
                yield LeakKind.CANARY

    def _written(self, name: str) -> str:
        """Return a property's name as it may stand in a file: known, or forbidden, which is a word of our own list."""
        if name in self._names or name in self._profile or name in _OF_US:
            return name or "(not an event)"
        known = is_forbidden(name, "x") and re.fullmatch(r"\$?[A-Za-z_-]{2,40}", name)
        return name if known else UNREGISTERED


def _is_own_part(name: str, part: Any) -> bool:
    """Say whether something beside the operators of an update is ours, in our own form."""
    match name:
        case "$token":
            return type(part) is str and re.fullmatch(r"[0-9A-Za-z_-]{1,64}", part) is not None
        case "$distinct_id":
            return type(part) is str and _PSEUDONYM.fullmatch(part) is not None
        case "$group_id":
            return type(part) is str and _GROUP_ID.fullmatch(part) is not None
        case "$ip":
            return type(part) is str and part == "0"
        case "$time":
            return type(part) is int and part in _SECONDS
    return name == "$ignore_time" and part is True


def _is_plain(part: Any) -> bool:
    """Say at little cost that a value cannot hold anything; False where it takes a look."""
    kind = type(part)
    if kind is str:
        return _PLAIN.fullmatch(part) is not None
    return kind is bool or (kind is int and -_SHORTEST < part < _SHORTEST)


def _decode(value: bytes) -> Any:
    """Decode an event so that nothing of it is lost, also where a name stands twice."""
    event = msgspec.json.decode(value)
    return event if msgspec.json.encode(event) == value else json.loads(value, object_pairs_hook=_gathered)


def _gathered(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, part in pairs:
        found[name] = [found[name], part] if name in found else part
    return found


def _in_numbers(values: list[Any]) -> Iterator[LeakKind]:
    """Look at the numbers of an array: a place on earth, or the template of a face or a voice."""
    numbers = [value for value in values if type(value) in {int, float}]
    if len(numbers) >= EMBEDDING:
        yield LeakKind.BIOMETRIC
    elif len(numbers) == len(values) == 2 and all(_is_exact(number) for number in numbers):  # noqa: PLR2004 - a pair
        yield from kinds_in(f"{numbers[0]}, {numbers[1]}")


def _is_exact(number: float) -> bool:
    return type(number) is float and len(str(number).rpartition(".")[2]) >= 4  # noqa: PLR2004 - about 10 m


def _grammar(events: Collection[str], names: Collection[str]) -> str:
    """Return the pattern of a run of harmless events, each with the comma or bracket that follows it."""
    own = (
        rf'"token":"[0-9A-Za-z_-]{{1,64}}","distinct_id":"(?:{_UUID})?","time":[0-9]{{13}},"\$insert_id":"[0-9a-f]{{32}}"'
        r',"mp_lib":"[a-z]{1,20}","\$lib_version":"[0-9.]{1,12}","ip":0'
    )
    named = rf'(?:,"(?:{_any_of(names)})":{_VALUE})*'
    return rf'(?:\{{"event":"(?:{_any_of(events)})","properties":\{{{own}{named}\}}\}}[,\]])*'


def _any_of(names: Collection[str]) -> str:
    plain = sorted(name for name in names if name.isascii() and name.isprintable() and not set(name) & {'"', "\\"})
    return "|".join(re2.escape(name) for name in plain) or r"\x00"  # which stands in no JSON text
