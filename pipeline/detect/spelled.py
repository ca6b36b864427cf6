"""What is written sign by sign, "m i a @ e x a m p l e . c o m", or apart by odd signs, "98765*43210", in one piece."""

import re
from collections.abc import Iterator
from typing import Final

from pipeline.detect.automaton import ANYWHERE, automaton

LONGEST: Final = 99  # signs after the first; what is longer is no identifier

_PART: Final = "(?:[0-9A-Za-z@._/+]|at|dot)"
_BETWEEN: Final = "[ .-]"
_LEAST: Final = 6  # signs after the first
_ODD: Final = "[*/_~]"
_ODD_LEAST: Final = 3  # digits in a group: "5/10" and "25/11/2026" have fewer

SPELLED: Final = (
    rf"[^0-9A-Za-z]{_PART}(?:{_BETWEEN}{_PART}){{{_LEAST}}}"
    rf"|[0-9]{{{_ODD_LEAST}}}{_ODD}[0-9]{{{_ODD_LEAST}}}"
)
"""A pattern for RE2, of which every such text between two bars has a match."""

_somewhere: Final = automaton(SPELLED)
_ROWS: Final = re.compile(
    rf"(?<![0-9A-Za-z]){_PART}(?:{_BETWEEN}{_PART}){{{_LEAST},{LONGEST}}}(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_GROUPS: Final = re.compile(rf"[0-9]{{{_ODD_LEAST},6}}(?:{_ODD}[0-9]{{{_ODD_LEAST},6}}){{1,4}}(?![0-9])")
_ODD_SIGN: Final = re.compile(_ODD)
_NEXT: Final = re.compile("(?:at|dot)(?![0-9A-Za-z])|.", re.IGNORECASE)
_WORDS: Final = {"at": "@", "dot": "."}
_LEAST_LETTERS, _LEAST_DIGITS = 3, 4


def may_be_spelled(text: str) -> bool:
    """Say whether there may be such a part in a text without surrogates; False only if there is none."""
    framed = f"|{text}|".encode()
    return _somewhere(ANYWHERE, framed, 0, len(framed))[0][1] >= 0


def put_together(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and the whole of each part.

    Letters alone are a word that somebody stretches and digits alone are numbers in their own right.
    """
    if not may_be_spelled(text):
        return
    for match in _ROWS.finditer(text):
        start, end = match.span()
        whole = "".join(_WORDS.get(part.lower(), part) for part in _parts(match.group()))
        if whole[:1] == "@":  # what stands before it is in one piece
            start = text.rfind(" ", 0, max(0, start - 1)) + 1
            whole = text[start : match.start()].rstrip() + whole
        if "@" in whole or "/" in whole or _is_mixed(whole):
            yield start, end, whole
    for match in _GROUPS.finditer(text):
        start, end = match.span()
        yield start, end, _ODD_SIGN.sub("-", match.group())


def _parts(row: str) -> Iterator[str]:
    """Yield the signs of a row, and its words for signs; between any two stands one separator."""
    place = 0
    while (part := _NEXT.match(row, place)) is not None:
        yield part.group()
        place = part.end() + 1


def _is_mixed(whole: str) -> bool:
    return sum(map(str.isalpha, whole)) >= _LEAST_LETTERS and sum(map(str.isdigit, whole)) >= _LEAST_DIGITS
