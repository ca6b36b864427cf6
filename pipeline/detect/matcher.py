"""One detector, compiled: where it is in a text."""

import re
from collections.abc import Callable
from typing import Final

from pipeline.detect.automaton import ANYWHERE, automaton, frame
from pipeline.detect.detector import Detector, Finding, Strength, always
from pipeline.detect.ordinary import is_counted, with_neighbours
from pipeline.detect.prefilter import word_pattern
from pipeline.detect.runs import is_nobodys

BEFORE: Final = 40  # characters in which a word that names the identifier may stand before it,
AFTER: Final = 40  # and behind it
ANY_PLACE: Final = 1 << 40  # beyond every text
MOST_TRIES: Final = 1024  # matches that are judged in one text or value; a feedback of 1,000 signs has about 150

_FLAGS: Final = re.IGNORECASE | re.ASCII
_REST: Final = re.compile(r"[^\s\"'<>()\[\]{}]*")
_EDGE: Final = "[^0-9A-Za-z]"
_ROW_PATTERN: Final = with_neighbours("[0-9]{5,20}")
_ROW: Final = re.compile(_ROW_PATTERN, _FLAGS).search
_ASCII_ROW: Final = automaton(_ROW_PATTERN)
_DIGIT: Final = re.compile("[0-9]")
_NUMBER_STARTS: Final = frozenset("0123456789+(")
_ROW_SIGNS: Final = frozenset("0123456789 ")
_REACH: Final = 24  # characters in which a word says what a number counts


class Spent(Exception):  # noqa: N818  # never leaves the engine
    """No effort is left."""


class Effort:
    """How many matches may still be judged, in all readings of a text and all parts of a value."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_TRIES


class Matcher:
    """A detector's patterns, compiled twice: for ASCII text, which is read many times as fast, and for any other."""

    __slots__ = (
        "_accept",
        "_ascii",
        "_bare",
        "_bare_ascii",
        "_beside",
        "_bounded",
        "_counted",
        "_exact",
        "_is_number",
        "_search",
        "_signs",
        "_unless",
        "_word",
        "certain",
        "detector",
    )

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        edge, close = ("(?<![0-9A-Za-z])", "(?![0-9A-Za-z])") if detector.bounded else ("", "")
        self._search = re.compile(f"{edge}(?:{detector.pattern}){close}", _FLAGS).search
        self._ascii = automaton(f"{_EDGE}(?:{detector.pattern}){_EDGE}" if detector.bounded else detector.pattern)
        bare = detector.bare
        self._bare = re.compile(f"{edge}(?:{bare}){close}", _FLAGS).search if bare else self._search
        self._bare_ascii = automaton(f"{_EDGE}(?:{bare}){_EDGE}") if bare else self._ascii
        self._bounded = detector.bounded
        self._beside = 2 if detector.bounded else 0  # a match in a frame takes the signs beside it along
        self._exact = detector.exact
        self._signs = detector.signs
        self._accept = None if detector.validate is always else detector.validate
        self._counted = detector.counted
        self._is_number = detector.digits is not None
        self._unless = _right_before(detector.unless) if detector.unless else None
        self.certain = detector.strength is not Strength.CONTEXT
        self._word = Words(detector.words) if detector.words else None

    def find(  # called some fifteen times for a text that is looked into
        self,
        text: str,
        framed: bytes | None,
        hint: str | None,
        found: list[Finding],
        *,
        counting: bool = True,
        most: int = MOST_TRIES,
        until: int = ANY_PLACE,
    ) -> int:
        """Add where the identifier is. Return how many of the `most` matches that may be judged are left, 0 if none.

        After a number that is refused the search goes on with the number's next group ("45210 98765 43210"); any other
        match that is refused, or that is not `exact`, is passed over whole.
        framed: the text's `frame`. hint: the property's name in words, for context; None if no word is in the text, so
        that none is sought. counting: a word that says what a number counts may be in the text. until: no match
        begins there or behind.
        """
        exact, signs, at = self._exact, self._signs, 0
        slow = self._search if hint is not None else self._bare
        quick = self._ascii if hint is not None else self._bare_ascii
        if framed is not None and not self._bounded:
            framed = framed[1:-1]
        while most > 0 and at < until:
            if framed is not None:
                ((start, end),) = quick(ANYWHERE, framed, at, len(framed))
                end -= self._beside
            else:
                match = slow(text, at)
                start, end = match.span() if match is not None else (-1, -1)
            if end < 0:
                break
            most -= 1
            shape = text[start:end]
            if exact is not None and not exact(shape):
                pass
            elif self._is_it(shape, text, start, end, hint, counting):
                if not self._bounded:
                    end = _end_of_token(text, end)
                found.append(Finding(self.detector, start, end))
            elif shape[0] in _NUMBER_STARTS and not (self._bounded and shape.isdigit()):
                end = start
            at = end if end > start else start + 1
            if signs and framed is not None:
                until = _last(signs, text)
                signs = ()
        return most

    def _is_it(self, match: str, text: str, start: int, end: int, hint: str | None, counting: bool) -> bool:
        if (
            self.certain
            and (self._accept is None or self._accept(match))
            and not (self._is_number and is_nobodys(match))
            and not (
                counting and self._counted and _ROW_SIGNS.issuperset(match) and _counts_something(text, start, end)
            )
            and not (self._unless is not None and self._unless(text[max(0, start - _REACH) : start]))
        ):
            return True
        return hint is not None and self._word is not None and self._word.is_near(text, start, end, hint)

    def is_named_by(self, words: str) -> bool:
        """True if one of these words names the identifier."""
        return self._word is not None and self._word.is_near("", 0, 0, words)


