"""The generator's stream is repeatable, follows the registry, and plants what it says it plants."""

import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner

from pipeline.cli.generate import generate
from pipeline.core.consent import ConsentRecord, parse_consent
from pipeline.ops.errors import ConfigError
from pipeline.sandbox.generate import Generator, encode
from pipeline.sandbox.pattern_values import pattern_maker
from pipeline.sandbox.schema_values import value_maker
from pipeline.schemas import event_schemas, load_schema

NOW = 1_795_600_000_000


def made(**options: Any) -> Generator:
    given: dict[str, Any] = {"seed": 5, "profiles": 300, "clock": lambda: NOW} | options
    return Generator(**given)


def test_same_seed_same_stream() -> None:
    first, second, other = made(dirty=True), made(dirty=True), made(dirty=True, seed=6)
    assert list(first.consents()) == list(second.consents())
    assert [encode(event) for event in first.events(200)] == [encode(event) for event in second.events(200)]
    assert encode(other.event()) != encode(made(dirty=True).event())


def test_every_event_follows_envelope_and_registry() -> None:
    envelope = jsonschema_rs.validator_for(load_schema("raw-event"))
    registry = {
        name: jsonschema_rs.validator_for(schema | {"additionalProperties": True})
        for name, schema in event_schemas().items()
    }
    events = list(made(dirty=True).events(3_000))
    assert all(envelope.is_valid(event) for event in events)
    assert all(registry[event["event"]].is_valid(event["properties"]) for event in events)
    assert {event["event"] for event in events} == set(registry)
    assert len({event["event_id"] for event in events}) == 3_000
    assert {type(event["time"]) for event in events} == {int, float, str}
    for event in events:
        assert event_schemas()[event["event"]]["properties"].keys() <= event["properties"].keys()


def test_players_cover_every_cohort_and_consents_are_readable() -> None:
    generator = made()
    cohorts = Counter((player.region, player.band) for player in generator.players)
    assert set(cohorts) == {(region, band) for region in ("US", "IN") for band in ("child", "teen", "adult", "unknown")}
    records = list(generator.consents())
    read = [parse_consent(record["profile_id"].encode(), encode(record)) for record in records]
    assert all(isinstance(record, ConsentRecord) for record in read)
    assert 0 < sum("withdrawn_at" in record for record in records) < len(records) < 300
    assert all(record["granted_at"] < NOW for record in records)


def test_events_have_the_size_asked_for() -> None:
    sizes = [len(encode(event)) for event in made().events(200)]
    assert set(sizes) == {800}
    assert {len(encode(event)) for event in made(size=2_000).events(20)} == {2_000}


def test_clean_events_plant_nothing_and_dirty_ones_what_they_say() -> None:
    assert all(made().planted_event()[1] == [] for _ in range(50))
    generator = made(dirty=True)
    kinds = Counter[str]()
    for _ in range(500):
        event, planted = generator.planted_event()
        text = encode(event).decode()
        assert all(json.dumps(each, ensure_ascii=False)[1:-1] in text for each in planted)
        kinds.update(key for key in event["properties"] if "@" not in key)
        kinds.update("an address as key" for key in event["properties"] if "@" in key)
    assert {"ip", "$email", "$latitude", "session", "date_of_birth", "an address as key"} <= kinds.keys()


def test_stream_keeps_its_rate() -> None:
    clock, naps = [100.0], list[float]()

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        clock[0] += seconds

    events = list(made().stream(50, 11, sleep=sleep, monotonic=lambda: clock[0]))
    assert len(events) == 11
    assert naps == pytest.approx([0.02] * 10)


@pytest.mark.parametrize(
    "pattern",
    [
        "^E[0-9]{3,5}$",
        "^[a-z]+(_[a-z0-9]+){0,4}$",
        "^[a-z0-9_-]{1,40}$",
        r"^\d{2}\.\w+$",
        "^(red|green|b(l|r)ue)?$",
        "^a.c{2,}$",
        r"^[\d-]{4}\[$",
        "unanchored",
    ],
)
def test_pattern_maker(pattern: str) -> None:
    make, source = pattern_maker(pattern), random.Random(1)
    texts = [make(source) for _ in range(200)]
    assert all(re.search(pattern, text) for text in texts)


@pytest.mark.parametrize("pattern", ["^(?=a)b$", "^[^a]$", "^a{2", "^(a$", "^a)$", "^[a$", "^a*?b$", r"^\bx$"])
def test_pattern_that_cannot_be_followed_is_a_clear_error(pattern: str) -> None:
    with pytest.raises(ConfigError, match="event registry"):
        pattern_maker(pattern)


@pytest.mark.parametrize(
    "schema",
    [
        {"const": 7},
        {"type": "integer", "minimum": 5000},
        {"type": "number", "maximum": 1},
        {"type": "array", "items": {"type": "integer"}, "minItems": 5, "maxItems": 6},
        {"type": "object", "properties": {"a": {"enum": ["x"]}}},
        {"type": "string", "maxLength": 3},
        {"type": "boolean"},
    ],
    ids=repr,
)
def test_value_maker_follows_the_schema(schema: dict[str, Any]) -> None:
    make, source, check = value_maker(schema), random.Random(1), jsonschema_rs.validator_for(schema)
    assert all(check.is_valid(make(source)) for _ in range(100))


def test_value_of_unknown_type_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match="null"):
        value_maker({"type": "null"})


def test_command_writes_files(tmp_path: Path) -> None:
    out, consent = tmp_path / "raw.ndjson", tmp_path / "consent.ndjson"
    arguments = ["--out", str(out), "--consent-out", str(consent), "--count", "20", "--seed", "3", "--dirty"]
    result = CliRunner().invoke(generate, arguments)
    assert result.exit_code == 0, result.output
    assert len(out.read_bytes().splitlines()) == 20
    assert {json.loads(line)["profile_id"].split("-")[1] for line in consent.read_bytes().splitlines()} == {"3"}


@pytest.mark.parametrize("arguments", [[], ["--out", "x"], ["--bootstrap", ""]], ids=repr)
def test_command_says_what_is_missing(arguments: list[str]) -> None:
    result = CliRunner().invoke(generate, arguments, env={"COPPICE_KAFKA__BOOTSTRAP": ""})
    assert result.exit_code == 2
    assert "--bootstrap" in result.output or "--count" in result.output
