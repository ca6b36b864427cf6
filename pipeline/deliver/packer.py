"""Chunks of any size become batches that Mixpanel accepts: by count, by bytes, by time."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from pipeline.deliver.batch import Batch, Ticket
from pipeline.deliver.limits import Limits
from pipeline.deliver.reasons import DeliveryRejectReason
from pipeline.deliver.rejections import Refused
from pipeline.stream.chunk import Record

_EMPTY_BODY = 1  # each event counts with a comma, so both brackets together cost one byte more


@dataclass(slots=True)
class Packed:
    """What adding a chunk led to: batches that are full, and records that can never be sent."""

    full: list[Batch] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


class Packer:
    """Fills one batch at a time, in the order of arrival; works on slices, so that an event costs little.

    linger_s: seconds after which an open batch is due, counted from its first event; `now` is any clock in
    seconds that does not go back.
    """

    def __init__(self, limits: Limits, linger_s: float) -> None:
        self._limits = limits
        self._linger_s = linger_s
        self._records: list[Record] = []
        self._shares: list[tuple[Ticket, int]] = []
        self._size = _EMPTY_BODY
        self.due: float | None = None

    def add(self, ticket: Ticket, records: Sequence[Record], now: float) -> Packed:
        """Append a chunk's records. Each of them ends in a batch or among the refused."""
        packed = Packed()
        sizes = [len(record.value or b"") + 1 for record in records]
        ordinary = min(sizes, default=2) > 1 and max(sizes, default=0) <= self._limits.event_bytes + 1
        if not ordinary or not all(record.key for record in records):
            records, packed.refused = self._set_aside(ticket, records)
            sizes = [len(record.value or b"") + 1 for record in records]
        ends = [0, *accumulate(sizes)]  # ends[i]: bytes of the first i records
        start = 0
        while start < len(records):
            if self.due is None:
                self.due = now + self._linger_s
            stop = self._reach(ends, start)
            if stop > start:
                self._records += records[start:stop]
                self._shares.append((ticket, stop - start))
                self._size += ends[stop] - ends[start]
            start = stop
            if start < len(records) or len(self._records) == self._limits.events:
                packed.full.append(self._close())
        return packed

    def flush(self) -> Batch | None:
        """Close the open batch, full or not; None if there is none."""
        return self._close() if self._records else None

    def _reach(self, ends: Sequence[int], start: int) -> int:
        """Return how far from `start` the records still fit into the open batch."""
        last = min(len(ends) - 1, start + self._limits.events - len(self._records))
        room = self._limits.target - self._size
        stop = bisect_right(ends, ends[start] + room, start, last + 1) - 1
        if stop <= start and not self._records:
            return start + 1  # over a target that was only guessed: it may still be accepted alone
        return max(stop, start)

    def _close(self) -> Batch:
        batch = Batch(self._records, self._shares, self._size)
        self._records, self._shares, self._size, self.due = [], [], _EMPTY_BODY, None
        return batch

    def _set_aside(self, ticket: Ticket, records: Sequence[Record]) -> tuple[list[Record], list[Refused]]:
        sendable: list[Record] = []
        refused: list[Refused] = []
        for record in records:
            if not record.value:
                refused.append(Refused(ticket.tp, record.offset, DeliveryRejectReason.NOT_AN_EVENT))
            elif not record.key:
                refused.append(Refused(ticket.tp, record.offset, DeliveryRejectReason.NO_KEY))
            elif len(record.value) > self._limits.event_bytes:
                refused.append(Refused(ticket.tp, record.offset, DeliveryRejectReason.TOO_LARGE))
            else:
                sendable.append(record)
        return sendable, refused
