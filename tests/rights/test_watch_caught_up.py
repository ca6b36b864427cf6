"""Waiting for the watch: only what its group has committed counts, and an end where no record stands is no obstacle."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from confluent_kafka import Producer

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import KafkaSettings
from pipeline.rights.caught_up import CaughtUp
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.log_reader import LogReader, Saved
from tests.rights.watching import make_topics

LOOKS_S = 1.0  # some looks


@dataclass(slots=True)
class Waiting:
    """A consent topic of one partition, its group's offsets, and who waits."""

    bootstrap: str
    topic: str
    caught_up: CaughtUp
    group: LogReader

    def publish(self, count: int, **config: object) -> None:
        producer = Producer({"bootstrap.servers": self.bootstrap, "log_level": 2, **config})
        if config:
            producer.init_transactions(60)
            producer.begin_transaction()
        for number in range(count):
            producer.produce(self.topic, b"{}", f"p-{number}".encode())
        if config:
            producer.commit_transaction(60)
        assert producer.flush(60) == 0


@pytest.fixture
async def waiting(kafka: EmbeddedKafka, topic_name: Callable[..., str]) -> AsyncIterator[Waiting]:
    topic = topic_name("consent")
    make_topics(kafka.bootstrap, "", [topic])
    settings = KafkaSettings(bootstrap=kafka.bootstrap)
    group = LogReader(settings, topic, f"{topic}-rights")
    caught_up = CaughtUp(LogReader(settings, topic, f"{topic}-rights"), 1)
    yield Waiting(kafka.bootstrap, topic, caught_up, group)
    await caught_up.close()
    group.close()


async def test_it_waits_until_the_group_has_committed_what_was_there(waiting: Waiting) -> None:
    waiting.publish(3)
    waits = asyncio.ensure_future(waiting.caught_up.wait(0))
    waiting.group.save(0, 2, "")
    done, _ = await asyncio.wait({waits}, timeout=LOOKS_S)
    assert not done
    waiting.publish(1)  # what comes later is not waited for
    waiting.group.save(0, 3, "")
    await asyncio.wait_for(waits, 60)


async def test_an_empty_partition_needs_no_wait(waiting: Waiting) -> None:
    await asyncio.wait_for(waiting.caught_up.wait(0), 60)


async def test_the_markers_of_a_transaction_are_nothing_to_wait_for(waiting: Waiting) -> None:
    waiting.publish(2, **{"transactional.id": waiting.topic})
    async with asyncio.timeout(60):
        while waiting.group.bounds(0) != (0, 3):  # noqa: ASYNC110  # a commit is acknowledged before its marker is there
            await asyncio.sleep(0.02)
    waiting.group.save(0, 2, "")  # as far as there are records
    await asyncio.wait_for(waiting.caught_up.wait(0), 60)


class _Reluctant(LogReader):
    """A reader whose broker leaves the first questions unanswered."""

    unanswered = 5

    def bounds(self, partition: int) -> tuple[int, int]:
        self._perhaps()
        return super().bounds(partition)

    def saved(self, partitions: int) -> dict[int, Saved]:
        self._perhaps()
        return super().saved(partitions)

    def _perhaps(self) -> None:
        self.unanswered -= 1
        if self.unanswered >= 0:
            raise ConfigError("no Kafka broker answers")


async def test_it_outlasts_a_broker_that_does_not_answer(waiting: Waiting) -> None:
    waiting.publish(2)
    waiting.group.save(0, 2, "")
    reader = _Reluctant(KafkaSettings(bootstrap=waiting.bootstrap), waiting.topic, f"{waiting.topic}-rights")
    caught_up = CaughtUp(reader, 1)
    await asyncio.wait_for(caught_up.wait(0), 60)
    assert reader.unanswered < 0
    await caught_up.close()
