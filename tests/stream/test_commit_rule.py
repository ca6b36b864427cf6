"""What may be committed: the longest prefix of the delivered offsets that is acknowledged, and nothing else."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import CommitFailedError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from pipeline.ops.settings import KafkaSettings, Settings
from pipeline.stream.app import create_app
from pipeline.stream.chunk import Chunk, Origin, TopicPartition
from pipeline.stream.transport import ChunkConsumer

TOPIC = "source"
PARTITION = TP(TOPIC, 0)


def record(offset: int, topic: str = TOPIC) -> Any:
    return SimpleNamespace(
        topic=topic,
        partition=0,
        offset=offset,
        timestamp=1_700_000_000_000,
        timestamp_type=1,
        headers=(),
        key=None,
        value=b"%d" % offset,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=1,
    )


class Consumer:
    """A Faust consumer without its thread: records are delivered to it and acknowledged by offset."""

    def __init__(self, consumer_class: type[Any] = ChunkConsumer) -> None:
        app = create_app(Settings(kafka=KafkaSettings()), "commit-rule", {TOPIC})
        app.transport.Consumer = consumer_class  # type: ignore[misc]  # declared per class, read per instance
        cast("Any", app.topics)._acking_topics.add(TOPIC)
        self.faust: Any = app.transport.create_consumer(
            callback=_ignore, on_partitions_revoked=_ignore, on_partitions_assigned=_ignore
        )
        self._messages: dict[int, Any] = {}

    def close(self) -> None:
        self.faust._thread.thread_loop.close()  # made with the consumer, though its thread never started

    def deliver(self, *offsets: int) -> None:
        for offset in offsets:
            self._messages[offset] = self.faust._to_message(PARTITION, record(offset))

    def deliver_chunk(self, offsets: Iterable[int]) -> None:
        chunk = Chunk(TopicPartition(TOPIC, 0), [record(offset) for offset in offsets])
        self._messages[chunk.last_offset] = self.faust._to_message(PARTITION, chunk)

    def ack(self, *offsets: int) -> None:
        for offset in offsets:
            self.faust.ack(self._messages[offset])

    def committed(self, offset: int | None) -> None:
        self.faust._committed_offset[PARTITION] = offset

    def new_offset(self) -> int | None:
        offset: int | None = self.faust._new_offset(PARTITION)
        return offset


class StockMemory(ChunkConsumer):
    """Ours, with Faust's memory of what it has committed: it keeps also what it could not commit."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._committed_offset = defaultdict(lambda: None)


Make = Callable[..., Consumer]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Consumer] = []

    def make_one(consumer_class: type[Any] = ChunkConsumer) -> Consumer:
        made.append(Consumer(consumer_class))
        return made[-1]

    yield make_one
    for consumer in made:
        consumer.close()


async def _ignore(*_args: Any, **_kwargs: Any) -> None:
    """Stand in for the app's callbacks."""


# committed, delivered, acknowledged, gap in the log, what stock Faust would commit
IN_FLIGHT = [
    pytest.param(None, range(5), [3, 4], None, 5, id="new group, the first three in flight"),
    pytest.param(0, range(5), [3, 4], None, 5, id="committed at 0, the first three in flight"),
    pytest.param(10, range(10, 14), [11, 12, 13], None, 14, id="exactly one in flight"),
    pytest.param(10, range(10, 14), [12, 13], None, None, id="two in flight"),
    pytest.param(10, [10, 20, 21], [10, 21], (11, 20), 22, id="one in flight behind a hole in the log"),
]


@pytest.mark.parametrize(("committed", "delivered", "acked", "gap", "stock"), IN_FLIGHT)
async def test_what_is_in_flight_is_never_committed_over(
    make: Make,
    committed: int | None,
    delivered: Iterable[int],
    acked: list[int],
    gap: tuple[int, int] | None,
    stock: object,
) -> None:
    consumer = make()
    consumer.committed(committed)
    consumer.deliver(*delivered)
    if gap:
        await consumer.faust._add_gap(PARTITION, *gap)
    consumer.ack(*acked)
    assert consumer.new_offset() == (11 if gap else None)  # in the last case 10 itself is done
    assert consumer.new_offset() is None  # and what was returned is returned once


@pytest.mark.parametrize(("committed", "delivered", "acked", "gap", "stock"), IN_FLIGHT)
async def test_stock_faust_commits_over_it(
    make: Make,
    committed: int | None,
    delivered: Iterable[int],
    acked: list[int],
    gap: tuple[int, int] | None,
    stock: object,
) -> None:
    """Why the rule is replaced. When this fails, Faust was repaired and the override may go."""
    consumer = make(driver.Consumer)
    consumer.committed(committed)
    consumer.deliver(*delivered)
    if gap:
        await consumer.faust._add_gap(PARTITION, *gap)
    consumer.ack(*acked)
    assert consumer.new_offset() == stock


