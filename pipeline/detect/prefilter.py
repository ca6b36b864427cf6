"""One pass over a text for all detectors at once, for their words, and for what makes a text need normalising."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import re2

from pipeline.detect.automaton import ANYWHERE, Search, automaton, for_ascii
from pipeline.detect.detector import Detector, Strength
from pipeline.detect.ordinary import COUNTING
from pipeline.detect.runs import between, digit_runs
from pipeline.detect.spelled import SPELLED

MEMORY: Final = 64 << 20  # bytes for the automaton's states; it starts over when they are used up

# The text stands between two bars, so that every boundary is a sign: RE2 then shares one start among all patterns.
_EDGE: Final = "[^0-9A-Za-z]"
_WORD_EDGE: Final = "[^A-Za-z]"
_NEVER: Final = "$^x"

# what `normalise` has work with: anything but printable ASCII, escapes, JSON, loose spaces, and what may be base64;
# beside that, SPELLED
DISGUISE: Final = r"[^ -~]|[%&\\{]|  | -|- |^\| ?\[ ?[-0-9\"\[]|(?-i:[a-z0-9+/][A-Z])"


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


class Look:
    """What the pass found.

    shapes: positions of detectors whose shape may be in the text; those of strength CONTEXT have none here.
    worded: positions of detectors one of whose words may be in the text.
    counting: a word or sign may say what a number counts. disguised: the text has to be normalised. spelled: as it is
    written, something may be spelled in it sign by sign.
    numbers: more such positions, for ASCII text: of detectors of numbers as long as those in the text, and where the
    last that is so long ends. Whether one looks like them is not known.
    """

    __slots__ = ("counting", "disguised", "numbers", "shapes", "spelled", "worded")

    def __init__(
        self,
        shapes: Sequence[int],
        worded: Sequence[int],
        counting: bool,
        disguised: bool,
        numbers: Sequence[tuple[int, int]] = (),
        *,
        spelled: bool = True,
    ) -> None:
        self.numbers: Final = numbers
        self.shapes: Final = shapes
        self.worded: Final = worded
        self.counting: Final = counting
        self.disguised: Final = disguised
        self.spelled: Final = spelled


class _Numbers(NamedTuple):
    """Detectors of numbers of the same lengths. search: for any of their patterns, in ASCII text, if they are many."""

    lengths: int
    least: int
    detectors: tuple[int, ...]
    search: Search | None


def _numbers(detectors: Sequence[Detector]) -> Iterator[_Numbers]:
    alike: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for index, detector in enumerate(detectors):
        if detector.digits is not None and detector.strength is not Strength.CONTEXT:
            alike[detector.digits].append(index)
    for digits, found in alike.items():
        shapes = "|".join(f"(?:{detectors[index].pattern})" for index in found)
        search = automaton(f"{_EDGE}(?:{shapes}){_EDGE}") if len(found) > 1 else None
        yield _Numbers(between(*digits), digits[0], tuple(found), search)


def _word_pattern(words: Sequence[str]) -> str:
    return f"{_WORD_EDGE}(?:{word_pattern(words)}){_WORD_EDGE}" if words else _NEVER


def _compile(patterns: Iterable[str], *, only_ascii: bool = False) -> Callable[[bytes], list[int]]:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = MEMORY
    if only_ascii:
        options.encoding = re2.Options.Encoding.LATIN1
    found = re2.Set.SearchSet(options)
    for pattern in patterns:
        found.Add(for_ascii(pattern) if only_ascii else pattern)
    found.Compile()
    match: Callable[[bytes], list[int]] = found._set.Match  # noqa: SLF001  # the wrapper takes as long as the match
    return match


class Prefilter:
    """An RE2 set. Its answer may name a detector that finds nothing, and never misses one that does."""

    __slots__ = (
        "_all",
        "_counting",
        "_disguise",
        "_least",
        "_number",
        "_numbers",
        "_spelled",
        "_words",
        "match",
        "match_ascii",
    )

    def __init__(self, detectors: Sequence[Detector]) -> None:
        """Compile; raise re2.error for a pattern that RE2 does not take."""
        patterns = [shape_pattern(detector) for detector in detectors]
        words = [detector.words for detector in detectors]
        ascii_words = [tuple(filter(str.isascii, each)) for each in words]
        self._words, self._number = len(patterns), len(patterns) + len(words)
        self._disguise, self._spelled = self._number + 1, self._number + 2
        self._numbers = tuple(_numbers(detectors))
        self._least = min(each.least for each in self._numbers)
        # an answer without the last, which is in every text, is RE2 out of memory, not a clean text
        rest = [f"[0-9](?:[ .()/+-]{{0,4}}[0-9]){{{self._least - 1}}}", DISGUISE, SPELLED, ""]
        self._counting = _compile([f"{_WORD_EDGE}(?:{COUNTING}){_WORD_EDGE}|[$₹#]"])  # empty: no word is there
        self._all = Look(range(self._words), range(self._words), counting=True, disguised=True)
        self.match = _compile([*patterns, *map(_word_pattern, words), *rest])
        """Positions of all patterns in some UTF-8, in no order; exactly one if the text is clean and needs no work."""
        self.match_ascii = _compile([*patterns, *map(_word_pattern, ascii_words), *rest], only_ascii=True)
        """The same for ASCII alone: it has fewer states, and makes one that is new in less time."""

    def look(self, text: str) -> Look | None:
        """Return what may be in a text without surrogates, None if it is clean and needs no work."""
        framed = f"|{text}|".encode()
        found = self.match_ascii(framed) if text.isascii() else self.match(framed)
        if len(found) == 1:
            return None
        if not found:
            return self._all
        shapes: list[int] = []
        worded: list[int] = []
        lone: list[tuple[int, int]] = []
        words, number, disguise, apart = self._words, self._number, self._disguise, self._spelled
        numbers = counting = disguised = spelled = False
        for hit in found:
            if hit < words:
                shapes.append(hit)
            elif hit < number:
                worded.append(hit - words)
            elif hit == number:
                numbers = True
            elif hit == disguise:
                disguised = True
            elif hit == apart:
                disguised = spelled = True
        if numbers:
            counting = bool(self._counting(framed))
            self._add_numbers(text, framed, shapes, lone)
        return Look(shapes, worded, counting, disguised, lone, spelled=spelled)

    def _add_numbers(self, text: str, framed: bytes, shapes: list[int], lone: list[tuple[int, int]]) -> None:
        """Add the detectors of numbers that are as long as those in the text.

        In ASCII text those that share their lengths are added if it has what looks like one of them, the others to
        `lone`: their own search says as much.
        """
        plain = text.isascii()
        runs = digit_runs(text, self._least)
        runs.reverse()
        for lengths, _, detectors, search in self._numbers:
            for counts, end in runs:
                if counts & lengths:
                    if not plain:
                        shapes += detectors
                    elif search is None:
                        lone.append((detectors[0], end))
                    elif search(ANYWHERE, framed, 0, len(framed))[0][1] >= 0:
                        shapes += detectors
                    break
