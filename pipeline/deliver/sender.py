"""One batch to its end: delivered, rejected, or held because the region is halted."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, assert_never

from pipeline.deliver.answers import (
    Accepted,
    Answer,
    Busy,
    FailedRecord,
    NotAnAnswer,
    Partial,
    Refused400,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from pipeline.deliver.backoff import Backoff
from pipeline.deliver.batch import Batch
from pipeline.deliver.client import ImportClient
from pipeline.deliver.concurrency import Concurrency, Permit
from pipeline.deliver.event_limits import EventLimits, Over
from pipeline.deliver.gate import Gate
from pipeline.deliver.leak_stop import LeakStop, Seen
from pipeline.deliver.limits import Limits
from pipeline.deliver.pause import Pause
from pipeline.deliver.reasons import BatchResult, DeliveryRejectReason, Fate, RetryWhy
from pipeline.deliver.rejections import Refused, Rejector
from pipeline.ops.metric_table import (
    BATCH_BYTES,
    BATCH_EVENTS,
    BATCHES,
    DELIVERED_EVENTS,
    RETRIES,
)
from pipeline.ops.metrics import Metrics

BeforeAttempt = Callable[[Batch], Awaitable[Batch]]
"""Sees a batch before each attempt, repeated ones too, and returns what of it may leave at that moment.

