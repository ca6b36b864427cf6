"""How old the oldest record is that a worker has taken from Kafka and not committed: what a topic may soon delete."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from pipeline.ops.health import Partition
from pipeline.stream.agent import ChunkRole
from pipeline.stream.chunk import Chunk


class _Arrival(NamedTuple):
    first: int
    last: int
    timestamp_ms: int


class Waiting:
    """Remembers of each chunk on its way where it lies and when the broker got its first record.

    `clock` is the time of day in seconds. What is held is bounded by the chunks between arrival and commit.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._arrivals: dict[Partition, deque[_Arrival]] = {}

    def arrived(self, chunk: Chunk) -> None:
        """Note a chunk. What lies at or after its start was noted before a rebalance, and has come again."""
        arrivals = self._arrivals.setdefault(chunk.tp, deque())
        while arrivals and arrivals[-1].first >= chunk.first_offset:
            arrivals.pop()
        arrivals.append(_Arrival(chunk.first_offset, chunk.last_offset, chunk.records[0].timestamp))

    def age_s(self, partition: Partition, committed: int | None) -> float:
        """Return the age in seconds of the first record at or after `committed`; 0 if none has arrived."""
        arrivals = self._arrivals.get(partition)
        if arrivals is None:
            return 0.0
        while arrivals and committed is not None and arrivals[0].last < committed:
            arrivals.popleft()
        return max(0.0, self._clock() - arrivals[0].timestamp_ms / 1000) if arrivals else 0.0

    def forget(self, partition: Partition) -> None:
        """Let go of a partition that is another worker's now."""
        self._arrivals.pop(partition, None)


class Noted:
    """A role whose chunks are noted as they arrive."""

    def __init__(self, role: ChunkRole, waiting: Waiting) -> None:
        self._role = role
        self._waiting = waiting

    async def prepare(self, chunk: Chunk) -> None:
        """Note the chunk, then prepare it."""
        self._waiting.arrived(chunk)
        await self._role.prepare(chunk)

    def begin(self, chunk: Chunk) -> "asyncio.Future[None]":
        """Begin it."""
        return self._role.begin(chunk)
