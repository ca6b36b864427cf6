"""The loop of every role: prepare on arrival, begin in order, acknowledge in order, stop on any surprise.

A chunk passes three stages. `prepare` is started the moment it arrives, so that what several chunks have to
wait for (a consent barrier, say) is waited for once. `begin` runs strictly in arrival order and returns a
future that resolves when every result of the chunk is safe elsewhere. The acknowledgement follows, again
strictly in order: an offset that is committed says that everything before it is done.

An agent that raises makes Faust commit what it was working on. So nothing is raised here: a failure ends the
process at once, nothing unacknowledged was ever committed, and the restart gets those chunks again.

An orderly end (`pipeline.stream.ending`) begins no more chunks and lets those that have begun be acknowledged, so that
the restart repeats none.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any, NoReturn, Protocol, cast

from pipeline.ops.logging import get_logger
from pipeline.stream.chunk import Chunk
from pipeline.stream.ending import Ending

WINDOW = 16  # chunks between arrival and acknowledgement; enough to hide the broker's round trip

log = get_logger(__name__)

FailStop = Callable[[BaseException], object]
Background = Callable[[], Coroutine[Any, Any, object]]


class ChunkRole(Protocol):
    """What a worker does with a chunk. Exceptions from either method stop the process."""

    async def prepare(self, chunk: Chunk) -> None:
        """Wait for whatever must be known before the chunk may be judged.

        Started for each chunk as it arrives, many at a time. It may wait without end; it is cancelled when
        the partitions are revoked or the stream closes, and the chunk is then delivered again to whoever owns
        it.
        """

    def begin(self, chunk: Chunk) -> "asyncio.Future[None]":
        """Process the chunk and start delivery of its results; called in arrival order.

        Returns a future that resolves when every result is confirmed, and fails when one never will be.
        """


def fail_stop(exc: BaseException) -> NoReturn:
    """End the process without any cleanup, which is what keeps offsets honest.

    Logs the exception's type and the code locations it passed, never its text: that may hold a value.
    """
    log.critical("fail-stop: nothing unacknowledged was committed", exc_info=exc)
    os._exit(1)


class _Passage:
    """A chunk on its way through the stages."""

    __slots__ = ("chunk", "done", "event", "ready", "revoked")

    def __init__(self, event: Any, ready: "asyncio.Task[None]") -> None:
        self.event = event
        self.chunk: Chunk = event.value
        self.ready = ready
        self.revoked = False
        self.done: asyncio.Future[None] | None = None


class _Pipeline:
    """The stages of one agent, its window and its tasks."""

    def __init__(self, stream: Any, role: ChunkRole, window: int) -> None:
        self._stream = stream
        self._role = role
        self._space = asyncio.Semaphore(window)
        self._arrived: asyncio.Queue[_Passage] = asyncio.Queue()
        self._begun: asyncio.Queue[_Passage] = asyncio.Queue()
        self._waiting: deque[_Passage] = deque()  # prepared or preparing, not begun
        self._revocations = 0
        self._under_way = 0  # begun, not acknowledged
        self._idle = asyncio.Event()
        self._idle.set()
        self._ending = False

    async def receive(self) -> None:
        """Take chunks from the stream while the window has room, and start preparing each."""
        async for event in cast("AsyncIterator[Any]", self._stream.events()):
            seen = self._revocations
            await self._space.acquire()
            if self._ending or seen != self._revocations:  # revoked while it waited for room: it will come again
                self._space.release()
                continue
            ready = asyncio.ensure_future(self._role.prepare(event.value))
            passage = _Passage(event, ready)
            self._waiting.append(passage)
            self._arrived.put_nowait(passage)

    async def begin(self) -> None:
        """Begin chunks in arrival order, each when its preparation is over."""
        while True:
            passage = await self._arrived.get()
            await asyncio.wait((passage.ready,))
            self._waiting.popleft()
            if passage.revoked:  # not ours to judge any more, whatever became of the preparation
                if not passage.ready.cancelled():
                    passage.ready.exception()
                self._space.release()
                continue
            passage.ready.result()
            passage.done = self._role.begin(passage.chunk)
            self._begun.put_nowait(passage)
            self._under_way += 1
            self._idle.clear()
            await asyncio.sleep(0)  # a long chunk must not keep the acker and the health endpoint waiting

    async def acknowledge(self) -> None:
        """Acknowledge chunks in order, each when everything of it is confirmed."""
        while True:
            passage = await self._begun.get()
            assert passage.done is not None
            await passage.done
            await self._stream.ack(passage.event)
            self._space.release()
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    def end(self) -> None:
        """Begin nothing more, and let go of every chunk that has not begun."""
        self._ending = True
        self._let_go()

    async def ended(self) -> None:
        """Return when everything that was begun is acknowledged."""
        await self._idle.wait()

    async def revoked(self, *_args: object, **_kwargs: object) -> None:
        """Let go of every chunk that has not begun; Faust calls this when a rebalance starts."""
        self._let_go()

    def _let_go(self) -> None:
        self._revocations += 1
        for passage in self._waiting:
            passage.revoked = True
            passage.ready.cancel()

    def preparations(self) -> list["asyncio.Task[None]"]:
        """Tasks of the chunks that have not begun."""
        return [passage.ready for passage in self._waiting]


async def run_role(
    stream: Any,
    role: ChunkRole,
    *,
    window: int = WINDOW,
    fail_stop: FailStop = fail_stop,
    background: Iterable[Background] = (),
    ending: Ending | None = None,
) -> None:
    """Run `role` over the chunks of a Faust stream until the stream is closed: the whole body of an agent.

    `background` are coroutine functions that the role needs all the time, `ConfirmedProducer.run` for one;
    they are cancelled with the agent, and one that ends by itself is as fatal as an exception. `ending` tells the agent
    that the process is about to end.
    """
    pipeline = _Pipeline(stream.noack(), role, window)
    ending = ending or Ending()
    ending.join(pipeline)
    signal = stream.app.on_partitions_revoked
    signal.connect(pipeline.revoked)
    receiving = asyncio.ensure_future(pipeline.receive())
    endless = [asyncio.ensure_future(run()) for run in (pipeline.begin, pipeline.acknowledge, *background)]
    try:
        finished, _ = await asyncio.wait((receiving, *endless), return_when=asyncio.FIRST_COMPLETED)
        for task in finished:
            _check_end(task, may_end=task is receiving, fail_stop=fail_stop)
    finally:
        ending.leave(pipeline)
        signal.disconnect(pipeline.revoked)
        tasks = [receiving, *endless, *pipeline.preparations()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _check_end(task: "asyncio.Future[Any]", *, may_end: bool, fail_stop: FailStop) -> None:
    """Fail-stop unless `task` ended as it may: only the stream ends by itself, and only without an error."""
    if task.cancelled():
        fail_stop(asyncio.CancelledError())
    elif (error := task.exception()) is not None:
        fail_stop(error)
    elif not may_end:
        fail_stop(RuntimeError("a task that runs for ever has ended"))
