"""Delivery of one region's clean events to its Mixpanel project: from chunks to settled chunks."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from pipeline.deliver.backoff import Backoff
from pipeline.deliver.batch import Batch, Fates, Ticket
from pipeline.deliver.client import ImportClient
from pipeline.deliver.concurrency import Concurrency
from pipeline.deliver.errors import WrongTopicError
from pipeline.deliver.event_limits import EventLimits
from pipeline.deliver.gate import Gate
from pipeline.deliver.hot_shard import HotShard
from pipeline.deliver.leak_stop import LeakStop
from pipeline.deliver.limits import Limits
from pipeline.deliver.packer import Packer
from pipeline.deliver.pause import Pause
from pipeline.deliver.profiles import Profiles, apart
from pipeline.deliver.reasons import DeliveryRejectReason, Fate, HaltWhy
from pipeline.deliver.rejections import RecordRejections, Refused, Rejector
from pipeline.deliver.sender import BeforeAttempt, Sender
from pipeline.ops.account import ServiceAccount
from pipeline.ops.credentials import MixpanelProject
from pipeline.ops.metric_table import CONCURRENCY_LIMIT, OLDEST_UNSENT_EVENT_AGE_SECONDS
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import DeliverSettings
from pipeline.stream.agent import fail_stop as end_process
from pipeline.stream.chunk import Chunk, Record
from pipeline.stream.topics import clean_topic

HELD_BYTES = 64 * 1024 * 1024
"""Values that may be held before `room` makes further chunks wait. Chunks already past it come on top."""

_REPORT_S = 1.0
_CLOSE_S = 8.0


class Delivery:
    """Takes chunks of `events.clean.<region>` only, and sends to that region's project only.

    record_rejections: returns when the broker has confirmed the rejections. policy: version of the policy in
    force, for rejections; see `under`. pause: what holds the region while the kill switch says so. gate: what holds it
    while Mixpanel refuses it, or has not been asked. account: whose secret may change while it runs.
    fail_stop: gets every failure that is not one of the expected answers; it must end the process, since the
    chunks concerned are neither settled nor failed.
    before_attempt: see `BeforeAttempt`. leaks: looks at every batch before each attempt (R35). checks: looks for events
    over a limit, likewise. hot_shard: counts each person's events. Construct it in the event loop, then call `start`.
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
        account: ServiceAccount | None = None,
        checks: EventLimits | None = None,
        hot_shard: HotShard | None = None,
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
            project,
            metrics,
            connections=settings.concurrency,
            timeout_s=settings.request_timeout_s,
            account=account,
        )
        self._limits = Limits(region, settings.max_events, settings.max_bytes)
        self._packer = Packer(self._limits, settings.linger_s)
        self._rejector = Rejector(region, policy, record_rejections, metrics)
        self.pause = Pause(region, metrics)
        self.gate = Gate(region, metrics)
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
            gate=self.gate,
            places=Concurrency(
                settings.concurrency,
                slow=settings.slow_ratio,
                changed=lambda limit: metrics.set(CONCURRENCY_LIMIT, limit, region=region),
            ),
            checks=checks,
        )
        self._profiles = Profiles(project, settings, self._sender, metrics)
        self._leaks = leaks
        self._hot_shard = hot_shard
        self._batches: asyncio.Queue[Batch] = asyncio.Queue()  # bounded by what is held, see `room`
        self._tickets: set[Ticket] = set()
        self._held = 0
        self._space = asyncio.Event()
        self._space.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def halted(self) -> HaltWhy | None:
        """Why Mixpanel's answers have stopped this region, or None."""
        return self.gate.halted

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
        self._profiles.open()
        for work in self._profiles.work():
            self._spawn(work)
        for _ in range(self._concurrency):
            self._spawn(self._work())
        self._spawn(self._report())

    async def room(self) -> None:
        """Return when another chunk may be offered; not while a halted region holds all that may be held.

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

    async def finish(self) -> bool:
        """Send what is held, without waiting for more; return True when all is settled, False at once if it cannot be.

        However this ends, cancelled for instance, nothing is sent afterwards. A request that is cut off may have been
        stored; the restart sends the same bytes, and Mixpanel keeps one.
        """
        if self._timer is not None:
            self._timer.cancel()
        self._put(self._packer.flush())
        unsettled = [ticket.done for ticket in self._tickets]
        held = self.pause.on or self.gate.closed or (self._leaks is not None and self._leaks.on)
        try:
            if not unsettled or held:
                return not unsettled
            await asyncio.wait(unsettled)
            return True
        finally:
            self._stop_sending()

    async def close(self, timeout_s: float = _CLOSE_S) -> None:
        """Finish if that takes no longer than `timeout_s` seconds, then stop. What is not settled stays unsettled."""
        if timeout_s > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.finish(), timeout_s)
        await asyncio.gather(*self._stop_sending(), return_exceptions=True)
        await self._client.close()
        await self._profiles.close()

    def _stop_sending(self) -> list[asyncio.Task[None]]:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        return tasks

    def _queue(self, chunk: Chunk, done: asyncio.Future[Fates]) -> None:
        if chunk.tp.topic != self._topic:
            raise WrongTopicError(f"{chunk.tp.topic} is not the topic of region {self._region}")
        ticket = Ticket(chunk, done)
        self._tickets.add(ticket)
        self._held += ticket.size
        done.add_done_callback(lambda _: self._release(ticket))
        events, updates = apart(chunk.records)
        self._pack(ticket, *self._cool(ticket, events), updates)

    def again(self, batch: Batch) -> None:
        """Queue records once more that were taken out of a batch and not settled."""
        first = 0
        for ticket, count in batch.shares:
            events, updates = apart(batch.records[first : first + count])
            self._pack(ticket, events, [], updates)
            first += count

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Do something after a while, unless sending has stopped by then. It fails as sending does."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            work()

        self._spawn(wait())

    def _pack(
        self, ticket: Ticket, events: Sequence[Record], refused: list[Refused], updates: Sequence[Record]
    ) -> None:
        packed = self._packer.add(ticket, events, self._loop.time())
        packed.refused += refused
        if updates:
            packed.refused += self._profiles.add(ticket, updates, self._loop.time())
        for batch in packed.full:
            self._put(batch)
        if packed.refused:
            self._spawn(self._reject(ticket, packed.refused))
        self._set_timer()

    def _cool(self, ticket: Ticket, events: Sequence[Record]) -> tuple[Sequence[Record], list[Refused]]:
        """Return the events of a chunk, without those that are too many of one person's, and those."""
        over = frozenset(self._hot_shard.over(events)) if self._hot_shard is not None else ()
        if not over:
            return events, []
        refused = [Refused(ticket.tp, events[place].offset, DeliveryRejectReason.HOT_SHARD) for place in sorted(over)]
        return [event for place, event in enumerate(events) if place not in over], refused

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
        while True:
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
