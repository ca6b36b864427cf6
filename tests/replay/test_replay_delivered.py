"""Replay beside live workers: what the policy held back is delivered, and Mixpanel counts nothing twice."""

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from ruamel.yaml import YAML

from pipeline.cli.replay import replay
from pipeline.policy.documents import overlay
from pipeline.policy.vocabulary import Region
from pipeline.sandbox.accounts import scrapes
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.scrape import Samples, scrape
from tests.replay.world import CLOSED, DEMO, adult, event, now_ms

DEADLINE_S = 120.0


def until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.1)


def test_what_was_held_back_is_delivered_once(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    YAML().dump(overlay(DEMO, {"vendor_gate": CLOSED}), policy)
    overrides = {"deliver": {"linger_s": 0.1}}
    prefix = f"replayed-{uuid.uuid4().hex[:8]}."
    with Deployment(broker=kafka, prefix=prefix, settings=policy, partitions=2, overrides=overrides) as deployment:
        deployment.add_worker("sanitize", "all", wait=False)
        deployment.add_worker("deliver", "us", wait=False)
        deployment.wait_ready()
        us = deployment.standins[Region.US]
        config = deployment.directory / "base.yaml"

        def run(*arguments: object) -> dict[str, Any]:
            result = CliRunner().invoke(replay, [*map(str, arguments), "--config", str(config), "--json"])
            assert result.exit_code == 0, (result.output, result.exception)
            found: dict[str, Any] = json.loads(result.stdout)
            return found

        def dropped() -> float:
            return sum(each.total("coppice_events_dropped_total") for each in scrapes(deployment, "sanitize"))

        def versions() -> set[str]:
            workers = [scrape(worker.port) or Samples("") for worker in deployment.workers]
            return {labels["version"] for each in workers for labels, _ in each.each("coppice_policy_info")}

        since = now_ms()
        with deployment.publisher() as publisher:
            for number in range(20):
                publisher.publish_consent(adult(f"held-{number}"))
            publisher.flush()
            for number in range(20):
                publisher.publish(event(f"held-{number}"))
            publisher.flush()
            until(lambda: dropped() == 20, "every event dropped by the closed gate")
            to = now_ms()
            YAML().dump(overlay(DEMO, {"version": "open"}), policy)
            until(lambda: versions() == {"open"}, "the open gate in force everywhere")
            assert run("--from", since, "--to", to)["kept"] == {"us": 20}
            until(lambda: us.stored_count == 20, "every event delivered")
            assert run("--from", since, "--to", to, "--restart")["kept"] == {"us": 20}
            until(lambda: us.stored_count == 40, "every event delivered again")
            assert len(us.events()) == 20
            assert len({each["properties"]["$insert_id"] for each in us.events()}) == 20
            for number in range(5):
                publisher.publish_consent(adult(f"held-{number}", withdrawn_at=now_ms())).result()
            later = run("--from", since, "--to", to, "--restart")
        assert later["kept"] == {"us": 15}
        assert later["dropped"] == {"consent_withdrawn": 5}
