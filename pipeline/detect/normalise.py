"""What a text says once its disguises are off.

Digits of any script become ASCII digits, invisible characters go, spaces and dashes become one kind (`fold`).
Percent signs, HTML entities and JSON escapes are resolved, base64 and JSON inside the text are opened, and what is
spelled sign by sign is put together (`views`). All of it is bounded in depth, number and size; what goes over a bound
cannot be judged, and the caller treats it as unsafe.
"""

import binascii
import html
import json
import re
import unicodedata
import urllib.parse
from typing import Any, Final, NamedTuple

from pipeline.detect.spelled import may_be_spelled, put_together

MAX_TEXT: Final = 8192  # characters; free text that may leave is capped at far less
MAX_DEPTH: Final = 3
MAX_VIEWS: Final = 32
MAX_GROWTH: Final = 4  # all views together, in lengths of the text,
SPARE: Final = 256  # and a little more, so that a short text may be opened at all
MEDIA_LEAST: Final = 24  # characters of base64; a magic number of three bytes says nothing in less

MEDIA_MAGIC: Final = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\x00", b"MM\x00*", b"OggS", b"ID3", b"fLaC", b"#!AMR", b"%PDF",
    b"\x1aE\xdf\xa3", b"\x00\x00\x00\x18ftyp", b"\x00\x00\x00\x1cftyp", b"\x00\x00\x00\x20ftyp", b"\x1f\x8b\x08",
    b"PK\x03\x04",
)  # fmt: skip

_SPACES: Final = frozenset(map(ord, "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2800"))  # the last is a braille sign without dots
_BLANK: Final = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x20E3, 0x3164, 0xFFA0}
)
_SAME: Final = {
    0x2212: "-", 0x2043: "-", 0x02D7: "-", 0x3002: ".", 0x00B7: ".", 0x2022: ".", 0x2219: ".", 0x22C5: ".",
    0x2044: "/", 0x2215: "/",
}  # fmt: skip
_REMEMBERED: Final = 0x3000  # code points below this are looked up once; the scripts people write in are all there


class _Folding(dict[int, "str | None"]):
    """A table for str.translate that works itself out."""

    def __missing__(self, point: int) -> str | None:
        """Return what stands for a code point, None when nothing does."""
        folded = _fold_point(point)
        if point < _REMEMBERED:
            self[point] = folded
        return folded


def _fold_point(point: int) -> str | None:
    if point in _SAME:
        return _SAME[point]
    if point in _BLANK or 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF:  # noqa: PLR2004  # variation selectors
        return None
    if point in _SPACES:
        return " "
    sign = chr(point)
    digit = unicodedata.decimal(sign, None)
    if digit is not None:
        return str(digit)
    match unicodedata.category(sign):
        case "Cf" | "Cc":
            return None
        case "Zs" | "Zl" | "Zp":
            return " "
        case "Pd":
            return "-"
        case "Cs":
            return "\ufffd"  # half a pair; UTF-8 has no bytes for it
        case _:
            return sign


_FOLDED: Final = _Folding()
_SHORT: Final = 256  # characters in which no order of marks takes long
_RUN_OF_SPACES: Final = re.compile(" {2,}")
_LOOSE_DASH: Final = re.compile("(?<=[0-9])(?: -+ ?|-+ )(?=[0-9])")
_MOST_MARKS: Final = (
    30  # on one letter (UAX #15, stream-safe text); to put them in order takes the square of their number
)
_MARKS: Final = re.compile(rb"[^\0]{%d,}" % (_MOST_MARKS + 1))
_PICTURES: Final = (  # arrows, technical signs, shapes, pictures
    "\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff"
)
_BETWEEN_DIGITS: Final = re.compile(f"(?<=[0-9]) ?[{_PICTURES}]{{1,4}} ?(?=[0-9])")
_MARKED_DIGIT: Final = re.compile("(?<=[0-9])[\u0300-\u036f]+")


