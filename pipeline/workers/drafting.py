"""Draft the schema of an event from one sample of it: the strictest class that fits, and nobody may keep anything yet.

No value of the sample gets into the draft: a list of texts comes from whoever asks for it, a bound is a power of ten.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pipeline.core.adapt import COPPICE
from pipeline.detect.engine import names, scan, scan_value
from pipeline.detect.scrub import LIMIT
from pipeline.policy.harm import LAW, harm_in
from pipeline.policy.vocabulary import PropertyClass, Purpose

FILE = re.compile(r"[^a-z0-9]+")
BOUNDS = (1, 10, 100, 1000, 9999)  # five digits can be a ZIP code
MAX_ITEMS = 20

Bounds = tuple[float, float]
_Drafted = tuple[dict[str, Any], str]  # type and limits, and what to look at


class Wishes(NamedTuple):
    """What the engineer knows better than one sample. enums: property → words; ranges: property → least and most."""

    enums: Mapping[str, tuple[str, ...]]
    ranges: Mapping[str, Bounds]
    purpose: Purpose
    operation: str = ""


class Draft(NamedTuple):
    """A schema for `schemas/events/<stem>.json`, and what a person has to look at before it is used."""

    stem: str
    schema: dict[str, Any]
    review: list[str]


class UndraftableError(ValueError):
    """A sample or a wish that no schema can be made from. The text names no value of the sample."""


def draft(event: Any, defaults: Mapping[str, Any], wishes: Wishes) -> Draft:
    """Draft the schema of an event. defaults: Mixpanel's own properties, which need none. Raise UndraftableError."""
    name = event.get("event") if isinstance(event, dict) else None
    properties = event.get("properties") if isinstance(event, dict) else None
    if not isinstance(name, str) or not isinstance(properties, dict):
        raise UndraftableError('the sample must be one event: a JSON object with "event" and "properties"')
    stem = FILE.sub("_", name.lower()).strip("_")
    if not stem or scan(name).findings:
        raise UndraftableError("the event's name cannot be used: it must be a word or two, and nothing personal")
    for wish, kinds in _wished(wishes):
        if wish not in properties:
            raise UndraftableError(f"the sample has no property {wish!r}")
        values = properties[wish] if isinstance(properties[wish], list) else [properties[wish]]
        if any(isinstance(value, bool) or not isinstance(value, kinds) for value in values):
            raise UndraftableError(f"{wish!r}: --enum is for texts and --range for numbers, alone or in a list")
    listed: dict[str, Any] = {}
    review: list[str] = []
    for prop, value in properties.items():
        if scan(prop).findings:
            review.append("one property is left out: its name may be personal itself, and the app must not send such")
        elif prop != COPPICE and not _is_mixpanels(prop, defaults):
            listed[prop], note = _property(prop, value, wishes)
            review.append(f"{prop}: {note}")
    review += [_harm(told, what) for told in (name, *listed) if (what := harm_in(told)) is not None]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:coppice:schema:event:{stem}",
        "title": name,
        "description": f"The event {name}.",
        "x-purpose": str(wishes.purpose),
        **({"x-operation": wishes.operation} if wishes.operation else {}),
        "type": "object",
        "properties": listed,
        "additionalProperties": False,
    }
    return Draft(stem, schema, [*review, *_at_last(wishes)])


def _harm(name: str, what: str) -> str:
    return f"{name}: by its name it tells of {what}, which never leaves about a child ({LAW}, R11)"


def _wished(wishes: Wishes) -> Iterator[tuple[str, tuple[type, ...]]]:
    """Yield the name of each property that something is said of, and the types it may have in the sample."""
    yield from ((name, (str,)) for name in wishes.enums)
    yield from ((name, (int, float)) for name in wishes.ranges)


def _is_mixpanels(name: str, defaults: Mapping[str, Any]) -> bool:
    return name.startswith(("$", "mp_")) or name in defaults.get("properties", {})


def _at_last(wishes: Wishes) -> Iterator[str]:
    yield "x-cohorts is empty everywhere: nobody keeps anything until you list child, teen and adult, or adult alone"
    yield f"x-purpose is {wishes.purpose}: it decides whose events leave"
    yield "description: parents and users read it in the privacy notice"


def _property(name: str, value: Any, wishes: Wishes) -> tuple[dict[str, Any], str]:
    """Return the schema of a property, and what there is to be looked at."""
    detector = names(name)
    if detector is None and name not in wishes.enums:
        found = scan_value(name, value)
        detector = found[0].detector if found else None
    if detector is not None:
        kind = PropertyClass(detector.kind)
        form: dict[str, Any] = {}
        note = f"looks like an identifier ({detector.name}), class {kind}: the app should not send it"
        text = "Personal data; never leaves."
    else:
        form, note = _form(name, value, wishes)
        kind = PropertyClass.OPERATIONAL if form and "maxLength" not in form else PropertyClass.FREE_TEXT
        text = _describe(form)
        note += f", class {kind}"
    return {"description": text, **form, "x-class": str(kind), "x-cohorts": []}, note


def _describe(form: Mapping[str, Any]) -> str:
    text = "One of a list." if "enum" in form else "Free text: it can hold anything."
    words = {"integer": "A whole number.", "number": "A number.", "boolean": "Yes or no.", "array": "A list."}
    return words.get(form.get("type", ""), text)


def _form(name: str, value: Any, wishes: Wishes) -> _Drafted:
    """Return type and limits, and a note. Empty: it has no form in which it could leave."""
    match value:
        case bool():
            return {"type": "boolean"}, "yes or no"
        case int() | float():
            return _number(name, [value], wishes)
        case list() if value:
            return _list(name, value, wishes)
        case str() if name in wishes.enums:
            return _enum(name, wishes), "one of the words you listed"
        case str():
            return {
                "type": "string",
                "maxLength": LIMIT,
            }, f"text; list its words with --enum {name}=a,b if it is a code"
        case dict():
            return {}, "an object, which cannot be registered: send its parts as properties of their own"
        case _:
            return {}, "the sample shows no value; take one that does"


def _enum(name: str, wishes: Wishes) -> dict[str, Any]:
    return {"type": "string", "enum": list(wishes.enums[name])}


def _number(name: str, values: list[int | float], wishes: Wishes) -> _Drafted:
    kind = "integer" if all(isinstance(value, int) for value in values) else "number"
    if name in wishes.ranges:
        low, high = wishes.ranges[name]
        note = f"{low:g} to {high:g}, as you said"
    else:
        most = max(abs(value) for value in values)
        high = next((bound for bound in BOUNDS if most <= bound), BOUNDS[-1])
        low = 0 if min(values) >= 0 else -high
        note = f"{low} to {high}, guessed; say --range {name}=LOW,HIGH if you know better"
        if most > high:
            note += "; the sample itself is larger and would stay behind"
    return {"type": kind, "minimum": low, "maximum": high}, note


def _list(name: str, values: list[Any], wishes: Wishes) -> _Drafted:
    if name in wishes.enums:
        items = _enum(name, wishes)
        return {"type": "array", "items": items, "maxItems": MAX_ITEMS}, "a list of the words you listed"
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        items, note = _number(name, values, wishes)
        return {"type": "array", "items": items, "maxItems": MAX_ITEMS}, f"a list of numbers, {note}"
    return {}, f"a list; say --enum {name}=a,b if it holds codes, else it can hold anything"
