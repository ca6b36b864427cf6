"""RE2's automatons over ASCII text, called without the wrapper of its Python package, which costs more than a search.

An automaton reads a text once whatever it holds, where `re` tries a pattern anew at every sign. What it finds is the
same: the leftmost match, and of those the one that comes first by the order of alternatives and repeats.
"""

from collections.abc import Callable
from typing import Final

import re2

LEAST_MEMORY: Final = 2 << 20  # bytes at most for one automaton's states, of which it makes as few as texts ask for,
MEMORY_PER_STEP: Final = 1000  # and more for a large one: with room for few states RE2 falls back to a slow way
ANYWHERE: Final = re2._Anchor.UNANCHORED  # noqa: SLF001

_FIRST_OTHER: Final = 0x80
_OTHER: Final = "\xff"  # stands for every sign that no ASCII text has

Search = Callable[[object, bytes, int, int], list[tuple[int, int]]]
"""Called as search(ANYWHERE, text, start, end): the span of the first match in those bytes, (-1, -1) for none."""


def automaton(pattern: str) -> Search:
    """Return a search for a pattern in ASCII text, whatever the case of letters. Raise re2.error.

    pattern: RE2 syntax that holds no group by its number. Its signs of other scripts match nothing here, which keeps
    the automaton to a fraction of its size.
    """
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    plain = for_ascii(pattern)
    options.max_mem = LEAST_MEMORY
    compiled = re2.compile(plain, options)
    needed = compiled.programsize * MEMORY_PER_STEP
    if needed > LEAST_MEMORY:
        options.max_mem = needed
        compiled = re2.compile(plain, options)
    search: Search = compiled._regexp.Match  # noqa: SLF001
    return search


def for_ascii(pattern: str) -> bytes:
    """Return a pattern whose signs of other scripts match nothing in ASCII text, for RE2 to read as Latin-1."""
    return "".join(sign if ord(sign) < _FIRST_OTHER else _OTHER for sign in pattern).encode("latin-1")


def frame(text: str) -> bytes | None:
    """Return an ASCII text between two bars, so that every place in it has a sign before and behind; None for others.

    A sign of the text has the same place, plus one, in its frame.
    """
    return f"|{text}|".encode() if text.isascii() else None
