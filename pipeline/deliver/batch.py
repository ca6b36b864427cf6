"""What is on its way: the records of a batch, and for each chunk how many of its records are unsettled."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.stream.chunk import Chunk, Record, TopicPartition


class Ticket:
    """What one chunk waits for.

    done: resolves when each of its records is delivered or recorded as rejected. size: bytes of its values.
    oldest_ms: when Kafka got its first record, milliseconds since the epoch.
    """

    __slots__ = ("done", "oldest_ms", "size", "tp", "unsettled")

    def __init__(self, chunk: Chunk, done: asyncio.Future[None]) -> None:
        self.done = done
        self.tp: TopicPartition = chunk.tp
        self.unsettled = len(chunk.records)
        self.size = sum([len(record.value or b"") for record in chunk.records])
        self.oldest_ms = chunk.records[0].timestamp

    def settle(self, count: int) -> None:
        """Note that `count` further records of the chunk are accounted for."""
        assert 0 < count <= self.unsettled
        self.unsettled -= count
        if self.unsettled == 0 and not self.done.done():
            self.done.set_result(None)


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

    def settle(self) -> None:
        """Account for every record. Call it once, when each is delivered or its rejection is confirmed."""
        for ticket, count in self.shares:
            ticket.settle(count)

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
        return self._part(0, middle), self._part(middle, len(self.records))

    def _part(self, start: int, stop: int) -> "Batch":
        records = self.records[start:stop]
        shares: list[tuple[Ticket, int]] = []
        first = 0
        for ticket, count in self.shares:
            common = min(stop, first + count) - max(start, first)
            if common > 0:
                shares.append((ticket, common))
            first += count
        return Batch(records, shares, body_size([len(record.value or b"") for record in records]))


def body_size(lengths: Sequence[int]) -> int:
    """Return the bytes of a JSON array of values of these lengths: two brackets, and commas between."""
    return sum(lengths) + len(lengths) + 1


def body_of(values: Sequence[bytes]) -> bytes:
    """Return the JSON array of these values, without parsing them."""
    return b"[" + b",".join(values) + b"]"
