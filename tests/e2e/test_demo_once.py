"""`coppice demo --once` as a newcomer runs it: every sample event has a fate, and nothing planted gets out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.leaks import find_leaks

SAMPLES = Path(__file__).parents[2] / "pipeline" / "sandbox" / "samples"


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, list[Any]], str]:
    """Run it once: the report, what each stand-in accepted, what the screen showed."""
    directory = tmp_path_factory.mktemp("demo")
    report, received = directory / "R.json", directory / "received"
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "demo", "--once", "--report", str(report), "--received", str(received)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    regions = {region: _lines(received / f"{region}.ndjson") for region in ("us", "in")}
    return json.loads(report.read_text()), regions, done.stdout


def test_every_event_is_accounted_for(demo: tuple[dict[str, Any], dict[str, list[Any]], str]) -> None:
    report, regions, screen = demo
    assert report["published"] == 600
    assert report["unaccounted"] == 0
    assert report["rejected"] == {}
    assert report["delivered"] == {"us": 98, "in": 35}
    assert {region: len(events) for region, events in regions.items()} == report["delivered"]
    assert sum(report["dropped"].values()) == 600 - 133
    assert "vendor gate" in screen
    assert "unaccounted" in screen


def test_nothing_planted_gets_out(demo: tuple[dict[str, Any], dict[str, list[Any]], str]) -> None:
    _, regions, _ = demo
    planted = [text for line in _lines(Path(__file__).parent / "planted.ndjson") for text in line["leaks"]]
    assert find_leaks(planted, regions["us"] + regions["in"]) == []


def test_the_search_does_find_what_is_there() -> None:
    disguised = {"event": "x", "properties": {"a": "MjM0MTIzNDEyMzQ2", "b": "%2B91%2098765%2043210", "c": "२३४१"}}
    assert find_leaks(["234123412346", "+91 98765 43210", "2341", "absent"], [disguised]) == [
        "+91 98765 43210",
        "2341",
        "234123412346",
    ]


def test_what_must_survive_survives(demo: tuple[dict[str, Any], dict[str, list[Any]], str]) -> None:
    _, regions, _ = demo
    keeps: dict[tuple[str, int], list[dict[str, Any]]] = {}
    raw = _lines(SAMPLES / "raw_events.ndjson")
    for event, line in zip(raw, _lines(Path(__file__).parent / "planted.ndjson"), strict=True):
        seconds = event["time"] if event["time"] < 1e11 else event["time"] / 1000
        keeps.setdefault((event["event"], int(seconds * 1000)), []).append(line["keep"])
    for event in regions["us"] + regions["in"]:
        properties = event["properties"]
        candidates = keeps[event["event"], properties["time"]]
        assert any(keep.items() <= properties.items() for keep in candidates), event["event"]


def test_events_stay_in_their_region(demo: tuple[dict[str, Any], dict[str, list[Any]], str]) -> None:
    _, regions, _ = demo
    for region, events in regions.items():
        assert {event["properties"]["token"] for event in events} == {f"sandbox-token-{region}"}