def fold(text: str) -> str:
    """Return the text with every digit, space and dash in its ASCII form and without what nobody sees.

    A picture between two digits is a dash as well.
    """
    pictures = not text.isascii()
    if pictures:
        text = text.translate(_FOLDED)
        if len(text) > _SHORT:
            text = _thinned(text)
        if not unicodedata.is_normalized("NFKC", text):
            text = unicodedata.normalize("NFKC", text).translate(_FOLDED)
        text = _MARKED_DIGIT.sub("", text)
    elif not text.isprintable():
        text = text.translate(_FOLDED)
    if "  " in text:
        text = _RUN_OF_SPACES.sub(" ", text)
    if " -" in text or "- " in text:
        text = _LOOSE_DASH.sub("-", text)
    return _BETWEEN_DIGITS.sub("-", text) if pictures else text


def _thinned(text: str) -> str:
    """Return the text with no more marks on a letter than any language has."""
    parts: list[str] = []
    done = 0
    for run in _MARKS.finditer(bytes(map(unicodedata.combining, text))):
        parts.append(text[done : run.start() + _MOST_MARKS])
        done = run.end()
    return "".join((*parts, text[done:]))


_MIXED: Final = re.compile("[a-z0-9+/][A-Z]")  # a small letter or digit before a capital: base64, or a camelCase word
_ARRAY: Final = re.compile(r"\s*\[\s*[-0-9\"{\[]")


def is_plain(text: str) -> bool:
    """True if the text has one reading only, itself: so it is with nearly every string."""
    return (
        text.isascii()
        and "%" not in text
        and "&" not in text
        and "\\" not in text
        and "{" not in text
        and "  " not in text
        and " -" not in text
        and "- " not in text
        and text.isprintable()
        and (text.islower() or _MIXED.search(text) is None)
        and (text[:1] not in "[ " or _ARRAY.match(text) is None)
        and len(text) <= MAX_TEXT
        and not may_be_spelled(text)
    )


class View(NamedTuple):
    """Another reading of a part of the text, or of all of it.

    start, end: the part, as a span of `Views.plain`. how: "raw" (before escapes were resolved), "base64", "media"
    (base64 of a picture, a recording, an archive), "spelled" or "json". value: the JSON value, text: the other
    readings.
    """

    start: int
    end: int
    how: str
    text: str = ""
    value: Any = None


class Views(NamedTuple):
    """All readings of a text. plain: folded, escapes resolved. complete: False if a bound cut the work short."""

    plain: str
    others: tuple[View, ...]
    complete: bool


class _Bound(Exception):  # noqa: N818  # never leaves this module
    """A bound was met."""


class _Budget:
    """What may still be opened."""

    __slots__ = ("size", "views")

    def __init__(self, text: str) -> None:
        self.views = MAX_VIEWS
        self.size = MAX_GROWTH * len(text) + SPARE

    def spend(self, text: str) -> str:
        """Account for one more view. Raise _Bound."""
        self.views -= 1
        self.size -= len(text)
        if self.views < 0 or self.size < 0:
            raise _Bound
        return text


def views(text: str) -> Views:
    """Return all readings of a text."""
    return Views(text, (), True) if is_plain(text) else views_of_disguised(text)


def views_of_disguised(text: str, *, spelled: bool = True) -> Views:
    """As `views`, for a text that is known to be no plain one. spelled: SPELLED may be in it as it is written."""
    if len(text) > MAX_TEXT:
        return Views("", (), False)
    budget = _Budget(text)
    others: list[View] = []
    try:
        plain = budget.spend(fold(text))
        readings = [plain]
        plain = _resolve(plain, budget, readings)
        others = [View(0, len(plain), "raw", reading) for reading in readings if reading != plain]
        _open(plain, budget, others, 1)
        if spelled or plain != text:
            others += [View(start, end, "spelled", budget.spend(whole)) for start, end, whole in put_together(plain)]
    except _Bound:
        return Views("", (), False)
    return Views(plain, tuple(others), True)


def _resolve(text: str, budget: _Budget, readings: list[str]) -> str:
    """Resolve escapes until none is left, and note every reading on the way. Raise _Bound."""
    for _ in range(MAX_DEPTH + 1):
        if "%" not in text and "&" not in text and "\\" not in text:
            return text
        resolved = fold(unescape(text))
        if resolved == text:
            return text
        if "+" in text and "%" in text:  # a form has plus signs for spaces; a telephone number has one of its own
            readings.append(budget.spend(fold(unescape(text.replace("+", " ")))))
        readings.append(budget.spend(resolved))
        text = resolved
    raise _Bound