It is the last wait before the request, and may be a long one. It settles what it takes out, and returns the very same
batch when that is nothing.
"""


class Route(NamedTuple):
    """One kind of request: who makes it, how large it may be, and what looks at each event in it."""

    client: ImportClient
    limits: Limits
    checks: EventLimits | None = None


class _Ready(NamedTuple):
    """A request that could be sent, and what was seen in it before it was compressed."""

    part: Batch
    body: bytes
    seen: Seen | None
    over: Sequence[Over]
    began_in: int


class Sender:
    """Sends the batches of one region; several at a time may be in `send`, they share limits, places and back-off.

    places: how many requests may be under way. checks: looks for events over a limit.
    gate: closed by an answer 401 or 403. Until somebody reopens it nothing is sent and nothing is settled.
    """

    def __init__(
        self,
        region: str,
        client: ImportClient,
        *,
        limits: Limits,
        backoff: Backoff,
        pause: Pause,
        rejector: Rejector,
        metrics: Metrics,
        before_attempt: BeforeAttempt,
        places: Concurrency,
        leaks: LeakStop | None = None,
        gate: Gate | None = None,
        checks: EventLimits | None = None,
    ) -> None:
        self._region = region
        self._leaks = leaks
        self._places = places
        self._route = Route(client, limits, checks)
        self._backoff = backoff
        self._pause = pause
        self._rejector = rejector
        self._metrics = metrics
        self._before_attempt = before_attempt
        self.gate = gate or Gate(region, metrics)

    async def send(self, batch: Batch, route: Route | None = None) -> None:
        """Return when every event of the batch is settled. route: the one of events.

        It tries for ever: with no answer the same bytes are sent again, which Mixpanel stores once because of
        `$insert_id` (https://docs.mixpanel.com/reference/event-deduplication); updates change nothing when they come
        again. Raises what recording a rejection raises.
        """
        route = route or self._route
        unsent = [batch]  # a stack, the earliest events on top
        while unsent:
            await self._pause.over()
            await self.gate.over()
            began_in = await self._backoff.ready()
            if self._pause.on or self.gate.closed:
                continue
            part = unsent.pop()
            if part.size > route.limits.target and len(part.records) > 1:
                unsent.extend(reversed(part.halves()))
                continue
            body, seen, over = await self._encoded(part, route)
            async with self._places.permit() as permit:
                answer = await self._attempt(_Ready(part, body, seen, over, began_in), route, permit)
            if isinstance(answer, Batch):
                if answer.records:
                    unsent.append(answer)
                if self._leaks is not None:
                    await self._leaks.over()
                continue
            unsent.extend(reversed(await self._conclude(part, answer, began_in, route.limits)))

    async def _encoded(self, part: Batch, route: Route) -> tuple[bytes, Seen | None, Sequence[Over]]:
        """Return the body, and what has been seen in it before it was compressed: leaks, and events over a limit."""
        leaks, checks = self._leaks, route.checks
        if checks is not None:
            body, (seen, over) = await route.client.encode_seen(
                part.values,
                lambda body, values: (
                    leaks.look(body, values) if leaks is not None else None,
                    checks.look(body, values, part.records[-1].timestamp),
                ),
            )
            return body, seen, over
        if leaks is None:
            return await route.client.encode(part.values), None, ()
        return *(await route.client.encode_seen(part.values, leaks.look)), ()

    async def _attempt(self, ready: _Ready, route: Route, permit: Permit) -> Answer | Batch:
        """Send a request and return its answer; or send nothing, and return what is still to be sent of its events."""
        part = ready.part
        left = await self._before_attempt(part)
        if left is part and ready.seen is not None and self._leaks is not None:
            left = await self._leaks.take_out(part, ready.seen, self._rejector)
        held = self._leaks is not None and self._leaks.on
        if left is part and ready.over and not held:
            return await self._set_aside(part, ready.over)
        # Nothing may be waited for from here to the request: it would send what was suppressed meanwhile.
        if held or self._pause.on or self.gate.closed or left is not part or ready.began_in != self._backoff.round:
            return left
        passed_in = self.gate.round
        permit.starts()
        answer = await route.client.post(ready.body, len(part.records))
        if isinstance(answer, Unauthorized):
            self.gate.refused(answer.status, passed_in)
        elif isinstance(answer, Busy | Unavailable):
            permit.refused()
        elif not isinstance(answer, NotAnAnswer):
            permit.answered()
        self._metrics.observe(BATCH_EVENTS, len(part.records))
        self._metrics.observe(BATCH_BYTES, part.size)
        return answer

    async def _set_aside(self, part: Batch, over: Sequence[Over]) -> Batch:
        """Give up the events that Mixpanel would cut or refuse; return the others."""
        await self._rejector.reject(
            [
                Refused(part.tp_of(each.number), part.records[each.number].offset, each.reason, each.field)
                for each in over
            ]
        )
        left, refused = part.apart({each.number for each in over})
        refused.settle(Fate.REJECTED)
        return left

    async def _conclude(self, part: Batch, answer: Answer, began_in: int, limits: Limits) -> tuple[Batch, ...]:
        """Act on an answer; return what of the part is still to be sent, in order."""
        match answer:
            case Busy(retry_after):
                return self._retry(part, RetryWhy.RATE_LIMITED, began_in, retry_after)
            case Unavailable(retry_after):
                return self._retry(part, RetryWhy.UNAVAILABLE, began_in, retry_after)
            case NotAnAnswer():
                return self._retry(part, RetryWhy.NOT_ACKNOWLEDGED, began_in, None)
            case Unauthorized():
                return (part,)
        self._backoff.succeeded(began_in)
        match answer:
            case Accepted():
                self._delivered(part, BatchResult.DELIVERED)
            case Partial(failed):
                await self._rejector.reject([_refused(part, item) for item in failed])
                stored, refused = part.apart({item.index for item in failed})
                refused.settle(Fate.REJECTED)
                self._delivered(stored, BatchResult.PARTIAL)
            case TooLarge(limit):
                limits.learn(limit, part.size, len(part.records))
                return await self._divide(part, DeliveryRejectReason.TOO_LARGE)
            case Refused400():
                return await self._divide(part, DeliveryRejectReason.REFUSED_BY_MIXPANEL)
            case _:
                assert_never(answer)
        return ()

    async def _divide(self, part: Batch, reason: DeliveryRejectReason) -> tuple[Batch, ...]:
        """Halve what was refused as a whole; a single event that is still refused is given up."""
        if len(part.records) > 1:
            self._count(BatchResult.SPLIT)
            return part.halves()
        await self._rejector.reject([Refused(part.tp_of(0), part.records[0].offset, reason)])
        part.settle(Fate.REJECTED)
        self._count(BatchResult.REJECTED)
        return ()

    def _retry(self, part: Batch, why: RetryWhy, began_in: int, retry_after: float | None) -> tuple[Batch, ...]:
        self._metrics.add(RETRIES, region=self._region, why=why)
        self._backoff.failed(began_in, retry_after)
        return (part,)

    def _delivered(self, part: Batch, result: BatchResult) -> None:
        part.settle(Fate.DELIVERED)
        if self._leaks is not None:
            self._leaks.sent(part)
        self._count(result)
        self._metrics.add(DELIVERED_EVENTS, len(part.records), region=self._region)

    def _count(self, result: BatchResult) -> None:
        self._metrics.add(BATCHES, region=self._region, result=result)


def _refused(part: Batch, failed: FailedRecord) -> Refused:
    return Refused(
        part.tp_of(failed.index),
        part.records[failed.index].offset,
        DeliveryRejectReason.REFUSED_BY_MIXPANEL,
        failed.field,
    )
