"""Search delivered events for planted personal data, in any script, spacing and common encoding."""

import base64
import binascii
import hashlib
import html
import json
import re
import unicodedata
import urllib.parse
from collections.abc import Iterable
from typing import Any

INVISIBLE = {"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad"}
TOKEN = re.compile(r"[A-Za-z0-9+/_-]{8,}")
BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s.\-]+(?=\d)")
ENOUGH_DIGITS = 9
LAYERS = 4


def plain(text: str) -> str:
    """Write text one way: compatibility forms, ASCII digits, nothing invisible, one letter case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(str(unicodedata.decimal(c, c)) for c in folded if c not in INVISIBLE)


def layers(text: str) -> set[str]:
    """Return the text and everything it decodes to, in plain form."""
    found, fresh = {text}, {text}
    for _ in range(LAYERS):
        fresh = {decoded for each in fresh for decoded in _decoded(each)} - found
        found |= fresh
    plains = {plain(each) for each in found}
    return plains | {BETWEEN_DIGITS.sub("", each) for each in plains}


def _decoded(text: str) -> Iterable[str]:
    yield urllib.parse.unquote(text)
    yield html.unescape(text)
    for token in TOKEN.findall(text):
        padded = token.translate(str.maketrans("-_", "+/")) + "=" * (-len(token) % 4)
        try:
            yield base64.b64decode(padded).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue


def forms(planted: str) -> set[str]:
    """Return what must not be found for one planted text: itself, its bare digits, its unkeyed hashes."""
    wanted = {plain(planted)}
    digits = re.sub(r"\D", "", plain(planted))
    if len(digits) >= ENOUGH_DIGITS and not re.search(r"[a-z@:]", plain(planted)):
        wanted.add(digits)
    for name in ("md5", "sha1", "sha256"):
        digest = hashlib.new(name, planted.encode(), usedforsecurity=False).digest()
        wanted |= {digest.hex(), base64.b64encode(digest).decode().rstrip("=").casefold()}
    return wanted


def find_leaks(planted: Iterable[str], delivered: Iterable[dict[str, Any]]) -> list[str]:
    """Return every planted text that can be found in what was delivered."""
    haystack = "\n".join(layer for event in delivered for layer in layers(json.dumps(event, ensure_ascii=False)))
    return sorted({text for text in planted if any(form in haystack for form in forms(text))})
