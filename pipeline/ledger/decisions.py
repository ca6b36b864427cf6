"""One decision for each offset of a chunk, as a short text.

    A57.3(AB)B2   57 offsets: code A; 3: no record there; one array record with an A and a B; 2 offsets: code B

The i-th letter stands for the i-th entry of the receipt's `codes`. A number after a letter, or after a dot, is how
often it is repeated. A chunk of records of one cohort is a text of a few bytes; the worst is a byte a record.
"""

import re
import string
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

Key = tuple[str, ...]
"""A decision in words of closed lists, `("no_consent", "US/child")` for one."""

ABSENT = "."
MOST_CODES = 512
LETTERS = string.ascii_uppercase + string.ascii_lowercase
LETTERS += "".join(map(chr, range(0x100, 0x100 + MOST_CODES - len(LETTERS))))  # beyond digits, dots and brackets
_NUMBER = {letter: number for number, letter in enumerate(LETTERS)}
MOST_IN_ARRAY = 100_000
_MOST_DIGITS = 15

_REPEATED = re.compile(r"([^()\d])\1{2,}")
_ITEM = re.compile(r"([^()\d])(\d*)|\(((?:[^().\d]\d*)*)\)")
_INNER = re.compile(r"([^().\d])(\d*)")


class Run(NamedTuple):
    """The same decision for `length` offsets.

    codes: places in the receipt's codes, more than one for an array record, none for an empty one; None where the
    topic holds no record.
    """

    codes: tuple[int, ...] | None
    length: int


def pack(first: int, offsets: Sequence[int], decisions: Sequence[Key | list[Key]]) -> tuple[Counter[Key], str]:
    """Return the decisions that occur with their counts, in the order of first use, and the text.

    It covers the offsets from `first` to the last of `offsets`, which rise; decisions: one for each of them, a list for
    an array record. Raise ValueError for more than `MOST_CODES` different ones.
    """
    single = [each for each in decisions if type(each) is tuple]
    counts: Counter[Key] = Counter(single)
    if len(single) < len(decisions):
        for each in decisions:
            if type(each) is list:
                counts.update(each)
    if len(counts) > MOST_CODES:
        raise ValueError("more different decisions in a chunk than a receipt can name")
    letters = dict(zip(counts, LETTERS, strict=False))
    if len(single) == len(decisions):
        parts = [letters[each] for each in single]
    else:
        parts = [_letter(each, letters) for each in decisions]
    if offsets[-1] - first + 1 == len(offsets):
        return counts, _shorten("".join(parts))
    return counts, "".join(_with_holes(first, offsets, parts))


def unpack(text: str) -> Iterator[Run]:
    """Yield the runs of a text. Raise ValueError for one that is not such a text."""
    at = 0
    while at < len(text):
        item = _ITEM.match(text, at)
        if item is None:
            raise ValueError("not a text of decisions")
        at = item.end()
        letter, count, inner = item.groups()
        if letter is None:
            yield Run(tuple(_array(inner)), 1)
        else:
            yield Run(None if letter == ABSENT else (_code(letter),), _times(count))


def _array(inner: str) -> Iterator[int]:
    for one in _INNER.finditer(inner):
        code, times = _code(one[1]), _times(one[2])
        if times > MOST_IN_ARRAY:
            raise ValueError("not a text of decisions")
        yield from [code] * times


def _letter(decision: Key | list[Key], letters: dict[Key, str]) -> str:
    if type(decision) is list:
        return f"({_shorten(''.join([letters[each] for each in decision]))})"
    assert type(decision) is tuple
    return letters[decision]


def _with_holes(first: int, offsets: Sequence[int], parts: Sequence[str]) -> Iterator[str]:
    """Yield the text in pieces, each stretch of records shortened, dots where there is none."""
    start, expected = 0, first
    for index, offset in enumerate(offsets):
        if offset != expected:
            yield _shorten("".join(parts[start:index]))
            yield f"{ABSENT}{offset - expected}" if offset - expected > 1 else ABSENT
            start = index
        expected = offset + 1
    yield _shorten("".join(parts[start:]))


def _shorten(text: str) -> str:
    return _REPEATED.sub(lambda run: f"{run[1]}{len(run[0])}", text)


def _code(letter: str) -> int:
    number = _NUMBER.get(letter)
    if number is None:
        raise ValueError("not a text of decisions")
    return number


def _times(count: str) -> int:
    if not count:
        return 1
    if not count.isascii() or count[0] == "0" or len(count) > _MOST_DIGITS:
        raise ValueError("not a text of decisions")
    return int(count)
