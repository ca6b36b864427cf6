"""Whoever tries a policy on a file sees that an event is counted, and in which cell; terms of the worker (R11)."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from pipeline.aggregate.records import Close, Emitted, contribution, mark
from pipeline.core.context import Project
from pipeline.core.outcome import Counted
from pipeline.policy.compiling import load_policy
from pipeline.policy.vocabulary import Cohort
from pipeline.schemas import load_schema
from pipeline.workers.aggregate import AggregateRules
from tests.aggregate.counts import PARENT, START, child_event, counts_world
from tests.aggregate.running import write_settings
from tests.core.worlds import HOUR, KEYS, NOW
from tests.policy_tools.commands import coppice

EVENT = child_event("profile-0001", event="level_completed", properties={"level": 3, "world": "ocean", "score": 5})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("counted")
    (directory / "event.json").write_text(json.dumps(EVENT), encoding="utf-8")
    (directory / "consent.json").write_text(json.dumps(PARENT), encoding="utf-8")
    write_settings(directory / "settings.yaml")
    return directory


def run(files: Path, *arguments: str) -> str:
    options = ("--consent", files / "consent.json", "--settings", files / "settings.yaml", "--now", NOW)
    return coppice(*arguments, files / "event.json", *options, check=0).stdout


def test_sanitize_prints_the_cell_and_nothing_of_the_child(files: Path) -> None:
    printed = run(files, "sanitize").splitlines()[0]
    assert json.loads(printed) == {
        "line": 0,
        "outcome": "counted",
        "cohort": "IN/child",
        "cell": {
            "event": "level_completed",
            "window_start": "2026-11-25T07:00:00+00:00",
            "window_hours": 1,
            "dimensions": {"world": "ocean"},
        },
    }


def test_explain_says_that_it_is_counted(files: Path) -> None:
    text = " ".join(run(files, "explain").split())
    assert "STAYS, AND IS COUNTED, as IN/child" in text
    assert "world = ocean" in text
    told: dict[str, Any] = json.loads(run(files, "explain", "--json"))
    assert told["outcome"] == "counted"
    assert all("after" not in each for each in told["properties"])


def test_the_notice_names_what_is_counted(files: Path) -> None:
    page = coppice("registry", "notice", "--markdown", "--settings", files / "settings.yaml", check=0).stdout
    assert "Nothing but counts leaves, without any id:" in page
    assert "level_completed by world" in page


def test_a_change_that_lets_counts_leave_is_shown_as_looser(files: Path, tmp_path: Path) -> None:
    (tmp_path / "sample.ndjson").write_text(json.dumps(EVENT) + "\n", encoding="utf-8")
    without = tmp_path / "without.yaml"
    text = (files / "settings.yaml").read_text(encoding="utf-8")
    without.write_text(text.replace("mode: aggregate_only", "mode: drop"), encoding="utf-8")
    options = ("--sample", tmp_path / "sample.ndjson", "--consent", files / "consent.json", "--now", str(NOW))
    told = coppice("policy", "diff", without, files / "settings.yaml", *options).stdout
    assert "is counted" in told


def test_records_are_as_their_schema_says() -> None:
    validator = jsonschema_rs.validator_for(load_schema("aggregate-contribution"))
    outcome = counts_world(["profile-0001"]).one(child_event("profile-0001"))
    assert isinstance(outcome, Counted)
    for value in (contribution(outcome)[1], mark(Close(START, HOUR, 20, NOW)), mark(Emitted(START, HOUR))):
        assert validator.is_valid(json.loads(value)), value
        assert not validator.is_valid(json.loads(value) | {"profile_id": "profile-0001"})


def test_counts_leave_only_while_setting_document_and_kill_switch_say_so(files: Path) -> None:
    policy = load_policy(files / "settings.yaml")
    end = policy.gates[Cohort.IN_CHILD]

    def allowed(**changes: Any) -> bool:
        return AggregateRules(replace(policy, **changes), KEYS, Project("1", "t")).terms(NOW) is not None

    assert allowed()
    assert not allowed(counting=None)
    assert not allowed(killed=frozenset({Cohort.IN_CHILD}))
    assert not allowed(gates={})
    assert AggregateRules(policy, KEYS, Project("1", "t")).terms(end) is None
    assert AggregateRules(load_policy(), KEYS, Project("1", "t")).terms(NOW) is None
