"""The forms that a text may stand for: what hides behind percent signs, HTML, base64 and look-alikes (R35). Pure."""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

_ENCODED: Final = re.compile(r"[0-9A-Za-z+/_-]{16,}={0,2}")
_INVISIBLE: Final = dict.fromkeys(
    [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
_DASHES: Final = dict.fromkeys([*range(0x2010, 0x2016), 0x2212], "-")
_LAYERS: Final = 3
_MOST_FORMS: Final = 24


def unfold(text: str) -> list[str]:
    """Return a text and what it decodes to (percent, HTML, base64), written one way: NFKC, ASCII digits and dashes."""
    found: dict[str, None] = {}
    fresh = [text]
    for _ in range(_LAYERS):
        plain = [_plain(each) for each in fresh]
        fresh = [each for each in plain if each not in found]
        found.update(dict.fromkeys(fresh))
        fresh = [inner for each in fresh for inner in _decoded(each)][:_MOST_FORMS]
    return list(found)


def _plain(text: str) -> str:
    if text.isascii():
        return text
    folded = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).translate(_DASHES)
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in folded)


def _decoded(text: str) -> Iterator[str]:
    if "%" in text:
        yield unquote(text)
    if "&" in text:
        yield html.unescape(text)
    for token in () if text.islower() else _ENCODED.findall(text):  # base64 without a capital is not worth a try
        padded = token.rstrip("=").translate(str.maketrans("-_", "+/"))
        try:
            inner = base64.b64decode(padded + "=" * (-len(padded) % 4)).decode()
        except (binascii.Error, ValueError):
            continue
        if inner.isprintable():
            yield inner