def _last(signs: tuple[str, ...], text: str) -> int:
    """Return the end of the last of the signs in an ASCII text."""
    text = text.lower()
    last = 0
    for sign in signs:
        last = max(last, text.rfind(sign) + len(sign))
    return last


def _end_of_token(text: str, at: int) -> int:
    rest = _REST.match(text, at)
    return rest.end() if rest is not None else at


def _right_before(words: tuple[str, ...]) -> Callable[[str], bool]:
    """Return a test for one of the words at the end of a text."""
    ending = rf"(?:{word_pattern(words)})[ :=._-]{{0,2}}"
    search = re.compile(rf"(?<![a-z]){ending}\Z", re.IGNORECASE).search
    in_ascii = automaton(f"[^a-z]{ending}[|]$")

    def ends_so(text: str) -> bool:
        framed = frame(text)
        if framed is None:
            return search(text) is not None
        return in_ascii(ANYWHERE, framed, 0, len(framed))[0][1] >= 0

    return ends_so


def _counts_something(text: str, start: int, end: int) -> bool:
    """True if a word beside a row of digits says what it counts."""
    before = _DIGIT.sub("x", text[max(0, start - _REACH) : start])
    digits = text[start:end].replace(" ", "")
    around = f"{before}{digits}{text[end : end + _REACH]}"
    if around.isascii():
        ((first, last),) = _ASCII_ROW(ANYWHERE, around.encode(), 0, len(around))
        return last > 0 and is_counted(around[first:last])
    row = _ROW(around)
    return row is not None and is_counted(row.group())


class Words:
    """A detector's words, to be found around a match."""

    __slots__ = ("_ascii", "_search")

    def __init__(self, words: tuple[str, ...]) -> None:
        pattern = f"(?:{word_pattern(words)})"
        self._search = re.compile(f"(?<![a-z]){pattern}(?![a-z])", re.IGNORECASE).search
        self._ascii = automaton(f"[^a-z]{pattern}[^a-z]")

    def is_near(self, text: str, start: int, end: int, hint: str) -> bool:
        """True if one stands near the match or in the hint."""
        near = f"{beside(text, start, end)} {hint}"
        framed = frame(near)
        if framed is None:
            return self._search(near) is not None
        return self._ascii(ANYWHERE, framed, 0, len(framed))[0][1] >= 0


def beside(text: str, start: int, end: int) -> str:
    """Return what stands near a part of a text: a word there may name what the part is."""
    return f"{text[max(0, start - BEFORE) : start]} {text[end : end + AFTER]}"
