"""The deliver role's receipts: what has become of each clean event, written when it is certain (R31)."""

import asyncio
from collections.abc import Callable, Mapping

from pipeline.deliver.batch import Fates
from pipeline.deliver.pipeline import Delivery
from pipeline.deliver.reasons import Fate
from pipeline.ledger.decisions import Key
from pipeline.policy.compiled import CompiledPolicy
from pipeline.stream.chunk import Chunk
from pipeline.stream.producer import ConfirmedProducer
from pipeline.workers.receipts import Receipts

CODES: Mapping[Key, str] = {(fate,): str(fate) for fate in Fate}


class Accounted:
    """Hands chunks of `events.clean.<region>` to the delivery; each is done when its receipt is confirmed, too."""

    def __init__(
        self, delivery: Delivery, receipts: Receipts, producer: ConfirmedProducer, policy: Callable[[], CompiledPolicy]
    ) -> None:
        self._delivery = delivery
        self._receipts = receipts
        self._producer = producer
        self._policy = policy
        self._before: asyncio.Future[None] | None = None
        self._finishing: set[asyncio.Task[None]] = set()

    async def prepare(self, chunk: Chunk) -> None:  # noqa: ARG002  # the role's form
        """Wait until what is held leaves room for more."""
        await self._delivery.room()

    def begin(self, chunk: Chunk) -> "asyncio.Future[None]":
        """Queue the chunk; the future resolves when every fate is certain, and the receipt that says so is written."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._finish(chunk, self._delivery.offer(chunk), self._before, written))
        self._before = written
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)
        return task

    def close(self) -> None:
        """Give up the chunks that are not settled; nothing of them is acknowledged."""
        for task in self._finishing:
            task.cancel()

    async def _finish(
        self,
        chunk: Chunk,
        settled: "asyncio.Future[Fates]",
        before: "asyncio.Future[None] | None",
        written: "asyncio.Future[None]",
    ) -> None:
        """Write the receipt after that of the chunk before, for it names that one."""
        fates: dict[int, Key] = {offset: (fate,) for fate, offsets in await settled for offset in offsets}
        if before is not None:
            await before
        batch = self._producer.batch()
        self._receipts.add(chunk, [fates[record.offset] for record in chunk.records], self._policy(), batch)
        written.set_result(None)
        await batch.done()
