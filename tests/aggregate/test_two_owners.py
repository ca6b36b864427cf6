"""Two aggregators that own one partition at the same time, as in a rebalance, on a real log (R11)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # no __all__ there

from pipeline.aggregate.closer import Closer, Terms, Topics, overdue_ms
from pipeline.aggregate.records import Close, Emitted, Window, parse_record
from pipeline.aggregate.windows import Windows
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.follower import Follower
from pipeline.stream.producer import ConfirmedProducer
from tests.aggregate.counts import SENDER, K
from tests.aggregate.running import from_child, past_window
from tests.core.worlds import HOUR

WINDOWS = [past_window(hours) for hours in (5, 4, 3)]
GRACE_MS = 60_000


class Owner:
    """One aggregator without its group: it takes the partition to be its own."""

    def __init__(self, kafka: EmbeddedKafka, topics: Topics) -> None:
        config = {"bootstrap.servers": kafka.bootstrap}
        self.emitted = 0
        self.now_ms = WINDOWS[-1].end_ms + GRACE_MS
        self.terms: Terms | None = Terms(K, GRACE_MS, SENDER)
        self.producer = ConfirmedProducer(kafka.bootstrap)
        self.follower = Follower(config, topics.aggregates, Windows, name="test-follower")
        self.closer = Closer(
            self.follower,
            self.producer,
            topics,
            terms=lambda: self.terms,
            emitted=self._emitted,
            now_ms=lambda: self.now_ms,
        )

    def _emitted(self, _made: object) -> None:
        self.emitted += 1

    async def look(self) -> None:
        await asyncio.wait_for(self.closer.look(0), 90)


@asynccontextmanager
async def owner(kafka: EmbeddedKafka, topics: Topics) -> AsyncIterator[Owner]:
    one = Owner(kafka, topics)
    confirming = asyncio.create_task(one.producer.run())
    await one.follower.start()
    one.follower.follow({0})
    await asyncio.wait_for(one.follower.barrier(0), 90)
    try:
        yield one
    finally:
        confirming.cancel()
        await one.producer.close()
        await one.follower.stop()


@pytest.fixture
def topics(kafka: EmbeddedKafka, topic_name: Callable[..., str]) -> Topics:
    """Make both topics, of one partition."""
    names = Topics(topic_name("aggregates"), topic_name("clean"))
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for future in admin.create_topics([NewTopic(name, 1, 1) for name in names]).values():
        future.result(60)
    return names


async def write(one: Owner, topics: Topics, values: list[bytes]) -> None:
    batch = one.producer.batch()
    for value in values:
        batch.add(topics.aggregates, value, None, 0)
    await asyncio.wait_for(batch.done(), 90)


def read(kafka: EmbeddedKafka, topic: str) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "look"})
    _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=60)
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[bytes] = []
    for _ in range(30):
        if len(found) < end:
            found += [message.value() or b"" for message in consumer.consume(end - len(found), 1.0)]
    consumer.close()
    assert len(found) == end
    return found


async def test_both_send_the_same_bytes_and_the_first_mark_counts(kafka: EmbeddedKafka, topics: Topics) -> None:
    async with owner(kafka, topics) as first, owner(kafka, topics) as second:
        log = [from_child(w, world, child) for w in WINDOWS for world in ("a", "b") for child in range(25)]
        await write(first, topics, log)
        for one in (first, second):
            await asyncio.wait_for(one.follower.barrier(0), 90)
        second.terms = Terms(30, GRACE_MS, SENDER)  # of another policy: if its marks are second they do not count
        await asyncio.gather(first.look(), second.look())
        decisive: dict[Window, int] = {}
        for record in map(parse_record, read(kafka, topics.aggregates)):
            if isinstance(record, Close):
                decisive.setdefault(record.window, record.k)
        cells = 2 * sum(k == K for k in decisive.values())  # each of 25 children
        sent = read(kafka, topics.clean)
        assert len(decisive) == len(WINDOWS) <= first.emitted + second.emitted
        assert len(set(sent)) == cells
        assert all(sent.count(each) <= 2 for each in sent)
        await first.look()
        assert read(kafka, topics.clean) == sent  # and not a third time


async def test_nothing_is_closed_before_its_time_or_while_counts_may_not_leave(
    kafka: EmbeddedKafka, topics: Topics
) -> None:
    async with owner(kafka, topics) as one:
        window = WINDOWS[0]
        await write(one, topics, [from_child(window, "a", child) for child in range(20)])
        state = await asyncio.wait_for(one.follower.barrier(0), 90)
        one.now_ms = window.end_ms + GRACE_MS - 1
        await one.look()
        one.now_ms, one.terms = window.end_ms + GRACE_MS, None  # the kill switch, or the setting, or the document
        await one.look()
        assert len(read(kafka, topics.aggregates)) == 20
        assert overdue_ms([state], one.now_ms + HOUR, GRACE_MS) == HOUR
        one.terms = Terms(K, GRACE_MS, SENDER)
        await one.look()
        assert len(read(kafka, topics.clean)) == 1
        assert isinstance(parse_record(read(kafka, topics.aggregates)[-1]), Emitted)
        assert overdue_ms([state], one.now_ms + HOUR, GRACE_MS) == 0


async def test_a_window_that_was_closed_and_not_sent_for_days_stays_behind(
    kafka: EmbeddedKafka, topics: Topics
) -> None:
    """Retention may have taken its first contributions, and half a count is none."""
    async with owner(kafka, topics) as one:
        await write(one, topics, [from_child(WINDOWS[0], "a", child) for child in range(20)])
        state = await asyncio.wait_for(one.follower.barrier(0), 90)
        one.now_ms = WINDOWS[0].end_ms + 48 * HOUR
        await one.look()
        assert state.open == 1
        assert len(read(kafka, topics.aggregates)) == 20
