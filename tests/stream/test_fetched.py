"""What a role gets of a record is what was produced; only records of chunks are spared the copy."""

import time
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # not marked as exported

from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.client_config import LibrdkafkaLog
from pipeline.stream.fetched import leave_as_fetched
from pipeline.stream.producer import Headers

PRODUCED: list[tuple[bytes | None, bytes | None, Headers]] = [
    (b"key", b"value", []),
    (None, "नमस्ते".encode(), [("cohort", b"US/adult"), ("until", None)]),
    (b"gone", None, [("cohort", b"IN/adult")]),
    (b"", b"", [("a", b"1"), ("a", b"2")]),
]


async def fetched(bootstrap: str, topics: list[str], chunked: set[str]) -> dict[str, list[Any]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        leave_as_fetched(consumer._fetcher, chunked)
        consumer.assign([TopicPartition(topic, 0) for topic in topics])
        found: dict[str, list[Any]] = {topic: [] for topic in topics}
        deadline = time.monotonic() + 30
        while any(len(each) < len(PRODUCED) for each in found.values()):
            assert time.monotonic() < deadline
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                found[place.topic] += records
        return found
    finally:
        await consumer.stop()


async def test_a_record_is_what_was_produced_with_and_without_the_copy(
    kafka: EmbeddedKafka, topic_name: Callable[..., str]
) -> None:
    before = int(time.time() * 1000) - 1_000
    topics = [topic_name("chunked"), topic_name("single")]
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap}, logger=LibrdkafkaLog())
    for future in admin.create_topics([NewTopic(topic, 1, 1) for topic in topics]).values():
        future.result(60)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "compression.type": "lz4"}, logger=LibrdkafkaLog())
    for topic in topics:
        for key, value, headers in PRODUCED:
            producer.produce(topic, value, key, partition=0, headers=headers)
    assert producer.flush(30) == 0
    found = await fetched(kafka.bootstrap, topics, {topics[0]})
    for topic in topics:
        assert [(each.key, each.value, list(each.headers)) for each in found[topic]] == PRODUCED
        assert [each.offset for each in found[topic]] == [0, 1, 2, 3]
        assert all(before < each.timestamp <= time.time() * 1000 + 1_000 for each in found[topic])
    assert not any(isinstance(each, ConsumerRecord) for each in found[topics[0]])
    assert all(isinstance(each, ConsumerRecord) for each in found[topics[1]])
