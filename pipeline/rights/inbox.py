"""What a follower brings of the two topics of requests and results: records in order, each with its place."""

from collections import deque
from typing import NamedTuple

from pipeline.stream.followed import Followed


class Arrived(NamedTuple):
    """One record. timestamp_ms: when the broker got it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int


class Inbox(Followed):
    """The records of one partition that the event loop has not taken yet; the follower's thread only appends."""

    __slots__ = ("_arrived", "_last")

    def __init__(self, partition: int) -> None:
        super().__init__(partition)
        self._arrived: deque[Arrived] = deque()
        self._last: tuple[bytes | None, bytes | None, int] | None = None

    def apply(self, key: bytes | None, value: bytes | None, timestamp_ms: int) -> None:
        """Take over one record, whose offset `advance` tells."""
        self._last = (key, value, timestamp_ms)

    def advance(self, position: int) -> None:
        """Move on to the offset after the record just taken over, or to the end of the partition."""
        if self._last is not None:  # before `applied` moves: whoever waits for that finds the record
            self._arrived.append(Arrived(self.partition, position - 1, *self._last))
            self._last = None
        super().advance(position)

    def take(self) -> list[Arrived]:
        """Return what has arrived since the last call."""
        return [self._arrived.popleft() for _ in range(len(self._arrived))]
