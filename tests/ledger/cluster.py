"""The topics of a deployment on the shared broker, and workers' traces on them, each of which can be left out."""

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from confluent_kafka import KafkaError, Message, Producer
from ruamel.yaml import YAML

from pipeline.cli.main import cli
from pipeline.deliver.reasons import Fate
from pipeline.ledger.decisions import Key
from pipeline.ledger.outcomes import CODES
from pipeline.ledger.receipt import NOTHING, key_of
from pipeline.ledger.writing import START, Head, write
from pipeline.ops.settings import load_settings
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.admin import create_topics
from pipeline.stream.client_config import producer_config
from pipeline.stream.log_reader import LogReader
from pipeline.stream.rejection import Rejection
from tests.ledger.chains import CLEAN, KEYS, NOW, POLICY, REJECTED, decided

FATES: dict[Key, str] = {(fate,): fate.value for fate in Fate}
Keep = Callable[[int], bool]


def everything(_place: int) -> bool:
    return True


class Cluster:
    def __init__(self, kafka: EmbeddedKafka, directory: Path) -> None:
        self.prefix = f"ledger-{uuid.uuid4().hex[:8]}."
        self.config = directory / "settings.yaml"
        kafka_settings = {
            "bootstrap": kafka.bootstrap,
            "topic_prefix": self.prefix,
            "group_prefix": f"{self.prefix}coppice",
            "partitions": 2,
        }
        YAML().dump({"kafka": kafka_settings}, self.config)
        self.kafka = load_settings(self.config).kafka
        create_topics(load_settings(self.config))
        self._producer = Producer({**producer_config(), "bootstrap.servers": kafka.bootstrap, "log_level": 2})
        self.heads: dict[tuple[str, int], Head] = {}

    def topic(self, name: str) -> str:
        return self.prefix + name

    def put(self, name: str, values: Iterable[bytes], *, partition: int = -1, key: bytes | None = None) -> None:
        def accepted(error: KafkaError | None, _message: Message) -> None:
            assert error is None

        for value in values:
            self._producer.produce(self.topic(name), value, key, partition, on_delivery=accepted)
        assert self._producer.flush(60) == 0

    def raw(self, count: int, partition: int = 0) -> None:
        self.put("events.raw", [b"{}"] * count, partition=partition)

    def judge(
        self,
        offsets: Sequence[int],
        *,
        partition: int = 0,
        receipts: Keep = everything,
        clean: Keep = everything,
        rejections: Keep = everything,
        replay: str | None = None,
    ) -> None:
        """Leave what a sanitize worker leaves that works through a chunk; the decision goes by offset."""
        source = self.topic("events.raw")
        head = self.heads.get((source, partition), START)
        if replay is not None:
            head = START
        for offset in offsets:
            key = KEYS[offset % 3]
            if key == CLEAN and clean(offset):
                self.put("events.clean.us", [b"{}"], partition=partition)
            if key == REJECTED and rejections(offset):
                self.put("events.rejected", [Rejection(source, partition, offset, "not_json", "", "1").encode()])
        written = write(
            head, source, partition, decided(offsets), POLICY, names=CODES, issued_at=NOW + offsets[-1], replay=replay
        )
        if receipts(offsets[0]):
            self.put("ledger", written.values, key=key_of(source, partition))
        if replay is None:
            self.heads[source, partition] = written.head

    def deliver(self, offsets: Sequence[int], *, partition: int = 0, receipts: Keep = everything) -> None:
        source = self.topic("events.clean.us")
        head = self.heads.get((source, partition), START)
        chunk = decided(offsets, [(Fate.DELIVERED,)] * len(offsets))
        written = write(head, source, partition, chunk, POLICY, names=FATES, issued_at=NOW)
        if receipts(offsets[0]):
            self.put("ledger", written.values, key=key_of(source, partition))
        self.heads[source, partition] = written.head

    def commit(self, name: str, group: str, offset: int | None = None, partition: int = 0) -> None:
        """Acknowledge as a worker does; offset: another one than that of the head."""
        head = self.heads.get((self.topic(name), partition), Head(0, NOTHING))
        reader = LogReader(self.kafka, self.topic(name), f"{self.kafka.group_prefix}-{group}")
        reader.save(partition, head.next_offset or 0 if offset is None else offset, head.digest)
        reader.close()

    def run(self, *arguments: object, status: int = 0) -> Result:
        command = [*map(str, arguments), "--config", str(self.config)]
        result = CliRunner().invoke(cli, command, catch_exceptions=False)
        assert result.exit_code == status, result.output
        return result

    def json(self, *arguments: object, status: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", status=status).stdout)
