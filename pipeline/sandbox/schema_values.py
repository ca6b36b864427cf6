"""Makes values that a property's JSON Schema allows: so the sandbox's events follow any registry."""

from collections.abc import Callable
from random import Random
from typing import Any

from pipeline.ops.errors import ConfigError
from pipeline.sandbox.pattern_values import pattern_maker
from pipeline.schemas import Schema

Maker = Callable[[Random], Any]

_FEW = 3  # how many more items than it must have an array gets
_TEXTS = (
    "the boss is too hard",
    "great update, thanks",
    "बहुत अच्छा खेल",
    "could not find the blue door",
    "sound stops after the second video",
)


def value_maker(schema: Schema) -> Maker:
    """Compile the schema of a property into a function that returns one random value that it allows.

    Understands what an event registry needs: enum, const, and the plain types with their limits and patterns.
    Raises ConfigError for anything else.
    """
    if "enum" in schema:
        values = tuple(schema["enum"])
        return lambda random: random.choice(values)
    if "const" in schema:
        return lambda _random: schema["const"]
    match schema.get("type"):
        case "boolean":
            return lambda random: random.getrandbits(1) == 1
        case "integer":
            low, high = _range(schema)
            return lambda random: random.randint(low, high)
        case "number":
            low, high = _range(schema)
            return lambda random: round(random.uniform(low, high), 2)
        case "string":
            return _text_maker(schema)
        case "array":
            return _array_maker(schema)
        case "object":
            inner = {name: value_maker(each) for name, each in schema.get("properties", {}).items()}
            return lambda random: {name: make(random) for name, make in inner.items()}
        case kind:
            raise ConfigError(f"event registry: the generator cannot make a value of type {kind!r}")


def _range(schema: Schema) -> tuple[int, int]:
    low = schema.get("minimum", 0)
    return low, schema.get("maximum", low + 1000)


def _text_maker(schema: Schema) -> Maker:
    if "pattern" in schema:
        return pattern_maker(schema["pattern"])
    if schema.get("x-class") == "url":
        return lambda random: f"https://cdn.example.com/videos/{random.randint(1, 9999)}"
    longest = schema.get("maxLength")
    return lambda random: random.choice(_TEXTS)[:longest]


def _array_maker(schema: Schema) -> Maker:
    item = value_maker(schema.get("items", {"type": "boolean"}))
    fewest = schema.get("minItems", 0)
    most = min(schema.get("maxItems", fewest + _FEW), fewest + _FEW)
    return lambda random: [item(random) for _ in range(random.randint(fewest, most))]
