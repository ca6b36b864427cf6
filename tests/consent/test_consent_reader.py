"""The reader on a real Kafka: what it loads, what it follows, what ends it."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from pipeline.consent.errors import ConsentNotReady
from pipeline.consent.reader import ConsentReader
from pipeline.core.consent import ConsentFault, ConsentRecord
from pipeline.stream.errors import FollowError, LogRewound
from pipeline.stream.partition import murmur2_partition

DEADLINE_S = 90.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - the condition changes in another thread or process
            await asyncio.sleep(0.01)


async def barriers(reader: ConsentReader, partitions: range) -> list[Any]:
    async with asyncio.timeout(DEADLINE_S):
        return await asyncio.gather(*(reader.barrier(partition) for partition in partitions))


async def test_empty_partitions_are_complete(make_topic: Any, open_reader: Any) -> None:
    reader = await open_reader(make_topic(4))
    assert not reader.complete([0])
    reader.follow(range(4))
    await barriers(reader, range(4))
    assert reader.complete(range(4))
    assert not reader.complete([4])
    assert reader.snapshot().records == 0


async def test_loads_the_latest_state_of_every_profile(make_topic: Any, open_reader: Any, make_value: Any) -> None:
    topic = make_topic(4)
    for number in range(2_000):
        topic.send(f"p-{number}", make_value(f"p-{number}", language="xx"))
    for number in range(2_000):
        topic.send(f"p-{number}", None if number % 10 == 0 else make_value(f"p-{number}", language="hi"))
    topic.send("broken", b"{")
    topic.send(b"\xff", make_value("p-1"))
    topic.flush()
    reader = await open_reader(topic)
    reader.follow(range(4))
    lookups = await barriers(reader, range(4))
    for number in range(2_000):
        profile = f"p-{number}"
        found = lookups[murmur2_partition(profile.encode(), 4)].get(profile)
        if number % 10 == 0:
            assert found is None
        else:
            assert isinstance(found, ConsentRecord)
            assert (found.profile_id, found.language) == (profile, "hi")
    assert lookups[murmur2_partition(b"broken", 4)].get("broken") is ConsentFault.UNREADABLE
    figures = reader.snapshot()
    assert (figures.records, figures.unreadable, figures.lag) == (1_801, 2, 0)
    assert (figures.partitions, figures.complete) == (4, 4)


async def test_an_event_on_the_wrong_partition_is_misrouted(make_topic: Any, open_reader: Any, make_value: Any) -> None:
    topic = make_topic(4)
    topic.put("p", make_value("p"))
    home = murmur2_partition(b"p", 4)
    reader = await open_reader(topic)
    reader.follow(range(4))
    lookups = await barriers(reader, range(4))
    assert isinstance(lookups[home].get("p"), ConsentRecord)
    for partition in set(range(4)) - {home}:
        assert lookups[partition].get("p") is ConsentFault.MISROUTED


async def test_a_partition_that_left_is_read_again_when_it_returns(
    make_topic: Any, open_reader: Any, make_value: Any
) -> None:
    topic = make_topic(2)
    for partition in (0, 1):
        topic.put(f"in-{partition}", make_value(f"in-{partition}"), partition)
    reader = await open_reader(topic)
    reader.follow([0, 1])
    kept, _ = await barriers(reader, range(2))
    reader.follow([0])
    assert reader.complete([0])
    assert not reader.complete([1])
    assert reader.snapshot().records == 1
    with pytest.raises(ConsentNotReady):
        reader.lookup(1)
    waiting = asyncio.create_task(reader.barrier(1))
    topic.put("in-1", None, 1)
    topic.put("more-1", make_value("more-1"), 1)
    topic.put("more-0", make_value("more-0"), 0)
    async with asyncio.timeout(DEADLINE_S):
        await reader.barrier(0)
    assert isinstance(kept.get("more-0"), ConsentRecord)
    assert not waiting.done()
    reader.follow([0, 1])
    async with asyncio.timeout(DEADLINE_S):
        found = await waiting
    assert not isinstance(found.get("in-1"), ConsentRecord)
    assert isinstance(found.get("more-1"), ConsentRecord)
    assert isinstance(kept.get("in-0"), ConsentRecord)
    await barriers(reader, range(2))
    assert reader.complete([0, 1])
    assert reader.snapshot().records == 3


async def test_a_barrier_before_the_first_assignment_waits_for_it(
    make_topic: Any, open_reader: Any, make_value: Any
) -> None:
    topic = make_topic(1)
    topic.put("p", make_value("p"))
    reader = await open_reader(topic)
    waiting = asyncio.create_task(reader.barrier(0))
    await until(lambda: reader.snapshot().partitions == 0 and not waiting.done())
    reader.follow([0])
    async with asyncio.timeout(DEADLINE_S):
        assert isinstance((await waiting).get("p"), ConsentRecord)


async def test_nothing_is_lost_while_assignments_change(make_topic: Any, open_reader: Any, make_value: Any) -> None:
    topic = make_topic(4)
    for number in range(20_000):
        topic.send(f"p-{number}", make_value(f"p-{number}"))
    topic.flush()
    reader = await open_reader(topic, poll_s=0.001)
    chance = random.Random(4)
    for _ in range(150):
        reader.follow([partition for partition in range(4) if chance.random() < 0.6])
        await asyncio.sleep(chance.random() * 0.02)
    reader.follow(range(4))
    lookups = await barriers(reader, range(4))
    missing = [
        profile
        for profile in (f"p-{number}" for number in range(20_000))
        if not isinstance(lookups[murmur2_partition(profile.encode(), 4)].get(profile), ConsentRecord)
    ]
    assert missing == []
    assert reader.snapshot().records == 20_000


class CountingAdmin(AdminClient):
    """Counts the requests for end offsets."""

    requests = 0

    def list_offsets(self, *args: Any, **kwargs: Any) -> Any:
        CountingAdmin.requests += 1
        return super().list_offsets(*args, **kwargs)


async def test_chunks_that_wait_together_share_requests(
    make_topic: Any, open_reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = await open_reader(make_topic(4), admin=CountingAdmin, keep_alive_s=3_600)
    reader.follow(range(4))
    await barriers(reader, range(4))
    monkeypatch.setattr(CountingAdmin, "requests", 0)
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(*(reader.barrier(number % 4) for number in range(50)))
    assert 1 <= CountingAdmin.requests <= 2


async def test_the_end_is_reached_behind_transaction_markers(
    make_topic: Any, open_reader: Any, make_value: Any
) -> None:
    topic = make_topic(1)
    reader = await open_reader(topic)
    reader.follow([0])
    producer = transactional(topic)
    for number in range(20):
        producer.begin_transaction()
        producer.produce(topic.name, make_value("p", language=f"l{number}"), "p", 0)
        producer.commit_transaction(DEADLINE_S)
        async with asyncio.timeout(DEADLINE_S):
            found = (await reader.barrier(0)).get("p")
        assert isinstance(found, ConsentRecord)
        assert found.language == f"l{number}"
    again = await open_reader(topic)
    again.follow([0])
    async with asyncio.timeout(DEADLINE_S):
        await again.barrier(0)
    assert again.complete([0])
    assert again.snapshot().lag == 0


async def test_an_aborted_grant_was_never_made(make_topic: Any, open_reader: Any, make_value: Any) -> None:
    topic = make_topic(1)
    producer = transactional(topic)
    producer.begin_transaction()
    producer.produce(topic.name, make_value("p"), "p", 0)
    producer.flush(DEADLINE_S)
    producer.abort_transaction(DEADLINE_S)
    reader = await open_reader(topic)
    reader.follow([0])
    async with asyncio.timeout(DEADLINE_S):
        assert (await reader.barrier(0)).get("p") is None
    assert reader.complete([0])


async def test_an_open_transaction_is_waited_for(make_topic: Any, open_reader: Any, make_value: Any) -> None:
    topic = make_topic(1)
    topic.put("p", make_value("p"))
    reader = await open_reader(topic, keep_alive_s=0.05)
    reader.follow([0])
    async with asyncio.timeout(DEADLINE_S):
        await reader.barrier(0)
    producer = transactional(topic)
    producer.begin_transaction()
    producer.produce(topic.name, make_value("p", withdrawn_at=1791280000001), "p", 0)
    producer.flush(DEADLINE_S)
    waiting = asyncio.create_task(reader.barrier(0))
    await until(lambda: reader.snapshot().lag > 0)
    assert not waiting.done()
    producer.commit_transaction(DEADLINE_S)
    async with asyncio.timeout(DEADLINE_S):
        found = (await waiting).get("p")
    assert isinstance(found, ConsentRecord)
    assert found.withdrawn_at is not None


def transactional(topic: Any) -> Producer:
    config = {"bootstrap.servers": topic.bootstrap, "transactional.id": topic.name, "log_level": 2}
    producer = Producer(config)
    producer.init_transactions(DEADLINE_S)
    return producer


async def test_a_deleted_topic_ends_the_process(make_topic: Any, open_reader: Any, make_value: Any) -> None:
    topic = make_topic(1)
    topic.put("p", make_value("p"))
    reader = await open_reader(topic, config={"topic.metadata.propagation.max.ms": 100})
    reader.follow([0])
    async with asyncio.timeout(DEADLINE_S):
        await reader.barrier(0)
    delete(topic)
    await until(lambda: bool(open_reader.failures))
    assert isinstance(open_reader.failures.pop(), FollowError)


async def test_a_topic_that_was_made_anew_ends_the_process(make_topic: Any, open_reader: Any, make_value: Any) -> None:
    topic = make_topic(1)
    for number in range(10):
        topic.put("p", make_value("p", language=f"l{number}"))
    reader = await open_reader(topic)
    reader.follow([0])
    async with asyncio.timeout(DEADLINE_S):
        await reader.barrier(0)
    delete(topic)
    topic.create()
    topic.put("q", make_value("q"))
    waiting = asyncio.create_task(reader.barrier(0))
    await until(lambda: bool(open_reader.failures))
    assert {type(failure) for failure in open_reader.failures} == {LogRewound}
    open_reader.failures.clear()
    assert not waiting.done()
    waiting.cancel()


def delete(topic: Any) -> None:
    for future in topic.admin.delete_topics([topic.name]).values():
        future.result(DEADLINE_S)


async def test_a_defect_in_the_thread_ends_the_process(
    make_topic: Any, open_reader: Any, make_value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pipeline.consent.state.PartitionState.apply", broken)
    topic = make_topic(1)
    topic.put("p", make_value("p"))
    reader = await open_reader(topic)
    reader.follow([0])
    await until(lambda: bool(open_reader.failures))
    assert isinstance(open_reader.failures.pop(), ZeroDivisionError)
    assert not reader.complete([0])


async def test_a_defect_in_the_asking_ends_the_process(make_topic: Any, open_reader: Any) -> None:
    class BrokenAdmin(AdminClient):
        def list_offsets(self, *_args: Any, **_kwargs: Any) -> Any:
            raise ZeroDivisionError

    reader = await open_reader(make_topic(1), admin=BrokenAdmin)
    reader.follow([0])
    await until(lambda: bool(open_reader.failures))
    assert isinstance(open_reader.failures.pop(), ZeroDivisionError)


async def test_the_answer_stays_young_when_nothing_happens(make_topic: Any, open_reader: Any) -> None:
    reader = await open_reader(make_topic(1), keep_alive_s=0.05)
    reader.follow([0])
    async with asyncio.timeout(DEADLINE_S):
        await reader.barrier(0)
    barrier = reader._follower._barrier
    seen = barrier.answered_at
    await until(lambda: barrier.answered_at > seen)
    assert reader.age_of_last_answer() <= time.monotonic() - seen
