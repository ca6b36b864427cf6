"""Make the coarse or safe form of a value, as a property's schema and its class ask for."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.detect.common.web_address import DETECTOR as WEB_ADDRESS
from pipeline.detect.engine import scan
from pipeline.detect.scrub import LIMIT, scrub
from pipeline.policy.compiled import UNSAFE, Transform
from pipeline.policy.vocabulary import Region

FORM_FACTORS = {
    "iphone": "phone", "ipod": "phone", "phone": "phone", "ipad": "tablet", "tablet": "tablet", "watch": "watch",
    "appletv": "tv", "tv": "tv", "mac": "desktop", "desktop": "desktop",
}  # fmt: skip
LEADING_LETTERS = re.compile(r"[a-z]+")
MAJOR = re.compile(r"[0-9]{1,2}")
DAY = re.compile(r"20[2-9][0-9]-[01][0-9]-[0-3][0-9]")
LONGEST_URL = 4096
MOST_TEXT = 1024  # free text that is longer stays behind: what would leave of it is not worth the time to look
PLACEHOLDER = re.compile(r"\{([a-z]{1,20})\}")


def os_major(value: Any, _region: Region) -> Any:
    """18.2.1 → 18 (R24)."""
    found = MAJOR.match(value)
    return found[0] if found else UNSAFE


def form_factor(value: Any, _region: Region) -> Any:
    """A model → phone, tablet, watch, tv or desktop (R24)."""
    found = LEADING_LETTERS.match(value.lower().replace(" ", ""))
    return FORM_FACTORS.get(found[0], UNSAFE) if found else UNSAFE


def country(value: Any, region: Region) -> Any:
    """Keep the client's country only where it is the one that the backend knows (R18)."""
    return value if value == region.upper() else UNSAFE


def state(value: Any, _region: Region) -> Any:
    """Keep a state: the schema's list holds nothing smaller (R18)."""
    return value


def day(value: Any, _region: Region) -> Any:
    """Cut a time stamp to its day."""
    found = DAY.match(value)
    return found[0] if found else UNSAFE


def build_free_text(schema: Mapping[str, Any]) -> Transform:
    """Build what replaces all that is found in an adult's text by typed tokens, or drops it if anything is left (R21).

    A text that is longer than its schema allows is cut, as one longer than `LIMIT` always is.
    """
    limit = min(int(schema.get("maxLength", LIMIT)), LIMIT)

    def free_text(value: Any, _region: Region) -> Any:
        if type(value) is not str or len(value) > MOST_TEXT:
            return UNSAFE
        safe = scrub(value, limit=limit)
        return UNSAFE if safe is None else safe

    return free_text


GENERALIZERS: Mapping[str, Transform] = {
    "os_major": os_major,
    "form_factor": form_factor,
    "country": country,
    "state": state,
    "day": day,
}


def build_route(templates: list[str]) -> Transform:
    """Build what keeps the template of an address (R22): `cdn.example.com/videos/{id}`, or a path alone.

    The template that fits leaves, never the address: no query, fragment, user, port, file name or id. Raise
    ValueError for a template that is not plain.
    """
    routes = [(_pattern(template), template) for template in templates]

    def route(value: Any, _region: Region) -> Any:
        if type(value) is not str or len(value) > LONGEST_URL or not value.isascii():
            return UNSAFE
        try:
            parts = urlsplit(value)
            host = parts.hostname or ""
        except ValueError:
            return UNSAFE
        path = host + unquote(parts.path)
        return next((template for pattern, template in routes if pattern.fullmatch(path)), UNSAFE)

    return route


def _pattern(template: str) -> re.Pattern[str]:
    pieces = PLACEHOLDER.split(template)
    literal, names = pieces[::2], pieces[1::2]
    plain = all(re.fullmatch(r"[A-Za-z0-9._/-]*", piece) for piece in literal)
    personal = any(found.detector is not WEB_ADDRESS for found in scan(template).findings)  # which every host is
    if not template or not plain or personal:
        raise ValueError("a route is a host and a path of letters, digits and . _ - /, with {name} for what varies")
    return re.compile("[^/]{1,200}".join(map(re.escape, literal)) if names else re.escape(template))
