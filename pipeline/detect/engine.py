"""Finds identifiers in text and in JSON values: normalise, one pass of the prefilter, then exact matchers on hits only.

Everything here is fail-closed: what cannot be judged within bounds is reported as OPAQUE.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any, Final, NamedTuple

from pipeline.detect.automaton import frame
from pipeline.detect.catalogue import BY_NAME, OPAQUE
from pipeline.detect.compiled import CONTEXT, MATCHERS, PREFILTER, KeyFacts, key_facts
from pipeline.detect.detector import Detector, Finding
from pipeline.detect.matcher import Effort, Spent, beside
from pipeline.detect.meter import LOOK, MATCH, READING, SEARCH, SIGNS_MORE, SIGNS_READ, UNREAD, charge
from pipeline.detect.normalise import MAX_DEPTH, MAX_TEXT, Views, fold, unescape, views, views_of_disguised
from pipeline.detect.overlaps import join
from pipeline.detect.prefilter import Look
from pipeline.detect.warmup import events, examples

MAX_NODES: Final = (
    4096  # parts of one JSON value that are looked at, with names and texts of MAX_TEXT characters together
)
MAX_NESTING: Final = 32
MAX_BITS: Final = 1024  # of an integer
WHOLE: Final = 1e18  # a float this large has lost its digits
PAIR: Final = (2, 3)  # a place is written as two numbers, or three with its height
SERIES: Final = 64  # numbers in a row that are a measurement of somebody (regulation R23)

TOKENS: Final = re.compile(
    r"\[[a-z0-9_]{2,32}\]"
)  # what scrubbed text has in place of an identifier, if its name is one's

MASKS: Final = {f"[{name}]": "|" * len(f"[{name}]") for name in BY_NAME}
"""Tokens, and what is looked at in their place: signs that are part of no identifier and of no word."""
_match, _match_ascii = PREFILTER.match, PREFILTER.match_ascii
_Hinted = AbstractSet[int]
_DISGUISED: Final = Look((), (), counting=True, disguised=True)
_NO_KEY: Final[KeyFacts] = (None, "", frozenset())

Path = tuple[str | int, ...]
_Node = tuple[Path, str, Any]


class Found(NamedTuple):
    """A detector and the place in a JSON value; a key that is personal itself stands in the path as its token."""

    detector: Detector
    path: Path


class Scan:
    """text: as it reads once normalised. findings: spans of that text, in order, none overlapping another."""

    __slots__ = ("findings", "text")

    def __init__(self, text: str, findings: tuple[Finding, ...]) -> None:
        self.text: Final = text
        self.findings: Final = findings


def warm() -> None:
    """Scan a few hundred invented texts, so that the first real events find most of the automaton built."""
    for strings in events():
        for each in (strings, list(filter(str.isascii, strings))):  # ASCII text has automatons of its own
            quick_all(each)
            scan(" ".join(each))
    for text in examples():
        scan(text)


def quick(text: str) -> bool:
    """True if there may be something in the text; False only if `scan` without a key finds nothing."""
    try:
        match = _match_ascii if text.isascii() else _match
        return len(text) > MAX_TEXT or len(match(f"|{text}|".encode())) != 1
    except UnicodeEncodeError:  # half a surrogate pair
        return True


def quick_all(texts: Iterable[str]) -> bool:
    """As `quick`, for all strings of an event in one pass."""
    return quick("|".join(texts))


def names(key: str) -> Detector | None:
    """Return the detector that a property's name alone speaks for, None if there is none."""
    return key_facts(key)[0]


def tells(key: str) -> bool:
    """True if `scan` may find something under this name in a text that `quick` says is clean."""
    owner, _, hinted = key_facts(key)
    return owner is not None or bool(hinted)


def scan(text: str, key: str = "") -> Scan:
    """Find every identifier in a text. key: the name of the property that holds it."""
    return _scan(text, key, None)


def _scan(text: str, key: str, effort: Effort | None) -> Scan:
    if len(text) > MAX_TEXT:
        return Scan("", (Finding(OPAQUE, 0, 0),))
    if "[" in text:
        masked = TOKENS.sub(_masked, text)
        if masked != text:
            return scan_masked(text, masked, key, effort)
    owner, _, hinted = key_facts(key) if key else _NO_KEY
    look = _look(text)
    if look is None and owner is None and not hinted:
        return Scan(text, ())
    seen = _views(text, look, owner)
    plain = seen.plain
    if not seen.complete:
        return Scan(plain, (Finding(OPAQUE, 0, len(plain)),))
    if owner is not None and plain.strip():
        return Scan(plain, (Finding(owner, 0, len(plain)),))
    if plain != text:
        look = _look(plain)
    try:
        found = _find_in_all(seen, key, look, effort or Effort())
    except Spent:
        return Scan(plain, (Finding(OPAQUE, 0, len(plain)),))
    return Scan(plain, tuple(join(found)) if found else ())


