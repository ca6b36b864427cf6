"""The shipped schemas are sound, and what the sample app sends is what they describe."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from pipeline.core.outcome import RejectReason
from pipeline.ops.errors import ConfigError
from pipeline.policy.vocabulary import PropertyClass, Purpose
from pipeline.schemas import event_schemas, load_schema, schema_dir

SAMPLES = Path(__file__).parents[2] / "pipeline" / "sandbox" / "samples"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
CONTRACT = ("raw-event", "consent", "rejection", "receipt", "privacy-request", "privacy-result")
DOCUMENT = Path(__file__).parents[2] / "docs" / "publishing.md"
EVENT: dict[str, Any] = {
    "event": "level_started",
    "event_id": "e-1",
    "time": 1795599493,
    "received_at": 1795599493800,
    "profile_id": "player-1",
    "properties": {},
}
RECEIPT: dict[str, Any] = {
    "issued_at": 1795599493800,
    "source": {"topic": "events.raw", "partition": 3, "first_offset": 10, "last_offset": 14},
    "codes": ["clean/us/US/adult", "dropped/no_consent/US/child", "rejected/not_json"],
    "decisions": "A(AB).CA",
    "counts": [3, 1, 1],
    "stripped": {"query": 1, "unregistered": 12},
    "policy": {"version": "2026-11-25", "sha256": "a" * 64},
    "previous": "0" * 64,
}
REJECTION = {
    "topic": "events.raw",
    "partition": 0,
    "offset": 7,
    "reason": "missing_field",
    "path": "age.band",
    "policy": "1",
}


def lines(name: str) -> Iterator[Any]:
    with (SAMPLES / name).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def valid(name: str, instance: Any) -> bool:
    verdict = jsonschema_rs.validator_for(load_schema(name)).is_valid(instance)
    assert verdict == jsonschema.Draft202012Validator(load_schema(name)).is_valid(instance)
    return verdict


def properties_of(schema: Any) -> Iterator[dict[str, Any]]:
    """Every property definition inside a schema."""
    if isinstance(schema, dict):
        yield from (each for each in schema.get("properties", {}).values() if isinstance(each, dict))
        for inner in schema.values():
            yield from properties_of(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from properties_of(inner)


@pytest.mark.parametrize("path", sorted(schema_dir().rglob("*.json")), ids=lambda path: path.stem)
def test_schema_is_valid_and_described(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    kind = "event:" if path.parent.name == "events" else ""
    assert schema["$schema"] == DIALECT
    assert schema["$id"] == f"urn:coppice:schema:{kind}{path.stem}"
    assert schema["description"]
    found = list(properties_of(schema))
    assert found
    assert all(each.get("description") for each in found)


@pytest.mark.parametrize("path", [schema_dir() / f"{name}.json" for name in CONTRACT], ids=lambda path: path.stem)
def test_every_object_of_the_contract_is_closed(path: Path) -> None:
    def objects(schema: Any) -> Iterator[dict[str, Any]]:
        if isinstance(schema, dict):
            if "properties" in schema and schema.get("type") == "object":
                yield schema
            for inner in schema.values():
                yield from objects(inner)
        elif isinstance(schema, list):
            for inner in schema:
                yield from objects(inner)

    found = list(objects(json.loads(path.read_text(encoding="utf-8"))))
    assert found
    assert all(each["additionalProperties"] is False for each in found)


def test_event_schemas_use_the_vocabulary_of_the_policy() -> None:
    for name, schema in event_schemas().items():
        assert schema["title"] == name
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False
        assert schema["x-purpose"] in set(Purpose)
        assert ("x-operation" in schema) == (schema["x-purpose"] == "essential")
        for each in schema["properties"].values():
            assert each["x-class"] in set(PropertyClass)
            assert set(each.get("x-cohorts", ["adult"])) <= {"child", "teen", "adult"}
            free = each["type"] == "string" and not each.keys() & {"enum", "pattern"}
            assert free == (each["x-class"] in {"free_text", "url"})


def test_sample_events_are_valid_alone_and_as_an_array() -> None:
    events = list(lines("raw_events.ndjson"))
    assert len(events) == 600
    assert [event for event in events if not valid("raw-event", event)] == []
    assert valid("raw-event", events[:3])
    assert {event["event"] for event in events} == set(event_schemas())


def test_sample_properties_that_are_registered_are_valid() -> None:
    registry = {
        name: jsonschema_rs.validator_for(schema | {"additionalProperties": True})
        for name, schema in event_schemas().items()
    }
    events = list(lines("raw_events.ndjson"))
    assert [event for event in events if not registry[event["event"]].is_valid(event["properties"])] == []


@pytest.mark.parametrize("name", ["event", "event_id", "time", "received_at", "profile_id", "properties"])
def test_required_field_of_the_envelope(name: str) -> None:
    assert valid("raw-event", EVENT)
    assert not valid("raw-event", {key: value for key, value in EVENT.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("time", 1795599493.5, True),
        ("time", "1795599493", True),
        ("time", "2026-11-25T10:00:00Z", False),
        ("time", 0, False),
        ("time", None, False),
        ("received_at", "1795599493800", True),
        ("profile_id", 42, True),
        ("profile_id", "", False),
        ("profile_id", "a" * 257, False),
        ("profile_id", None, False),
        ("region", "FR", True),
        ("region", None, False),
        ("age", {"band": "child", "source": "age_screen"}, True),
        ("age", {"band": "baby", "source": "age_screen"}, False),
        ("age", {"band": "child"}, False),
        ("age", {"band": "child", "source": "age_screen", "years": 9}, False),
        ("gpc", True, True),
        ("gpc", "1", False),
        ("properties", [], False),
        ("porperties", {}, False),
    ],
)
def test_envelope_field(name: str, value: Any, allowed: bool) -> None:
    assert valid("raw-event", EVENT | {name: value}) is allowed
    assert valid("raw-event", [EVENT, EVENT | {name: value}]) is allowed


@pytest.mark.parametrize("value", [None, 1, "x", [], [[]], [1], {}], ids=repr)
def test_what_is_no_event(value: Any) -> None:
    assert not valid("raw-event", value)


@pytest.mark.parametrize("reason", list(RejectReason))
def test_rejection_holds_every_reason(reason: RejectReason) -> None:
    assert valid("rejection", REJECTION | {"reason": reason.value})
    assert valid("rejection", REJECTION | {"reason": reason.value, "index": 3})


@pytest.mark.parametrize(
    "change",
    [
        {"path": "a b"},
        {"path": "x@example.com"},
        {"index": -1},
        {"value": "x"},
        {"offset": None},
        {"reason": ""},
    ],
    ids=repr,
)
def test_rejection_holds_nothing_else(change: dict[str, Any]) -> None:
    assert not valid("rejection", REJECTION | change)


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({}, True),
        ({"decisions": ["clean"]}, False),
        ({"hash": "B" * 64}, False),
        ({"profile_id": "player-1"}, False),
        ({"stripped": {"someone@example.com": 1}}, False),
        ({"issued_at": 1795599493}, False),
    ],
    ids=repr,
)
def test_receipt(change: dict[str, Any], allowed: bool) -> None:
    assert valid("receipt", RECEIPT | change) is allowed


def test_json_of_the_publishing_page_is_valid() -> None:
    blocks = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)]
    events = [block for block in blocks if "event" in block]
    consents = [block for block in blocks if "consent_id" in block]
    assert len(events) >= 1
    assert len(consents) >= 1
    assert len(events) + len(consents) == len(blocks)
    assert all(valid("raw-event", event) for event in events)
    assert all(valid("consent", record) for record in consents)


def test_unusable_registry_names_every_fault_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{", "utf-8")
    (tmp_path / "b.json").write_bytes(b"\xff")
    (tmp_path / "c.json").write_text("[]", "utf-8")
    (tmp_path / "d.json").write_text('{"type": "object"}', "utf-8")
    (tmp_path / "e.json").write_text('{"title": "e", "type": "objekt"}', "utf-8")
    (tmp_path / "f.json").write_text('{"title": "f"}', "utf-8")
    (tmp_path / "g.json").write_text('{"title": "f"}', "utf-8")
    (tmp_path / "h.json").mkdir()
    with pytest.raises(ConfigError) as caught:
        event_schemas(tmp_path)
    text = str(caught.value)
    assert "policy.registry_dir" in text
    assert [name for name in "abcdefgh" if f"{name}.json" in text] == list("abcdegh")


def test_registry_that_is_missing_or_empty(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a directory"):
        event_schemas(tmp_path / "absent")
    with pytest.raises(ConfigError, match="every event would be dropped"):
        event_schemas(tmp_path)


def test_own_registry_is_read_by_title(tmp_path: Path) -> None:
    (tmp_path / "file.json").write_text('{"title": "Level / Started", "type": "object"}', "utf-8")
    assert event_schemas(tmp_path) == {"Level / Started": {"title": "Level / Started", "type": "object"}}


def test_unknown_schema_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match="absent"):
        load_schema("absent")
