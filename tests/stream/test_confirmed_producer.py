"""Batches resolve when the broker has everything, and fail when it will not have it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # not marked as exported

from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.errors import DeliveryError
from pipeline.stream.partition import murmur2_partition
from pipeline.stream.producer import ConfirmedProducer, ProduceBatch

PARTITIONS = 7
NOBODY = "127.0.0.1:1"


@contextlib.asynccontextmanager
async def running(bootstrap: str, **config: Any) -> AsyncIterator[ConfirmedProducer]:
    options = {key.replace("_", "."): value for key, value in config.items()}
    producer = ConfirmedProducer(bootstrap, client_config=options)
    task = asyncio.create_task(producer.run())
    try:
        yield producer
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await producer.close(1.0)


@pytest.fixture
def topic(kafka: EmbeddedKafka, topic_name: Callable[..., str]) -> str:
    """A topic of seven partitions that takes batches up to 100,000 bytes."""
    name = topic_name("confirmed")
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    new = NewTopic(name, PARTITIONS, 1, config={"max.message.bytes": "100000"})
    admin.create_topics([new])[name].result(60)
    return name


def read_back(bootstrap: str, topic: str) -> dict[bytes, int]:
    """Value and partition of every record of the topic."""
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "nobody", "enable.auto.commit": False})
    try:
        parts = [TopicPartition(topic, number, 0) for number in range(PARTITIONS)]
        left = sum(reader.get_watermark_offsets(part, timeout=60)[1] for part in parts)
        reader.assign(parts)
        found: dict[bytes, int] = {}
        for _ in range(600):
            if not left:
                break
            for message in reader.consume(1000, 0.1):
                found[message.value() or b""] = message.partition() or 0
                left -= 1
        assert not left
        return found
    finally:
        reader.close()


async def test_a_batch_resolves_once_every_record_is_on_the_broker(kafka: EmbeddedKafka, topic: str) -> None:
    async with running(kafka.bootstrap) as producer:
        batch = producer.batch()
        for number in range(1_000):
            batch.add(topic, b"%d" % number)
        await asyncio.wait_for(batch.done(), 90)
        assert len(read_back(kafka.bootstrap, topic)) == 1_000


async def test_keys_go_to_their_murmur2_partition_unless_one_is_given(kafka: EmbeddedKafka, topic: str) -> None:
    keys = [f"profile-{number}-é".encode() for number in range(300)]
    async with running(kafka.bootstrap) as producer:
        batch = producer.batch()
        for key in keys:
            batch.add(topic, key, key)
            batch.add(topic, b"fixed " + key, key, 3)
        await asyncio.wait_for(batch.done(), 90)
    found = read_back(kafka.bootstrap, topic)
    assert {found[key] for key in keys} == set(range(PARTITIONS))
    assert all(found[key] == murmur2_partition(key, PARTITIONS) for key in keys)
    assert all(found[b"fixed " + key] == 3 for key in keys)


async def test_a_batch_waits_for_its_last_report_and_for_being_closed() -> None:
    class Librdkafka:
        def __init__(self) -> None:
            self.reports: list[Callable[[Any, Any], None]] = []

        def produce(self, _topic: str, _value: bytes, _key: None, _where: int, report: Any, *_rest: object) -> None:
            self.reports.append(report)

    fake = Librdkafka()
    future = asyncio.get_running_loop().create_future()
    batch = ProduceBatch(cast("Producer", fake), asyncio.Event(), future)
    batch.add("topic", b"1")
    fake.reports[0](None, None)
    assert not future.done()  # more records may follow
    batch.add("topic", b"2")
    batch.add("topic", b"3")
    assert batch.done() is future
    fake.reports[1](None, None)
    assert not future.done()
    fake.reports[2](None, None)
    assert future.done()


async def test_an_empty_batch_is_done_at_once() -> None:
    assert ConfirmedProducer(NOBODY).batch().done().done()


async def test_a_record_that_the_broker_refuses_fails_its_batch_only(kafka: EmbeddedKafka, topic: str) -> None:
    async with running(kafka.bootstrap) as producer:
        refused, fine = producer.batch(), producer.batch()
        refused.add(topic, Random(1).randbytes(200_000), partition=0)  # does not compress
        fine.add(topic, b"fine", partition=1)
        with pytest.raises(DeliveryError, match=r"^MSG_SIZE_TOO_LARGE$"):
            await asyncio.wait_for(refused.done(), 90)
        await asyncio.wait_for(fine.done(), 90)


async def test_a_record_that_librdkafka_refuses_fails_the_batch_and_not_the_caller() -> None:
    batch = ConfirmedProducer(NOBODY).batch()
    batch.add("anything", b"x" * (3 * 1024**2))
    batch.add("anything", b"after the failure nothing is queued")
    with pytest.raises(DeliveryError, match=r"^MSG_SIZE_TOO_LARGE$"):
        await batch.done()


async def test_a_full_queue_is_waited_for(kafka: EmbeddedKafka, topic: str) -> None:
    async with running(kafka.bootstrap, queue_buffering_max_messages=10) as producer:
        batch = producer.batch()
        for number in range(200):
            batch.add(topic, b"%d" % number)
        await asyncio.wait_for(batch.done(), 90)
    assert len(read_back(kafka.bootstrap, topic)) == 200


async def test_closing_gives_up_what_cannot_be_sent() -> None:
    async with running(NOBODY) as producer:
        batch = producer.batch()
        batch.add("anything", b"value")
        done = batch.done()
        await producer.close(0.05)
        with pytest.raises(DeliveryError, match="_PURGE"):
            await asyncio.wait_for(done, 60)


async def test_a_batch_that_nobody_awaits_any_more_may_still_end() -> None:
    async with running(NOBODY) as producer:
        batch = producer.batch()
        batch.add("anything", b"value")
        batch.done().cancel()
        await producer.close(0.05)
