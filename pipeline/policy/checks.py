"""Checks of one property's value, built from the few JSON Schema keywords that a registered property may use.

They give the verdict that JSON Schema 2020-12 gives, and are an order of magnitude cheaper than a validator.
"""

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from re import _parser  # type: ignore[attr-defined]  # how long a match can be is told nowhere else
from typing import Any

from pipeline.policy.compiled import Check

ANNOTATIONS = {"description", "title", "examples", "deprecated", "x-class", "x-cohorts", "x-generalize", "x-routes"}
KEYWORDS = {
    "boolean": set[str](),
    "integer": {"minimum", "maximum"},
    "number": {"minimum", "maximum"},
    "string": {"enum", "pattern", "maxLength"},
    "array": {"items", "maxItems"},
}
MAX_ITEMS = 254  # Mixpanel refuses longer lists
MAX_BYTES = 255  # Mixpanel cuts longer strings, silently
SAFE_INTEGER = 2**53  # beyond it JSON numbers lose digits
PATTERNS = 1024  # that are taken apart once only: Mixpanel's own properties are the same for every event and cohort


class UnsupportedSchemaError(ValueError):
    """A property schema says something that cannot be checked here. The text says what is valid."""


def build_check(schema: Mapping[str, Any]) -> Check:
    """Build the check of a property's value. Raise UnsupportedSchemaError."""
    kind = schema.get("type", "string" if "enum" in schema else None)
    if not isinstance(kind, str) or kind not in KEYWORDS:
        raise UnsupportedSchemaError(f"type must be one of {', '.join(KEYWORDS)}")
    extra = set(schema) - ANNOTATIONS - {"type"} - KEYWORDS[kind]
    if extra:
        raise UnsupportedSchemaError(
            f"{', '.join(sorted(extra))} cannot be checked on {kind}; valid: {sorted(KEYWORDS[kind])}"
        )
    return _BUILDERS[kind](schema)


def longest_text(schema: Mapping[str, Any]) -> int:
    """Return how many characters of free choice a value may hold; 0 where every text is on a list."""
    kind = schema.get("type", "string")
    if kind == "array":
        return longest_text(schema["items"])
    if kind != "string" or "enum" in schema:
        return 0
    return min(_longest_match(schema["pattern"]), int(schema.get("maxLength", MAX_BYTES)), MAX_BYTES)


@lru_cache(PATTERNS)
def _longest_match(pattern: str) -> int:
    return int(_parser.parse(pattern).getwidth()[1])


def most_digits(schema: Mapping[str, Any]) -> int:
    """Return how many digits before its point a number may have, alone or in a list; 0 where none may stand."""
    kind = schema.get("type", "string")
    if kind == "array":
        return most_digits(schema["items"])
    return len(str(int(max(map(abs, _range(schema)))))) if kind in {"integer", "number"} else 0


class _Boolean(Check):
    def __init__(self, _schema: Mapping[str, Any]) -> None:
        """Take every schema: there is nothing to choose."""

    def allows(self, value: Any) -> bool:
        return value is True or value is False


def _range(schema: Mapping[str, Any]) -> tuple[int | float, int | float]:
    low, high = schema.get("minimum"), schema.get("maximum")
    for bound in (low, high):
        if isinstance(bound, bool) or not isinstance(bound, int | float) or not abs(bound) <= SAFE_INTEGER:
            raise UnsupportedSchemaError("minimum and maximum are both required, as numbers of at most 2^53")
    return low, high  # type: ignore[return-value]  # the loop has just checked them


class _Integer(Check):
    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._low, self._high = _range(schema)

    def allows(self, value: Any) -> bool:
        if type(value) is int:  # bool is an int to isinstance
            return self._low <= value <= self._high
        return type(value) is float and self._low <= value <= self._high and value.is_integer()


class _Number(Check):
    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._low, self._high = _range(schema)

    def allows(self, value: Any) -> bool:
        kind = type(value)
        return (kind is float or kind is int) and self._low <= value <= self._high and math.isfinite(value)


class _Enum(Check):
    def __init__(self, schema: Mapping[str, Any]) -> None:
        listed = schema["enum"]
        if not listed or any(type(v) is not str or len(v.encode()) > MAX_BYTES for v in listed):
            raise UnsupportedSchemaError(f"enum must list strings of at most {MAX_BYTES} bytes")
        if "pattern" in schema or "maxLength" in schema:
            raise UnsupportedSchemaError("enum says everything; pattern and maxLength beside it are not checked")
        self._values = frozenset(listed)

    def allows(self, value: Any) -> bool:
        return type(value) is str and value in self._values


class _Text(Check):
    def __init__(self, schema: Mapping[str, Any]) -> None:
        if "pattern" not in schema:
            raise UnsupportedSchemaError("a string needs an enum or a pattern, unless its class is free_text or url")
        try:
            self._fits = re.compile(schema["pattern"], re.ASCII).fullmatch  # "$" alone lets a newline follow
        except re.error:
            raise UnsupportedSchemaError("pattern is not a regular expression") from None
        if not schema["pattern"].startswith("^") or not schema["pattern"].endswith("$"):
            raise UnsupportedSchemaError(
                "pattern must begin with ^ and end with $: a part that fits lets the rest pass"
            )
        self._longest = min(int(schema.get("maxLength", MAX_BYTES)), MAX_BYTES)

    def allows(self, value: Any) -> bool:
        return type(value) is str and len(value) <= self._longest and value.isascii() and self._fits(value) is not None


def _string(schema: Mapping[str, Any]) -> Check:
    return _Enum(schema) if "enum" in schema else _Text(schema)


class _Array(Check):
    def __init__(self, schema: Mapping[str, Any]) -> None:
        items, longest = schema.get("items"), schema.get("maxItems")
        if not isinstance(items, dict) or type(longest) is not int or not 0 < longest <= MAX_ITEMS:
            raise UnsupportedSchemaError(f"an array needs items and maxItems of 1 to {MAX_ITEMS}")
        if items.get("type", "string") == "array":
            raise UnsupportedSchemaError("an array of arrays is not allowed")
        self._each = build_check(items)
        self._longest = longest

    def allows(self, value: Any) -> bool:
        return type(value) is list and len(value) <= self._longest and all(map(self._each.allows, value))


_BUILDERS = {
    "boolean": _Boolean,
    "integer": _Integer,
    "number": _Number,
    "string": _string,
    "array": _Array,
}
