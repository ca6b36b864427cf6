"""A sanitizer that has lost a detector: the sink halts within a batch, and goes on as somebody decides (R35)."""

import json
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from confluent_kafka import Consumer, TopicPartition

from pipeline.cli.main import cli
from pipeline.deliver.incident import Incident
from pipeline.deliver.incident_files import IncidentFiles
from pipeline.policy.vocabulary import Region
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.guarded import GuardedProcess
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.scrape import readiness, scrape
from pipeline.stream.rejection import Rejection, parse_rejection
from pipeline.stream.topics import CLEAN_US, REJECTED

BLIND = Path(__file__).parent / "blind_sanitizer.py"
LEAKED = "203.0.113.77"
READ_S = 60.0


class Leaking:
    """A deployment whose sanitizer lets addresses through, until it is replaced by a sound one."""

    def __init__(self, deployment: Deployment, incidents: Path) -> None:
        self.deployment = deployment
        self.files = IncidentFiles(incidents)
        alone = {"kafka": {"instance_id": "sink"}}  # so that a restart waits for no rebalance
        self.sink = deployment.add_worker("deliver", "us", wait=False, overrides=alone)
        self.config = deployment.directory / "blind.yaml"
        deployment.load("blind")
        self._blind = GuardedProcess(deployment.directory)
        arguments = ["worker", "sanitize", "--config", str(self.config)]
        self._blind.spawn(
            [sys.executable, str(BLIND), "common.ip_address", *arguments], deployment.directory / "blind.log"
        )

    def repair(self) -> None:
        self._blind.close()
        self.deployment.add_worker("sanitize", "all")

    def stop(self) -> None:
        self._blind.close()

    def coppice(self, *arguments: object) -> str:
        result = CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    def incidents(self) -> list[tuple[Path, Incident]]:
        return self.files.all()

    def metric(self, name: str, **labels: str) -> float:
        samples = scrape(self.sink.port)
        return 0.0 if samples is None else samples.total(f"coppice_{name}", **labels)

    def checks(self) -> dict[str, bool]:
        return dict((readiness(self.sink.port) or {}).get("checks", {}))

    def delivered(self) -> list[dict[str, Any]]:
        return list(self.deployment.standins[Region.US].events())

    def rejected(self) -> list[Rejection]:
        """Return the rejections that a leak is the reason of."""
        return [each for each in self.rejections() if each.reason == "leak"]

    def rejections(self) -> list[Rejection]:
        topic = self.deployment.topic(REJECTED)
        reader = Consumer({"bootstrap.servers": self.deployment.broker.bootstrap, "group.id": uuid.uuid4().hex})
        try:
            count = len(reader.list_topics(topic, 60).topics[topic].partitions)
            reader.assign([TopicPartition(topic, partition, 0) for partition in range(count)])
            ends = [reader.get_watermark_offsets(TopicPartition(topic, each), timeout=60)[1] for each in range(count)]
            found: list[Rejection | None] = []
            deadline = time.monotonic() + READ_S
            while len(found) < sum(ends):
                assert time.monotonic() < deadline, f"{len(found)} of {sum(ends)} rejections read"
                found += [parse_rejection(each.value()) for each in reader.consume(100, 0.2) if each.error() is None]
        finally:
            reader.close()
        return [each for each in found if each is not None]


@pytest.fixture(scope="module")
def leaking(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leaking]:
    incidents = tmp_path_factory.mktemp("incidents")
    overrides = {"deliver": {"linger_s": 0.2, "incident_dir": str(incidents)}}
    with Deployment(broker=kafka, prefix=f"leak-{uuid.uuid4().hex[:8]}.", overrides=overrides) as deployment:
        found = Leaking(deployment, incidents)
        try:
            yield found
        finally:
            found.stop()


def test_a_lost_detector_halts_the_sink_until_the_incident_is_closed(
    leaking: Leaking, wait_until: Callable[..., None], adult: Callable[..., Any], level_event: Callable[..., Any]
) -> None:
    person, sink = f"leak-{uuid.uuid4().hex}", leaking.sink
    comment = {"event": "feedback_submitted", "properties": {"rating": 4, "comment": f"it said {LEAKED} was slow"}}
    with leaking.deployment.publisher() as publisher:
        publisher.publish_consent(adult(person)).result(60)
        for change in ({}, comment, {}, comment, {}):
            event = level_event(person, **change)
            publisher.publish_raw(json.dumps(event).encode(), person.encode())
    wait_until(lambda: leaking.metric("delivery_halted", region="us", why="leak") == 1, "halted")
    wait_until(lambda: sum(len(each.found) for _, each in leaking.incidents()) == 2, "both in the incident")
    ((path, incident),) = leaking.incidents()
    assert LEAKED not in path.read_text()
    assert (incident.state, incident.region, incident.kinds, incident.fields) == (
        "open",
        "us",
        ["ip_address"],
        ["comment"],
    )
    assert incident.topic == leaking.deployment.topic(CLEAN_US)
    assert len(incident.pseudonyms) == 1
    assert {duty.law for duty in incident.duties} >= {
        "DPDP Rules r.7(2)(b)",
        "CERT-In Directions, 28 April 2022, (ii) and Annexure I",
    }
    assert leaking.metric("leak_hits_total", region="us", kind="ip_address") == 2
    assert leaking.delivered() == []

    sink.send(signal.SIGKILL)
    wait_until(lambda: sink.restarts == 1, "the sink started again")
    wait_until(lambda: leaking.metric("leak_hits_total", region="us", kind="ip_address") == 2, "the batch seen again")
    wait_until(lambda: leaking.checks().get("no_incident_open") is False, "not ready because of the incident")
    assert leaking.delivered() == []

    leaking.repair()
    leaking.coppice("incident", "close", path, "--by", "privacy officer", "--reason", "the detector is back")
    wait_until(lambda: len(leaking.delivered()) == 3, "what holds nothing is delivered")
    wait_until(lambda: len(leaking.rejected()) >= 2, "what holds something is rejected")
    rejected = leaking.rejected()
    assert {(each.partition, each.offset) for each in rejected} == {
        (each.partition, each.offset) for each in incident.found
    }
    assert len(rejected) == 2
    assert leaking.deployment.standins[Region.US].duplicates == 0
    wait_until(lambda: (readiness(sink.port) or {}).get("ready") is True, "ready again")

    before = len(leaking.delivered())
    assert "reach a sink" in leaking.coppice("canary", "publish", "--config", leaking.config)
    wait_until(lambda: leaking.metric("canary_seen_timestamp_seconds", region="us") > 0, "a canary seen at the sink")
    with leaking.deployment.publisher() as publisher:
        publisher.publish_raw(json.dumps(level_event(person)).encode(), person.encode())
    wait_until(lambda: len(leaking.delivered()) == before + 1, "the next event delivered")
    assert leaking.metric("delivery_halted", region="us", why="leak") == 0
    assert "99.999.999" not in json.dumps(leaking.delivered())
