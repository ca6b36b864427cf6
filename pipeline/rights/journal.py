"""Both topics of the privacy desk, followed into a book; and the one way in which results are written.

A result counts once it has come back from the broker: what a worker acts on is what another one would find after it.
"""

import asyncio

from pipeline.ops.metric_table import PRIVACY_REQUESTS as REQUESTS_TOTAL
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import KafkaSettings
from pipeline.rights.book import Book
from pipeline.rights.inbox import Inbox
from pipeline.rights.results import Accepted, Done, Refused, Result, encode_result, state_of
from pipeline.stream.client_config import client_config
from pipeline.stream.follower import Follower
from pipeline.stream.partition import murmur2_partition
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.topics import PRIVACY_REQUESTS, PRIVACY_RESULTS, TOPICS

_PARTITIONS = {topic.name: topic.partition_count for topic in TOPICS}


class Journal:
    """The book of one worker, always as far as the topics have been read."""

    def __init__(self, kafka: KafkaSettings, producer: ConfirmedProducer, metrics: Metrics) -> None:
        self.book = Book(kafka.partitions)
        self._producer = producer
        self._metrics = metrics
        self._topic = kafka.topic_prefix + PRIVACY_RESULTS
        self._requests = self._follower(kafka, PRIVACY_REQUESTS)
        self._results = self._follower(kafka, PRIVACY_RESULTS)
        self._counts = {name: _PARTITIONS[name](kafka.partitions) for name in (PRIVACY_REQUESTS, PRIVACY_RESULTS)}

    @staticmethod
    def _follower(kafka: KafkaSettings, name: str) -> Follower[Inbox]:
        return Follower(client_config(kafka), kafka.topic_prefix + name, Inbox, name=name)

    async def start(self) -> None:
        """Begin to read; nothing is complete yet."""
        for follower, name in self._followers():
            await follower.start()
            follower.follow(range(self._counts[name]))

    async def load(self) -> None:
        """Wait until everything that is on the topics now is in the book."""
        waits = (
            follower.barrier(partition)
            for follower, name in self._followers()
            for partition in range(self._counts[name])
        )
        await asyncio.gather(*waits)
        self.drain()

    async def stop(self) -> None:
        """Stop reading."""
        for follower, _ in self._followers():
            await follower.stop()

    def drain(self) -> None:
        """Take what has arrived into the book. Results first: they close requests."""
        for state in self._results.states():
            for record in state.take():
                self.book.take_result(record)
        for state in self._requests.states():
            for record in state.take():
                self.book.take_request(record)

    async def write(self, *results: Result) -> None:
        """Write results; return when they are confirmed and in the book.

        Raises:
            DeliveryError: the broker refused one.

        """
        batch = self._producer.batch()
        touched = set()
        for result in results:
            key, value = encode_result(result)
            batch.add(self._topic, value, key)
            touched.add(murmur2_partition(key, self._counts[PRIVACY_RESULTS]))
        await batch.done()
        await asyncio.gather(*(self._results.barrier(partition) for partition in touched))
        for result in results:
            self._count(result)
        self.drain()

    def age_s(self) -> float:
        """Seconds since the broker last answered for both topics."""
        return max(follower.age_of_last_answer() for follower, _ in self._followers())

    def _followers(self) -> list[tuple[Follower[Inbox], str]]:
        return [(self._results, PRIVACY_RESULTS), (self._requests, PRIVACY_REQUESTS)]

    def _count(self, result: Result) -> None:
        """Count what came of requests; of several batches with one state the first only."""
        match result:
            case Refused():
                kind = "none"
            case Accepted(kind=kind, batch=0) | Done(kind=kind):
                pass
            case Accepted():
                return
            case _:
                case_ = self.book.get(result.request_id)
                kind = case_.kind if case_ is not None else "none"
        self._metrics.add(REQUESTS_TOTAL, kind=str(kind), state=state_of(result))
