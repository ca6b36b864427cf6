"""Web address without a scheme: `example.com/mia`, `www.example.com`, `mia.example.in`; a page of one's own names one.

A known top-level domain ends the host. Those that are words, or file names' endings, count only behind three names
("mia.example.in") or before a path ("t.me/mia"): "done.in the end" and "level.me" stay, unless a word beside them
names a site. The bare host of a large public site ("youtube.com") is nobody's. Addresses with a scheme are `url`.
Source: IANA, root zone database, in part.
"""

import re

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.words import word_set

_SURE = "com|org|net|edu|gov|info|biz"
_OTHER = (
    "in|io|co|me|app|dev|uk|us|ca|au|de|fr|jp|page|site|online|store|shop|blog|live|tv|gg|xyz|link|club|ly|be|sh|fm|cc|ai|"
    "to|pk|bd|lk|np|ae|sg|nz|ie|eu|games|fun|space|website|tech|vip|icu|ru|br|mx|es|nl|cn|kr|school|academy|kids|family|"
    "world|gl|gd|bio|ee"
)
_SURE_SET = frozenset(_SURE.split("|"))
_NAMES = r"(?:[a-z0-9-]{1,40}\.)"
_REST = "[^\\s\"'<>()\\[\\]{}|]{0,255}"
_DOT = r"(?: (?:dot|डॉट) | ?[(\[{] ?(?:dot|\.) ?[)\]}] ?)"
_SLASH = r"(?: (?:slash|forward slash) | ?/ ?)"
_SPELLED = (
    rf"[a-z0-9-]{{2,40}}(?:(?:{_DOT}|\.)[a-z0-9-]{{2,40}}){{0,3}}{_DOT}(?:{_SURE}|{_OTHER})"
    rf"(?:{_SLASH}[a-z0-9@._-]{{1,60}}){{0,3}}"
)
_IN_WORDS = tuple((re.compile(form, re.IGNORECASE), sign) for form, sign in ((_DOT, "."), (_SLASH, "/")))
_HOST = re.compile("[a-z0-9.-]*", re.IGNORECASE)
_PACKAGES = word_set("com org net io")  # "com.example.game" names an app
_PUBLIC = word_set(
    "youtube.com google.com play.google.com roblox.com minecraft.net apple.com amazon.com amazon.in facebook.com "
    "instagram.com whatsapp.com wikipedia.org netflix.com microsoft.com discord.com twitch.tv poki.com steam.com "
    "battle.net asp.net gmail.com yahoo.com hotmail.com outlook.com flipkart.com khanacademy.org"
)
_SAID = re.compile(" (?:dot|डॉट) ", re.IGNORECASE).search
_ARTICLES = word_set("the this that an at of with polka red blue green")  # "the dot com bubble"
_IN_AN_ADDRESS = re.compile("[^@%/?#]*[@%]").match
_LEAST_LABELS = 3


def _is_host(match: str) -> bool:
    """Refuse an email address, an app's package, a number with a unit, and a public site alone.

    What is still encoded is refused as well: it is read again without.
    """
    if _IN_AN_ADDRESS(match):
        return False
    host, path = _split(match)
    labels = host.split(".")
    if (labels[0] in _PACKAGES and not path) or not any(map(str.isalpha, labels[-2])):
        return False
    if labels[0] in _ARTICLES or (_SAID(match) and not path and labels[-1] not in _SURE_SET):
        return False  # "dot to dot in the game"
    return bool(path) or host.removeprefix("www.") not in _PUBLIC


def _is_address(match: str) -> bool:
    host, path = _split(match)
    labels = host.split(".")
    if labels[0] == "www" or path or labels[-1] in _SURE_SET:
        return True
    return len(labels) >= _LEAST_LABELS and all(len(label) > 1 for label in labels)


def _split(match: str) -> tuple[str, str]:
    """Return the host of an address, in lower case, and what follows it, "" for a lone slash."""
    for form, sign in _IN_WORDS:
        match = form.sub(sign, match)
    found = _HOST.match(match)
    host = found.group() if found is not None else ""
    return host.lower().strip("."), match[len(host) :].lstrip(":0123456789").lstrip("/")


DETECTOR = Detector(
    name="web_address",
    kind=Kind.MEDIA,
    law="16 CFR 312.2 PI (3), (7), (8); Apple guideline 5.1.4",
    pattern=(
        rf"(?:[a-z0-9._%+'-]{{0,64}}(?:@|%[0-9a-f]{{2}}) ?)?\.{{0,2}}"
        rf"(?:www\.{_NAMES}{{0,4}}[a-z]{{2,20}}|{_NAMES}{{1,4}}(?:{_SURE}|{_OTHER}))"
        rf"(?::[0-9]{{2,5}})?(?:[/?#\\]{_REST})?|{_SPELLED}"
    ),
    strength=Strength.LIKELY,
    exact=_is_host,
    validate=_is_address,
    words=(
        *("website", "web site", "my site", "homepage", "home page", "my blog", "my channel", "my page", "my link"),
        *("वेबसाइट", "வலைத்தளம்", "వెబ్సైట్", "ওয়েবসাইট"),
    ),
    probe=rf"[^0-9a-z@.][a-z0-9-][a-z0-9.-]*\.(?:{_SURE}|{_OTHER})[^0-9A-Za-z]|www\.|[a-z0-9-]{_DOT}(?:{_SURE}|{_OTHER})[^0-9A-Za-z]",
    hits=(
        "example.com/mia",
        "www.example.com",
        "mia.example.in",
        "example.co.in",
        "example.com",
        "t.me/mia2014",
        "instagram.com/mia",
        "youtu.be/dQw4w9WgXcQ",
        "mia.example.com:8080/x",
        "see example.com/mia?x=1",
        "example dot com slash mia",
        "mia[.]example[.]in",
    ),
    misses=(
        "level.txt",
        "v2.io",
        "done.in the end",
        "mia@example.com",
        "com.example.game.in",
        "version 1.2.in",
        "e.g. this",
        "youtube.com",
        "index.html",
        "5.me",
        "wow.so cool",
        "a.m. in",
        "and/or",
        "the dot com bubble",
        "a dot in the corner",
        "dot to dot in the game",
    ),
)