_ESCAPE: Final = re.compile(
    r"(?:%[0-9A-Fa-f]{2})+"
    r"|&(?:\#0{0,9}[0-9]{1,7}|\#[xX]0{0,9}[0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?"
    r"|(?:\\u[0-9A-Fa-f]{4})+|\\x[0-9A-Fa-f]{2}"
    r'|\\[nrtbf"/\\]'
)


def unescape(text: str) -> str:
    """Resolve percent signs, HTML entities and JSON escapes, one level."""
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    escape = match.group()
    if escape[0] == "%":
        return urllib.parse.unquote(escape)
    if escape[0] == "&":
        return html.unescape(escape)
    if escape[1] == "u":
        units = bytes.fromhex(escape.replace("\\u", ""))
        return units.decode("utf-16-be", "replace")
    if escape[1] == "x":
        return bytes.fromhex(escape[2:]).decode("latin-1")
    return escape[1] if escape[1] in '"/\\' else " "


_TOKEN: Final = re.compile("[A-Za-z0-9+/_-]{6,}={0,2}")  # five digits are seven signs of base64
_PIECES: Final = tuple(map(re.compile, ("[A-Za-z0-9+/]{8,}", "[A-Za-z0-9]{8,}", "(?<=[/+])[A-Za-z0-9_-]{8,}")))


def _open(text: str, budget: _Budget, found: list[View], depth: int) -> None:
    """Open what is encoded in a text, and what is encoded in that; each view lies on its outermost token."""
    _open_json(text, budget, found)
    mixed = None if text.islower() else _MIXED.search(text)
    if mixed is None:
        return
    for match in _TOKEN.finditer(text, text.rfind(" ", 0, mixed.start()) + 1):  # a token has no space
        token = match.group()
        if token.islower() or token.isdigit() or _MIXED.search(token) is None:
            continue
        start, end = match.span()
        if _open_token(token, start, end, budget, found, depth):
            continue
        if token.isalnum():
            continue
        pieces = {piece for pattern in _PIECES for piece in pattern.findall(token)}
        for piece in sorted(pieces - {token.rstrip("=")}):  # "id_bWlh…": the whole is not base64, a part may be
            _open_token(piece, start, end, budget, found, depth)


def _open_token(token: str, start: int, end: int, budget: _Budget, found: list[View], depth: int) -> bool:
    raw = decode_base64(token)
    if raw is None:
        return False
    if len(token) >= MEDIA_LEAST and raw.startswith(MEDIA_MAGIC):
        found.append(View(start, end, "media", budget.spend("")))
        return True
    if raw[:1] > b"\xf4" or b"\x80" <= raw[:1] < b"\xc2":  # no text begins so
        return False
    text = raw.decode(errors="ignore")
    if not raw.isascii() and len(text.encode()) != len(raw):  # an exception takes its time
        return False
    text = fold(text)
    if not text.isprintable() or not text:
        return False
    if depth > MAX_DEPTH:
        raise _Bound
    readings = [budget.spend(text)]
    text = _resolve(text, budget, readings)
    found += [View(start, end, "base64", reading) for reading in readings]
    inner: list[View] = []
    _open(text, budget, inner, depth + 1)
    found += [view._replace(start=start, end=end) for view in inner]
    return True


def decode_base64(token: str) -> bytes | None:
    """Decode base64 in either alphabet, padded or not; None if it is something else."""
    token = token.rstrip("=")
    if len(token) % 4 == 1:
        return None
    if "-" in token or "_" in token:
        token = token.replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(token + "=" * (-len(token) % 4))
    except binascii.Error:
        return None


_DECODER: Final = json.JSONDecoder()
_OBJECT: Final = re.compile(r"\{\s*[\"}]")


def _open_json(text: str, budget: _Budget, found: list[View]) -> None:
    """Open the first JSON object in a text, or the array that it is."""
    if "[" in text and _ARRAY.match(text):
        start = text.index("[")
    elif "{" in text and (braces := _OBJECT.search(text)):
        start = braces.start()
    else:
        return
    try:
        value, end = _DECODER.raw_decode(text, start)
    except ValueError:
        return
    except RecursionError:
        raise _Bound from None
    budget.spend("")
    found.append(View(start, end, "json", value=value))
