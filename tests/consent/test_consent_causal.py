"""The causal guarantee: what was acknowledged before the barrier began is in the lookup that it returns.

1,000 profiles change their consent while others do the same as fast as the broker takes it. Those who had granted
withdraw (or are erased), the others grant. Each change is looked up right after its acknowledgement.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from confluent_kafka import Producer

from pipeline.consent.lookup import PartitionLookup
from pipeline.consent.reader import ConsentReader
from pipeline.core.consent import ConsentRecord
from pipeline.stream.partition import murmur2_partition

PROFILES = 1_000
PARTITIONS = 4
AT_ONCE = 8
DEADLINE_S = 300.0

Look = Callable[[int], Awaitable[PartitionLookup]]


@pytest.fixture
async def loaded(make_topic: Any, open_reader: Any, make_value: Any) -> AsyncIterator[tuple[Any, ConsentReader]]:
    """A topic where every second profile has granted, a reader that knows it, and other people's changes."""
    topic = make_topic(PARTITIONS)
    for number in range(0, PROFILES, 2):
        topic.send(f"p-{number}", make_value(f"p-{number}"))
    topic.flush()
    reader: ConsentReader = await open_reader(topic)
    reader.follow(range(PARTITIONS))
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(*(reader.barrier(partition) for partition in range(PARTITIONS)))
    ended = threading.Event()

    def keep_changing() -> None:
        producer = Producer({"bootstrap.servers": topic.bootstrap, "partitioner": "murmur2_random"})
        turn = 0
        while not ended.is_set():
            for number in range(200):
                profile = f"other-{number}"
                producer.produce(topic.name, make_value(profile, language=f"l{turn % 50}"), profile)
            producer.flush(DEADLINE_S)
            turn += 1

    load = threading.Thread(target=keep_changing)
    load.start()
    yield topic, reader
    ended.set()
    await asyncio.to_thread(load.join)


async def judged_wrongly(topic: Any, make_value: Any, look: Look) -> list[int]:
    """Change the consent of every profile; return those that were looked up in their former state."""
    wrong: list[int] = []
    numbers = iter(range(PROFILES))

    async def change_and_look() -> None:
        for number in numbers:
            profile = f"p-{number}"
            had_granted = number % 2 == 0
            changed = {"withdrawn_at": 1791280000001} if had_granted else {}
            value = None if number % 8 == 0 else make_value(profile, **changed)
            await asyncio.to_thread(topic.put, profile, value)
            found = (await look(murmur2_partition(profile.encode(), PARTITIONS))).get(profile)
            granted = isinstance(found, ConsentRecord) and found.withdrawn_at is None
            if granted == had_granted:
                wrong.append(number)

    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(*(change_and_look() for _ in range(AT_ONCE)))
    return wrong


async def test_with_the_barrier_nobody_is_judged_by_a_former_consent(
    loaded: tuple[Any, ConsentReader], make_value: Any
) -> None:
    topic, reader = loaded
    assert await judged_wrongly(topic, make_value, reader.barrier) == []


async def test_without_the_barrier_somebody_is(loaded: tuple[Any, ConsentReader], make_value: Any) -> None:
    topic, reader = loaded

    async def look(partition: int) -> PartitionLookup:
        return reader.lookup(partition)

    assert await judged_wrongly(topic, make_value, look) != []
