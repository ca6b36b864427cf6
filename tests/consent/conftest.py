"""Consent records, topics that hold them, and readers that are stopped at the end of the test."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import pytest
from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # no __all__ there

from pipeline.consent.reader import ConsentReader
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.client_config import producer_config


@pytest.fixture
def make_value() -> Callable[..., bytes]:
    """Make the value of a readable consent record; fields of any name may be given over the usual ones."""

    def value(profile_id: str, **fields: Any) -> bytes:
        record = {
            "profile_id": profile_id,
            "consent_id": "a6cecc1b-78e5-4061-b311-d8a3c2ce6f44",
            "region": "US",
            "age": {"band": "adult", "source": "id_document"},
            "grantor": {"role": "self", "adult_verified": True},
            "method": "in_app",
            "purposes": {"analytics": True, "third_party_disclosure": True, "marketing": False},
            "notice_version": "2026-04",
            "language": "en",
            "granted_at": 1791280000000,
        }
        return json.dumps(record | fields).encode()

    return value


class ConsentTopic:
    """A compacted topic, and a producer whose `put` returns when the broker has acknowledged."""

    def __init__(self, bootstrap: str, name: str, partitions: int, config: Mapping[str, str]) -> None:
        self.name = name
        self.bootstrap = bootstrap
        self.partitions = partitions
        self.admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
        self.producer = Producer({**producer_config(), "bootstrap.servers": bootstrap, "linger.ms": 0, "log_level": 2})
        self.config = {"cleanup.policy": "compact", **config}
        self.create()

    def create(self) -> None:
        topic = NewTopic(self.name, self.partitions, 1, config=self.config)
        for future in self.admin.create_topics([topic]).values():
            future.result(60)

    def send(self, key: str | bytes | None, value: bytes | None, partition: int = -1) -> None:
        """Queue a record; fails the test later, in `flush`, if the broker refuses it."""
        while True:
            try:
                self.producer.produce(self.name, value, key, partition, on_delivery=_accepted)
            except BufferError:
                self.producer.poll(0.1)
            else:
                return

    def flush(self) -> None:
        """Wait for the acknowledgement of everything sent."""
        assert self.producer.flush(60) == 0

    def put(self, key: str | bytes | None, value: bytes | None, partition: int = -1) -> None:
        self.send(key, value, partition)
        self.flush()


def _accepted(error: KafkaError | None, _message: Message) -> None:
    assert error is None


@pytest.fixture
def make_topic(kafka: EmbeddedKafka, topic_name: Callable[..., str]) -> Iterator[Callable[..., ConsentTopic]]:
    """Make a consent topic on the shared broker (or on `bootstrap`)."""
    made: list[ConsentTopic] = []

    def make(partitions: int = 4, bootstrap: str | None = None, **config: str) -> ConsentTopic:
        renamed = {key.replace("_", "."): value for key, value in config.items()}
        made.append(ConsentTopic(bootstrap or kafka.bootstrap, topic_name("consent"), partitions, renamed))
        return made[-1]

    yield make
    for topic in made:
        topic.producer.purge()
        topic.producer.flush(1)


class Readers:
    """Starts readers. `failures` is what they stopped the process with; a test that expects one clears it."""

    def __init__(self) -> None:
        self.failures: list[BaseException] = []
        self.started: list[ConsentReader] = []

    async def __call__(
        self, topic: ConsentTopic, *, config: Mapping[str, Any] | None = None, **options: Any
    ) -> ConsentReader:
        config = {"bootstrap.servers": topic.bootstrap, "reconnect.backoff.max.ms": 500, **(config or {})}
        options = {"fail_stop": self.failures.append, **options}
        reader = ConsentReader(config, topic.name, topic.partitions, **options)
        await reader.start()
        self.started.append(reader)
        return reader


@pytest.fixture
async def open_reader() -> AsyncIterator[Readers]:
    """Start a reader of a topic; all are stopped at the end, and none may have failed by then."""
    readers = Readers()
    yield readers
    for reader in readers.started:
        await reader.stop()
    assert readers.failures == []
