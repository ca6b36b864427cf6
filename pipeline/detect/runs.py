"""How many digits the numbers of a text have, in every way its groups can be read together.

An automaton that allows a separator between any two digits needs a state for every way to group them; counting does
not. "98765 43210 12" holds numbers of 2, 5, 7, 10 and 12 digits.

And which rows of digits are nobody's number, however long: those of shops, of machines and of people who count.
"""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final

LONGEST: Final = 60  # digits; what is longer than any identifier counts as this long, and bits for all fit one word

_RUN: Final = re.compile("[0-9]+(?:[ .()/+-]{1,4}[0-9]+)*")
_GROUP: Final = re.compile("[0-9]+")
_SHAPE: Final = str.maketrans(dict.fromkeys(".()/+-", " ") | dict.fromkeys("0123456789", "0"))
_MASK: Final = (1 << (LONGEST + 1)) - 1
_SHAPES: Final = 4096  # kept at hand


def digit_runs(text: str, least: int) -> list[tuple[int, int]]:
    """Return for each run of groups a bit for each number of digits that neighbours in it have together, and its end.

    least: digits; runs that are shorter are left out.
    """
    runs: list[tuple[int, int]] = []
    end = 0
    for run in _RUN.findall(text):
        size = len(run)
        if size >= least:
            end = text.index(run, end) + size
            runs.append((1 << min(size, LONGEST) if run.isdigit() else _sums(run.translate(_SHAPE)), end))
    return runs


@lru_cache(_SHAPES)
def _sums(shape: str) -> int:
    """Return a bit for the length of each row of neighbouring groups of a run that has spaces between them."""
    counts = sums = 0  # sums: of all rows that end at the current group
    for group in shape.split():
        size = min(len(group), LONGEST)
        sums = ((sums << size) | (1 << size)) & _MASK
        counts |= sums
    return counts


def between(least: int, most: int) -> int:
    """Return the bits for least to most digits."""
    return (1 << (most + 1)) - (1 << least)


ORDER: Final = "[0-9]{3}[ .-][0-9]{7}[ .-][0-9]{7}"
"""A pattern for the order number of a shop, in groups of 3, 7 and 7, for a detector to take it whole."""
_ORDER: Final = re.compile(r"[0-9]{3}([ .-])[0-9]{7}\1[0-9]{7}")
_ORDER_SIGNS: Final = 19


def is_no_order(text: str) -> bool:
    """Refuse an order number: its first two groups look like a telephone number."""
    return len(text) != _ORDER_SIGNS or _ORDER.fullmatch(text) is None


_LEAST_POWER, _MOST_POWER = 27, 64  # 2 ** 27 has nine digits; smaller ones are no identifier's length
_LIMITS: Final = frozenset(str(2**bits + off) for bits in range(_LEAST_POWER, _MOST_POWER + 1) for off in (-1, 0, 1))
_LEAST_ROW: Final = 3  # numbers
_MADE_UP: Final = "9876543210"  # the telephone number that people make up: in pairs it falls by equal steps
_ROUND: Final = 50
_YEARS: Final = range(1900, 2100)


def is_nobodys(text: str) -> bool:
    """True if the digits of a text are a limit of computers (2147483647), or a row as people count.

    A row goes up or down by the same step, or doubles, or has round numbers or years only; what stands before it may
    be another number ("1 2000 3000 4000"). A few in a hundred thousand telephone numbers look so too when they are
    written in groups; a word beside one still names it. The ten digits from 9 to 0 are none, in any groups.
    """
    if text[0] in "+(":  # only telephone numbers begin so
        return False
    groups = _GROUP.findall(text)
    if len(groups) == 1:
        return groups[0] in _LIMITS
    return (_is_row(groups) or _is_row(groups[1:])) and "".join(groups) != _MADE_UP


def _is_row(groups: list[str]) -> bool:
    if len(groups) < _LEAST_ROW:
        return False
    for group in groups:
        if group[0] == "0":
            return False
    numbers = list(map(int, groups))
    first, second = numbers[:2]  # they rule out most kinds of row, and most numbers are none
    step = second - first
    return (
        (step != 0 and all(after - before == step for before, after in pairwise(numbers)))
        or (second == 2 * first and all(after == 2 * before for before, after in pairwise(numbers)))
        or (first % _ROUND == 0 and all(number % _ROUND == 0 for number in numbers))
        or (first in _YEARS and all(number in _YEARS for number in numbers))
    )
