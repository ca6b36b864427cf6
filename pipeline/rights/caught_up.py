"""Waiting until the consent watch has dealt with everything that was on a partition, whichever worker it runs in."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from pipeline.ops.errors import ConfigError
from pipeline.ops.logging import get_logger
from pipeline.stream.log_reader import LogReader

LOOK_S = 0.25

log = get_logger(__name__)
T = TypeVar("T")


class CaughtUp:
    """Asks the broker for the end of a partition of `consent`, and for how far the watch's group has committed.

    It waits on while the broker does not answer. reader: of the consent topic, in the group of the watch, for this
    object alone.
    """

    def __init__(self, reader: LogReader, partitions: int) -> None:
        self._reader = reader
        self._partitions = partitions
        self._thread = ThreadPoolExecutor(1, "caught-up")  # the reader is for one thread at a time

    async def wait(self, partition: int) -> None:
        """Return when everything that was on the partition at the time of the call is dealt with."""
        while (bounds := await self._ask(partial(self._reader.bounds, partition))) is None:  # noqa: ASYNC110  # polls Kafka
            await asyncio.sleep(LOOK_S)
        end, before = bounds[1], -1
        while True:
            done = await self._ask(partial(self._position, partition, end, before))
            if done is not None and done >= end:
                return
            before = before if done is None else done
            await asyncio.sleep(LOOK_S)

    async def close(self) -> None:
        """Let go of the connections."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._reader.close)
        self._thread.shutdown(wait=False)

    async def _ask(self, question: Callable[[], T]) -> T | None:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, question)
        except ConfigError:
            log.warning("the broker does not say how far consent is dealt with")
            return None

    def _position(self, partition: int, end: int, before: int) -> int:
        """Return how far the watch has come.

        An end that it cannot reach, because no record stands there any more or ever did (compaction, the markers of
        transactions), is found once it has stood still for a look.
        """
        saved, (low, _) = self._reader.saved(self._partitions).get(partition), self._reader.bounds(partition)
        done = max(low, saved.offset if saved is not None else 0)
        if done < end and done == before and next(self._reader.read(partition, done, end), None) is None:
            return end
        return done
