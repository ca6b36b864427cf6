"""Mixpanel's limits of one event, looked for in the bytes that are about to leave."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.deliver.batch import body_of
from pipeline.deliver.event_limits import (
    EARLIEST_MS,
    FORBIDDEN_IDS,
    FUTURE_MS,
    PLAIN_BYTES,
    EventLimits,
    _not_plain,
    _plain,
    measure,
)
from pipeline.sandbox import mixpanel_rules
from pipeline.sandbox.mixpanel_rules import check_event, truncate_event
from tests.deliver.leaks import outgoing

NOW = 1_795_642_680_000
LIMITS = EventLimits(lambda: NOW)
PERSON = "9528e4fb-1432-43a5-89f4-8997171ce8aa"


def faults(*values: bytes) -> list[tuple[int, str, str]]:
    return [(over.number, over.reason.value, over.field) for over in LIMITS.look(body_of(values), values)]


def fault(value: bytes) -> tuple[str, str] | None:
    """Return what is wrong with an event that stands between two plain ones, which must come to no harm."""
    plain = outgoing({"level": 3, "world": "ocean"})
    found = faults(plain, value, plain)
    assert all(number == 1 for number, _, _ in found)
    return found[0][1:] if found else None


def own(**changes: Any) -> bytes:
    return outgoing({}, **{name.replace("insert_id", "$insert_id"): value for name, value in changes.items()})


@pytest.mark.parametrize(
    ("properties", "fits"),
    [
        ({f"p{place}": place for place in range(247)}, True),  # with our own seven
        ({f"p{place}": place for place in range(248)}, False),
        ({"text": "x" * 255}, True),
        ({"text": "x" * 256}, False),
        ({"text": "म" * 85}, True),
        ({"text": "म" * 86}, False),
        ({"text": '"\\\n' * 85}, True),  # 255 bytes, however JSON writes them
        ({"text": '"\\\n' * 86}, False),
        ({"n" * 255: 1}, True),
        ({"n" * 256: 1}, False),
        ({"list": list(range(254))}, True),
        ({"list": list(range(255))}, False),
        ({"list": [1] * 255}, False),
        ({"list": [""] * 254}, True),
        ({"list": [""] * 255}, False),
        ({"list": ["x" * 255]}, True),
        ({"list": ["x" * 256]}, False),
        ({"list": ["x" * 250] * 32}, True),
        ({"list": ["x" * 250] * 33}, False),  # over 8 KB
        ({"map": {f"k{place}": place for place in range(254)}}, True),
        ({"map": {f"k{place}": place for place in range(255)}}, False),
        ({"map": {"a": {"b": {"c": 1}}}}, True),
        ({"map": {"a": {"b": {"c": {}}}}}, False),
        ({"map": {"k" * 256: 1}}, False),
        ({"list": [{"a": 1}]}, True),
        ({"list": [{"a": [1]}]}, False),
        ({"list": [[[1]]]}, True),
        ({"list": [[[[1]]]]}, False),
    ],
)
def test_what_an_event_may_hold(properties: dict[str, Any], fits: bool) -> None:
    assert fault(outgoing(properties)) == (None if fits else ("over_limit", "properties"))


@pytest.mark.parametrize(
    ("time", "fits"),
    [
        (NOW, True),
        (NOW + FUTURE_MS, True),
        (NOW + FUTURE_MS + 1, False),
        (NOW // 1000, True),  # seconds are what Mixpanel takes, too
        (EARLIEST_MS // 1000, True),
        (EARLIEST_MS // 1000 - 1, False),
        (10**11, True),
        (9_999_999_999_999, False),
        (10**15, False),
        (0, False),
        (-NOW, False),
        (float(NOW), False),
        (str(NOW), False),
        (True, False),
        (None, False),
    ],
)
def test_when_it_may_have_happened(time: Any, fits: bool) -> None:
    assert fault(own(time=time)) == (None if fits else ("over_limit", "properties.time"))


@pytest.mark.parametrize("name", sorted(FORBIDDEN_IDS))
def test_an_id_that_means_nobody(name: str) -> None:
    assert fault(own(distinct_id=name)) == ("over_limit", "properties.distinct_id")
    assert fault(own(insert_id=name)) == ("over_limit", "properties.$insert_id")


@pytest.mark.parametrize(
    ("field", "value", "fits"),
    [
        ("distinct_id", "", True),
        ("distinct_id", "player|1", True),
        ("distinct_id", 7, False),
        ("distinct_id", "x" * 256, False),
        ("insert_id", "a" * 36, True),
        ("insert_id", "a" * 37, False),
        ("insert_id", "", False),
        ("insert_id", "a b", False),
        ("insert_id", "a\n", False),
        ("insert_id", "١٢٣", False),
        ("insert_id", 7, False),
    ],
)
def test_what_an_id_may_be(field: str, value: Any, fits: bool) -> None:
    assert (fault(own(**{field: value})) is None) is fits


def test_a_field_that_is_missing() -> None:
    for name in ("time", "distinct_id", "$insert_id"):
        event = json.loads(outgoing({}))
        del event["properties"][name]
        assert fault(msgspec.json.encode(event)) == ("over_limit", f"properties.{name}")


@pytest.mark.parametrize(
    ("name", "fits"), [("e" * 255, True), ("e" * 256, False), ("म" * 86, False), ("", False), (" ", False)]
)
def test_the_name_of_an_event(name: str, fits: bool) -> None:
    assert fault(outgoing({}, event=name)) == (None if fits else ("over_limit", "event"))


@pytest.mark.parametrize(
    "value",
    [b"{", b"7", b'"text"', b"[]", b"{}", b"\xff", b'{"event":"a"}', b'{"event":"a","properties":[]}', b"[" * 100_000,
     b'{"event":"a","properties":{},"$mp_metadata":{}}', b'{"event":"a","properties":{"x":"\xff"}}'],
)  # fmt: skip
def test_what_is_no_event_at_all(value: bytes) -> None:
    assert fault(value) == ("not_an_event", "")


def test_one_event_that_is_too_large() -> None:
    assert fault(outgoing({f"p{place}": ["x" * 250] * 32 for place in range(130)})) == ("too_large", "")


def test_the_automaton_of_an_hour_ago_refuses_nothing() -> None:
    clock = [NOW]
    limits = EventLimits(lambda: clock[0])
    for minutes in (0, 5, 15, 90, 60 * 24, -30):  # a clock may be set back, too
        clock[0] = NOW + minutes * 60_000
        values = [own(time=clock[0] + late) for late in (0, FUTURE_MS, FUTURE_MS + 1)]
        assert [over.number for over in limits.look(body_of(values), values)] == [2]


def test_a_clock_that_is_behind_condemns_nobody() -> None:
    late = EventLimits(lambda: NOW - 2 * FUTURE_MS)
    values = [own(time=NOW), own(time=NOW + FUTURE_MS + 1)]
    assert [over.number for over in late.look(body_of(values), values)] == [0, 1]
    assert [over.number for over in late.look(body_of(values), values, NOW)] == [1]  # Kafka got them just now


def test_what_the_sanitizer_writes_is_plain() -> None:
    """No event of the usual form takes the slow look: that is what the look costs little for."""
    values = [
        outgoing({"level": number, "world": "océan", "power_ups": ["shield"], "duration_s": 4.25})
        for number in range(50)
    ]
    assert _not_plain(_plain(NOW), body_of(values), values) == set()


# --- for any event

TEXTS = st.text(max_size=12) | st.sampled_from(["x" * 255, "x" * 256, "म" * 85, "म" * 86, '"],"a":["', "]", "}", "\\"])
SCALARS: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(-1e20, 1e20) | TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)
LONG = st.sampled_from([[1] * 253, [1] * 255, ["a"] * 260, [""] * 250, ["x" * 255] * 3, {"a": [{"b": []}]}])
TIMES = st.sampled_from(
    [NOW, NOW + FUTURE_MS, NOW + FUTURE_MS + 1, 10**11 - 1, 10**11, 10**12, 7, "x", 1.5]
) | st.integers(0, NOW * 2)
IDS = (
    st.sampled_from([PERSON, "", "null", "0", "00000000-0000-0000-0000-000000000000", 7, "a" * 36, "a" * 37, "0" * 32])
    | TEXTS
)


@st.composite
def events(draw: st.DrawFn) -> bytes:
    changes: dict[str, Any] = {}
    for name, values in (("time", TIMES), ("distinct_id", IDS), ("$insert_id", IDS)):
        if draw(st.integers(0, 3)) == 0:
            changes[name] = draw(values)
    properties = draw(st.dictionaries(TEXTS, VALUES | LONG, max_size=5))
    return outgoing({**properties, **changes}, event=draw(st.sampled_from(["level_completed", "e" * 256]) | TEXTS))


@settings(max_examples=200, deadline=None)
@given(st.lists(events(), max_size=5))
def test_the_look_at_a_body_says_what_measuring_each_event_says(values: list[bytes]) -> None:
    exact = [over for number, value in enumerate(values) if (over := measure(number, value, NOW)) is not None]
    assert LIMITS.look(body_of(values), values) == exact


@settings(max_examples=300, deadline=None)
@given(events())
def test_what_passes_is_neither_refused_nor_cut_by_the_stand_in(value: bytes) -> None:
    event = json.loads(value)
    token = event["properties"].get("token")
    refused = check_event(event, 0, size=len(value), now_ms=NOW, token=token if isinstance(token, str) else "")
    kept_whole = refused is None and truncate_event(event) == event
    passes = fault(value) is None
    if passes and isinstance(token, str):
        assert kept_whole
    if kept_whole and len(event["event"].encode()) <= 255:
        assert passes or any(len(name.encode()) > 255 for name in names_in(event))  # narrower: bytes of a name


def names_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(name for part in value.values() for name in names_in(part))]
    return [name for part in value for name in names_in(part)] if isinstance(value, list) else []


def test_both_know_the_same_ids_that_mean_nobody() -> None:
    assert FORBIDDEN_IDS == mixpanel_rules.FORBIDDEN_IDS
    assert EARLIEST_MS == mixpanel_rules.EARLIEST_MS


def test_an_event_of_many_bytes_is_always_measured() -> None:
    value = outgoing({f"property_{place}": "ordinary" for place in range(60)})
    assert len(value) > PLAIN_BYTES
    assert fault(value) is None
