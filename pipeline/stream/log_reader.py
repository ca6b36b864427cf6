"""Reading stretches of a topic that end, for commands that look back; workers consume through Faust instead."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import KafkaSettings
from pipeline.stream.client_config import LibrdkafkaLog, client_config
from pipeline.stream.follower_client import is_transient

POLL_S = 0.1
ANSWER_S = 10.0
PATIENCE_S = 30.0
RETRY_S = 0.2
BATCH = 1_000  # records taken at once
SILENT_POLLS = 600  # without any answer: a minute

T = TypeVar("T")


class Stored(NamedTuple):
    """A record as it lies in the log; the form that roles use (`pipeline.stream.chunk.Record`)."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Taken(NamedTuple):
    """What one call brought. position: the offset to go on at. lost: offsets the broker had deleted meanwhile."""

    records: list[Stored]
    position: int
    lost: range


class Saved(NamedTuple):
    """A committed offset. What may be noted beside it is told by `pipeline.stream.committed`, not by librdkafka."""

    offset: int


class LogReader:
    """Reads one topic between offsets, blocking. It assigns by itself and joins no group.

    group: full name of the consumer group under which `save` keeps how far the caller has come. Every method raises
    ConfigError when the broker does not answer, or refuses.
    """

    def __init__(self, kafka: KafkaSettings, topic: str, group: str) -> None:
        self.topic = topic
        self._bootstrap = kafka.bootstrap
        self._partition = self._position = 0
        self._silent = 0
        config = {
            **client_config(kafka),
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",  # what retention took is told, not skipped
            "isolation.level": "read_uncommitted",  # as the workers read
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,
            "fetch.queue.backoff.ms": 5,  # its default of a second makes every full queue a pause of that length
            "queued.max.messages.kbytes": 16 * 1024,
        }
        self._consumer = Consumer(config, logger=LibrdkafkaLog())

    def close(self) -> None:
        """Let go of the connections."""
        self._consumer.close()

    def partitions(self) -> int:
        """Return how many partitions the topic has."""
        found = self._asked(lambda: self._consumer.list_topics(self.topic, timeout=ANSWER_S).topics[self.topic])
        if found.error is not None:
            raise ConfigError(f"topic {self.topic} does not exist: run `coppice topics create`")
        return len(found.partitions)

    def bounds(self, partition: int) -> tuple[int, int]:
        """Return the offset of the first record that is still there, and the one after the last."""
        place = TopicPartition(self.topic, partition)
        found: Any = self._asked(lambda: self._consumer.get_watermark_offsets(place, timeout=ANSWER_S))
        if found is None:
            self._silence()
        return int(found[0]), int(found[1])

    def offset_at(self, partition: int, time_ms: int) -> int:
        """Return the offset of the first record that the broker got at or after a time; the end if there is none."""
        asked = TopicPartition(self.topic, partition, time_ms)
        (answer,) = self._asked(lambda: _valid(self._consumer.offsets_for_times([asked], timeout=ANSWER_S)))
        return answer.offset if answer.offset >= 0 else self.bounds(partition)[1]

    def open(self, partition: int, start: int) -> None:
        """Go to an offset; `take` goes on from there."""
        self._position = start
        self._partition = partition
        self._consumer.assign([TopicPartition(self.topic, partition, start)])

    def take(self, end: int) -> Taken:
        """Return what has arrived of the records before `end`: perhaps none yet, and at `end` never any more."""
        lost = range(0)
        records: list[Stored] = []
        for message in self._arrived():
            error = message.error()
            if error is None:
                if message.offset() >= end:
                    self._position = end
                    break
                records.append(_stored(message))
                self._position = message.offset() + 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # librdkafka's codes are public
                self._position = max(self._position, message.offset())
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001
                lost = self._skip(end)
                break
            elif not is_transient(error):
                self._refused(error)
        return Taken(records, self._position, lost)

    def read(self, partition: int, start: int, end: int) -> Iterator[Stored]:
        """Yield every record from `start` to before `end` that is still there."""
        if start < end:
            self.open(partition, start)
            while self._position < end:
                yield from self.take(end).records

    def saved(self, partitions: int) -> dict[int, Saved]:
        """Return what the group has committed, by partition."""
        asked = [TopicPartition(self.topic, partition) for partition in range(partitions)]
        answers = self._asked(lambda: _valid(self._consumer.committed(asked, timeout=ANSWER_S)))
        return {each.partition: Saved(each.offset) for each in answers if each.offset >= 0}

    def save(self, partition: int, offset: int, note: str = "") -> None:
        """Commit, with a note beside the offset, and return when the broker has it."""
        place = TopicPartition(self.topic, partition, offset, metadata=note)
        self._asked(lambda: _valid(self._consumer.commit(offsets=[place], asynchronous=False)))

    def _asked(self, ask: Callable[[], T]) -> T:
        """Ask again as long as the trouble is one that passes: a broker that has just started refuses everybody."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return ask()
            except KafkaException as exc:
                error = exc.args[0]
                if time.monotonic() > deadline or not is_transient(error):
                    self._refused(error)
                time.sleep(RETRY_S)

    def _arrived(self) -> tuple[Any, ...]:
        """Return what is there, after a short wait. Any: the stubs describe messages that were never sent, too."""
        first = self._consumer.poll(POLL_S)
        if first is None:
            self._silent += 1
            if self._silent > SILENT_POLLS:
                self._silence()
            return ()
        self._silent = 0
        return (first, *self._consumer.consume(BATCH - 1, 0))

    def _skip(self, end: int) -> range:
        """Go on where the log begins now."""
        before, (low, _) = self._position, self.bounds(self._partition)
        reached = min(max(low, before), end)
        self.open(self._partition, reached)
        return range(before, reached)

    def _silence(self) -> NoReturn:
        raise ConfigError(f"no Kafka broker answers at {self._bootstrap}: check kafka.bootstrap, and the broker")

    def _refused(self, error: KafkaError) -> NoReturn:
        raise ConfigError(
            f"topic {self.topic} cannot be read at {self._bootstrap} ({error.name()}): check kafka.bootstrap, the"
            " broker, and the rights of this client"
        )


def _valid(answers: list[TopicPartition] | None) -> list[TopicPartition]:
    """Raise what one of the answers says is wrong as if the whole call had said it."""
    for each in answers or ():
        if each.error is not None:
            raise KafkaException(each.error)
    return answers or []


def _stored(message: Any) -> Stored:
    return Stored(message.offset(), message.timestamp()[1], message.key(), message.value(), message.headers() or ())
