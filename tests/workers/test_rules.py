"""The rules in force follow their files: whole, only when they are good, and with an alarm when they are not."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.ops.errors import ConfigError
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.vocabulary import Cohort, Region
from pipeline.schemas import schema_dir
from pipeline.workers import rules as module
from pipeline.workers.context import load_rules
from pipeline.workers.deliver import DeliverRules
from pipeline.workers.labels import LABEL_VALUES
from pipeline.workers.rules import Rules, region_stopped


class Bench:
    """Rules over a settings file and a registry of their own."""

    def __init__(self, directory: Path) -> None:
        self.settings_file = directory / "settings.yaml"
        self.settings_file.write_text("version: one\n", encoding="utf-8")
        self.registry = directory / "events"
        shutil.copytree(schema_dir() / "events", self.registry)
        self.settings = Settings.model_validate(
            {"policy": {"settings_file": self.settings_file, "registry_dir": self.registry}}
        )
        self.metrics = Metrics(LABEL_VALUES)
        self.loads = 0
        self.swapped: list[CompiledPolicy] = []
        self.rules = Rules(self.settings, self.load, self.metrics)
        self.rules.swapped = lambda state: self.swapped.append(state.policy)

    def load(self) -> DeliverRules:
        self.loads += 1
        return DeliverRules(*load_rules(self.settings))

    def write(self, text: str) -> None:
        self.settings_file.write_text(text, encoding="utf-8")

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"coppice_{name}", labels)

    @property
    def version(self) -> str:
        return self.rules.current.policy.version


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(module, "SETTLE_S", 0.0)
    return Bench(tmp_path)


async def test_nothing_is_loaded_while_nothing_changes(bench: Bench) -> None:
    first = bench.rules.current
    await bench.rules.look()
    assert bench.loads == 1
    assert bench.rules.current is first


async def test_change_of_the_settings_is_in_force_whole(bench: Bench) -> None:
    held = bench.rules.current
    old = held.policy
    bench.write("version: two\nkill_switch: {cohorts: [US/child]}\n")
    await bench.rules.look()
    assert bench.version == "two"
    assert held.policy is old  # a chunk that is under way has one policy to its end
    assert [policy.version for policy in bench.swapped] == ["two"]
    new = bench.rules.current.policy
    assert bench.metric("policy_info", version="one", sha256=old.sha256) is None
    assert bench.metric("policy_info", version="two", sha256=new.sha256) == 1
    assert bench.metric("policy_reloads_total") == 1
    assert bench.metric("kill_switch", cohort="US/child") == 1
    assert bench.metric("kill_switch", cohort="US/adult") == 0


async def test_change_of_the_registry_is_in_force(bench: Bench) -> None:
    path = bench.registry / "level_started.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    del schema["properties"]["world"]
    path.write_text(json.dumps(schema), encoding="utf-8")
    await bench.rules.look()
    assert "world" not in bench.rules.current.registry["level_started"].rules[Cohort.US_ADULT]
    (bench.registry / "crash.json").unlink()
    await bench.rules.look()
    assert "crash" not in bench.rules.current.registry


@pytest.mark.parametrize(
    "broken", ["version: [", "", "coppa: {audience: canary-4411}\n", "age_sources: {us: [hearsay]}\n"]
)
async def test_last_good_rules_stay_and_it_is_alarmed(
    bench: Bench, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    good = bench.rules.current
    bench.write(broken)
    await bench.rules.look()
    await bench.rules.look()
    assert bench.rules.current is good
    assert bench.loads == 2  # not again and again
    assert bench.metric("policy_reload_failed") == 1
    assert bench.metric("policy_info", version="one", sha256=good.policy.sha256) == 1
    assert bench.swapped == []
    text = "\n".join(f"{record.msg} {record.args}" for record in caplog.records)
    assert "settings.yaml" in text
    assert "canary" not in text
    bench.write("version: three\n")
    await bench.rules.look()
    assert bench.version == "three"
    assert bench.metric("policy_reload_failed") == 0


async def test_files_that_are_gone_are_an_error_and_their_return_is_none(bench: Bench) -> None:
    bench.settings_file.unlink()
    await bench.rules.look()
    assert (bench.version, bench.metric("policy_reload_failed")) == ("one", 1)
    bench.write("version: one\n")
    await bench.rules.look()
    assert bench.metric("policy_reload_failed") == 0
    shutil.rmtree(bench.registry)
    await bench.rules.look()
    assert (len(bench.rules.current.registry) > 0, bench.metric("policy_reload_failed")) == (True, 1)


async def test_defect_in_loading_keeps_the_worker_running(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> DeliverRules:
        raise RecursionError("canary-4411")

    monkeypatch.setattr(bench.rules, "_load", fail)
    bench.write("version: two\n")
    await bench.rules.look()
    assert (bench.version, bench.metric("policy_reload_failed")) == ("one", 1)


async def test_half_of_a_change_is_never_in_force(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files change again while they are loaded: what was loaded may be a mixture, so it is not taken."""

    def load_while_somebody_writes() -> DeliverRules:
        loaded = bench.load()
        bench.write("version: three\n")
        return loaded

    monkeypatch.setattr(bench.rules, "_load", load_while_somebody_writes)
    bench.write("version: two\n")
    await bench.rules.look()
    assert (bench.version, bench.metric("policy_reload_failed")) == ("one", 0)
    monkeypatch.setattr(bench.rules, "_load", bench.load)
    await bench.rules.look()
    assert bench.version == "three"


async def test_file_that_is_still_being_written_is_left_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def write_on(_seconds: float) -> None:
        bench.write("version: two\nkill_switch: {all: true}\n")

    bench.write("version: two\n")
    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "sleep", write_on)
        await bench.rules.look()
    assert bench.version == "one"
    await bench.rules.look()
    assert bench.rules.current.policy.killed == frozenset(Cohort)


def test_a_worker_does_not_start_with_broken_rules(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("colour: red\n", encoding="utf-8")
    settings = Settings.model_validate({"policy": {"settings_file": path}})
    with pytest.raises(ConfigError, match=r"settings\.yaml:1: colour"):
        Rules(settings, lambda: DeliverRules(*load_rules(settings)), Metrics(LABEL_VALUES))


SWITCHES: dict[str, tuple[dict[str, Any], set[Region]]] = {
    "off": ({}, set()),
    "all": ({"all": True}, {Region.US, Region.IN}),
    "region": ({"regions": ["in"]}, {Region.IN}),
    "a cohort": ({"cohorts": ["IN/adult"]}, set()),
    "every cohort": ({"cohorts": ["IN/adult", "IN/child", "IN/unknown"]}, {Region.IN}),
}


@pytest.mark.parametrize("case", SWITCHES)
async def test_which_regions_the_kill_switch_stops(bench: Bench, case: str) -> None:
    switch, stopped = SWITCHES[case]
    bench.write(f"version: {case.replace(' ', '-')}\nkill_switch: {json.dumps(switch)}\n")
    await bench.rules.look()
    assert {region for region in Region if region_stopped(bench.rules.current.policy, region)} == stopped
