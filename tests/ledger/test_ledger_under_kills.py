"""Workers are killed, join and leave, and the ledger still accounts for every record, alone and beside the topics."""

import json
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.cli.main import cli
from pipeline.policy.vocabulary import Region
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from tests.replay.world import adult, event, now_ms

PEOPLE = 60
PART = 2_400
DEADLINE_S = 240.0


def until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.2)


class World:
    """A deployment, and what has been published to it. kept: events that must be delivered."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.published = self.kept = 0
        with deployment.publisher() as publisher:
            for number in range(0, PEOPLE, 2):  # every second one has consented
                publisher.publish_consent(adult(f"k-{number}"))

    def publish(self, count: int) -> None:
        with self.deployment.publisher() as publisher:
            for number in range(self.published, self.published + count):
                one = event(f"k-{number % PEOPLE}", event_id=f"event-{number}")
                broken = number % 50 == 0
                self.kept += number % 2 == 0 and not broken
                publisher.publish_raw(b"no json" if broken else json.dumps(one).encode(), one["profile_id"].encode())
        self.published += count

    def run(self, *arguments: object) -> Any:
        command = [*map(str, arguments), "--config", str(self.deployment.directory / "base.yaml"), "--json"]
        return json.loads(CliRunner().invoke(cli, command, catch_exceptions=False).stdout)

    def settled(self) -> None:
        """Wait until everything published is acknowledged everywhere."""
        until(lambda: sum(self.run("reconcile")["waiting"].values()) == 0, "every offset acknowledged")


@pytest.fixture
def world(kafka: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for module in ("audit", "reconcile", "replay"):
        monkeypatch.setattr(f"pipeline.cli.{module}.configure_logging", lambda _: None)
    overrides = {"deliver": {"linger_s": 0.1, "max_events": 200}}
    prefix = f"accounted-{uuid.uuid4().hex[:8]}."
    with Deployment(broker=kafka, prefix=prefix, partitions=3, overrides=overrides) as deployment:
        deployment.add_worker("sanitize", "all", wait=False)
        deployment.add_worker("deliver", "us", wait=False)
        deployment.add_worker("deliver", "in", wait=False)
        deployment.wait_ready()
        yield World(deployment)


def test_every_record_has_its_receipts(world: World) -> None:
    since = now_ms()
    sanitize, deliver, _ = world.deployment.workers
    world.publish(PART)
    sanitize.send(signal.SIGKILL)
    world.publish(PART)
    until(lambda: sanitize.restarts == 1, "a new process")
    world.deployment.wait_ready(sanitize)
    deliver.send(signal.SIGKILL)
    another = world.deployment.add_worker("sanitize", "all", wait=False)
    world.publish(PART)
    world.deployment.wait_ready(another)  # partitions have moved to it
    world.publish(PART)
    another.stop()  # and back
    world.publish(100)
    world.settled()

    verdict = world.run("audit", "verify")
    assert verdict["sound"], verdict["shown"]
    raw = [chain for chain in verdict["chains"] if chain["topic"].endswith("events.raw")]
    assert {chain["first_offset"] for chain in raw} == {0}
    assert sum(chain["next_offset"] for chain in raw) == world.published
    found = world.run("reconcile")
    assert found["unaccounted"] == 0, found
    assert sum(found["decided"].values()) == world.published
    assert found["decided"]["clean/us/US/adult"] == world.kept == len(world.deployment.standins[Region.US].events())

    assert world.run("replay", "--from", since, "--to", now_ms() - 1, "--id", "again")["complete"]
    world.settled()
    verdict = world.run("audit", "verify")
    assert verdict["sound"], verdict["shown"]
    replayed = [chain for chain in verdict["chains"] if chain["replay"] == "again"]
    assert sum(sum(chain["events"].values()) for chain in replayed) == world.published
    assert world.run("reconcile")["unaccounted"] == 0
