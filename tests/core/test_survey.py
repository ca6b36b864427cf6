"""What one look over an event sees and how much it takes, record by record: alone, large, and in an array (R01)."""

from typing import Any

import pytest

from pipeline.core.outcome import RejectReason
from pipeline.core.survey import MAX_KEYS, MAX_PARTS, survey
from pipeline.core.work import MOST_SIGNS, Work
from pipeline.policy.vocabulary import Age
from tests.core.worlds import NOW, encode, raw_event

STATED = {"band": "adult", "source": "id_document"}
LONG_NAMES = {f"{n}" + "k" * 250: 1 for n in range(MOST_SIGNS // 250)}


def seen(event: dict[str, Any]) -> Age | RejectReason | None:
    """Survey an event alone, with its names at hand, in a large record, and in an array; all see the same."""
    large = event | {"properties": {**event["properties"], "text": "x" * MOST_SIGNS}}
    found = [
        survey(event, encode(event), NOW),
        survey(event, encode(event), NOW, None, tuple(event["properties"])),
        survey(large, encode(large), NOW),
        survey(event, None, NOW, Work()),
    ]
    ages = [each if isinstance(each, RejectReason) else each[1] for each in found]
    assert len(set(ages)) == 1, ages
    return ages[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"properties": {"age": 9}},
        {"properties": {"level": 7}, "age": STATED | {"dob": "2016-01-01"}},
        {"properties": {"level": 7}, "age": {"dob": "2016-01-01"}},
        {"properties": {"age": 15}, "age": STATED | {"dob": "2016-01-01"}},
        {"properties": {"age": 9}, "age": STATED | {"years_of_age": 15}},
        {"properties": {"age": 9}, "more": {"age": 15}},
        {"properties": {"age": 15}, "born": 2016},
        {"more": [{"age": 9}]},
        {"more": [[{"x": {"age": 9}}]]},
        {"properties": {"x": [{"age": 9}], "age": 15}},
    ],
)
def test_the_youngest_age_is_seen_wherever_it_stands(fields: dict[str, Any]) -> None:
    assert seen(raw_event(**fields)) is Age.CHILD


@pytest.mark.parametrize("age", [None, STATED, "adult", 7, []])
def test_an_age_as_the_backend_states_it_is_not_for_this_look(age: Any) -> None:
    assert seen(raw_event(age=age)) is None


@pytest.mark.parametrize("properties", [None, 7, "level", []])
def test_properties_of_another_form_hold_no_age(properties: Any) -> None:
    event = raw_event(properties=properties)
    assert survey(event, encode(event), NOW) == (False, None)


@pytest.mark.parametrize(
    "fields",
    [
        LONG_NAMES,
        {"age": LONG_NAMES},
        {"properties": LONG_NAMES},
        {"properties": {"x": LONG_NAMES}},
        {"x": [LONG_NAMES]},
    ],
    ids=["beside the envelope", "in the age", "as properties", "in a property", "in a list"],
)
def test_names_are_counted_wherever_they_stand(fields: dict[str, Any]) -> None:
    assert seen(raw_event(**fields)) is RejectReason.TOO_COMPLEX


def objects(number: int, keys: int) -> list[dict[str, int]]:
    return [{f"k{key}": 1 for key in range(keys)} for _ in range(number)]


def test_keys_of_all_objects_are_counted_together() -> None:
    at_root = len(raw_event()) + 1
    assert seen(raw_event(properties={f"k{n}": 1 for n in range(MAX_KEYS - at_root)})) is None
    assert seen(raw_event(properties={"x": objects(3, 1000)})) is RejectReason.TOO_COMPLEX
    assert seen(raw_event(properties={"x": objects(2, 1000)})) is None


def test_the_last_key_and_the_last_part_that_may_be() -> None:
    own = len(raw_event())
    for more, expected in ((0, (False, None)), (1, RejectReason.TOO_COMPLEX)):
        event = raw_event(properties={f"k{n}": 1 for n in range(MAX_KEYS - own + more)})
        assert survey(event, encode(event), NOW) == expected
        nested = raw_event(properties={"x": [{f"k{n}": 1 for n in range(MAX_KEYS - 1 + more)}]})
        assert survey(nested, None, NOW) == expected
        lists = raw_event(properties={"x": [[]] * (MAX_PARTS - 1 + more)})
        assert survey(lists, None, NOW) == expected


def test_lists_of_all_levels_are_counted_together() -> None:
    half = MAX_PARTS // 2 + 1
    assert seen(raw_event(properties={"x": [[[]] for _ in range(half)]})) is RejectReason.TOO_COMPLEX
    assert seen(raw_event(properties={"x": [[] for _ in range(half)]})) is None
