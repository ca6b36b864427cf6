"""What is on its way: the records of a batch, and for each chunk what has become of its records so far."""

import asyncio
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pipeline.deliver.reasons import Fate
from pipeline.stream.chunk import Chunk, Record, TopicPartition

Fates = list[tuple[Fate, Sequence[int]]]
"""The offsets that had each fate."""


class Ticket:
    """What one chunk waits for.

    done: resolves when the fate of each of its records is certain. size: bytes of its values. oldest_ms: when Kafka
    got its first record, milliseconds since the epoch. fates: the offsets that had each fate, in the order in which it
    became certain; together they are the offsets of the chunk, once each, when it is done.
    """

    __slots__ = ("done", "fates", "oldest_ms", "size", "tp", "unsettled")

    def __init__(self, chunk: Chunk, done: asyncio.Future[Fates]) -> None:
        self.done = done
        self.fates: Fates = []
        self.tp: TopicPartition = chunk.tp
        self.unsettled = len(chunk.records)
        self.size = sum([len(record.value or b"") for record in chunk.records])
        self.oldest_ms = chunk.records[0].timestamp

    def settle(self, offsets: Sequence[int], fate: Fate) -> None:
        """Note what has become of further records of the chunk. Not before it is certain: it is acknowledged then."""
        assert 0 < len(offsets) <= self.unsettled
        self.fates.append((fate, offsets))
        self.unsettled -= len(offsets)
        if self.unsettled == 0 and not self.done.done():
            self.done.set_result(self.fates)


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of one import request, in order.

    shares: for each run of records the ticket it belongs to and its length, in the order of `records`.
    size: bytes of the uncompressed request body, brackets and commas included.
    """

    records: Sequence[Record]
    shares: Sequence[tuple[Ticket, int]]
    size: int

    @property
    def values(self) -> list[bytes]:
        """The import objects in the order in which Mixpanel counts them."""
        return [record.value or b"" for record in self.records]

    def settle(self, fate: Fate) -> None:
        """Account for every record. Call it once, when their fate is certain."""
        first = 0
        for ticket, count in self.shares:
            ticket.settle(_offsets(self.records[first : first + count]), fate)
            first += count

    def tp_of(self, index: int) -> TopicPartition:
        """Return the partition that a record came from."""
        for ticket, count in self.shares:
            if index < count:
                return ticket.tp
            index -= count
        raise IndexError(index)

    def halves(self) -> tuple["Batch", "Batch"]:
        """Return the first and the second half of a batch of at least two events."""
        middle = len(self.records) // 2
        assert middle
        return self._at(range(middle)), self._at(range(middle, len(self.records)))

    def apart(self, indexes: Collection[int]) -> tuple["Batch", "Batch"]:
        """Return the batch without the records at these indexes, and those records as another one."""
        left = [index for index in range(len(self.records)) if index not in indexes]
        return self._at(left), self._at(sorted(indexes))

    def _at(self, indexes: Sequence[int]) -> "Batch":
        shares: list[tuple[Ticket, int]] = []
        end = taken = 0
        for ticket, count in self.shares:
            end += count
            until = bisect_left(indexes, end, taken)
            if until > taken:
                shares.append((ticket, until - taken))
            taken = until
        records = [self.records[index] for index in indexes]
        return Batch(records, shares, body_size([len(record.value or b"") for record in records]))


def _offsets(records: Sequence[Record]) -> Sequence[int]:
    """Return the offsets of records of one partition, as a range where they have no holes: it costs nothing to keep."""
    first, last = records[0].offset, records[-1].offset
    whole = last - first + 1 == len(records)
    return range(first, last + 1) if whole else [record.offset for record in records]


def body_size(lengths: Sequence[int]) -> int:
    """Return the bytes of a JSON array of values of these lengths: two brackets, and commas between."""
    return sum(lengths) + len(lengths) + 1


def body_of(values: Sequence[bytes]) -> bytes:
    """Return the JSON array of these values, without parsing them."""
    return b"[" + b",".join(values) + b"]"
