"""The checks of values give the verdict of JSON Schema, on the shipped schemas and on invented ones."""

import json
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.checks import MAX_ITEMS, UnsupportedSchemaError, build_check
from pipeline.schemas import event_schemas

SHIPPED = [
    schema
    for event in event_schemas().values()
    for schema in event["properties"].values()
    if schema["x-class"] not in {"free_text", "url"}
]
WORDS = [
    "jungle",
    "ocean",
    "wifi",
    "shield",
    "hint",
    "boost",
    "abc",
    "a",
    "E1042",
    "q-math-7",
    "v-4411",
    "gems_pack_100",
]
PATTERNS = [
    "^[a-z]{1,8}$",
    "^E[0-9]{3,5}$",
    "^v-[0-9]{1,6}$",
    "^[a-z]+(_[a-z0-9]+){0,4}$",
    "^a?b*$",
    "^(jungle|ocean)$",
    r"^\d+$",
    r"^\w+$",
]
BOUNDS = st.integers(-1000, 1000) | st.sampled_from([0.5, -0.5, 2**53, -(2**53), 10**6])


def ranged(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda low, high: {"type": kind, "minimum": low, "maximum": high}, BOUNDS, BOUNDS)


STRINGS = (
    st.builds(
        lambda values: {"enum": values}, st.lists(st.sampled_from([*WORDS, "é", "आरव", ""]), min_size=1, unique=True)
    )
    | st.builds(lambda pattern: {"type": "string", "pattern": pattern}, st.sampled_from(PATTERNS))
    | st.builds(
        lambda pattern, longest: {"type": "string", "pattern": pattern, "maxLength": longest},
        st.sampled_from(PATTERNS),
        st.integers(0, 10),
    )
)
PLAIN = STRINGS | ranged("integer") | ranged("number") | st.just({"type": "boolean"})
SCHEMAS: st.SearchStrategy[dict[str, Any]] = (
    st.sampled_from(SHIPPED)
    | PLAIN
    | st.builds(lambda items, most: {"type": "array", "items": items, "maxItems": most}, PLAIN, st.integers(1, 4))
)
TEXTS = st.sampled_from(
    [*WORDS, *(f"{w}\n" for w in WORDS), *(f"\n{w}" for w in WORDS), "Ocean", "", " ", "ａｂｃ", "१", "é"]
) | st.text(alphabet="abcE019_-\n", max_size=9)
EDGES = [
    0,
    1,
    -1,
    2,
    3,
    5,
    7,
    20,
    99,
    100,
    101,
    500,
    501,
    600_000,
    10**6,
    10**6 + 1,
    2**53,
    2**53 + 2,
    2**64,
    10**30,
    10**400,
]
NUMBERS = (
    st.sampled_from([*EDGES, *(float(n) for n in EDGES[:-1]), -0.0, 0.5, -0.5, 5.0, 1e-300, 1e300])
    | st.integers(-1100, 1100)
    | st.floats(allow_nan=False, allow_infinity=False)
)
SCALARS = st.none() | st.booleans() | TEXTS | NUMBERS
VALUES = SCALARS | st.lists(SCALARS, max_size=5) | st.dictionaries(st.sampled_from(WORDS), SCALARS, max_size=2)


@settings(max_examples=1_500, deadline=None)
@given(SCHEMAS, VALUES)
def test_verdict_is_that_of_json_schema(schema: dict[str, Any], value: Any) -> None:
    text = json.dumps(value)
    verdict = build_check(schema).allows(value)
    if "\\u" in text and "pattern" in json.dumps(schema):
        # what a pattern allows is ASCII here, whatever its dialect makes of \d and \w
        assert verdict is False or not isinstance(value, str)
        return
    assert verdict == jsonschema_rs.is_valid(schema, value)
    if "\\n" not in text:  # Python's `$` also fits before a final line feed, the standard's does not
        assert verdict == jsonschema.Draft202012Validator(schema).is_valid(value)


