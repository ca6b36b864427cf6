"""Many waits for the same thing as few questions."""

import asyncio
from collections.abc import Awaitable, Callable


class SharedWait:
    """Waits by partition: at most one is under way, and one more for all who came after it began.

    Who joins a wait that had begun before would learn about a moment that was too early.
    """

    def __init__(self, wait: Callable[[int], Awaitable[None]]) -> None:
        self._wait = wait
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        self._running: dict[int, asyncio.Task[None]] = {}

    async def __call__(self, partition: int) -> None:
        """Return when a wait is over that began after this call."""
        passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(partition, []).append(passed)
        if partition not in self._running:
            self._running[partition] = asyncio.create_task(self._run(partition))
        await passed

    async def close(self) -> None:
        """Give every wait up."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, partition: int) -> None:
        served: list[asyncio.Future[None]] = []
        try:
            while served := self._waiting.pop(partition, []):
                await self._wait(partition)
                for passed in served:
                    if not passed.done():
                        passed.set_result(None)
        except Exception as exc:  # noqa: BLE001 - handed to everybody who waited for it
            for passed in (*served, *self._waiting.pop(partition, [])):
                if not passed.done():
                    passed.set_exception(exc)
        finally:
            del self._running[partition]
