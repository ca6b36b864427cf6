"""Every bound of Mixpanel's strict import, one step inside and one step outside."""

from collections.abc import Mapping
from typing import Any

import pytest

from pipeline.sandbox.mixpanel_rules import (
    EARLIEST_MS,
    FORBIDDEN_IDS,
    Failed,
    check_event,
    epoch_ms,
    truncate_event,
)

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
MISSING = Ellipsis  # says the same in every process, as names of tests must
NOT_A_TIME: list[Any] = [
    "1800000000",
    "2027-01-15T08:00:00Z",
    1_800_000_000.5,
    1_800_000_000.0,
    True,
    None,
    [],
    {},
]


def event(name: Any = "level_started", **properties: Any) -> dict[str, Any]:
    """Return a valid event, changed by `properties`; MISSING takes one out."""
    base = {"time": NOW_MS, "distinct_id": "u1", "$insert_id": "id-1", "ip": 0}
    merged = {key: value for key, value in (base | properties).items() if value is not MISSING}
    return {"event": name, "properties": merged}


def check(candidate: Mapping[str, Any], size: int = 500) -> Failed | None:
    return check_event(candidate, 7, size=size, now_ms=NOW_MS, token="project-token")


def nested(depth: int) -> Any:
    value: Any = "leaf"
    for _ in range(depth):
        value = {"inner": value}
    return value


