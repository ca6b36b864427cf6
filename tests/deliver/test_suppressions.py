"""Withdrawal reaches the queue (R25), with a real Kafka and a Mixpanel over real HTTP.

Nobody's events are in a request that starts after their suppression was acknowledged, whatever the batch is waiting
for at that moment; everybody else's are delivered once.
"""

import asyncio
import gzip
import random
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # no __all__ there

from pipeline.deliver.batch import Batch
from pipeline.deliver.client import ImportClient
from pipeline.deliver.reasons import Fate
from pipeline.deliver.suppressions import Suppressions
from pipeline.ops.metrics import Metrics
from pipeline.policy.vocabulary import Cohort
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.clean_headers import headers_of
from pipeline.stream.suppression import (
    Suppression,
    SuppressWhy,
    encode_suppression,
    key_for_marketing,
    key_from,
)
from pipeline.workers.context import now_ms

PARTITIONS = 3
DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[EmbeddedKafka]:
    """A broker that may be frozen."""
    with EmbeddedKafka() as broker:
        yield broker


def pseudonym(number: int) -> bytes:
    return str(uuid.UUID(int=number + (1 << 100), version=4)).encode()


class Topic:
    """A topic of suppressions, and a producer whose `put` returns when the broker has acknowledged."""

    def __init__(self, bootstrap: str, name: str) -> None:
        self.name = name
        self.bootstrap = bootstrap
        config: dict[str, Any] = {"bootstrap.servers": bootstrap, "log_level": 2}
        admin = AdminClient(config)
        for future in admin.create_topics([NewTopic(name, PARTITIONS, 1)]).values():
            future.result(60)
        self.producer = Producer({**config, "linger.ms": 0})

    async def put(
        self,
        *numbers: int,
        why: SuppressWhy = SuppressWhy.WITHDRAWN,
        key: Callable[[bytes], bytes] = lambda name: name,
    ) -> None:
        for number in numbers:
            value = encode_suppression(Suppression(now_ms(), why))
            self.producer.produce(self.name, value, key(pseudonym(number)))
        assert await asyncio.to_thread(self.producer.flush, DEADLINE_S) == 0


@pytest.fixture
def topic(kafka: EmbeddedKafka, topic_name: Callable[..., str]) -> Topic:
    return Topic(kafka.bootstrap, topic_name("suppressions"))


@asynccontextmanager
async def suppressions_of(topic: Topic, metrics: Metrics | None = None) -> AsyncIterator[Suppressions]:
    failures: list[BaseException] = []
    config = {"bootstrap.servers": topic.bootstrap, "reconnect.backoff.max.ms": 500}
    suppressions = Suppressions(
        config,
        topic.name,
        PARTITIONS,
        region="us",
        metrics=metrics or Metrics({}),
        now_ms=now_ms,
        keep_alive_s=0.1,
        fail_stop=failures.append,
    )
    await suppressions.start()
    try:
        yield suppressions
    finally:
        await suppressions.stop()
    assert failures == []


class Attempt(NamedTuple):
    """A request: whose suppression had been acknowledged before it, and the people in it."""

    acknowledged: frozenset[int]
    people: list[int]