@settings(deadline=None)
@given(
    st.sampled_from(SHIPPED), st.sampled_from([float("nan"), float("inf"), float("-inf"), object(), b"wifi", ("hint",)])
)
def test_what_is_no_json_never_passes(schema: dict[str, Any], value: Any) -> None:
    assert build_check(schema).allows(value) is False


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_line_feed_passes_a_pattern(pattern: str, word: str) -> None:
    check = build_check({"type": "string", "pattern": pattern})
    assert not check.allows(word + "\n")
    assert not check.allows("\n" + word)


def test_longest_text_and_list() -> None:
    check = build_check({"type": "string", "pattern": "^a+$", "maxLength": 4_000})
    assert check.allows("a" * 255)
    assert not check.allows("a" * 256)  # Mixpanel would cut it, silently
    assert build_check({"type": "array", "items": {"type": "boolean"}, "maxItems": MAX_ITEMS}).allows(
        [True] * MAX_ITEMS
    )


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        ({}, "type"),
        ({"type": "object"}, "type"),
        ({"type": "null"}, "type"),
        ({"type": ["integer", "null"]}, "type"),
        ({"type": None}, "type"),
        ({"pattern": "^a$"}, "type"),
        ({"type": "string"}, "enum or a pattern"),
        ({"type": "string", "maxLength": 5}, "enum or a pattern"),
        ({"enum": []}, "enum"),
        ({"enum": [1]}, "enum"),
        ({"enum": ["a", None]}, "enum"),
        ({"enum": [["a"]]}, "enum"),
        ({"enum": [{"a": 1}]}, "enum"),
        ({"enum": ["x" * 256]}, "enum"),
        ({"enum": ["é" * 128]}, "enum"),
        ({"enum": ["abcdef"], "maxLength": 2}, "maxLength"),
        ({"enum": ["abc"], "pattern": "^x$"}, "pattern"),
        ({"type": "string", "pattern": "("}, "regular expression"),
        ({"type": "string", "pattern": "abc"}, "begin with"),
        ({"type": "string", "pattern": "^abc"}, "end with"),
        ({"type": "string", "pattern": "^abc$", "minLength": 2}, "minLength"),
        ({"type": "string", "pattern": "^abc$", "format": "email"}, "format"),
        ({"type": "integer"}, "minimum and maximum"),
        ({"type": "integer", "minimum": 0}, "minimum and maximum"),
        ({"type": "integer", "minimum": 0, "maximum": True}, "minimum and maximum"),
        ({"type": "integer", "minimum": 0, "maximum": "9"}, "minimum and maximum"),
        ({"type": "number", "minimum": 0, "maximum": 2**54}, "minimum and maximum"),
        ({"type": "number", "minimum": 0, "maximum": float("inf")}, "minimum and maximum"),
        ({"type": "number", "minimum": float("nan"), "maximum": 1}, "minimum and maximum"),
        ({"type": "integer", "minimum": 0, "maximum": 9, "multipleOf": 2}, "multipleOf"),
        ({"type": "integer", "minimum": 0, "maximum": 9, "exclusiveMaximum": 9}, "exclusiveMaximum"),
        ({"type": "integer", "enum": [1, 2]}, "enum"),
        ({"type": "boolean", "const": True}, "const"),
        ({"type": "array"}, "items"),
        ({"type": "array", "items": {"type": "boolean"}}, "maxItems"),
        ({"type": "array", "items": {"type": "boolean"}, "maxItems": 255}, "maxItems"),
        ({"type": "array", "items": {"type": "boolean"}, "maxItems": 0}, "maxItems"),
        ({"type": "array", "items": {"type": "boolean"}, "maxItems": True}, "maxItems"),
        ({"type": "array", "items": [{"type": "boolean"}], "maxItems": 2}, "items"),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "boolean"}, "maxItems": 2}, "maxItems": 2},
            "arrays",
        ),
        ({"type": "array", "items": {"type": "object"}, "maxItems": 2}, "type"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 2}, "enum or a pattern"),
        ({"type": "array", "items": {"type": "boolean"}, "maxItems": 2, "uniqueItems": True}, "uniqueItems"),
    ],
    ids=str,
)
def test_what_cannot_be_checked_is_refused(schema: dict[str, Any], word: str) -> None:
    with pytest.raises(UnsupportedSchemaError, match=word):
        build_check(schema)