ACCEPTED = {
    "plain": event(),
    "every JSON type": event(a=None, b=True, c=1.5, d=-3, e="", f=[1, "x", None], g={"h": 1}),
    "no user": event(distinct_id=""),
    "own token": event(token="project-token"),
    "placeholder in capitals is not listed": event(distinct_id="Anonymous"),
    "seconds": event(time=NOW_MS // 1000),
    "first instant of 1971, seconds": event(time=EARLIEST_MS // 1000),
    "one hour ahead": event(time=NOW_MS + HOUR_MS),
    "one hour ahead, seconds": event(time=(NOW_MS + HOUR_MS) // 1000),
    "insert id of 36 bytes": event(**{"$insert_id": "a" * 36}),
    "insert id, dashed UUID": event(**{"$insert_id": "8a66058c-a56d-4ef6-8123-28b7c9f7e82f"}),
    "254 properties": event(**{f"p{i}": i for i in range(250)}),
    "depth 3": event(a=nested(3)),
    "depth 3 through lists": event(a=[[[1]]]),
    "list of flat objects": event(cart=[{"brand": "Puma"}, {"brand": "Adidas"}]),
    "array of 254": event(a=[0] * 254),
    "object of 254 keys": event(a={f"k{i}": 0 for i in range(254)}),
    "inner object of 254 keys": event(a={"b": {f"k{i}": 0 for i in range(254)}}),
    "list of 8 KB": event(a=["x" * 8_188]),
    "object of 8 KB": event(a={"k": "x" * 8_184}),
    "long string, truncated later": event(a="x" * 20_000),
    "Devanagari, emoji": event(a="खेल 🌳", b=["खेल"], c={"नाम": "🌳"}),
    "name with spaces": event(name="Signed up"),
}

REFUSED = {
    "no event name": (
        {"properties": event()["properties"]},
        "event",
        "'event' must not be missing or blank",
    ),
    "blank name": (event(name=" "), "event", "'event' must not be missing or blank"),
    "name not a string": (event(name=5), "event", "'event' must not be missing or blank"),
    "sibling of properties": (
        {**event(), "$mp_metadata": {"$mp_event_id": "x"}},
        "$mp_metadata",
        "'$mp_metadata' is invalid: must not be present",
    ),
    "no properties": ({"event": "a"}, "properties", "'properties' is invalid: must be an object"),
    "properties a list": (
        {"event": "a", "properties": []},
        "properties",
        "'properties' is invalid: must be an object",
    ),
    "no time": (
        event(time=MISSING),
        "properties.time",
        "'properties.time' is invalid: must not be missing",
    ),
    **{
        f"time {value!r}": (
            event(time=value),
            "properties.time",
            "'properties.time' is invalid: must be specified as seconds since epoch",
        )
        for value in NOT_A_TIME
    },
    **{
        f"time {value}": (
            event(time=value),
            "properties.time",
            "'properties.time' is invalid: must not be before 1971-01-01",
        )
        for value in (0, -1, EARLIEST_MS // 1000 - 1)
    },
    **{
        f"time {value}": (
            event(time=value),
            "properties.time",
            "'properties.time' is invalid: must not be more than 1 hour in the future",
        )
        for value in (NOW_MS + HOUR_MS + 1, (NOW_MS + HOUR_MS) // 1000 + 1, 10**30)
    },
    "no distinct_id": (
        event(distinct_id=MISSING),
        "properties.distinct_id",
        "'properties.distinct_id' is invalid: must not be missing",
    ),
    **{
        f"distinct_id {value!r}": (
            event(distinct_id=value),
            "properties.distinct_id",
            "'properties.distinct_id' is invalid: must be a string",
        )
        for value in (None, 5, True, ["u"])
    },
    **{
        f"distinct_id {value}": (
            event(distinct_id=value),
            "properties.distinct_id",
            "'properties.distinct_id' is invalid: must not be a placeholder value",
        )
        for value in FORBIDDEN_IDS
    },
    **{
        f"insert id {value!r}": (
            event(**{"$insert_id": value}),
            "$insert_id",
            "'$insert_id' is invalid: must not be missing",
        )
        for value in (MISSING, None, "")
    },
    "insert id a number": (
        event(**{"$insert_id": 12345}),
        "$insert_id",
        "'$insert_id' is invalid: must be a string",
    ),
    "insert id of 37 bytes": (
        event(**{"$insert_id": "a" * 37}),
        "$insert_id",
        "'$insert_id' is invalid: must not be longer than 36 bytes",
    ),
    **{
        f"insert id {value!r}": (
            event(**{"$insert_id": value}),
            "$insert_id",
            "'$insert_id' is invalid: must only contain alphanumeric or hyphen '-' characters",
        )
        for value in (
            "ajs-next-d4506e5ffc42f66153f31e222b5c98ce:8nDHprEv8m4QQ3shWDV2dH-1",
            "a_b",
            "a b",
            "a\n",
            "é",
            "٣",
            "[]",
            "n/a",
        )
    },
    **{
        f"insert id {value}": (
            event(**{"$insert_id": value}),
            "$insert_id",
            "'$insert_id' is invalid: must not be a placeholder value",
        )
        for value in ("anon", "0", "-1", "null", "true", "00000000-0000-0000-0000-000000000000")
    },
    "another project's token": (
        event(token="other"),
        "properties.token",
        "'properties.token' is invalid: must be the token of this project",
    ),
    "255 properties": (
        event(**{f"p{i}": i for i in range(251)}),
        "properties",
        "'properties' is invalid: must have fewer than 255 keys",
    ),
    "depth 4": (
        event(a=nested(4)),
        "properties.a",
        "'properties.a' is invalid: must not be nested deeper than 3 levels",
    ),
    "depth 4 through lists": (
        event(a=[[[[1]]]]),
        "properties.a",
        "'properties.a' is invalid: must not be nested deeper than 3 levels",
    ),
    "nested objects in a list": (
        event(a=[{"b": {"c": 1}}]),
        "properties.a",
        "'properties.a' is invalid: objects in a list must not be nested",
    ),
    "array of 255": (
        event(a=[0] * 255),
        "properties.a",
        "'properties.a' is invalid: must have fewer than 255 elements",
    ),
    "inner array of 255": (
        event(a={"b": [0] * 255}),
        "properties.a",
        "'properties.a' is invalid: must have fewer than 255 elements",
    ),
    "object of 255 keys": (
        event(a={f"k{i}": 0 for i in range(255)}),
        "properties.a",
        "'properties.a' is invalid: must have fewer than 255 keys",
    ),
    "inner object of 255 keys": (
        event(a={"b": {f"k{i}": 0 for i in range(255)}}),
        "properties.a",
        "'properties.a' is invalid: must have fewer than 255 keys",
    ),
    "list over 8 KB": (
        event(a=["x" * 8_189]),
        "properties.a",
        "'properties.a' is invalid: must not be larger than 8192 bytes",
    ),
    "list over 8 KB in bytes, not in characters": (
        event(a=["ख" * 2_730]),
        "properties.a",
        "'properties.a' is invalid: must not be larger than 8192 bytes",
    ),
    **{
        f"half a surrogate pair {where}": (
            event(utm_source=value),
            "properties.utm_source",
            "properties.utm_source is invalid: string should be valid utf8",
        )
        for where, value in {
            "": "\ud83c",
            "in a list": ["\ud83c"],
            "in an object": {"a": "\ud83c"},
            "in an inner name": {"\ud83c": 1},
            "deep": {"a": {"b": "caf\udce9"}},
        }.items()
    },
    "half a surrogate pair in a name": (
        event(**{"\ud83c": 1}),
        "properties.\ud83c",
        "properties.\ud83c is invalid: string should be valid utf8",
    ),
    "half a surrogate pair in the event's name": (
        event(name="\ud83c"),
        "event",
        "event is invalid: string should be valid utf8",
    ),
    "half a surrogate pair in distinct_id": (
        event(distinct_id="\ud83c"),
        "properties.distinct_id",
        "properties.distinct_id is invalid: string should be valid utf8",
    ),
}


@pytest.mark.parametrize("candidate", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(candidate: dict[str, Any]) -> None:
    assert check(candidate) is None


@pytest.mark.parametrize(("candidate", "field", "message"), REFUSED.values(), ids=map(ascii, REFUSED))
def test_refused(candidate: dict[str, Any], field: str, message: str) -> None:
    assert check(candidate) == Failed(7, field, message)


def test_the_placeholders_are_those_that_are_published() -> None:
    published = (
        "00000000-0000-0000-0000-000000000000 anon anonymous nil none null n/a na undefined unknown <nil> "
        "0 -1 true false [] {}"
    )
    assert frozenset(published.split()) == FORBIDDEN_IDS


def test_an_event_must_be_smaller_than_a_megabyte() -> None:
    assert check(event(), size=1_048_575) is None
    failed = check(event(), size=1_048_576)
    assert failed is not None
    assert failed.field == "event"


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (1_700_000_000, 1_700_000_000_000),
        (1_700_000_000_123, 1_700_000_000_123),
        (99_999_999_999, 99_999_999_999_000),
        (100_000_000_000, 100_000_000_000),
    ],
)
def test_seconds_and_milliseconds(time: int, expected: int) -> None:
    assert epoch_ms(time) == expected


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("x" * 255, "x" * 255),
        ("x" * 256, "x" * 255),
        ("ख" * 85, "ख" * 85),
        ("ख" * 86, "ख" * 85),
        ("x" + "ख" * 85, "x" + "ख" * 84),
        ("🌳" * 64, "🌳" * 63),
        (["x" * 300, 5], ["x" * 255, 5]),
        ({"k" * 300: "x" * 300}, {"k" * 255: "x" * 255}),
        (12.5, 12.5),
        (None, None),
    ],
)
def test_long_strings_are_cut_at_a_code_point_and_not_refused(sent: Any, kept: Any) -> None:
    candidate = event(a=sent)
    assert check(candidate) is None
    assert truncate_event(candidate) == event(a=kept)


def test_long_names_are_cut() -> None:
    kept = truncate_event(event(name="e" * 300, **{"p" * 300: 1}))
    assert kept == event(name="e" * 255, **{"p" * 255: 1})