class Sink:
    """A running delivery with suppressions; people are numbers."""

    def __init__(self, topic: Topic, suppressions: Suppressions, standin: Any, make: tuple[Any, Any]) -> None:
        self.rig: Any = None
        self.topic = topic
        self.suppressions = suppressions
        self.standin = standin
        self.acknowledged: set[int] = set()
        self.attempts: list[Attempt] = []
        self._make_chunk, self._make_event = make
        self._before: dict[asyncio.Task[Any] | None, frozenset[int]] = {}

    async def suppress(self, *people: int) -> None:
        await self.topic.put(*people)
        self.acknowledged.update(people)

    async def before_attempt(self, batch: Batch) -> Batch:
        self._before[asyncio.current_task()] = frozenset(self.acknowledged)
        return await self.suppressions.take_out(batch)

    def attempted(self, body: bytes) -> None:
        events = msgspec.json.decode(gzip.decompress(body))
        people = [int(event["properties"]["$insert_id"][3:]) for event in events]
        self.attempts.append(Attempt(self._before[asyncio.current_task()], people))

    def offer(
        self, people: Sequence[int], *, first: int = 0, marketing: Collection[int] = ()
    ) -> "asyncio.Future[None]":
        """Queue an event of each of these people, in order; event and person have the same number."""
        values = [self._make_event(number) for number in people]
        keys = [pseudonym(number) for number in people]
        headers = [headers_of(Cohort.US_ADULT, marketing=number in marketing, until_ms=0) for number in people]
        chunk = self._make_chunk(values, keys=keys, first=first, headers=headers)
        future: asyncio.Future[None] = self.rig.delivery.offer(chunk)
        return future

    def delivered(self) -> list[int]:
        """People whose event arrived, in the order of arrival."""
        return [int(event["properties"]["$insert_id"][3:]) for event in self.standin.events()]

    def suppressed(self, why: SuppressWhy = SuppressWhy.WITHDRAWN) -> float:
        count: float = self.rig.metric("suppressed_events_total", region="us", why=why)
        return count


