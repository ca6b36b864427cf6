"""Brokers that freeze, die and compact: chunks wait, and what they then see is complete."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from pipeline.core.consent import ConsentRecord
from pipeline.sandbox.kafka import EmbeddedKafka

DEADLINE_S = 150.0


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka(extra_config={"log.cleaner.backoff.ms": "100"}) as broker:
        yield broker


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - the condition changes in another thread or process
            await asyncio.sleep(0.02)


async def test_a_frozen_broker_makes_chunks_wait(
    own_kafka: EmbeddedKafka, make_topic: Any, open_reader: Any, make_value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    topic = make_topic(2, own_kafka.bootstrap)
    topic.put("p", make_value("p"), 0)
    reader = await open_reader(topic, keep_alive_s=0.1)
    reader.follow([0, 1])
    async with asyncio.timeout(DEADLINE_S):
        await reader.barrier(0)
    own_kafka.pause()
    try:
        await until(lambda: reader.age_of_last_answer() > 1)  # a busy machine lets a last answer through
        waiting = [asyncio.create_task(reader.barrier(number % 2)) for number in range(10)]
        await until(lambda: reader.age_of_last_answer() > 6)  # longer than a request may take
        assert not any(task.done() for task in waiting)
    finally:
        own_kafka.resume()
    async with asyncio.timeout(DEADLINE_S):
        lookups = await asyncio.gather(*waiting)
    assert isinstance(lookups[0].get("p"), ConsentRecord)
    await until(lambda: reader.age_of_last_answer() < 1)
    assert reader.complete([0, 1])
    assert len(caplog.records) <= 4


async def test_a_broker_that_died_is_read_on_when_it_is_back(
    own_kafka: EmbeddedKafka, make_topic: Any, open_reader: Any, make_value: Any
) -> None:
    topic = make_topic(1, own_kafka.bootstrap)
    topic.put("p", make_value("p"))
    reader = await open_reader(topic, keep_alive_s=0.1)
    reader.follow([0])
    async with asyncio.timeout(DEADLINE_S):
        await reader.barrier(0)
    await asyncio.to_thread(own_kafka.kill)
    waiting = asyncio.create_task(reader.barrier(0))
    await until(lambda: reader.snapshot().transient_errors > 0)
    assert not waiting.done()
    await asyncio.to_thread(own_kafka.start)
    await asyncio.to_thread(topic.put, "p", make_value("p", withdrawn_at=1791280000001))
    async with asyncio.timeout(DEADLINE_S):
        await waiting
        found = (await reader.barrier(0)).get("p")
    assert isinstance(found, ConsentRecord)
    assert found.withdrawn_at is not None


async def test_a_compacted_log_is_read_to_its_end(
    own_kafka: EmbeddedKafka, make_topic: Any, open_reader: Any, make_value: Any
) -> None:
    topic = make_topic(
        1,
        own_kafka.bootstrap,
        segment_bytes="1048576",
        min_cleanable_dirty_ratio="0.01",
        compression_type="uncompressed",
    )
    filler = "x" * 200
    for turn in range(60):
        for number in range(100):
            gone = turn == 59 and number % 2
            topic.send(f"p-{number}", None if gone else make_value(f"p-{number}", notice_hash=f"{turn}-{filler}"))
    topic.flush()
    await until(lambda: remaining(topic) < 5_000)
    reader = await open_reader(topic)
    reader.follow([0])
    async with asyncio.timeout(DEADLINE_S):
        lookup = await reader.barrier(0)
    assert reader.snapshot().records == 50
    for number in range(100):
        found = lookup.get(f"p-{number}")
        assert isinstance(found, ConsentRecord) != bool(number % 2)


def remaining(topic: Any) -> int:
    """Count the records of partition 0 that compaction has left."""
    config = {"bootstrap.servers": topic.bootstrap, "group.id": "count", "enable.partition.eof": True}
    consumer = Consumer(config)
    consumer.assign([TopicPartition(topic.name, 0, OFFSET_BEGINNING)])
    count = 0
    while True:
        for message in consumer.consume(1_000, 0.1):
            error = message.error()
            if error is None:
                count += 1
            elif error.code() == KafkaError._PARTITION_EOF:
                consumer.close()
                return count
