"""Does a property's schema allow more than before? Where that cannot be told, it counts as more."""

import re
from collections.abc import Mapping
from typing import Any

Limits = Mapping[str, Any]
MANY_BYTES = 255  # what a text may have where its schema names no length


def wider(old: Limits, new: Limits) -> str | None:
    """Say in words what the new limits allow beyond the old ones, None where that is nothing.

    Limits are the keywords of a property's JSON Schema that `pipeline.policy.checks` knows.
    """
    was, now = _kind(old), _kind(new)
    if was == "number" and now == "integer":
        was = now  # every integer is a number
    if was != now:
        return f"type {now} in place of {was}"
    match now:
        case "integer" | "number":
            return _range(old, new)
        case "string":
            return _text(old, new)
        case "array":
            return _list(old, new)
    return None


def more_routes(old: Limits, new: Limits) -> str | None:
    """Say which templates of addresses are new, None if none is."""
    added = sorted(set(new.get("x-routes", ())) - set(old.get("x-routes", ())))
    return f"routes {', '.join(added)} added" if added else None


def _kind(limits: Limits) -> str:
    return str(limits.get("type", "string" if "enum" in limits else "none"))


def _range(old: Limits, new: Limits) -> str | None:
    wide = []
    if new["minimum"] < old["minimum"]:
        wide.append(f"minimum {new['minimum']} in place of {old['minimum']}")
    if new["maximum"] > old["maximum"]:
        wide.append(f"maximum {new['maximum']} in place of {old['maximum']}")
    return ", ".join(wide) or None


def _text(old: Limits, new: Limits) -> str | None:
    if "enum" in new:
        added = [value for value in new["enum"] if not _fits(value, old)]
        return f"{len(added)} values that were not allowed: {', '.join(added)}" if added else None
    if "enum" in old:
        return "a pattern in place of a list of values"
    if new.get("pattern") != old.get("pattern"):
        return f"pattern {new.get('pattern')} in place of {old.get('pattern')}"  # which is wider cannot be told
    longest, before = (limits.get("maxLength", MANY_BYTES) for limits in (new, old))
    return f"length {longest} in place of {before}" if longest > before else None


def _fits(value: str, old: Limits) -> bool:
    if "enum" in old:
        return value in old["enum"]
    pattern, longest = old.get("pattern"), old.get("maxLength", MANY_BYTES)
    if pattern is None or len(value) > longest or not value.isascii():
        return False
    return re.fullmatch(pattern, value, re.ASCII) is not None


def _list(old: Limits, new: Limits) -> str | None:
    items = wider(old["items"], new["items"])
    if items is not None:
        return f"items: {items}"
    if new["maxItems"] > old["maxItems"]:
        return f"{new['maxItems']} items in place of {old['maxItems']}"
    return None
