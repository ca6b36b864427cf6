"""Closes windows when their time has come, and sends their counts.

The order of steps makes a crash harmless at every point. A `Close` on the log fixes what a window has; what is sent
follows from the log before it alone; `Emitted` only saves the next reader the work. Two aggregators that do the same at
once write marks that change nothing, and records of the same bytes, of which Mixpanel keeps one.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from pipeline.aggregate.emission import Emission, Sender, emission
from pipeline.aggregate.records import Close, Emitted, Window, mark
from pipeline.aggregate.windows import LATEST_MS, Windows
from pipeline.ops.logging import get_logger
from pipeline.policy.vocabulary import Cohort, Region, Space
from pipeline.stream.clean_headers import HEADERS
from pipeline.stream.producer import ConfirmedProducer, Headers

LOOK_S = 1.0

log = get_logger(__name__)


class Terms(NamedTuple):
    """The rules of the moment, while counts may leave at all. k: as in `Close`."""

    k: int
    grace_ms: int
    sender: Sender


class Log(Protocol):
    """What is known of the topic, by partition; `pipeline.stream.follower.Follower` is one."""

    def state(self, partition: int, /) -> Windows | None:
        """Return what is known of a partition."""

    async def barrier(self, partition: int, /) -> Windows:
        """Return it when everything that was acknowledged before this call is in it."""


class Topics(NamedTuple):
    """Full names: of the topic with contributions and marks, and of the one that is delivered."""

    aggregates: str
    clean: str


class Closer:
    """Watches partitions, each in a task of its own.

    terms: the rules of the moment, None while no count may leave; what is open then waits. emitted: told of every
    window that was sent. now_ms: the time of day, milliseconds since the epoch.
    """

    def __init__(
        self,
        followed: Log,
        producer: ConfirmedProducer,
        topics: Topics,
        *,
        terms: Callable[[], Terms | None],
        emitted: Callable[[Emission], object],
        now_ms: Callable[[], int],
    ) -> None:
        self._log = followed
        self._producer = producer
        self._topics = topics
        self._terms = terms
        self._emitted = emitted
        self._now_ms = now_ms
        self._ending = False
        self._looking = 0
        self._looked = asyncio.Event()

    async def watch(self, partition: int) -> None:
        """Look every second, until cancelled: the partition has left, or the worker stops."""
        while True:
            await self.look(partition)
            await asyncio.sleep(LOOK_S)

    async def finish(self) -> None:
        """Begin nothing more, and return when no partition is in the middle of it."""
        self._ending = True
        while self._looking:
            self._looked.clear()
            await self._looked.wait()

    async def look(self, partition: int) -> None:
        """Close what is due in a partition, and send what is closed."""
        if self._ending:
            return
        self._looking += 1
        try:
            await self._close(partition)
        finally:
            self._looking -= 1
            self._looked.set()

    async def _close(self, partition: int) -> None:
        state, terms = self._log.state(partition), self._terms()
        if state is None or not state.complete or terms is None:
            return
        now_ms = self._now_ms()
        due = state.due(now_ms, terms.grace_ms)
        if not due and not state.closed:
            return
        await self._mark(partition, [Close(*window, terms.k, now_ms) for window in due])
        state = await self._log.barrier(partition)  # a mark may be the second one; the log says which counts
        sent = [window for window in sorted(state.closed) if await self._send(partition, window, state, terms.sender)]
        await self._mark(partition, [Emitted(*window) for window in sent])
        await self._log.barrier(partition)  # or the next look would find them closed and not emitted

    async def _send(self, partition: int, window: Window, state: Windows, sender: Sender) -> bool:
        """Send a closed window; say whether the broker has all of it."""
        closed = state.closed.get(window)
        if closed is None or self._now_ms() >= window.end_ms + LATEST_MS:
            return False
        if sender.keys.retired(Region.IN, Space.ANALYTICS, window.start_ms):
            log.error("counts stay behind: the key for their window has been destroyed", windows=1)
            return True
        made = await asyncio.to_thread(emission, closed, sender)  # a day of many children takes its time
        await self._produce(self._topics.clean, partition, made.records, HEADERS[Cohort.IN_CHILD])
        self._emitted(made)
        return True

    async def _mark(self, partition: int, marks: Sequence[Close | Emitted]) -> None:
        await self._produce(self._topics.aggregates, partition, [(None, mark(each)) for each in marks])

    async def _produce(
        self,
        topic: str,
        partition: int,
        records: Sequence[tuple[bytes | None, bytes]],
        headers: Headers | None = None,
    ) -> None:
        batch = self._producer.batch()
        for key, value in records:
            batch.add(topic, value, key, partition, headers)
        await batch.done()


def overdue_ms(states: Iterable[Windows], now_ms: int, grace_ms: int) -> int:
    """Return since when the oldest window that is not sent could have been, in milliseconds; 0 if there is none."""
    waiting = [window for state in states for window in (*state.due(now_ms, grace_ms), *state.closed)]
    return max((now_ms - window.end_ms - grace_ms for window in waiting), default=0)
