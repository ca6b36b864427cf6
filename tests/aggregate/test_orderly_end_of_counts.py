"""An aggregator that is told to end finishes the windows it is in the middle of, and begins no other."""

import asyncio
from types import SimpleNamespace
from typing import Any

from pipeline.aggregate.closer import Closer, Topics
from pipeline.aggregate.windows import Windows


class Log:
    """One partition without windows; `barrier` is held until the test lets it pass."""

    def __init__(self) -> None:
        self.held = asyncio.Event()
        self.asked = 0
        self._state: Any = SimpleNamespace(complete=True, closed={}, due=lambda *_: ["a window"])

    def state(self, partition: int, /) -> Windows | None:  # noqa: ARG002
        self.asked += 1
        found: Windows = self._state
        return found

    async def barrier(self, partition: int, /) -> Windows:  # noqa: ARG002
        await self.held.wait()
        found: Windows = SimpleNamespace(closed={})  # type: ignore[assignment]
        return found


async def test_what_is_under_way_is_finished_and_nothing_is_begun() -> None:
    log = Log()
    nothing: Any = SimpleNamespace(grace_ms=0, k=20, sender=None)
    producer: Any = Producer()
    closer = Closer(
        log, producer, Topics("aggregates", "clean"), terms=lambda: nothing, emitted=print, now_ms=lambda: 0
    )
    log._state.due = lambda *_: [(0, 3_600_000)]
    looking = asyncio.create_task(closer.look(0))
    await asyncio.sleep(0)
    over = asyncio.create_task(closer.finish())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not looking.done()
    assert not over.done()
    log.held.set()
    await asyncio.wait_for(over, 60)
    assert looking.done()
    asked = log.asked
    await closer.look(0)
    assert log.asked == asked


class Producer:
    """Confirms everything at once."""

    def batch(self) -> Any:
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return SimpleNamespace(add=lambda *_: None, done=lambda: done)