async def test_nothing_delivered_or_nothing_acknowledged_commits_nothing(make: Make) -> None:
    consumer = make()
    assert consumer.new_offset() is None
    consumer.deliver(0, 1, 2)
    assert consumer.new_offset() is None
    consumer.committed(2)
    assert consumer.new_offset() is None


async def test_the_acknowledged_prefix_is_committed_as_it_grows(make: Make) -> None:
    consumer = make()
    consumer.deliver(*range(6))
    consumer.ack(1, 2)
    assert consumer.new_offset() is None
    consumer.ack(0)
    assert consumer.new_offset() == 3
    consumer.ack(5)
    assert consumer.new_offset() is None
    consumer.ack(3, 4)
    assert consumer.new_offset() == 6
    assert not consumer.faust._acked[PARTITION]
    assert not consumer.faust._acked_index[PARTITION]


async def test_a_chunk_is_committed_past_its_last_record_or_not_at_all(make: Make) -> None:
    consumer = make()
    consumer.deliver_chunk(range(100))
    consumer.deliver_chunk([150, 180, 199])  # compaction left holes
    consumer.deliver_chunk(range(200, 300))
    consumer.ack(199, 299)
    assert consumer.new_offset() is None
    consumer.ack(99)
    assert consumer.new_offset() == 300


async def test_a_chunk_of_one_topic_says_nothing_about_another(make: Make) -> None:
    consumer = make()
    other = TP(TOPIC, 1)
    consumer.deliver(0)
    message = consumer.faust._to_message(other, record(7))
    consumer.faust.ack(message)
    assert consumer.new_offset() is None


async def test_topics_without_acknowledgements_are_not_tracked(make: Make) -> None:
    consumer = make()
    consumer.faust._to_message(TP("other", 0), record(3, "other"))
    assert TP("other", 0) not in consumer.faust._inflight


