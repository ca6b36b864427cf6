"""Delivery of one region's clean events to its Mixpanel project: from chunks to settled chunks."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from pipeline.deliver.backoff import Backoff
from pipeline.deliver.batch import Batch, Fates, Ticket
from pipeline.deliver.client import ImportClient
from pipeline.deliver.errors import WrongTopicError
from pipeline.deliver.leak_stop import LeakStop
from pipeline.deliver.limits import Limits
from pipeline.deliver.packer import Packer
from pipeline.deliver.pause import Pause
from pipeline.deliver.reasons import Fate, HaltWhy
from pipeline.deliver.rejections import RecordRejections, Refused, Rejector
from pipeline.deliver.sender import BeforeAttempt, Sender
from pipeline.ops.credentials import MixpanelProject
from pipeline.ops.metric_table import OLDEST_UNSENT_EVENT_AGE_SECONDS
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import DeliverSettings
from pipeline.stream.agent import fail_stop as end_process
from pipeline.stream.chunk import Chunk
from pipeline.stream.topics import clean_topic

HELD_BYTES = 64 * 1024 * 1024
"""Values that may be held before `room` makes further chunks wait. Chunks already past it come on top."""

_REPORT_S = 1.0
_CLOSE_S = 8.0  # a worker has 10 s to stop


class Delivery:
    """Takes chunks of `events.clean.<region>` only, and sends to that region's project only.

    record_rejections: returns when the broker has confirmed the rejections. policy: version of the policy in
    force, for rejections; see `under`. pause: what holds the region while the kill switch says so.
    fail_stop: gets every failure that is not one of the expected answers; it must end the process, since the
    chunks concerned are neither settled nor failed.
    before_attempt: see `BeforeAttempt`. leaks: looks at every batch before each attempt (R35). Construct it in the
    event loop, then call `start`.
    """

    def __init__(
        self,
        project: MixpanelProject,
        settings: DeliverSettings,
        *,
        record_rejections: RecordRejections,
        before_attempt: BeforeAttempt,
        metrics: Metrics,
        policy: str,
        leaks: LeakStop | None = None,
        topic_prefix: str = "",
        fail_stop: Callable[[BaseException], object] = end_process,
        held_bytes: int = HELD_BYTES,
    ) -> None:
        region = project.region
        self._region = region
        self._topic = topic_prefix + clean_topic(region)
        self._metrics = metrics
        self._fail_stop = fail_stop
        self._concurrency = settings.concurrency
        self._held_limit = held_bytes
        self._loop = asyncio.get_running_loop()
        self._client = ImportClient(
            project, metrics, connections=settings.concurrency, timeout_s=settings.request_timeout_s
        )
        self._limits = Limits(region, settings.max_events, settings.max_bytes)
        self._packer = Packer(self._limits, settings.linger_s)
        self._rejector = Rejector(region, policy, record_rejections, metrics)
        self.pause = Pause(region, metrics)
        backoff = Backoff(settings.retry_base_s, settings.retry_cap_s, settings.retry_jitter_s)
        self._sender = Sender(
            region,
            self._client,
            limits=self._limits,
            backoff=backoff,
            pause=self.pause,
            rejector=self._rejector,
            metrics=metrics,
            before_attempt=before_attempt,
            leaks=leaks,
        )
        self._leaks = leaks
        self._batches: asyncio.Queue[Batch] = asyncio.Queue()  # bounded by what is held, see `room`
        self._tickets: set[Ticket] = set()
        self._held = 0
        self._space = asyncio.Event()
        self._space.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def halted(self) -> HaltWhy | None:
        """Why nothing is sent any more, or None."""
        return self._sender.halted

    @property
    def held_bytes(self) -> int:
        """Bytes of the values of all chunks that are not settled."""
        return self._held

    def under(self, policy: str) -> None:
        """Take note of the version of the policy that is in force from now on."""
        self._rejector.policy = policy

    def start(self) -> None:
        """Open the connections' pool and start `concurrency` senders."""
        self._client.open()
        for _ in range(self._concurrency):
            self._spawn(self._work())
        self._spawn(self._report())

    async def room(self) -> None:
        """Return when another chunk may be offered; for ever later if the region is halted.

        It bounds the bytes that are held, whatever the window of the agent: call it before `offer`.
        """
        while self._held >= self._held_limit:
            self._space.clear()
            await self._space.wait()

    def offer(self, chunk: Chunk) -> asyncio.Future[Fates]:
        """Queue every record of the chunk, in order.

        The future resolves when each record is delivered, suppressed, or rejected with the rejection confirmed. It
        never fails, and stays open while the region is halted or after `close`.
        """
        done: asyncio.Future[Fates] = self._loop.create_future()
        try:
            self._queue(chunk, done)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the chunk must not be taken for queued
            self._fail_stop(exc)
        return done

    async def close(self, timeout_s: float = _CLOSE_S) -> None:
        """Send what is held if that takes no longer than `timeout_s` seconds, then stop.

        What is not settled by then stays unsettled. A request that is cut off may have been stored; the
        restart sends the same bytes, and Mixpanel keeps one.
        """
        if self._timer is not None:
            self._timer.cancel()
        self._put(self._packer.flush())
        unsettled = [ticket.done for ticket in self._tickets]
        held = self.pause.on or (self._leaks is not None and self._leaks.on)
        if unsettled and not self.halted and not held:
            await asyncio.wait(unsettled, timeout=timeout_s)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.close()

    def _queue(self, chunk: Chunk, done: asyncio.Future[Fates]) -> None:
        if chunk.tp.topic != self._topic:
            raise WrongTopicError(f"{chunk.tp.topic} is not the topic of region {self._region}")
        ticket = Ticket(chunk, done)
        self._tickets.add(ticket)
        self._held += ticket.size
        done.add_done_callback(lambda _: self._release(ticket))
        packed = self._packer.add(ticket, chunk.records, self._loop.time())
        for batch in packed.full:
            self._put(batch)
        if packed.refused:
            self._spawn(self._reject(ticket, packed.refused))
        self._set_timer()

    def _put(self, batch: Batch | None) -> None:
        if batch is not None:
            self._batches.put_nowait(batch)

    def _release(self, ticket: Ticket) -> None:
        self._tickets.discard(ticket)
        self._held -= ticket.size
        self._space.set()

    def _set_timer(self) -> None:
        """Keep a single timer; the batch it was set for may be gone when it rings, see `_linger_over`."""
        if self._timer is None and self._packer.due is not None:
            self._timer = self._loop.call_at(self._packer.due, self._linger_over)

    def _linger_over(self) -> None:
        self._timer = None
        if self._packer.due is not None and self._packer.due <= self._loop.time():
            self._put(self._packer.flush())
        self._set_timer()

    async def _work(self) -> None:
        while not self.halted:
            await self._sender.send(await self._batches.get())

    async def _reject(self, ticket: Ticket, refused: list[Refused]) -> None:
        await self._rejector.reject(refused)
        ticket.settle([item.offset for item in refused], Fate.REJECTED)

    async def _report(self) -> None:
        """Show the age of what waits, also while nothing moves."""
        while True:
            oldest_ms = min((ticket.oldest_ms for ticket in self._tickets), default=None)
            age = 0.0 if oldest_ms is None else max(0.0, time.time() - oldest_ms / 1000)
            self._metrics.set(OLDEST_UNSENT_EVENT_AGE_SECONDS, age, region=self._region)
            await asyncio.sleep(_REPORT_S)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (exc := task.exception()) is not None:
            self._fail_stop(exc)
