"""Whatever fails deep inside, and whatever its exception holds: no value gets out of the process, and nothing is
acknowledged (R34)."""

import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from confluent_kafka import Producer

from pipeline.policy.vocabulary import Cohort, Region
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.mixpanel import sandbox_project
from pipeline.stream.clean_headers import HEADERS
from pipeline.stream.committed import committed
from pipeline.stream.log_reader import LogReader
from pipeline.stream.producer import Headers
from pipeline.stream.topics import LEDGER, PRIVACY_RESULTS, REJECTED
from tests.aggregate.running import from_child, past_window, write_settings
from tests.incidents.files import saved
from tests.replay.world import adult, event, now_ms

ROOT = Path(__file__).parents[2]
ENDS_S = 180.0
PLANTED = f"zq{uuid.uuid4().hex}"
DESK = ["rights", "erase", PLANTED, "--yes"]


class World:
    """Topics on which every role has work that holds planted values; no worker runs."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.directory = deployment.directory
        self.since = now_ms()
        with deployment.publisher() as publisher:
            publisher.publish_consent(adult(PLANTED))
            publisher.flush()
            text = {"level": 3, "world": PLANTED, PLANTED: PLANTED, "comment": f"me@{PLANTED}.com"}
            raw = event(PLANTED, properties=text)
            publisher.publish_raw(json.dumps(raw).encode(), raw["profile_id"].encode())
        window = past_window(3)
        person = str(uuid.uuid4())
        properties: dict[str, Any] = {
            "token": sandbox_project(Region.US).token,
            "distinct_id": person,
            "time": now_ms(),
            "$insert_id": uuid.uuid4().hex,
            "ip": 0,
            "world": "ocean",
        }
        clean = json.dumps({"event": "level_started", "properties": properties}).encode()
        self._produce("events.clean.us", clean, person.encode(), HEADERS[Cohort.US_ADULT])
        for child in range(20):
            self._produce("aggregates.in", from_child(window, PLANTED, child))
        self._produce(LEDGER, b"no receipt")
        (self.directory / "raw.ndjson").write_bytes(json.dumps(raw).encode() + b"\n")

    def _produce(self, topic: str, value: bytes, key: bytes | None = None, headers: Headers | None = None) -> None:
        producer = Producer({"bootstrap.servers": self.deployment.broker.bootstrap, "log_level": 2})
        producer.produce(self.deployment.topic(topic), value, key, 0, headers=headers or [])
        assert producer.flush(30) == 0

    def config(self, name: str) -> Path:
        """Write settings with a group of its own: nobody has to wait until the broker gives a dead process up."""
        return self.deployment._write_config(name, {"kafka": {"group_prefix": self.deployment.topic(name)}})

    def told(self) -> bytes:
        """Return everything on the topics that must not hold a value: keys, values, headers."""
        found = []
        for topic in (REJECTED, LEDGER, PRIVACY_RESULTS):
            reader = LogReader(self.deployment.load("base").kafka, self.deployment.topic(topic), "test")
            for partition in range(reader.partitions()):
                for record in reader.read(partition, *reader.bounds(partition)):
                    found += [record.key or b"", record.value or b"", repr(record.headers).encode()]
            reader.close()
        return b"\n".join(found)


@pytest.fixture(scope="module")
def world(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    settings = write_settings(tmp_path_factory.mktemp("planted") / "settings.yaml")
    prefix = f"planted-{uuid.uuid4().hex[:8]}."
    overrides = {"rights": {"settle_s": 0, "poll_s": 0.1, "call_gap_s": 0.01}}
    with Deployment(broker=kafka, prefix=prefix, settings=settings, partitions=1, overrides=overrides) as deployment:
        yield World(deployment)


class Ended(NamedTuple):
    status: int
    output: str
    metrics: str


def run(world: World, name: str, place: str, after: int, arguments: list[str]) -> Ended:
    """Run a command with a failure planted; return what it said, and what its metrics said as long as they did."""
    port_file = world.directory / f"{name}.port"
    log = world.directory / f"{name}.log"
    command = [sys.executable, "-m", "tests.e2e.planted", place, str(after), *arguments]
    metrics, deadline = "", time.monotonic() + ENDS_S
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"PLANTED": PLANTED}, stdout=file, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                assert time.monotonic() < deadline, log.read_text(encoding="utf-8")[-3000:]
                metrics = scraped(port_file) or metrics
                time.sleep(0.05)
        finally:
            process.kill()
            process.wait()
    return Ended(process.returncode, log.read_text(encoding="utf-8"), metrics)


def scraped(port_file: Path) -> str:
    try:
        address = f"http://127.0.0.1:{int(port_file.read_text(encoding='ascii'))}/metrics"
        with urllib.request.urlopen(address, timeout=2) as answer:
            return str(answer.read().decode())
    except (OSError, ValueError):
        return ""


def nothing_is_told(world: World, ended: Ended) -> None:
    assert "OddError" in ended.output, ended.output[-3000:]  # it happened, and its type and places are told
    assert "planted.py" in ended.output
    for text in (ended.output, ended.metrics, world.told().decode()):
        assert PLANTED not in text


ROLES = {
    "sanitize": ["worker", "sanitize", "--region", "all"],
    "deliver-us": ["worker", "deliver", "--region", "us"],
    "rights": ["worker", "rights"],
    "aggregate": ["worker", "aggregate"],
}
IN_WORKERS = {
    "pipeline.workers.judging:sanitize": "sanitize",
    "pipeline.consent.reader:ConsentReader.barrier": "sanitize",
    "pipeline.consent.state:PartitionState.apply": "sanitize",  # in the follower's thread
    "pipeline.workers.receipts:write": "sanitize",
    "pipeline.stream.transport:ChunkConsumer._to_message": "sanitize",  # among Faust's own tasks
    "pipeline.deliver.suppressions:Suppressions.take_out": "deliver-us",
    "pipeline.deliver.client:body_of": "deliver-us",  # in a thread that compresses
    "pipeline.deliver.client:ImportClient.post": "deliver-us",
    "pipeline.rights.findings:Findings.take": "rights",
    "pipeline.aggregate.windows:Windows.apply": "aggregate",
    "pipeline.aggregate.closer:emission": "aggregate",  # in a thread that counts
}
IN_COMMANDS = {
    "pipeline.cli.sanitize:sanitize_record": ["sanitize", "{raw}"],
    "pipeline.cli.explain:explain_record": ["explain", "{raw}"],
    "pipeline.cli.rights:file_request": [*DESK, "--config", "{config}"],
    "pipeline.rights.desk:Desk.refresh": ["rights", "status", "--config", "{config}"],
    "pipeline.workers.judging:sanitize": ["replay", "--from", "{since}", "--to", "{now}", "--config", "{config}"],
    "pipeline.cli.incident:read": ["incident", "show", "{incident}"],
    "pipeline.workers.clean_up:_Drive._step": ["incident", "clean-up", "{incident}", "--config", "{config}"],
    "pipeline.workers.canary:sanitize": ["canary", "publish", "--config", "{config}"],
    "pipeline.ledger.verify:Verifier.take": ["audit", "verify", "--config", "{config}"],
}
AT_ONCE = 3


def group(world: World, place: str) -> str:
    """Return the prefix of the group of the worker in which a place fails."""
    return world.deployment.topic(name_of("worker", place))


def name_of(what: str, place: str) -> str:
    return f"{what}-{place.replace(':', '.').replace('_', '')}"


@pytest.fixture(scope="module")
def runs(world: World) -> Iterator[Mapping[tuple[str, str], "Future[Ended]"]]:
    """Run everything, some at a time, since processes that start wait most of the time."""
    incidents = world.directory / "incidents"
    incidents.mkdir()
    given = {
        "raw": world.directory / "raw.ndjson",
        "incident": saved(incidents, pseudonyms=[PLANTED]),
        "since": world.since,
        "now": now_ms(),
    }
    asked = {("worker", place): [*ROLES[role], "--config", "{config}"] for place, role in IN_WORKERS.items()}
    asked |= {("command", place): words for place, words in IN_COMMANDS.items()}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            key: pool.submit(
                run,
                world,
                name_of(*key),
                key[1],
                0,
                [word.format(config=world.config(name_of(*key)), **given) for word in words],
            )
            for key, words in asked.items()
        }


@pytest.mark.parametrize("place", IN_WORKERS)
def test_a_worker_ends_without_a_value_and_without_a_commit(
    world: World, runs: Mapping[tuple[str, str], "Future[Ended]"], place: str
) -> None:
    ended = runs["worker", place].result()
    assert ended.status == 1, ended.output[-3000:]
    nothing_is_told(world, ended)
    role = IN_WORKERS[place]
    if role != "aggregate":  # nothing rests on what it commits
        assert committed(world.deployment.load("base").kafka, f"{group(world, place)}-{role}") == {}


@pytest.mark.parametrize("place", IN_COMMANDS)
def test_a_command_ends_without_a_value(
    world: World, runs: Mapping[tuple[str, str], "Future[Ended]"], place: str
) -> None:
    ended = runs["command", place].result()
    assert ended.status == 1, ended.output[-3000:]
    nothing_is_told(world, ended)


def test_a_request_that_fails_ends_the_rights_worker_without_a_value(world: World) -> None:
    name, place = "request", "pipeline.rights.client:PrivacyClient.submit"
    config = world.config(name)
    filed = subprocess.run(
        [sys.executable, "-m", "pipeline", *DESK, "--config", str(config)], capture_output=True, check=True, timeout=180
    )
    assert PLANTED.encode() not in filed.stdout + filed.stderr
    ended = run(world, name, place, 0, ["worker", "rights", "--config", str(config)])
    assert ended.status == 1
    nothing_is_told(world, ended)


def test_the_auditor_ends_without_a_value(world: World) -> None:
    config = world.config("auditor")
    place = "pipeline.ledger.verify:Verifier.take"
    ended = run(world, "auditor", place, 0, ["auditor", "--every", "0.1", "--config", str(config)])
    assert ended.status == 1
    nothing_is_told(world, ended)


def test_one_event_s_defect_is_a_rejection_without_a_value(world: World) -> None:
    """In the core a failure is the event's: it is set aside, with its place and no more."""
    config = world.config("core")
    before = world.told().count(b"internal_error")
    log = world.directory / "core.log"
    command = [
        sys.executable,
        "-m",
        "tests.e2e.planted",
        "pipeline.core.sanitize:read_envelope",
        "0",
        *ROLES["sanitize"],
    ]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--config", str(config)],
            cwd=ROOT,
            env=os.environ | {"PLANTED": PLANTED},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            until(lambda: world.told().count(b"internal_error") > before, "a rejection")
            until(lambda: scraped(world.directory / "core.port"), "an answer with the metrics")
            metrics = scraped(world.directory / "core.port")
        finally:
            process.terminate()
            process.wait(120)
    assert "coppice_events_rejected_total" in metrics
    for text in (log.read_text(encoding="utf-8"), metrics, world.told().decode()):
        assert PLANTED not in text


def until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + ENDS_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {ENDS_S} s: {what}"
        time.sleep(0.1)