@pytest.fixture
def sinking(us: Any, running: Any, chunk: Any, event: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return an async context manager: `async with sinking(topic, linger_s=…) as sink`.

    At its end nobody may have been in an attempt that began after the acknowledgement of his suppression.
    """

    @asynccontextmanager
    async def sink(topic: Topic, **settings: Any) -> AsyncIterator[Sink]:
        metrics = Metrics({})
        async with suppressions_of(topic, metrics) as suppressions:
            made = Sink(topic, suppressions, us, (chunk, event))
            post = ImportClient.post

            async def seen(client: ImportClient, body: bytes, sent: int) -> Any:
                made.attempted(body)
                return await post(client, body, sent)

            monkeypatch.setattr(ImportClient, "post", seen)
            async with running(us, options={"before_attempt": made.before_attempt}, metrics=metrics, **settings) as rig:
                made.rig = rig
                yield made
                assert rig.failures == []
        assert [attempt for attempt in made.attempts if attempt.acknowledged & set(attempt.people)] == []

    return sink


async def test_who_is_suppressed_before_the_first_attempt_is_in_no_request(sinking: Any, topic: Topic) -> None:
    await topic.put(3, 5, why=SuppressWhy.ERASED)
    await topic.put(8, why=SuppressWhy.MOVED)
    async with sinking(topic) as sink:
        await sink.rig.settled(sink.offer(range(10)))
        assert sink.delivered() == [0, 1, 2, 4, 6, 7, 9]
        assert (sink.suppressed(SuppressWhy.ERASED), sink.suppressed(SuppressWhy.MOVED)) == (2, 1)
        assert sink.rig.metric("delivered_events_total", region="us") == 7
        sink.suppressions.publish()
        assert sink.rig.metric("suppressions_held") == 3


@pytest.mark.parametrize(
    ("fault", "options"),
    [("unavailable", {}), ("rate_limited", {"retry_after": "1"}), ("close", {})],
    ids=["back-off", "Retry-After", "no answer"],
)
async def test_who_is_suppressed_between_two_attempts_is_not_in_the_next(
    sinking: Any, topic: Topic, fault: str, options: dict[str, Any]
) -> None:
    async with sinking(topic, retry_base_s=0.1, retry_cap_s=0.1) as sink:
        sink.standin.fail(fault, None, **options)
        done = sink.offer(range(10))
        await sink.rig.until(lambda: sink.attempts)
        await sink.suppress(2, 7)
        await sink.rig.until(lambda: sink.attempts[-1].acknowledged == {2, 7})  # none that began earlier is under way
        sink.standin.clear_faults()
        await sink.rig.settled(done)
        assert sink.attempts[0].people == list(range(10))
        assert sink.attempts[-1].people == sink.delivered() == [0, 1, 3, 4, 5, 6, 8, 9]
        assert sink.suppressed() == 2


async def test_marketing_alone_is_taken_back_and_whoever_withdraws_too_is_not_in_any_event(
    sinking: Any, topic: Topic
) -> None:
    """People 0 to 3 are there for marketing, 4 to 7 for something else."""
    narrowed: dict[str, Any] = {"why": SuppressWhy.NARROWED, "key": key_for_marketing}
    await topic.put(1, 5, **narrowed)
    async with sinking(topic, retry_base_s=0.1, retry_cap_s=0.1) as sink:
        sink.standin.fail("unavailable", None)
        done = sink.offer(range(8), marketing=range(4))
        await sink.rig.until(lambda: sink.attempts)
        assert sink.attempts[0].people == [0, 2, 3, 4, 5, 6, 7]
        await topic.put(2, 6, **narrowed)
        await sink.suppress(3, 7)
        await topic.put(3, 7, **narrowed)  # later than the withdrawal, and weaker: it changes nothing
        seen = len(sink.attempts)
        await sink.rig.until(lambda: len(sink.attempts) > seen + 1)
        sink.standin.clear_faults()
        await sink.rig.settled(done)
        assert sink.delivered() == [0, 4, 5, 6]
        assert (sink.suppressed(SuppressWhy.NARROWED), sink.suppressed()) == (2, 2)


async def test_who_is_suppressed_from_a_moment_on_leaves_until_then(sinking: Any, topic: Topic) -> None:
    await topic.put(1, why=SuppressWhy.NARROWED, key=lambda name: key_from(name, now_ms() + 3_600_000))
    await topic.put(2, why=SuppressWhy.NARROWED, key=lambda name: key_from(name, now_ms()))
    async with sinking(topic) as sink:
        await sink.rig.settled(sink.offer(range(4)))
        assert sink.delivered() == [0, 1, 3]
        assert sink.suppressed(SuppressWhy.NARROWED) == 1


async def test_who_is_suppressed_while_the_region_is_paused_does_not_leave_when_it_goes_on(
    sinking: Any, topic: Topic
) -> None:
    async with sinking(topic, max_events=2, concurrency=2) as sink:
        sink.rig.delivery.pause.switch(on=True)
        done = sink.offer(range(8))
        await sink.suppress(1, 2, 3)
        sink.rig.delivery.pause.switch(on=False)
        await sink.rig.settled(done)
        assert sorted(sink.delivered()) == [0, 4, 5, 6, 7]


async def test_who_is_suppressed_after_a_batch_was_split_is_not_in_its_second_half(sinking: Any, topic: Topic) -> None:
    suppressed = threading.Event()
    async with sinking(topic, concurrency=1) as sink:
        sink.standin.refuse(lambda _: not suppressed.wait(DEADLINE_S))  # the answer on the first half waits for it
        sink.standin.fail("too_large")
        done = sink.offer(range(8))
        await sink.rig.until(lambda: len(sink.attempts) == 2)
        await sink.suppress(2, 6)
        suppressed.set()
        await sink.rig.settled(done)
        assert [attempt.people for attempt in sink.attempts] == [list(range(8)), [0, 1, 2, 3], [4, 5, 7]]
        assert sink.delivered() == [0, 1, 2, 3, 4, 5, 7]


async def test_a_batch_of_suppressed_people_costs_no_request(sinking: Any, topic: Topic) -> None:
    await topic.put(*range(10))
    async with sinking(topic, max_events=5) as sink:
        await sink.rig.settled(sink.offer(range(15)))
        assert [request.events for request in sink.standin.requests] == [5]
        assert sink.delivered() == [10, 11, 12, 13, 14]


async def test_the_fate_of_every_event_is_known_by_its_offset(sinking: Any, topic: Topic) -> None:
    await topic.put(2, 3, 11)
    async with sinking(topic, max_events=4) as sink:
        sink.standin.refuse(lambda event: event["properties"]["$insert_id"] in {"id-4", "id-13"})
        values = [sink._make_event(number) for number in range(14)]
        values[6] = b""
        keys: list[bytes | None] = [pseudonym(number) for number in range(14)]
        keys[9] = None
        done = sink.rig.delivery.offer(sink._make_chunk(values, keys=keys, first=100))
        (ticket,) = sink.rig.delivery._tickets
        await sink.rig.settled(done)
        fates: dict[Fate, list[int]] = {
            fate: [] for fate in Fate if fate in {Fate.DELIVERED, Fate.REJECTED, Fate.SUPPRESSED}
        }
        for fate, offsets in ticket.fates:
            fates[fate] += offsets
        assert {fate: sorted(offsets) for fate, offsets in fates.items()} == {
            Fate.DELIVERED: [100, 101, 105, 107, 108, 110, 112],
            Fate.REJECTED: [104, 106, 109, 113],
            Fate.SUPPRESSED: [102, 103, 111],
        }
        assert sorted((item.offset, item.reason) for item in sink.rig.rejected) == [
            (104, "refused_by_mixpanel"),
            (106, "not_an_event"),
            (109, "no_key"),
            (113, "refused_by_mixpanel"),
        ]


async def test_what_the_topic_said_before_the_start_is_known_before_the_first_attempt(
    sinking: Any, topic: Topic
) -> None:
    await topic.put(*range(0, 20_000, 2))
    async with sinking(topic) as sink:
        assert not sink.suppressions.complete()
        await sink.rig.settled(sink.offer(range(1_000)))
        assert sink.delivered() == list(range(1, 1_000, 2))
        assert sink.suppressions.complete()


async def test_with_a_silent_broker_nothing_is_sent_and_then_everything_that_may(
    sinking: Any, own_kafka: EmbeddedKafka, topic_name: Callable[..., str]
) -> None:
    topic = Topic(own_kafka.bootstrap, topic_name("suppressions"))
    async with sinking(topic, concurrency=2) as sink:
        await sink.rig.settled(sink.offer([0]))
        own_kafka.pause()
        try:
            await sink.rig.until(lambda: sink.suppressions.age_of_last_answer() > 1)
            done = sink.offer(range(1, 10), first=1)
            await sink.rig.until(lambda: sink.suppressions.age_of_last_answer() > 6)  # longer than a request may take
            assert len(sink.standin.requests) == 1
            assert not done.done()
        finally:
            own_kafka.resume()
        await topic.put(40)
        await sink.rig.settled(done)
        assert sink.delivered() == list(range(10))
        await sink.rig.until(lambda: sink.suppressions.age_of_last_answer() < 1)


async def test_under_load_and_failures_nobody_is_in_an_attempt_after_his_suppression(
    sinking: Any, topic: Topic
) -> None:
    """Sixteen hundred people; most thirds are suppressed at some moment while a third of all requests fails."""
    chance = random.Random(25)
    everybody = range(1_600)
    async with sinking(topic, max_events=20, concurrency=4, retry_base_s=0.005, retry_cap_s=0.02) as sink:
        for _ in range(60):
            sink.standin.fail(chance.choice(["unavailable", "rate_limited", "too_large_html", "close"]))
        offered = []
        for first in everybody[::40]:
            offered.append(sink.offer(range(first, first + 40), first=first))
            left = [number for number in range(0, first + 80, 3) if number not in sink.acknowledged]
            await sink.suppress(*chance.sample(left, min(15, len(left))))
        await sink.rig.settled(*offered)
        assert len(sink.attempts) > 80
        delivered = sink.delivered()
        assert len(set(delivered)) == len(delivered)
        rejected = {item.offset for item in sink.rig.rejected}  # alone in a request that was called too large
        assert not rejected & set(delivered)
        assert set(everybody) - sink.acknowledged <= rejected | set(delivered)
        assert sink.standin.duplicates == 0


async def test_the_broker_is_asked_once_for_all_partitions(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    list_offsets = AdminClient.list_offsets

    def counted(admin: AdminClient, partitions: Any, **options: Any) -> Any:
        asked.append(len(partitions))
        return list_offsets(admin, partitions, **options)

    async with suppressions_of(topic) as suppressions:
        await suppressions.take_out(Batch([], [], 1))
        suppressions._follower._barrier._keep_alive_s = 3_600.0
        deadline = time.monotonic() + DEADLINE_S
        while not suppressions.complete():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)
        monkeypatch.setattr(AdminClient, "list_offsets", counted)
        await asyncio.gather(*(suppressions.take_out(Batch([], [], 1)) for _ in range(20)))
    assert set(asked) == {PARTITIONS}
    assert len(asked) <= 2
