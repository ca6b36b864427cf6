"""Filling, watching and emptying topics with librdkafka's clients, from outside the worker under test."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # public, not in an __all__

from benchmarks.events import Keyed
from benchmarks.figures import NotMeasuredError
from pipeline.stream.client_config import producer_config
from pipeline.stream.producer import Headers

_POLL_EVERY: Final = 1_000
_FLUSH_S: Final = 60.0
_TIMEOUT_S: Final = 10.0


class Feeder:
    """A producer that is set up like a publisher's: acknowledged, idempotent, lz4, partitioned by key."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = Producer({**producer_config(), **_quiet(bootstrap)})
        self._failed = 0

    def feed(self, topic: str, records: Iterable[Keyed], headers: Headers | None = None) -> int:
        """Produce records; return their number once all are acknowledged. Raise NotMeasuredError when one is not."""
        count = 0
        for key, value in records:
            while not self._produce(topic, key, value, headers):
                self._producer.poll(0.01)
            count += 1
            if count % _POLL_EVERY == 0:
                self._producer.poll(0)
        if self._producer.flush(_FLUSH_S) or self._failed:
            raise NotMeasuredError(f"the broker did not acknowledge every record of {topic}")
        return count

    def _produce(self, topic: str, key: bytes, value: bytes, headers: Headers | None = None) -> bool:
        try:
            self._producer.produce(topic, value, key, on_delivery=self._delivered, headers=headers)
        except BufferError:
            return False
        return True

    def _delivered(self, error: object, _message: object) -> None:
        self._failed += error is not None


class Ends:
    """The end offsets of some topics, asked for again at each call."""

    def __init__(self, bootstrap: str, topics: Sequence[str], partitions: int) -> None:
        self._admin = AdminClient(_quiet(bootstrap))
        self._places = [(topic, partition) for topic in topics for partition in range(partitions)]

    def each(self) -> dict[tuple[str, int], int]:
        """Return the end of each partition."""
        spec = {TopicPartition(*place): OffsetSpec.latest() for place in self._places}  # type: ignore[no-untyped-call]
        futures: dict[Any, Any] = self._admin.list_offsets(spec, request_timeout=_TIMEOUT_S)
        return {(at.topic, at.partition): future.result().offset for at, future in futures.items()}

    def total(self) -> int:
        """Return the sum of the ends: the number of records ever written, if nobody uses transactions."""
        return sum(self.each().values())

    def delete_before(self, ends: Mapping[tuple[str, int], int]) -> None:
        """Let the broker remove everything before these offsets."""
        places = [TopicPartition(topic, partition, offset) for (topic, partition), offset in ends.items()]
        for future in self._admin.delete_records(places, request_timeout=_TIMEOUT_S).values():
            future.result()


def _quiet(bootstrap: str) -> dict[str, Any]:
    """Keep librdkafka from writing to the terminal; what fails for good comes with the results."""
    return {"bootstrap.servers": bootstrap, "log_level": 0}
