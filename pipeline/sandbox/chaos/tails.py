"""What the topics say, from the outside: new records since the last look, and what the groups have acknowledged."""

from collections.abc import Iterator
from typing import Final

from pipeline.ops.settings import KafkaSettings
from pipeline.stream.log_reader import LogReader, Stored
from pipeline.stream.topics import CLEAN_IN, CLEAN_US, CONSENT, RAW

READER: Final = "coppice-chaos"
GROUPS: Final = ((RAW, "sanitize"), (CONSENT, "rights"), (CLEAN_US, "deliver-us"), (CLEAN_IN, "deliver-in"))


class Tail:
    """Reads a topic further at each look, each time over connections of its own: the broker may have been killed."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._kafka = kafka
        self._topic = kafka.topic_prefix + topic
        self._next: dict[int, int] = {}

    def new(self) -> Iterator[tuple[int, Stored]]:
        """Yield partition and record of everything that came since the last call. Raise ConfigError as `LogReader`."""
        reader = LogReader(self._kafka, self._topic, READER)
        try:
            for partition in range(reader.partitions()):
                end = reader.bounds(partition)[1]
                for record in reader.read(partition, self._next.get(partition, 0), end):
                    yield partition, record
                self._next[partition] = end
        finally:
            reader.close()


def behind(kafka: KafkaSettings) -> dict[tuple[str, int], int]:
    """Return by topic and partition the first offset that is not acknowledged, where something waits."""
    found = {}
    for topic, group in GROUPS:
        reader = LogReader(kafka, kafka.topic_prefix + topic, f"{kafka.group_prefix}-{group}")
        try:
            partitions = reader.partitions()
            saved = reader.saved(partitions)
            for partition in range(partitions):
                begin, end = reader.bounds(partition)
                committed = saved[partition].offset if partition in saved else begin
                if committed < end:
                    found[topic, partition] = committed
        finally:
            reader.close()
    return found
