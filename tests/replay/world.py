"""Topics of their own on the shared broker, people, events, and `coppice replay` over them; no worker runs."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner, Result
from confluent_kafka import Consumer, TopicPartition
from ruamel.yaml import YAML

from pipeline.cli.main import main
from pipeline.cli.replay import replay
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings, load_settings
from pipeline.policy.documents import overlay
from pipeline.publish import Published, Publisher
from pipeline.sandbox.deployment import DEMO_SETTINGS
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.admin import create_topics
from pipeline.stream.log_reader import LogReader
from pipeline.stream.topics import TOPICS
from pipeline.workers.key_file import new_key_file
from pipeline.workers.replay import group_of
from pipeline.workers.replay_plan import Wanted

DEMO: Any = YAML(typ="safe").load(DEMO_SETTINGS)
DAY_MS = 86_400_000
CLOSED = {"us_adult": None}
MAIN = f"from {main.__module__} import main; main()"


class Written(NamedTuple):
    """A record of a topic, its value read."""

    value: Any
    key: bytes | None
    replay: str | None
    partition: int


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def adult(profile: str, region: str = "US", **changes: Any) -> dict[str, Any]:
    """Return the consent of an adult who granted everything yesterday."""
    return {
        "profile_id": profile,
        "consent_id": f"consent-{profile}",
        "region": region,
        "age": {"band": "adult", "source": "id_document"},
        "grantor": {"role": "self", "adult_verified": False},
        "method": "in_app",
        "purposes": {"analytics": True, "third_party_disclosure": True, "marketing": True},
        "notice_version": "2026-04",
        "language": "en",
        "granted_at": now_ms() - DAY_MS,
    } | changes


def event(profile: str, region: str = "US", **changes: Any) -> dict[str, Any]:
    return {
        "event": "level_started",
        "event_id": uuid.uuid4().hex,
        "time": now_ms(),
        "received_at": now_ms(),
        "profile_id": profile,
        "region": region,
        "platform": "android",
        "properties": {"level": 3, "world": "ocean", "difficulty": "easy"},
    } | changes


class World:
    """One deployment's topics and files."""

    def __init__(self, kafka: EmbeddedKafka, directory: Path, *, without: Iterable[str] = ()) -> None:
        self.prefix = f"replay-{uuid.uuid4().hex[:8]}."
        self.config = directory / "settings.yaml"
        self._policy = directory / "policy.yaml"
        self.policy()
        keys = directory / "keys.json"
        keys.touch(0o600)
        keys.write_text(json.dumps(new_key_file(now_ms())), encoding="utf-8")
        project = {"project_id": "1", "token": "token"}
        content = {
            "kafka": {
                "bootstrap": kafka.bootstrap,
                "topic_prefix": self.prefix,
                "group_prefix": f"{self.prefix}coppice",
                "partitions": 2,
            },
            "policy": {"settings_file": str(self._policy)},
            "keys_file": str(keys),
            "mixpanel": {"us": project, "in": project | {"token": "token-in"}},
        }
        YAML().dump(content, self.config)
        self.settings: Settings = load_settings(self.config)
        skipped = set(without)
        create_topics(self.settings, [topic for topic in TOPICS if topic.name not in skipped])
        self.publisher = Publisher(
            kafka.bootstrap, topic=self.topic("events.raw"), consent_topic=self.topic("consent"), strict=False
        )

    def topic(self, name: str) -> str:
        return self.prefix + name

    def policy(self, **changes: Any) -> None:
        """Put the demo's policy settings with changes into force."""
        YAML().dump(overlay(DEMO, changes), self._policy)

    def consent(self, *records: Mapping[str, Any]) -> None:
        for future in [self.publisher.publish_consent(record) for record in records]:
            future.result()

    def send(self, *events: Any) -> list[Published]:
        """Publish raw events as they are; a list is one record."""
        sent = []
        for each in events:
            first = each[0] if isinstance(each, list) else each
            sent.append(self.publisher.publish_raw(json.dumps(each).encode(), first["profile_id"].encode()))
        return [future.result() for future in sent]

    def moment(self) -> int:
        """Return a time that is after everything so far and not in the future."""
        mark = now_ms() + 1
        while now_ms() <= mark:
            time.sleep(0.0005)
        return mark

    def command(self, *arguments: object) -> list[str]:
        return [*map(str, arguments), "--config", str(self.config), "--json"]

    def run(self, *arguments: object) -> Result:
        """Run the command in this process."""
        return CliRunner().invoke(replay, self.command(*arguments))

    def show(self, *arguments: object) -> Result:
        """Run the command as a person does, who wants no JSON."""
        return CliRunner().invoke(replay, self.command(*arguments)[:-1])

    def replay(self, *arguments: object, status: int = 0) -> dict[str, Any]:
        """Run the command and return its summary."""
        result = self.run(*arguments)
        assert result.exit_code == status, (result.output, result.exception)
        found: dict[str, Any] = json.loads(result.stdout)
        assert found["complete"] == (status == 0)
        return found

    def refused(self, *arguments: object) -> str:
        """Run the command, which must end with a ConfigError; return its text."""
        error = self.run(*arguments).exception
        assert isinstance(error, ConfigError), error
        return str(error)

    def spawn(self, *arguments: object) -> "subprocess.Popen[bytes]":
        """Start the command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", MAIN, "replay", *self.command(*arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={key: value for key, value in os.environ.items() if not key.startswith("COPPICE_")},
        )

    def read(self, name: str) -> list[Written]:
        """Return everything that is on a topic."""
        reader = LogReader(self.settings.kafka, self.topic(name), "tests")
        found = []
        for partition in range(reader.partitions()):
            low, high = reader.bounds(partition)
            for record in reader.read(partition, low, high):
                mark = dict(record.headers).get("coppice-replay")
                value = json.loads(record.value or b"null")
                found.append(Written(value, record.key, mark.decode() if mark else None, partition))
        reader.close()
        return found

    def clean(self, region: str = "us") -> list[Written]:
        return self.read(f"events.clean.{region}")

    def progress(self, name: str, since: int, to: int) -> dict[int, int]:
        """Return the offsets that a replay of this time has committed."""
        group = group_of(self.settings.kafka, name, Wanted(since, to))
        consumer = Consumer({"bootstrap.servers": self.settings.kafka.bootstrap, "group.id": group})
        asked = [TopicPartition(self.topic("events.raw"), partition) for partition in range(2)]
        answers = consumer.committed(asked, timeout=10)
        consumer.close()
        return {each.partition: each.offset for each in answers}
