"""Where partitions begin and end, asked of the broker for those of which no record has come since the start.

Faust knows the end of a partition only from records that it fetched, and a commit only when there was one. A partition
on which nothing happens would otherwise look like one that is stuck.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from faust.types import TP

from pipeline.ops.health import Partition
from pipeline.ops.logging import get_logger

log = get_logger(__name__)


class Offsets(Protocol):
    """What is asked of the consumer."""

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        """Return the offset after the last record of each."""

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        """Return the offset of the first record of each."""


class Bounds:
    """Remembers the answers; a partition that was never answered for is unknown."""

    def __init__(self) -> None:
        self._known: dict[Partition, tuple[int, int]] = {}
        self._asking: asyncio.Task[None] | None = None

    def of(self, partition: Partition) -> tuple[int | None, int | None]:
        """Return the offset of the first record and the one after the last."""
        return self._known.get(partition, (None, None))

    def ask(self, consumer: Offsets, partitions: Collection[Partition]) -> None:
        """Ask about partitions; the answers are there later. One question at a time, and none is ever cut off."""
        if partitions and (self._asking is None or self._asking.done()):
            self._asking = asyncio.ensure_future(self._ask(consumer, [TP(*each) for each in partitions]))

    async def _ask(self, consumer: Any, partitions: list[TP]) -> None:
        try:
            starts, ends = await consumer.earliest_offsets(*partitions), await consumer.highwaters(*partitions)
        except Exception as exc:  # noqa: BLE001  # the broker is away or a rebalance goes on: unknown stays unknown
            log.info("the broker does not say where partitions end", error_type=type(exc).__name__)
            return
        self._known |= {tp: (starts[tp], ends[tp]) for tp in partitions if tp in starts and tp in ends}
