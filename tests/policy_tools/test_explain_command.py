"""`coppice explain`: tables and JSON on the screen, nothing in a log."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pipeline.cli.explain import cell
from pipeline.ops.errors import ConfigError
from tests.core.worlds import DEMO_FILE, NOW, RECORDS, encode, raw_event
from tests.policy_tools.commands import coppice

ADULT = RECORDS["US/adult"]
PROPERTIES = {"level": 3, "world": "ocean", "email": "asha@example.com"}
EVENT = raw_event(event="level_started", properties=PROPERTIES)
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def call(event: Any, *more: str, record: Any = ADULT) -> Result:
        file, consent = tmp_path / "event.json", tmp_path / "consent.json"
        file.write_text(event if isinstance(event, str) else json.dumps(event, indent=2))
        consent.write_text(json.dumps(record, indent=2))  # as an editor lays it out, over many lines
        settings = ["--settings", str(DEMO_FILE), "--now", str(NOW)]
        return coppice("explain", file, "--consent", consent, *settings, *more, check=0)

    return call


def test_json_tells_everything(run: Run) -> None:
    data = json.loads(run(EVENT, "--json").stdout)
    assert (data["outcome"], data["cohort"], data["region"]) == ("clean", "US/adult", "us")
    assert data["policy"]["version"].startswith("demo-")
    assert len(data["policy"]["sha256"]) == 64
    assert [signal["source"] for signal in data["signals"]] == ["region", "consent"]
    (way,) = data["ways"]
    assert way["open"]
    assert [each["predicate"] for each in way["require"]] == ["vendor_gate", "own_analytics_consent"]
    level, world, email = data["properties"]
    assert (level["before"], level["after"], level["rule"], level["law"]) == (3, 3, "R03", "16 CFR 312.7")
    assert world["after"] == "ocean"
    assert "after" not in email
    assert (email["class"], email["stripped"], email["rule"]) == ("contact", "unregistered", "R12")
    left = data["event"]["properties"]
    assert left == {"level": 3, "world": "ocean"} | data["added"]


def test_json_tells_why_an_event_stays(run: Run) -> None:
    data = json.loads(run(EVENT, "--json", record=ADULT | {"withdrawn_at": NOW - 1000}).stdout)
    assert (data["outcome"], data["reason"], data["rule"]) == ("dropped", "consent_withdrawn", "R25")
    assert "312.6" in data["law"]
    failed = [each for each in data["ways"][0]["require"] if not each["holds"]]
    assert [each["why_not"] for each in failed] == ["consent_withdrawn"]


def test_the_screen_shows_each_step(run: Run) -> None:
    text = run(EVENT).stdout
    for piece in ("LEAVES for the US project, as US/adult", "own_analytics_consent", "level", "ocean", "R12", "byte"):
        assert piece in text
    assert "asha@example.com" in text  # the developer's own event, on her own screen
    stays = run(raw_event(event="level_started", region="IN", properties={})).stdout
    assert "STAYS: region_conflict" in stays
    assert "REJECTED: not_json" in run("{").stdout


def test_an_event_that_stays_though_a_way_is_open(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = tmp_path / "events"
    registry.mkdir()
    schema = {
        "title": "mood_logged", "x-purpose": "analytics", "type": "object",
        "properties": {"level": {"type": "integer", "minimum": 0, "maximum": 9, "x-class": "gameplay"}},
    }  # fmt: skip
    (registry / "mood_logged.json").write_text(json.dumps(schema))
    monkeypatch.setenv("COPPICE_POLICY__REGISTRY_DIR", str(registry))
    text = " ".join(run(raw_event(event="mood_logged"), record=RECORDS["US/child"]).stdout.split())
    assert "STAYS: harm_to_child, as US/child" in text
    assert "DPDP Act s.9(2)" in text
    assert "A way is open, and the event stays all the same" in text
    assert "stays with its event" in text
    assert "gameplay: leaves" not in text
    assert "LEAVES" in run(raw_event(event="mood_logged")).stdout  # an adult's


def test_never_is_said(run: Run) -> None:
    child = RECORDS["IN/child"]
    text = run(raw_event(event="level_started", region="IN"), record=child).stdout
    assert "STAYS: india_child" in text
    assert "the policy lists no way for IN/child" in text


def test_nothing_is_logged(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        result = run(EVENT)
    assert caplog.records == []
    assert result.stderr == ""


def test_with_the_settings_as_shipped_nothing_leaves(tmp_path: Path) -> None:
    consent = tmp_path / "c.json"
    consent.write_bytes(encode(ADULT))
    result = coppice("explain", "-", "--consent", consent, "--now", NOW, "--json", stdin=encode(EVENT), check=0)
    assert json.loads(result.stdout)["reason"] == "vendor_gate"


def test_a_consent_that_is_not_valid_is_told(run: Run) -> None:
    result = run(EVENT, record=ADULT | {"withdrawn": 1})
    assert "count as no consent" in result.stderr
    assert "consent_unreadable" in result.stdout


def test_many_consents_one_a_line(tmp_path: Path) -> None:
    consent = tmp_path / "c.ndjson"
    consent.write_bytes(encode(RECORDS["IN/adult"] | {"profile_id": "other"}) + b"\n" + encode(ADULT) + b"\n")
    settings = ("--settings", DEMO_FILE, "--now", NOW, "--json")
    result = coppice("explain", "-", "--consent", consent, *settings, stdin=encode(EVENT), check=0)
    assert json.loads(result.stdout)["outcome"] == "clean"


def test_one_object_for_each_event_of_an_array(run: Run) -> None:
    printed = run(json.dumps([EVENT, 7]), "--json").stdout.splitlines()
    assert [json.loads(line)["outcome"] for line in printed] == ["clean", "rejected"]


def test_numbers_that_json_lacks_are_shown(run: Run) -> None:
    text = json.dumps(EVENT).replace('"level": 3', '"level": NaN')
    level = json.loads(run(text, "--json").stdout)["properties"][0]
    assert (level["before"], level["stripped"]) == ("(not a number)", "invalid")


def test_a_value_cannot_steer_the_terminal() -> None:
    shown = cell("\x1b[31mred\u202e[bold]").plain
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[bold]" in shown


def test_a_time_that_is_none_is_refused(run: Run) -> None:
    with pytest.raises(ConfigError, match="--now"):
        run(EVENT, "--now", "yesterday")