def _look(text: str) -> Look | None:
    charge(LOOK + len(text) + len(text) // SIGNS_MORE)
    try:
        return PREFILTER.look(text)
    except UnicodeEncodeError:
        return _DISGUISED


def _views(text: str, look: Look | None, owner: Detector | None) -> Views:
    if look is not None and look.disguised:
        seen = views_of_disguised(text, spelled=look.spelled)
        signs = len(text) + len(seen.plain)
        for view in seen.others:
            signs += len(view.text)
        if not seen.complete:  # how much it would have been is not known
            signs = UNREAD * len(text)
        charge(READING + signs // SIGNS_READ)
        return seen
    return views(text) if owner is not None else Views(text, (), True)


def _masked(token: re.Match[str]) -> str:
    return MASKS.get(token.group(), token.group())


def scan_masked(text: str, masked: str, key: str = "", effort: Effort | None = None) -> Scan:
    """Scan a text that is scrubbed in part: what its tokens say is neither an identifier nor context for one.

    masked: the text with each token's mask in its place.
    """
    seen = _scan(masked, key, effort)
    if not seen.findings:
        return Scan(text, ())
    plain = views(text).plain
    if len(plain) != len(seen.text):  # a mask changed how the rest reads
        return Scan(plain, (Finding(OPAQUE, 0, len(plain)),))
    return Scan(plain, seen.findings)


def _find(text: str, hint: str, hinted: _Hinted, look: Look | None, effort: Effort) -> list[Finding]:
    """Find in one reading of a text. Raise Spent.

    hint, hinted: words from without, as of the property's name, and the detectors they may speak for.
    """
    found: list[Finding] = []
    worded: Sequence[int] = ()
    left, framed = effort.left, frame(text)
    searched = 0
    if look is not None:
        worded, counting = look.worded, look.counting
        for index in look.shapes:
            words = hint if index in worded or index in hinted else None
            left = MATCHERS[index].find(text, framed, words, found, counting=counting, most=left)
        searched = len(look.shapes)
        for index, until in look.numbers:
            words = hint if index in worded or index in hinted else None
            before = left
            left = MATCHERS[index].find(text, framed, words, found, counting=counting, most=left, until=until)
            searched += left < before
        for index in worded:
            if index in CONTEXT:
                left = MATCHERS[index].find(text, framed, hint, found, most=left)
    for index in hinted:
        if index in CONTEXT and index not in worded:
            left = MATCHERS[index].find(text, framed, hint, found, most=left)
    charge(SEARCH * searched + MATCH * (effort.left - left))
    effort.left = left
    if left <= 0:
        raise Spent
    return found


def _find_in_all(seen: Views, key: str, look: Look | None, effort: Effort) -> list[Finding]:
    """Find in all readings of a text. look: at the plain one. Raise Spent."""
    _, hint, hinted = key_facts(key) if key else _NO_KEY
    found = _find(seen.plain, hint, hinted, look, effort)
    if seen.others:
        worded = hinted.union(look.worded) if look is not None else hinted
        found += list(_find_in_views(seen, key, worded, found, effort))
    return found


def _find_in_views(seen: Views, key: str, worded: _Hinted, plainly: list[Finding], effort: Effort) -> Iterator[Finding]:
    """Find in other readings; what one holds takes the place of all that the reading was made from. Raise Spent.

    worded: detectors of which a word may be in the text or in its key. plainly: what was found in the plain reading.
    """
    _, hint, hinted = key_facts(key) if key else _NO_KEY
    visible = [seen.plain[finding.start : finding.end] for finding in plainly]
    for view in seen.others:
        match view.how:
            case "media":
                yield Finding(BY_NAME["media"], view.start, view.end)
            case "json":
                for part in _scan_value(key, view.value, effort):
                    yield Finding(part.detector, view.start, view.end)
            case "base64" | "spelled":  # the words around it are not in it
                around = f"{beside(seen.plain, view.start, view.end)} {hint}"
                inner = _find(view.text, around, worded, _look(view.text), effort)
                for finding in join(inner) if inner else ():
                    yield Finding(finding.detector, view.start, view.end)
            case _:
                for finding in _find(view.text, hint, hinted, _look(view.text), effort):
                    if not _is_among(view.text[finding.start : finding.end], visible):
                        yield Finding(finding.detector, view.start, view.end)


def _is_among(raw: str, visible: list[str]) -> bool:
    """True if what was found before escapes were resolved was found afterwards too."""
    for _ in range(MAX_DEPTH + 1):
        if any(raw in text for text in visible):
            return True
        raw = fold(unescape(raw))
    return False


def scan_value(key: str, value: Any) -> list[Found]:
    """Find identifiers in a JSON value, in the names of all that is in it, and in the name it has itself.

    Raise nothing for any JSON value. A part whose name says what it is is reported once and not looked into.
    """
    return _scan_value(key, value, Effort())


def _scan_value(key: str, value: Any, effort: Effort) -> list[Found]:
    walk = _Walk(effort)
    try:
        level = [walk.named((), key, value)]
        for _ in range(MAX_NESTING):
            below = [part for node in level for part in walk.visit(node)]
            if not below:
                return walk.found
            level = below
        walk.path = level[0][0]
    except Spent:
        pass
    return [*walk.found, Found(OPAQUE, walk.path)]


class _Walk:
    """What was found in a value, and how much of it may still be looked at: parts, and signs of names and texts."""

    __slots__ = ("effort", "found", "parts", "path", "signs")

    def __init__(self, effort: Effort) -> None:
        self.found: list[Found] = []
        self.effort = effort
        self.parts, self.signs = MAX_NODES, MAX_TEXT
        self.path: Path = ()

    def visit(self, node: _Node) -> Iterator[_Node]:
        """Judge a part by itself, and yield what is in it if it is nothing. Raise Spent."""
        self.path, name, value = node
        self._spend(1, len(value) if isinstance(value, str) else 0)
        before = len(self.found)
        self.found += [Found(detector, self.path) for detector in _judge(name, value, self.effort)]
        if len(self.found) > before:
            return
        path = self.path
        if isinstance(value, list):
            for index, part in enumerate(islice(value, self.parts + 1)):
                self._spend(0, len(name))
                yield (*path, index), name, part
        elif isinstance(value, dict):
            for inner, part in islice(value.items(), self.parts + 1):
                yield self.named(path, inner, part)

    def named(self, path: Path, name: str, value: Any) -> _Node:
        """Return a part that has a name of its own, and note the name if it is personal itself. Raise Spent."""
        self._spend(0, len(name))
        label, detector = _label(name, self.effort)
        if detector is not None:
            self.found.append(Found(detector, (*path, label)))
        return (*path, label), name, value

    def _spend(self, parts: int, signs: int) -> None:
        self.parts -= parts
        self.signs -= signs
        if self.parts < 0 or self.signs < 0:
            raise Spent


def _label(key: str, effort: Effort) -> tuple[str, Detector | None]:
    """Return a name as it may be shown, and what it is if it is personal itself."""
    if not quick(key):
        return key, None
    findings = _scan(key, "", effort).findings
    if not findings:
        return key, None
    return f"[{findings[0].detector.name}]", findings[0].detector


def _judge(name: str, node: Any, effort: Effort) -> Iterator[Detector]:
    """Yield what one part of a value is: by its name, as text, as a number, or by its form."""
    if node is None or isinstance(node, bool) or node in ("", [], {}):
        return
    owner = key_facts(name)[0]
    if owner is not None:
        yield owner
    elif isinstance(node, str):
        yield from (finding.detector for finding in _scan(node, name, effort).findings)
    elif isinstance(node, (int, float)):
        yield from _in_number(name, node, effort)
    elif isinstance(node, list):
        numbers = [
            part for part in islice(node, SERIES) if isinstance(part, (int, float)) and not isinstance(part, bool)
        ]
        if len(numbers) == SERIES:
            yield BY_NAME["biometric"]
        elif len(numbers) == len(node) and len(node) in PAIR:
            yield from (finding.detector for finding in _scan(", ".join(map(repr, numbers)), name, effort).findings)


def _in_number(name: str, number: int | float, effort: Effort) -> Iterator[Detector]:  # noqa: PYI041  # compiled, a float is no int
    """Yield what a number is. JSON takes zeros from its front, so it is also read with one where its name says so."""
    if isinstance(number, float):
        if number != number or abs(number) >= WHOLE:  # noqa: PLR0124  # not a number
            return
        text = str(int(number)) if number.is_integer() else repr(number)
    else:
        if number.bit_length() > MAX_BITS:
            yield OPAQUE
            return
        text = str(number)
    findings = _scan(text, name, effort).findings
    if not findings and name:
        hinted = {MATCHERS[index].detector.name for index in key_facts(name)[2]}
        findings = tuple(f for f in _scan(f"0{text}", name, effort).findings if f.detector.name in hinted)
    yield from (finding.detector for finding in findings)
