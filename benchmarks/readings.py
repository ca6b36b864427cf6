"""Whether a planted value can still be read in a text, in any digit script, spacing or common encoding.

The judge of a measurement has to be independent of what it judges, so nothing here comes from the product.
"""

import base64
import binascii
import html
import re
import unicodedata
import urllib.parse

MOST = 64  # readings of one text
LONG_NUMBER = 9  # digits from which a number counts in any grouping

_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")
_GAPS = re.compile(r"(?<=\d)[\s.\-]+(?=\d)")


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_UNSEEN))
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in text).casefold()


def _decoded(token: str) -> str:
    raw = token.rstrip("=")
    try:
        return base64.b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_" if set("-_") & set(raw) else None).decode()
    except (binascii.Error, ValueError):
        return ""


def readings(text: str) -> set[str]:
    """The text and what it decodes to, folded."""
    seen: set[str] = set()
    todo = [text]
    while todo and len(seen) < MOST:
        reading = todo.pop()
        if reading in seen:
            continue
        seen.add(reading)
        todo += [urllib.parse.unquote(reading), html.unescape(reading), *map(_decoded, _TOKEN.findall(reading))]
    return {_fold(reading) for reading in seen}


def is_readable(value: str, text: str) -> bool:
    """True if the value stands in the text in some reading."""
    wanted, seen = _fold(value), readings(text)
    if any(wanted in reading for reading in seen):
        return True
    digits = re.sub(r"\D", "", wanted)
    if re.search("[a-z@:]", wanted) or (len(digits) < LONG_NUMBER and digits != wanted):
        return False
    return any(digits in _GAPS.sub("", reading) for reading in seen)
