"""One pass over a text for all detectors at once, for their words, and for what makes a text need normalising."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import re2

from pipeline.detect.detector import Detector, Strength
from pipeline.detect.ordinary import COUNTING
from pipeline.detect.runs import between, digit_counts

MEMORY = 64 << 20  # bytes for the automaton's states; it starts over when they are used up

# The text stands between two bars, so that every boundary is a sign: RE2 then shares one start among all patterns.
_EDGE = "[^0-9A-Za-z]"
_WORD_EDGE = "[^A-Za-z]"
_NEVER = "$^x"

# what `normalise` has work with: anything but printable ASCII, escapes, JSON, loose spaces, and what may be base64
DISGUISE = r"[^ -~]|[%&\\{]|  | -|- |^\| ?\[ ?[-0-9\"\[]|(?-i:[a-z0-9+/][A-Z])"


def word_pattern(words: Sequence[str]) -> str:
    """Return a pattern for any of the words, longest first."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def shape_pattern(detector: Detector) -> str:
    """Return what the set looks for in place of a detector's shape."""
    if detector.strength is Strength.CONTEXT or detector.digits is not None:
        return _NEVER
    if detector.probe or not detector.bounded:
        return detector.probe or detector.pattern
    return f"{_EDGE}(?:{detector.pattern}){_EDGE}"


class Look(NamedTuple):
    """What the pass found.

    shapes: positions of detectors whose shape may be in the text; those of strength CONTEXT have none here.
    worded: positions of detectors one of whose words may be in the text.
    counting: a word or sign may say what a number counts. disguised: the text has to be normalised.
    """

    shapes: Sequence[int]
    worded: Sequence[int]
    counting: bool
    disguised: bool


class Prefilter:
    """An RE2 set. Its answer may name a detector that finds nothing, and never misses one that does."""

    __slots__ = ("_all", "_counting", "_disguise", "_number", "_numbers", "_words", "match")

    def __init__(self, detectors: Sequence[Detector]) -> None:
        """Compile; raise re2.error for a pattern that RE2 does not take."""
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        options.max_mem = MEMORY
        patterns = re2.Set.SearchSet(options)
        for detector in detectors:
            patterns.Add(shape_pattern(detector))
        for detector in detectors:
            patterns.Add(f"{_WORD_EDGE}(?:{word_pattern(detector.words)}){_WORD_EDGE}" if detector.words else _NEVER)
        lengths = [d.digits if d.strength is not Strength.CONTEXT else None for d in detectors]
        self._numbers = tuple((index, between(*digits)) for index, digits in enumerate(lengths) if digits is not None)
        least = min(digits[0] for digits in lengths if digits is not None)
        self._number = patterns.Add(f"[0-9](?:[ .()/+-]{{0,4}}[0-9]){{{least - 1}}}")
        self._disguise = patterns.Add(DISGUISE)
        patterns.Add("")  # an answer without it is RE2 out of memory, not a clean text
        patterns.Compile()
        counting = re2.Set.SearchSet(options)
        counting.Add(f"{_WORD_EDGE}(?:{COUNTING}){_WORD_EDGE}|[$₹#]")
        counting.Compile()
        self._counting = counting._set.Match  # noqa: SLF001  # as below; empty means that no word is there
        self._words = len(detectors)
        self._all = Look(range(self._words), range(self._words), counting=True, disguised=True)
        self.match = patterns._set.Match  # noqa: SLF001  # the wrapper costs as much again as the match
        """Positions of all patterns in some UTF-8, in no order; exactly one if the text is clean and needs no work."""

    def look(self, text: str) -> Look | None:
        """Return what may be in a text without surrogates, None if it is clean and needs no work."""
        found: list[int] = self.match(f"|{text}|".encode())
        if len(found) == 1:
            return None
        if not found:
            return self._all
        shapes: list[int] = []
        worded: list[int] = []
        for hit in found:
            if hit < self._words:
                shapes.append(hit)
            elif hit < self._number:
                worded.append(hit - self._words)
        counting = False
        if self._number in found:
            counting = bool(self._counting(f"|{text}|".encode()))
            counts = digit_counts(text)
            for index, wanted in self._numbers:
                if wanted & counts:
                    shapes.append(index)
        return Look(shapes, worded, counting, self._disguise in found)
