"""`coppice retention`: every store is listed with its limit and law, and one without a limit cannot be."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner
from ruamel.yaml import YAML

from pipeline.cli.main import cli
from pipeline.ops.settings import KafkaSettings, Settings
from pipeline.stream import topics
from pipeline.stream.topics import DAY_MS, TOPICS
from pipeline.workers.retention import Kind, Store, hold_state, stores, written_settings

PAGE = Path(__file__).parents[2] / "docs" / "retention.md"
YEAR_MS = 365 * DAY_MS
BEFORE, AFTER = "2027-05-12T18:29:59Z", "2027-05-12T18:30:00Z"  # midnight in India


def run(*arguments: str, env: dict[str, str] | None = None, status: int = 0) -> str:
    result = CliRunner().invoke(cli, ["retention", *arguments], env=env, catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result.stdout


def report(env: dict[str, str] | None = None, status: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("--json", env=env, status=status))
    return found


def policy_file(directory: Path, settings: dict[str, Any]) -> dict[str, str]:
    path = directory / "policy.yaml"
    YAML().dump(settings, path)
    return {"COPPICE_POLICY__SETTINGS_FILE": str(path)}


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == run("--markdown"), (
        "run: coppice retention --markdown > docs/retention.md"
    )


def test_every_topic_is_listed_with_the_limit_that_it_is_created_with() -> None:
    found = {store["name"]: store for store in report({"COPPICE_KAFKA__TOPIC_PREFIX": "eu."})["stores"]}
    for topic in TOPICS:
        store = found[f"eu.{topic.name}"]
        assert (store["kind"], store["limit_ms"]) == ("topic", topic.retention_ms)
        assert store["law"]


def test_every_kind_of_store_has_somebody_who_keeps_to_its_limit() -> None:
    found = report()["stores"]
    assert {store["kind"] for store in found} == set(Kind)
    for store in found:
        assert all(store[name] for name in ("name", "holds", "limit", "removed_by", "law")), store


def test_what_the_law_wants_for_a_year_is_there_for_a_year() -> None:
    found = {store["name"]: store["limit_ms"] for store in report()["stores"]}
    assert found[topics.LEDGER] >= YEAR_MS  # DPDP Rules r.6(1)(e), r.8(3); and more than CERT-In's 180 days
    assert found["logs"] >= YEAR_MS


def test_mixpanels_limits_are_those_of_the_policy(tmp_path: Path) -> None:
    env = policy_file(tmp_path, {"retention": {"mixpanel_minor_days": 45, "mixpanel_adult_days": 200}})
    limits = [store["limit"] for store in report(env)["stores"] if store["kind"] == "vendor"]
    assert limits == ["45 d", "200 d", "200 d after the last update"]


@pytest.mark.parametrize("field", ["limit", "removed_by", "law"])
def test_a_store_without_a_limit_is_refused(field: str) -> None:
    store = Store("cache", Kind.FILE, "copies of events", "1 d", "a timer", "16 CFR 312.10", DAY_MS)
    with pytest.raises(ValueError, match="cache: a limit"):
        replace(store, **{field: ""})  # type: ignore[arg-type]  # one field of text
    with pytest.raises(ValueError, match="cache: a retention limit"):
        replace(store, limit_ms=-1)


def test_a_topic_that_nobody_gave_a_law_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    new = replace(TOPICS[0], name="events.copies")
    monkeypatch.setattr("pipeline.workers.retention.TOPICS", (*TOPICS, new))
    settings = Settings(kafka=KafkaSettings())
    with pytest.raises(ValueError, match=r"events\.copies: a limit"):
        stores(settings, written_settings(settings))


@pytest.mark.parametrize(("moment", "in_force"), [(BEFORE, False), (AFTER, True)])
def test_the_hold_begins_at_midnight_in_india(moment: str, in_force: bool) -> None:
    with time_machine.travel(moment, tick=False):
        found = report(status=int(in_force))["india_hold"]
        assert found == {
            "scope": "sent_payload",
            "from": "2027-05-13",
            "in_force": in_force,
            "mixpanel_copy": "erase_now",
            "vault_missing": in_force,
        }
        words = run(status=int(in_force))
    assert ("needs the vault" in words) == in_force
    assert ("not in force before 2027-05-13" in words) == (not in_force)


def test_logs_and_receipts_alone_need_no_vault(tmp_path: Path) -> None:
    hold = {"scope": "logs_only", "from": "2027-05-13", "mixpanel_copy": "erase_now"}
    env = policy_file(tmp_path, {"india": {"hold": hold}})
    with time_machine.travel(AFTER, tick=False):
        assert not report(env)["india_hold"]["vault_missing"]


def test_the_hold_starts_when_the_policy_that_works_says_so() -> None:
    """The list and the policy that the rights worker acts on read the same day."""
    policy = written_settings(Settings(kafka=KafkaSettings()))
    begins = 1_810_146_600_000  # AFTER
    assert [hold_state(policy, begins + step).in_force for step in (-1, 0)] == [False, True]
