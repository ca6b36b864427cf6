"""A follower of any topic, on a real Kafka. What it does in outages and at its ends is shown where consent is read."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # no __all__ there

from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.followed import Followed
from pipeline.stream.follower import Follower

PARTITIONS = 3
DEADLINE_S = 120.0


class Seen(Followed):
    """Keeps all it is given."""

    def __init__(self, partition: int) -> None:
        super().__init__(partition)
        self.records: list[tuple[bytes | None, bytes | None, int]] = []

    def apply(self, key: bytes | None, value: bytes | None, timestamp_ms: int) -> None:
        self.records.append((key, value, timestamp_ms))


class Topic:
    def __init__(self, bootstrap: str, name: str) -> None:
        self.name = name
        self.bootstrap = bootstrap
        admin = AdminClient({"bootstrap.servers": bootstrap})
        topic = NewTopic(name, PARTITIONS, 1, config={"message.timestamp.type": "LogAppendTime"})
        for future in admin.create_topics([topic]).values():
            future.result(60)
        self.producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})

    async def put(self, partition: int, value: bytes | None, key: bytes | None = b"key") -> None:
        self.producer.produce(self.name, value, key, partition)
        assert await asyncio.to_thread(self.producer.flush, DEADLINE_S) == 0


@pytest.fixture
def topic(kafka: EmbeddedKafka, topic_name: Callable[..., str]) -> Topic:
    return Topic(kafka.bootstrap, topic_name("followed"))


@asynccontextmanager
async def following(topic: Topic) -> AsyncIterator[Follower[Seen]]:
    failures: list[BaseException] = []
    follower = Follower(
        {"bootstrap.servers": topic.bootstrap}, topic.name, Seen, name="test", fail_stop=failures.append
    )
    await follower.start()
    try:
        async with asyncio.timeout(DEADLINE_S):
            yield follower
    finally:
        await follower.stop()
    assert failures == []


async def test_a_state_gets_key_value_and_the_time_at_the_broker(topic: Topic) -> None:
    before = time.time() * 1000
    await topic.put(1, b"value")
    await topic.put(1, None)
    await topic.put(1, b"value", None)
    after = time.time() * 1000
    async with following(topic) as follower:
        follower.follow([1])
        records = (await follower.barrier(1)).records
        assert [(key, value) for key, value, _ in records] == [(b"key", b"value"), (b"key", None), (None, b"value")]
        assert all(before - 1 <= at <= after + 1 for _, _, at in records)


async def test_each_partition_has_a_state_of_its_own_and_what_was_acknowledged_is_in_it(topic: Topic) -> None:
    async with following(topic) as follower:
        follower.follow(range(PARTITIONS))
        for number in range(60):
            partition = number % PARTITIONS
            await topic.put(partition, b"%d" % number)
            state = await follower.barrier(partition)
            assert [int(value or b"") for _, value, _ in state.records] == list(
                range(partition, number + 1, PARTITIONS)
            )
        assert follower.complete(range(PARTITIONS))
        seen = follower.snapshot()
        assert (seen.partitions, seen.complete, seen.lag) == (PARTITIONS, PARTITIONS, 0)


async def test_the_states_of_partitions_that_leave_are_handed_back_and_begin_anew(topic: Topic) -> None:
    async with following(topic) as follower:
        assert follower.follow([0, 1]) == []
        await topic.put(0, b"first")
        state = await follower.barrier(0)
        assert follower.follow([1]) == [state]
        assert follower.state(0) is None
        await topic.put(0, b"second")
        await topic.put(1, b"third")
        await follower.barrier(1)
        waiting = asyncio.create_task(follower.barrier(0))
        await asyncio.sleep(0)
        assert not waiting.done()
        assert follower.follow([0, 1]) == []
        anew = await waiting
        assert [value for _, value, _ in anew.records] == [b"first", b"second"]
        assert anew is not state
        assert {each.partition for each in follower.states()} == {0, 1}