async def test_a_seek_forgets_what_will_be_delivered_again(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = make()
    consumer.deliver_chunk(range(10))
    consumer.deliver_chunk(range(10, 20))
    consumer.ack(19)

    async def back_to_the_start() -> dict[TP, int | None]:
        return {PARTITION: None}

    monkeypatch.setattr(consumer.faust, "seek_to_committed", back_to_the_start)
    await consumer.faust.perform_seek()
    consumer.deliver_chunk(range(20))  # again, cut differently
    assert consumer.new_offset() is None  # the old acknowledgement of 19 does not count
    consumer.ack(19)
    assert consumer.new_offset() == 20


@pytest.mark.parametrize("consumer_class", [ChunkConsumer, StockMemory])
async def test_a_commit_that_fails_after_the_seek_does_not_keep_what_comes_again_from_being_committed(
    make: Make, monkeypatch: pytest.MonkeyPatch, consumer_class: type[Any]
) -> None:
    consumer = make(consumer_class)
    faust = consumer.faust

    async def back_to_the_start() -> dict[TP, int | None]:
        return {PARTITION: 0}

    async def fail_late(_offsets: object) -> bool:
        await faust.perform_seek()  # the group has rebalanced, and the partition is this worker's again
        return False

    monkeypatch.setattr(faust.app, "_producer", SimpleNamespace(flush=_ignore))
    monkeypatch.setattr(faust, "assignment", lambda: {PARTITION})
    monkeypatch.setattr(faust, "seek_to_committed", back_to_the_start)
    monkeypatch.setattr(faust, "_commit", fail_late)
    consumer.deliver_chunk(range(20))
    consumer.ack(19)
    assert await faust.commit() is False
    commits: list[dict[TP, int]] = []

    async def succeed(offsets: dict[TP, int]) -> bool:
        await asyncio.sleep(0)
        commits.append(offsets)
        return True

    monkeypatch.setattr(faust, "_commit", succeed)
    consumer.deliver_chunk(range(10))  # again, cut differently
    consumer.deliver_chunk(range(10, 20))
    consumer.ack(9, 19)
    await faust.commit()
    assert commits == ([{PARTITION: 20}] if consumer_class is ChunkConsumer else [])


async def test_what_was_delivered_twice_and_acknowledged_twice_leaves_nothing_behind(make: Make) -> None:
    consumer = make()
    consumer.deliver_chunk(range(10))
    first = consumer._messages[9]
    consumer.deliver_chunk(range(10))
    consumer.deliver_chunk(range(10, 20))
    consumer.faust.ack(first)
    assert consumer.new_offset() == 10
    consumer.ack(9)
    consumer.ack(19)
    assert consumer.new_offset() == 20
    assert not consumer.faust._acked[PARTITION]
    assert not consumer.faust._acked_index[PARTITION]


class Asked:
    """An aiokafka consumer that has `committed`, begins every partition at 5, and notes what it is asked and told."""

    def __init__(self, committed: dict[TP, OffsetAndMetadata], failure: Exception | None = None) -> None:
        self._coordinator = self
        self._committed = committed
        self._failure = failure
        self.questions: list[tuple[str, frozenset[TP]]] = []
        self.sought: dict[TP, int] = {}

    def assignment(self) -> frozenset[TP]:
        return frozenset(TP(TOPIC, partition) for partition in range(64))

    async def fetch_committed_offsets(self, partitions: Collection[TP]) -> dict[TP, OffsetAndMetadata]:
        self.questions.append(("committed", frozenset(partitions)))
        return self._committed

    async def beginning_offsets(self, partitions: Collection[TP]) -> dict[TP, int]:
        self.questions.append(("beginning", frozenset(partitions)))
        return dict.fromkeys(partitions, 5)

    def seek(self, partition: TP, offset: int) -> None:
        self.sought[partition] = offset

    async def commit(self, _offsets: Mapping[TP, OffsetAndMetadata]) -> None:
        if self._failure is not None:
            raise self._failure


async def test_partitions_are_sought_with_one_question_however_many_there_are(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answer may wait behind a fetch for 1.5 s, and Faust gives up after 30 s."""
    thread = make().faust._thread
    asked = Asked({TP(TOPIC, 3): OffsetAndMetadata(8, "note"), TP(TOPIC, 4): OffsetAndMetadata(-1, "")})
    monkeypatch.setattr(thread, "_ensure_consumer", lambda: asked)
    committed = await thread._seek_assigned()
    every = asked.assignment()
    assert asked.questions == [("committed", every), ("beginning", every - {TP(TOPIC, 3)})]
    assert asked.sought == dict.fromkeys(every, 5) | {TP(TOPIC, 3): 8}
    assert committed == dict.fromkeys(every) | {TP(TOPIC, 3): 8}
    origins = thread.consumer.origins
    assert (origins[TP(TOPIC, 3)], origins[TP(TOPIC, 4)]) == (Origin(8, "note"), Origin(None, ""))
    assert thread.consumer.committed == {TP(TOPIC, 3): 8}


@pytest.mark.parametrize(("failure", "shown"), [(None, 11), (CommitFailedError(), 8)])
async def test_what_is_shown_as_committed_is_what_the_broker_has(
    make: Make, monkeypatch: pytest.MonkeyPatch, failure: Exception | None, shown: int
) -> None:
    """Lag and readiness are made of it."""
    consumer = make()
    thread, asked = consumer.faust._thread, Asked({PARTITION: OffsetAndMetadata(8, "")}, failure)
    monkeypatch.setattr(thread, "_ensure_consumer", lambda: asked)
    monkeypatch.setattr(thread, "assignment", asked.assignment)
    await thread._seek_assigned()
    assert await thread._commit({PARTITION: 11}) is (failure is None)
    assert consumer.faust.committed == {PARTITION: shown}
    consumer.faust._forget([PARTITION])
    assert consumer.faust.committed == {}


async def test_nothing_is_asked_about_beginnings_where_everything_is_committed(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = make().faust._thread
    asked = Asked({TP(TOPIC, partition): OffsetAndMetadata(0, "") for partition in range(64)})
    monkeypatch.setattr(thread, "_ensure_consumer", lambda: asked)
    assert set((await thread._seek_assigned()).values()) == {0}
    assert [kind for kind, _ in asked.questions] == ["committed"]
    assert set(asked.sought.values()) == {0}


@pytest.mark.parametrize("failure", [None, RuntimeError("secret"), TimeoutError()])
async def test_a_revoked_partition_is_committed_and_forgotten_even_if_the_commit_fails(
    make: Make, monkeypatch: pytest.MonkeyPatch, failure: Exception | None
) -> None:
    consumer = make()
    consumer.deliver(0, 1)
    consumer.ack(0)
    commits: list[int | None] = []

    async def commit() -> bool:
        await asyncio.sleep(0)
        commits.append(consumer.new_offset())
        if failure is not None:
            raise failure
        return True

    monkeypatch.setattr(consumer.faust, "commit", commit)
    await consumer.faust.on_partitions_revoked({PARTITION})
    assert commits == [1]
    assert PARTITION not in consumer.faust._inflight
    assert PARTITION not in consumer.faust._acked
