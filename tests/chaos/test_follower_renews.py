"""A follower whose clients have lost the broker for good goes on with others."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # no __all__ there

from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream import follower as module
from pipeline.stream.followed import Followed
from pipeline.stream.follower import Follower

RENEW_S = 0.5
DEADLINE_S = 90


class Counted(Followed):
    __slots__ = ("records",)

    def __init__(self, partition: int) -> None:
        super().__init__(partition)
        self.records = 0

    def apply(self, _key: bytes | None, _value: bytes | None, _timestamp_ms: int) -> None:
        self.records += 1


class LostAdmin:
    """Answers as a client does that knows of no broker any more."""

    def list_offsets(self, *_: Any, **__: Any) -> Any:
        raise KafkaException(KafkaError(KafkaError._NOENT))

    def list_topics(self, **_: Any) -> Any:
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))


class LostConsumer:
    """Receives nothing, and says nothing."""

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_: None

    def poll(self, timeout_s: float) -> None:
        time.sleep(timeout_s)


@pytest.fixture
def topic(kafka: EmbeddedKafka, topic_name: Callable[..., str]) -> str:
    """A topic with three records."""
    name = topic_name("renewed")
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(60)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for _ in range(3):
        producer.produce(name, b"value", b"key")
    assert producer.flush(60) == 0
    return name


async def _records(kafka: EmbeddedKafka, topic: str, **options: Any) -> int:
    failures: list[BaseException] = []
    follower = Follower(
        {"bootstrap.servers": kafka.bootstrap},
        topic,
        Counted,
        name="renewing",
        renew_s=RENEW_S,
        fail_stop=failures.append,
        **options,
    )
    await follower.start()
    try:
        follower.follow([0])
        async with asyncio.timeout(DEADLINE_S):
            return (await follower.barrier(0)).records
    finally:
        await follower.stop()
        assert failures == []


async def test_a_lost_admin_client_is_replaced(kafka: EmbeddedKafka, topic: str) -> None:
    made = [LostAdmin(), LostAdmin()]
    assert await _records(kafka, topic, admin=lambda config: made.pop() if made else AdminClient(config)) == 3
    assert made == []


async def test_a_lost_consumer_is_replaced_where_it_stood(
    kafka: EmbeddedKafka, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = [LostConsumer()]
    monkeypatch.setattr(module, "Consumer", lambda config: made.pop() if made else Consumer(config))
    assert await _records(kafka, topic) == 3
    assert made == []
