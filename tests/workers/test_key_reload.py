"""A worker follows its key ring: a rotation without a restart, and the last good ring while the file is not usable."""

import json
import re
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.context import Context
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.policy.vocabulary import Region, Space
from pipeline.sandbox.deployment import DEMO_SETTINGS, Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.scrape import Samples, scrape
from pipeline.workers import rules as module
from pipeline.workers.context import load_context, now_ms
from pipeline.workers.key_file import PLACES, add_version, create_key_file, next_start
from pipeline.workers.keys import load_key_ring, written
from pipeline.workers.labels import LABEL_VALUES
from pipeline.workers.rules import Rules

NOW = 1_795_600_000_000
DAY_MS = 86_400_000
DEADLINE_S = 90.0


class Bench:
    """The rules of a sanitize worker over a key file of its own."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "keys.json"
        create_key_file(self.file, NOW)
        project = {"token": "t", "project_id": "1"}
        self.settings = Settings.model_validate(
            {
                "keys_file": self.file,
                "policy": {"settings_file": DEMO_SETTINGS},
                "mixpanel": {"us": project, "in": project},
            }
        )
        self.metrics = Metrics(LABEL_VALUES)
        self.rules = Rules(self.settings, self._load, self.metrics, also=(self.file,))

    def _load(self) -> Context:
        return load_context(self.settings, None, load_key_ring(self.settings))

    def name(self, time_ms: int) -> str:
        keys = self.rules.current.keys
        return keys.pseudonym(Region.US, Space.ANALYTICS, "p", "g", time_ms, 10_000 * DAY_MS)

    def failed(self) -> float | None:
        return self.metrics.registry.get_sample_value("coppice_policy_reload_failed")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(module, "SETTLE_S", 0.0)
    return Bench(tmp_path)


async def test_new_version_is_known_before_it_starts(bench: Bench) -> None:
    start = next_start(NOW)
    before = bench.name(start)
    held = bench.rules.current
    assert bench.name(start - 1) == before
    add_version(bench.file, PLACES, start, NOW)
    await bench.rules.look()
    assert bench.rules.current is not held
    assert bench.name(start - 1) == before
    assert bench.name(start) != before
    assert bench.failed() == 0


@pytest.mark.parametrize("broken", ["", "{}", "[canary-4411", '{"us": {"analytics": {"secret": "canary-4411"}}}'])
async def test_last_good_ring_stays_and_it_is_alarmed(
    bench: Bench, broken: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    good, before, content = bench.rules.current, bench.name(NOW), bench.file.read_text()
    bench.file.write_text(broken)
    await bench.rules.look()
    assert bench.rules.current is good
    assert bench.failed() == 1
    printed = capsys.readouterr()
    told = caplog.text + printed.out + printed.err
    assert "keys.json" in told
    assert "canary" not in told
    assert not [s for s in re.findall(r'"secret": "([^"]+)"', content) if s in told]
    bench.file.write_text(content)
    await bench.rules.look()
    assert bench.failed() == 0
    assert bench.name(NOW) == before


async def test_file_that_is_closed_again_is_read_again(bench: Bench) -> None:
    add_version(bench.file, PLACES, next_start(NOW), NOW)
    bench.file.chmod(0o644)
    await bench.rules.look()
    assert bench.failed() == 1
    old = bench.rules.current
    bench.file.chmod(0o600)  # not a byte of it has changed
    await bench.rules.look()
    assert bench.failed() == 0
    assert bench.rules.current is not old


def wait_until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.1)


def test_real_worker_shows_the_ages_of_its_keys_and_follows_the_file(kafka: EmbeddedKafka) -> None:
    with Deployment(broker=kafka, prefix=f"keys-{uuid.uuid4().hex[:8]}.") as deployment:
        worker = deployment.add_worker("sanitize", "all")

        def shown() -> Samples:
            found: list[Samples] = []

            def answers() -> bool:
                found.extend(samples for samples in [scrape(worker.port)] if samples is not None)
                return bool(found)

            wait_until(answers, "the worker answers")
            return found[0]

        def ages() -> dict[tuple[str, str], float]:
            return {
                (labels["region"], labels["name"]): value for labels, value in shown().each("coppice_key_age_seconds")
            }

        places = {(str(region), name) for region, name in PLACES}
        wait_until(lambda: ages().keys() == places, "the age of every key is shown")
        assert all(0 <= age < 600 for age in ages().values())

        content = json.loads(deployment.keys_file.read_text())
        del content["us"]["event_ids"][0]["made"]
        content["us"]["analytics"][0]["made"] = written(now_ms() - 500 * DAY_MS)
        deployment.keys_file.write_text(json.dumps(content))
        wait_until(lambda: ages()["us", "analytics"] > 499 * 86_400, "the age of an old key is shown")
        assert ages()["us", "event_ids"] > 365 * 50 * 86_400
        assert ages()["in", "event_ids"] < 600
        deployment.keys_file.write_text("{}")
        wait_until(lambda: shown().total("coppice_policy_reload_failed") == 1, "the alarm is raised")
        assert ages()["us", "analytics"] > 499 * 86_400
        assert worker.restarts == 0
        log = worker.log.read_text(encoding="utf-8")
        assert not [s for s in re.findall(r'"secret": "([^"]+)"', json.dumps(content)) if s in log]
