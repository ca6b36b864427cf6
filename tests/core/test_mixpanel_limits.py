"""No event of the core is over one of Mixpanel's limits (docs.mixpanel.com, Import Events), whatever comes in."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.outcome import Clean
from pipeline.deliver.event_limits import measure
from pipeline.policy.registry import compile_registry
from pipeline.sandbox.mixpanel_rules import check_event, truncate_event
from pipeline.schemas import event_schemas
from tests.core.worlds import (
    DEFAULTS,
    NOW,
    PERMISSIVE,
    RECORDS,
    World,
    consents_of,
    context_of,
    merged,
    policy_of,
    raw_event,
)

POLICY = policy_of(merged(PERMISSIVE, {"us_adult": {"analytics": "opt_in"}}))
WIDE: dict[str, dict[str, Any]] = {
    "flag": {"type": "boolean", "x-class": "gameplay"},
    "score": {"type": "number", "minimum": -(2**53), "maximum": 2**53, "x-class": "gameplay"},
    "code": {"type": "string", "pattern": "^[ -~]{0,255}$", "x-class": "gameplay"},
    "line": {"type": "string", "pattern": "^[^a]{0,255}$", "x-class": "gameplay"},
    "scores": {
        "type": "array",
        "items": {"type": "integer", "minimum": 0, "maximum": 999},
        "maxItems": 254,
        "x-class": "gameplay",
    },
    "words": {
        "type": "array",
        "items": {"type": "string", "pattern": "^.{0,50}$"},
        "maxItems": 26,
        "x-class": "gameplay",
    },
    "note": {"type": "string", "x-class": "free_text", "x-cohorts": ["adult"]},
    "place": {"type": "string", "x-class": "url", "x-cohorts": ["adult"], "x-routes": ["/videos/{id}"]},
}
SCHEMAS = {
    **event_schemas(),
    "e" * 247: {"title": "e" * 247, "type": "object", "x-purpose": "analytics", "properties": WIDE},
}
REGISTRY = compile_registry(SCHEMAS, DEFAULTS, POLICY)
CONTEXT = context_of(POLICY, registry=REGISTRY)
LEAVING = ["US/child", "US/teen", "US/adult", "IN/adult"]

TEXTS = (
    st.text(max_size=300)
    | st.text(st.characters(min_codepoint=0x900, max_codepoint=0xD7F), min_size=60, max_size=300)
    | st.text("😀🎮é", min_size=60, max_size=200)
    | st.text(st.characters(max_codepoint=127), min_size=200, max_size=260)
)
SCALARS: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=300) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=12,
)
MANY = st.lists(st.integers(0, 999), min_size=250, max_size=257) | st.lists(TEXTS, min_size=20, max_size=27)
TIMES = (
    st.integers(-(10**9), NOW + 10**9)
    | st.integers(NOW + 3_500_000, NOW + 3_700_000)
    | st.integers(31_000_000, 101_000_000)
)


def names_of(event: str) -> list[str]:
    return [
        *SCHEMAS[event]["properties"],
        "$os_version",
        "$app_version_string",
        "bucket",
        "$ignore",
        "x" * 300,
        "म" * 100,
    ]


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(SCHEMAS)))
    properties = draw(st.dictionaries(st.sampled_from(names_of(name)), VALUES | MANY | TEXTS, max_size=12))
    fields: dict[str, Any] = {"event": name, "properties": properties}
    if draw(st.booleans()):
        fields["time"] = draw(TIMES)
    if draw(st.booleans()):
        fields["event_id"] = draw(st.sampled_from(["", "0", "null", "anon", "x" * 300]) | st.text(max_size=40))
    return fields


def event_of(cohort: str, fields: dict[str, Any]) -> dict[str, Any] | None:
    """Return what leaves of an event, None if nothing does."""
    outcome = World(CONTEXT, consents_of(RECORDS[cohort])).one(raw_event(region=cohort[:2], **fields))
    if not isinstance(outcome, Clean):
        return None
    assert measure(0, outcome.value, NOW) is None  # what the sink says
    event: dict[str, Any] = json.loads(outcome.value)
    return event


def assert_within_limits(event: dict[str, Any]) -> None:
    """What the stand-in of Mixpanel says, whose rules are written apart from the sink's."""
    size = len(json.dumps(event, ensure_ascii=False).encode())
    token = event["properties"]["token"]
    assert check_event(event, 0, size=size, now_ms=NOW, token=token) is None
    assert truncate_event(event) == event


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(LEAVING), events())
def test_whatever_comes_in_no_limit_is_passed(cohort: str, fields: dict[str, Any]) -> None:
    event = event_of(cohort, fields)
    if event is not None:
        assert_within_limits(event)


FULL: dict[str, Any] = {
    "flag": True,
    "score": -(2.0**53),
    "code": '"' * 255,
    "line": "\x01" * 255,
    "scores": [999] * 254,
    "words": ["\x01" * 50] * 26,
    "note": "म" * 300,
    "place": "/videos/" + "1" * 150,
}


@pytest.mark.parametrize("cohort", LEAVING)
def test_the_largest_values_that_schemas_allow_leave_whole(cohort: str) -> None:
    event = event_of(cohort, {"event": "e" * 247, "properties": FULL})
    assert event is not None
    assert_within_limits(event)
    kept = event["properties"]
    assert {name: kept[name] for name in ("flag", "score", "code", "line", "scores", "words")} == {
        name: FULL[name] for name in ("flag", "score", "code", "line", "scores", "words")
    }
    if cohort.endswith("adult"):
        assert (kept["note"], kept["place"]) == ("म" * 85, "/videos/{id}")


@pytest.mark.parametrize(("late_ms", "leaves"), [(0, True), (3_600_000, True), (3_600_001, False)])
def test_nothing_leaves_that_is_more_than_an_hour_ahead(late_ms: int, leaves: bool) -> None:
    fields = {"event": "level_started", "time": NOW + late_ms, "received_at": NOW, "properties": {}}
    assert (event_of("US/adult", fields) is not None) is leaves


@pytest.mark.parametrize("name", ["bucket", "$bucket", "$ignore", "x" * 300])
def test_reserved_and_endless_names_stay_behind(name: str) -> None:
    event = event_of("US/adult", {"event": "level_started", "properties": {name: True, "level": 3}})
    assert event is not None
    assert name not in event["properties"]
