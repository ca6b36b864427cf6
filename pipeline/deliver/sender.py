"""One batch to its end: delivered, rejected, or held because the region is halted."""

from collections.abc import Awaitable, Callable
from typing import assert_never

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
from pipeline.deliver.leak_stop import LeakStop, Seen
from pipeline.deliver.limits import Limits
from pipeline.deliver.pause import Pause
from pipeline.deliver.reasons import BatchResult, DeliveryRejectReason, Fate, HaltWhy, RetryWhy
from pipeline.deliver.rejections import Refused, Rejector
from pipeline.ops.logging import get_logger
from pipeline.ops.metric_table import (
    BATCH_BYTES,
    BATCH_EVENTS,
    BATCHES,
    DELIVERED_EVENTS,
    DELIVERY_HALTED,
    RETRIES,
)
from pipeline.ops.metrics import Metrics

BeforeAttempt = Callable[[Batch], Awaitable[Batch]]
"""Sees a batch before each attempt, repeated ones too, and returns what of it may leave at that moment.

It is the last wait before the request, and may be a long one. It settles what it takes out, and returns the very same
batch when that is nothing.
"""

_HALT = {401: HaltWhy.UNAUTHORIZED, 403: HaltWhy.FORBIDDEN}
_log = get_logger(__name__)


class Sender:
    """Sends the batches of one region; several at a time may be in `send`, they share limits and back-off.

    halted: set for good by an answer 401 or 403. From then on nothing is sent and nothing is settled.
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
        leaks: LeakStop | None = None,
    ) -> None:
        self._region = region
        self._leaks = leaks
        self._client = client
        self._limits = limits
        self._backoff = backoff
        self._pause = pause
        self._rejector = rejector
        self._metrics = metrics
        self._before_attempt = before_attempt
        self.halted: HaltWhy | None = None

    async def send(self, batch: Batch) -> None:
        """Return when every event of the batch is settled, or when the region is halted.

        It tries for ever: with no answer the same bytes are sent again, which Mixpanel stores once because of
        `$insert_id` (https://docs.mixpanel.com/reference/event-deduplication). Raises what recording a
        rejection raises.
        """
        unsent = [batch]  # a stack, the earliest events on top
        while unsent:
            await self._pause.over()
            began_in = await self._backoff.ready()
            if self._pause.on:
                continue
            part = unsent.pop()
            if part.size > self._limits.target and len(part.records) > 1:
                unsent.extend(reversed(part.halves()))
                continue
            body, seen = await self._encoded(part)
            left = await self._before_attempt(part)
            if self.halted:
                return
            if left is part and seen is not None and self._leaks is not None:
                left = await self._leaks.take_out(part, seen, self._rejector)
            # Nothing may be waited for from here to the request: it would send what was suppressed meanwhile.
            held = self._leaks is not None and self._leaks.on
            if held or left is not part or self._pause.on or began_in != self._backoff.round:
                if left.records:
                    unsent.append(left)
                if held and self._leaks is not None:
                    await self._leaks.over()
                continue
            answer = await self._client.post(body, len(part.records))
            self._metrics.observe(BATCH_EVENTS, len(part.records))
            self._metrics.observe(BATCH_BYTES, part.size)
            unsent.extend(reversed(await self._conclude(part, answer, began_in)))
            if self.halted:
                return

    async def _encoded(self, part: Batch) -> tuple[bytes, Seen | None]:
        """Return the body, and what the leak stop has seen in it before it was compressed."""
        if self._leaks is None:
            return await self._client.encode(part.values), None
        return await self._client.encode_seen(part.values, self._leaks.look)

    async def _conclude(self, part: Batch, answer: Answer, began_in: int) -> tuple[Batch, ...]:
        """Act on an answer; return what of the part is still to be sent, in order."""
        match answer:
            case Busy(retry_after):
                return self._retry(part, RetryWhy.RATE_LIMITED, began_in, retry_after)
            case Unavailable(retry_after):
                return self._retry(part, RetryWhy.UNAVAILABLE, began_in, retry_after)
            case NotAnAnswer():
                return self._retry(part, RetryWhy.NOT_ACKNOWLEDGED, began_in, None)
            case Unauthorized(status):
                self._halt(_HALT[status], status)
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
                self._limits.learn(limit, part.size, len(part.records))
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

    def _halt(self, why: HaltWhy, status: int) -> None:
        if self.halted is None:
            self.halted = why
            self._metrics.set(DELIVERY_HALTED, 1, region=self._region, why=why)
            _log.error(
                "delivery halted: nothing more is sent to the region, offsets are kept",
                region=self._region,
                why=why.value,
                status=status,
            )


def _refused(part: Batch, failed: FailedRecord) -> Refused:
    return Refused(
        part.tp_of(failed.index),
        part.records[failed.index].offset,
        DeliveryRejectReason.REFUSED_BY_MIXPANEL,
        failed.field,
    )
