"""Search one event that has arrived for texts that were planted in it, in any script, spacing and common encoding."""

import base64
import binascii
import html
import json
import re
import unicodedata
import urllib.parse
from collections.abc import Iterable, Iterator
from typing import Any, Final

from pipeline.detect.engine import scan

_INVISIBLE: Final = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")
_TOKEN: Final = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_BETWEEN_DIGITS: Final = re.compile(r"(?<=\d)[\s.\-]+(?=\d)")
_ENOUGH_DIGITS: Final = 9
_LAYERS: Final = 3


def stands_in(texts: Iterable[str], event: dict[str, Any]) -> bool:
    """Say whether one of the texts can be found in an event."""
    haystack = "\n".join(_layers(json.dumps(event, ensure_ascii=False)))
    return any(form in haystack for text in texts for form in _forms(text))


def is_findable(text: str) -> bool:
    """Say whether a planted text is one that coppice undertakes to find.

    A person's name that no list has is not (docs/detectors.md): how many of those are found is measured there, and does
    not depend on what is killed meanwhile.
    """
    return any(sign.isdigit() or sign == "@" for sign in text) or bool(scan(text).findings)


def _forms(text: str) -> Iterator[str]:
    yield _plain(text)
    digits = re.sub(r"\D", "", _plain(text))
    if len(digits) >= _ENOUGH_DIGITS and not re.search(r"[a-z@:]", _plain(text)):
        yield digits


def _layers(text: str) -> set[str]:
    """Return the text and everything it decodes to, in plain form."""
    found, fresh = {text}, {text}
    for _ in range(_LAYERS):
        fresh = {decoded for each in fresh for decoded in _decoded(each)} - found
        found |= fresh
    plains = {_plain(each) for each in found}
    return plains | {_BETWEEN_DIGITS.sub("", each) for each in plains}


def _plain(text: str) -> str:
    """Write text one way: compatibility forms, ASCII digits, nothing invisible, one letter case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in folded if sign not in _INVISIBLE)


def _decoded(text: str) -> Iterator[str]:
    yield urllib.parse.unquote(text)
    yield html.unescape(text)
    for token in _TOKEN.findall(text):
        padded = token.translate(str.maketrans("-_", "+/")) + "=" * (-len(token) % 4)
        try:
            yield base64.b64decode(padded).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
