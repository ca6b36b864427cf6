"""What the publisher refuses, and what it says when the broker is away. No text of it holds a value."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.cli import generate as command
from pipeline.cli.generate import generate
from pipeline.ops.errors import ConfigError
from pipeline.publish import InvalidEvent, Publisher, PublishError
from tests.contract.published import CONSENT, SECRET, event

REPO = Path(__file__).parents[2]
PARTITIONS = 7
NameMaker = Callable[..., str]


@pytest.fixture
def offline() -> Iterator[Publisher]:
    """A publisher whose broker does not exist; what it refuses by itself needs none."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        opened = Publisher(address, client_config={"delivery.timeout.ms": 1000, "linger.ms": 0})
        yield opened
        opened.close()


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"time": SECRET}, "/time", "pattern"),
        ({"profile_id": None}, "/profile_id", "type"),
        ({"profile_id": 1.0}, "/profile_id", "type"),
        ({"profile_id": f" {SECRET}"}, "/profile_id", "normalised"),
        ({"profile_id": "cafe\u0301"}, "/profile_id", "normalised"),
        ({"age": {"band": SECRET, "source": "x"}}, "/age/band", "enum"),
        ({"age": {"band": "adult"}}, "/age/source", "required"),
        ({SECRET: 1}, "", "additionalProperties"),
        ({"event": SECRET}, "/event", "registered"),
        ({"properties": {"level": 501}}, "/properties/level", "maximum"),
        ({"properties": {"world": SECRET}}, "/properties/world", "enum"),
        ({"properties": {SECRET: 1}}, "/properties", "additionalProperties"),
        ({"properties": {"level": float("nan")}}, "", "json"),
        ({"properties": {"world": {SECRET}}}, "", "json"),
        ({"properties": {"world": "\ud800"}}, "", "json"),
        (
            {"event": "level_completed", "properties": {"power_ups": ["hint", SECRET]}},
            "/properties/power_ups/1",
            "enum",
        ),
        ({"properties": {"world": SECRET * 50_000}}, "", "size"),
    ],
    ids=lambda value: f"{value!r:.60}",
)
def test_invalid_event_is_refused_before_anything_is_sent(
    offline: Publisher, changes: dict[str, Any], path: str, rule: str
) -> None:
    with pytest.raises(InvalidEvent) as caught:
        offline.publish(event(**changes))
    assert (caught.value.path, caught.value.rule) == (path, rule)
    told = f"{caught.value} {caught.value.args} {caught.value.hint}"
    assert rule in told
    assert SECRET not in told
    assert caught.value.__cause__ is None
    offline.flush(0)  # would raise if a record were waiting


def test_deep_nesting_is_refused(offline: Publisher) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InvalidEvent) as caught:
        offline.publish(event(properties={"level": deep}))
    assert caught.value.rule == "json"
    while deep:  # taken apart from outside: the collector would recurse
        deep = deep[0]


@pytest.mark.parametrize("missing", ["event", "event_id", "time", "received_at", "profile_id", "properties"])
def test_missing_field_is_named(offline: Publisher, missing: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        offline.publish({name: value for name, value in event().items() if name != missing})
    assert (caught.value.path, caught.value.rule) == (f"/{missing}", "required")


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"withdrwan_at": 1795596400000}, "", "additionalProperties"),
        ({"granted_at": 1791280000}, "/granted_at", "minimum"),
        ({"granted_at": 1791280000000.0}, "/granted_at", "type"),
        ({"withdrawn_at": 1791280000000.0}, "/withdrawn_at", "type"),
        ({"method": "Video Call"}, "/method", "pattern"),
        ({"profile_id": 42}, "/profile_id", "type"),
        (
            {"purposes": {"analytics": True, "marketing": True}},
            "/purposes/third_party_disclosure",
            "required",
        ),
    ],
    ids=repr,
)
def test_invalid_consent_is_refused(offline: Publisher, changes: dict[str, Any], path: str, rule: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        offline.publish_consent(CONSENT | changes)
    assert (caught.value.path, caught.value.rule) == (path, rule)
    offline.flush(0)


@pytest.mark.parametrize("profile", ["", " player-1", None, True, 1.5])
def test_tombstone_needs_a_profile(offline: Publisher, profile: Any) -> None:
    with pytest.raises(InvalidEvent):
        offline.tombstone(profile)


def test_unreachable_broker_is_a_clear_error(offline: Publisher) -> None:
    failure = offline.publish(event(profile_id=SECRET)).exception(30)
    assert isinstance(failure, PublishError)
    assert "is the broker up" in str(failure)
    assert "127.0.0.1:" in str(failure)
    assert SECRET not in str(failure)
    with pytest.raises(PublishError, match="1 records are not acknowledged"):
        offline.flush(5)
    offline.flush(0)  # told once


def test_closing_fails_what_was_never_acknowledged(offline: Publisher) -> None:
    future = offline.publish(event())
    with pytest.raises(PublishError):
        offline.close(timeout=0.01)
    assert isinstance(future.exception(1), PublishError)
    with pytest.raises(PublishError, match="closed"):
        offline.publish(event())


def test_error_of_the_caller_is_not_hidden_by_the_broker() -> None:
    def call() -> None:
        with Publisher("127.0.0.1:1", client_config={"delivery.timeout.ms": 500}) as opened:
            opened.publish_raw(b"{}", b"k")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        call()


@pytest.mark.parametrize(
    "extra",
    [
        {"partitioner": "consistent"},
        {"acks": 1},
        {"enable.idempotence": False},
        {"bootstrap.servers": "x:1"},
        {"no.such.setting": 1},
        {"batch.size": "much"},
        {"request.required.acks": 0},
    ],
    ids=repr,
)
def test_settings_that_break_the_contract_or_are_wrong(extra: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"client_config: .*{next(iter(extra))}"):
        Publisher("127.0.0.1:1", client_config=extra)


def test_registry_with_a_reference_that_leads_nowhere(tmp_path: Path) -> None:
    schema = {"title": "a", "properties": {"b": {"$ref": "https://example.com/absent.json"}}}
    (tmp_path / "a.json").write_text(json.dumps(schema), "utf-8")
    with pytest.raises(ConfigError, match="cannot be compiled"):
        Publisher("127.0.0.1:1", registry=tmp_path)


def test_command_without_a_broker_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_PATIENCE_MS", 500)
    result = CliRunner().invoke(generate, ["--bootstrap", "127.0.0.1:1", "--count", "1", "--profiles", "20"])
    assert isinstance(result.exception, ConfigError)
    assert "127.0.0.1:1" in str(result.exception)
    assert "--bootstrap" in str(result.exception)
