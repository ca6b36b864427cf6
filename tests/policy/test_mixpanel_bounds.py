"""A schema that allows what Mixpanel would cut or refuse is refused when it is compiled."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.bounds import largest, of_property
from pipeline.policy.checks import build_check
from pipeline.policy.compiling import load_policy
from pipeline.policy.errors import PolicyError
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Action
from pipeline.schemas import load_schema

DEFAULTS = load_schema("mixpanel-defaults")
POLICY = load_policy()
CODE = {"type": "string", "pattern": "^[a-z_]{1,40}$"}


def problems(properties: dict[str, Any], *, title: str = "e", defaults: dict[str, Any] | None = None) -> list[str]:
    schema: dict[str, Any] = {"title": title, "type": "object", "x-purpose": "analytics"}
    schema["properties"] = {name: {"x-class": "gameplay"} | spec for name, spec in properties.items()}
    try:
        compile_registry({title: schema}, DEFAULTS if defaults is None else defaults, POLICY)
    except PolicyError as exc:
        return exc.problems
    return []


def many(number: int, spec: dict[str, Any]) -> dict[str, Any]:
    return {f"p{place}": spec for place in range(number)}


def test_a_list_whose_items_add_up_to_more_than_8_kb_is_refused() -> None:
    words = {"type": "array", "items": CODE}
    assert problems({"power_ups": words | {"maxItems": 190}}) == []
    (problem,) = problems({"power_ups": words | {"maxItems": 191}})
    assert problem.startswith("schemas/events/e.json: properties.power_ups: a list may take 8192 bytes")


@pytest.mark.parametrize(
    ("items", "most"),
    [
        ({"type": "string", "pattern": "^[a-z]{30}$"}, 248),
        ({"type": "string", "pattern": '^["a-z]{30}$'}, 130),  # a quote takes two bytes
        ({"type": "string", "pattern": "^[^a-z]{30}$"}, 44),  # a control character takes six
        ({"type": "string", "pattern": "^(?:ab|c\\d|\\w.){10}$", "maxLength": 20}, 66),
        ({"type": "integer", "minimum": 0, "maximum": 5}, 254),
        ({"type": "string", "enum": ["x" * 255, "y"]}, 31),
    ],
)
def test_how_many_items_fit_depends_on_how_they_are_written(items: dict[str, Any], most: int) -> None:
    assert problems({"list": {"type": "array", "items": items, "maxItems": most}}) == []
    assert problems({"list": {"type": "array", "items": items, "maxItems": most + 1}}) != []


def test_more_properties_than_mixpanel_takes_are_refused() -> None:
    flag = {"type": "boolean"}
    assert problems(many(237, flag), defaults={}) == []
    assert problems(many(238, flag), defaults={}) == [
        "schemas/events/e.json: properties: 237 may leave with an event, and these are 238"
    ]
    assert problems(many(238, flag | {"x-cohorts": []}), defaults={}) == []  # none of these leaves


def test_an_event_that_could_be_larger_than_a_megabyte_is_refused() -> None:
    words = {"type": "array", "items": CODE, "maxItems": 190}
    assert problems(many(127, words), defaults={}) == []
    (problem,) = problems(many(129, words), defaults={})
    assert "an event may take 1048575 bytes" in problem


@pytest.mark.parametrize(("title", "sound"), [("e" * 247, True), ("e" * 248, False), ("म" * 83, False), (" ", False)])
def test_the_name_of_an_event_and_of_its_counts_is_short_and_not_blank(title: str, sound: bool) -> None:
    assert (problems({}, title=title) == []) is sound


@pytest.mark.parametrize(("name", "sound"), [("n" * 255, True), ("n" * 256, False), ("म" * 86, False)])
def test_the_name_of_a_property_is_short(name: str, sound: bool) -> None:
    assert (problems({name: {"type": "boolean"}}) == []) is sound


def test_a_template_of_an_address_is_short() -> None:
    for length, wrong in ((255, []), (256, ["a route may have 255 bytes"])):
        route = {"x-class": "url", "x-routes": ["/" * length]}
        assert of_property("page", route, largest(Action.ROUTE, route)) == wrong


def test_names_that_are_known_by_their_beginning_never_leave() -> None:
    family = {"patternProperties": {"^x_": {"type": "boolean", "x-class": "gameplay"}}}
    assert problems({}, defaults=family) == [
        "schemas/events/e.json: patternProperties.^x_: what may leave has to be registered by name"
    ]


PATTERNS = ["^[a-z]{1,9}$", "^[ -~]{0,40}$", "^.{1,30}$", '^(?:"|a|\\s){1,20}$', "^[^a]{2,5}$", "^\\W\\w\\d$", "^a|b$"]


@given(st.sampled_from(PATTERNS), st.data())
def test_no_text_that_a_pattern_allows_is_larger_than_the_bound(pattern: str, data: st.DataObject) -> None:
    schema = {"type": "string", "pattern": pattern}
    text = data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
    if build_check(schema).allows(text):
        assert len(msgspec.json.encode(text)) <= largest(Action.KEEP, schema)


@given(st.integers(-(2**53), 2**53) | st.floats(-(2.0**53), 2.0**53, allow_nan=False))
def test_no_number_is_larger_than_the_bound(number: float) -> None:
    schema = {"type": "number", "minimum": -(2**53), "maximum": 2**53}
    assert len(msgspec.json.encode(number)) <= largest(Action.KEEP, schema)
