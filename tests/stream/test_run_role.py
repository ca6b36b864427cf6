"""The loop of every role: order, window, failure, and what a rebalance or the end of the stream leaves behind."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.stream.agent import fail_stop, run_role
from pipeline.stream.chunk import Chunk, TopicPartition
from pipeline.stream.ending import Ending

END = object()


class Signal:
    def __init__(self) -> None:
        self.handlers: list[Callable[..., Any]] = []

    def connect(self, handler: Callable[..., Any]) -> None:
        self.handlers.append(handler)

    def disconnect(self, handler: Callable[..., Any]) -> None:
        self.handlers.remove(handler)


class Stream:
    """What of a Faust stream the loop uses; acknowledgements are listed by the chunk's number."""

    def __init__(self) -> None:
        self.app = SimpleNamespace(on_partitions_revoked=Signal())
        self.acked: list[int] = []
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    def noack(self) -> "Stream":
        return self

    def put(self, *numbers: int) -> None:
        for number in numbers:
            record = SimpleNamespace(offset=number, timestamp=0, key=None, value=b"secret")
            chunk = Chunk(TopicPartition("source", 0), [record])
            self._queue.put_nowait(SimpleNamespace(value=chunk))

    def close(self) -> None:
        self._queue.put_nowait(END)

    def fail(self, error: Exception) -> None:
        self._queue.put_nowait(error)

    async def events(self) -> AsyncIterator[Any]:
        while (event := await self._queue.get()) is not END:
            if isinstance(event, Exception):
                raise event
            yield event

    async def ack(self, event: Any) -> None:
        await asyncio.sleep(0)
        self.acked.append(event.value.first_offset)

    async def revoke(self) -> None:
        for handler in self.app.on_partitions_revoked.handlers:
            await handler({}, set(), signal="on_partitions_revoked")


class Role:
    """Waits and delivers when it is told to: `ready` and `done` hold a future for each chunk."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.ready = [loop.create_future() for _ in range(8)]
        self.done = [loop.create_future() for _ in range(8)]
        self.prepared: list[int] = []
        self.begun: list[int] = []
        self.error: Exception | None = None

    async def prepare(self, chunk: Chunk) -> None:
        self.prepared.append(chunk.first_offset)
        await self.ready[chunk.first_offset]

    def begin(self, chunk: Chunk) -> "asyncio.Future[None]":
        self.begun.append(chunk.first_offset)
        if self.error is not None:
            raise self.error
        return self.done[chunk.first_offset]

    def make_ready(self, *numbers: int) -> None:
        for number in numbers:
            self.ready[number].set_result(None)

    def finish(self, *numbers: int) -> None:
        for number in numbers:
            self.done[number].set_result(None)


class Running:
    def __init__(self, **options: Any) -> None:
        self.stream = Stream()
        self.role = Role()
        self.failures: list[BaseException] = []
        coroutine = run_role(self.stream, self.role, fail_stop=self.failures.append, **options)
        self.task = asyncio.create_task(coroutine)


@contextlib.asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Running]:
    """Run the loop in the block; afterwards no task and no signal handler of it may be left."""
    before = asyncio.all_tasks()
    run = Running(**options)
    try:
        yield run
    finally:
        run.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run.task
        assert asyncio.all_tasks() == before
        assert run.stream.app.on_partitions_revoked.handlers == []


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_every_chunk_is_prepared_on_arrival_and_begun_in_order() -> None:
    async with running() as run:
        run.stream.put(0, 1, 2)
        await settle()
        assert run.role.prepared == [0, 1, 2]
        run.role.make_ready(2, 1)
        await settle()
        assert run.role.begun == []
        run.role.make_ready(0)
        await settle()
        assert run.role.begun == [0, 1, 2]


async def test_acknowledgements_are_in_order_whatever_finishes_first() -> None:
    async with running() as run:
        run.stream.put(0, 1, 2)
        run.role.make_ready(0, 1, 2)
        run.role.finish(2, 1)
        await settle()
        assert run.role.begun == [0, 1, 2]
        assert run.stream.acked == []
        run.role.finish(0)
        await settle()
        assert run.stream.acked == [0, 1, 2]


async def test_the_window_bounds_what_is_between_arrival_and_acknowledgement() -> None:
    async with running(window=2) as run:
        run.stream.put(0, 1, 2, 3)
        await settle()
        assert run.role.prepared == [0, 1]
        run.role.make_ready(0, 1)
        await settle()
        assert run.role.prepared == [0, 1]  # begun is not enough
        run.role.finish(0)
        await settle()
        assert run.stream.acked == [0]
        assert run.role.prepared == [0, 1, 2]


async def test_the_loop_gives_way_between_chunks() -> None:
    """Otherwise a window of long chunks would silence the health endpoint."""
    async with running() as run:
        run.stream.put(0, 1, 2)
        await settle()
        run.role.make_ready(0, 1, 2)
        seen: list[int] = []
        while len(run.role.begun) < 3:
            await asyncio.sleep(0)
            seen.append(len(run.role.begun))
        assert {1, 2} <= set(seen)


async def test_a_closed_stream_ends_the_loop_without_a_failure() -> None:
    async with running() as run:
        run.stream.put(0, 1)
        run.role.make_ready(0)
        await settle()
        run.stream.close()
        await asyncio.wait_for(run.task, 60)
        assert run.failures == []
        assert run.role.ready[1].cancelled()


async def test_cancelling_leaves_nothing_behind_and_acknowledges_nothing() -> None:
    cleaned_up: list[bool] = []

    async def background() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await settle()
            cleaned_up.append(True)

    async with running(background=[background]) as run:
        run.stream.put(0, 1)
        run.role.make_ready(0)
        await settle()
    assert cleaned_up == [True]
    assert run.stream.acked == []
    assert run.failures == []


async def test_failures_anywhere_stop_the_process_without_an_acknowledgement() -> None:
    def stream_fails(run: Running) -> None:
        run.stream.fail(ValueError())

    def prepare_fails(run: Running) -> None:
        run.role.ready[0].set_exception(ValueError())

    def begin_fails(run: Running) -> None:
        run.role.error = ValueError()
        run.role.make_ready(0)

    def delivery_fails(run: Running) -> None:
        run.role.make_ready(0)
        run.role.done[0].set_exception(ValueError())

    for cause in (stream_fails, prepare_fails, begin_fails, delivery_fails):
        async with running() as run:
            run.stream.put(0, 1)
            run.role.finish(1)
            await settle()
            cause(run)
            await asyncio.wait_for(run.task, 60)
            assert [type(error) for error in run.failures] == [ValueError], cause
            assert run.stream.acked == []


@pytest.mark.parametrize("stage", ["ready", "done"])
async def test_a_future_that_somebody_cancelled_is_a_failure_too(stage: str) -> None:
    """A chunk may never leave the loop unseen: it would be neither delivered nor repeated."""
    async with running() as run:
        run.stream.put(0)
        if stage == "done":
            run.role.make_ready(0)
        await settle()
        getattr(run.role, stage)[0].cancel()
        await asyncio.wait_for(run.task, 60)
        assert [type(error) for error in run.failures] == [asyncio.CancelledError]


@pytest.mark.parametrize("error", [None, OSError()])
async def test_a_background_task_that_ends_stops_the_process(error: Exception | None) -> None:
    async def background() -> None:
        await asyncio.sleep(0)
        if error is not None:
            raise error

    async with running(background=[background]) as run:
        await asyncio.wait_for(run.task, 60)
        assert [type(failure) for failure in run.failures] == [type(error) if error else RuntimeError]


async def test_a_rebalance_drops_what_has_not_begun_and_work_goes_on_after_it() -> None:
    async with running() as run:
        run.stream.put(0, 1, 2)
        run.role.make_ready(0, 2)  # 2 is ready, but its turn has not come
        await settle()
        await run.stream.revoke()
        run.stream.put(3)
        run.role.make_ready(3)
        await settle()
        assert run.role.begun == [0, 3]
        assert run.role.ready[1].cancelled()
        run.role.finish(0, 3)
        await settle()
        assert run.stream.acked == [0, 3]
        assert run.failures == []


async def test_a_chunk_that_waited_for_room_during_a_rebalance_is_dropped() -> None:
    async with running(window=1) as run:
        run.stream.put(0, 1)
        run.role.make_ready(0, 1, 2)
        await settle()
        await run.stream.revoke()
        run.role.finish(0, 2)
        run.stream.put(2)
        await settle()
        assert run.role.begun == [0, 2]
        assert run.stream.acked == [0, 2]


async def test_an_orderly_end_begins_nothing_more_and_acknowledges_what_has_begun() -> None:
    ending = Ending()
    async with running(ending=ending, window=3) as run:
        run.stream.put(0, 1, 2, 3)  # 3 waits for room
        run.role.make_ready(0, 1, 3, 4)
        await settle()
        ending.call()
        over = asyncio.create_task(ending.ended())
        run.stream.put(4)
        await settle()
        assert run.role.begun == [0, 1]
        assert run.role.prepared == [0, 1, 2]
        assert run.role.ready[2].cancelled()
        run.role.finish(0)
        await settle()
        assert run.stream.acked == [0]
        assert not over.done()
        run.role.finish(1)
        await asyncio.wait_for(over, 60)
        assert run.stream.acked == [0, 1]
        assert run.role.begun == [0, 1]
        assert run.failures == []


async def test_an_agent_that_starts_during_the_end_begins_nothing() -> None:
    ending = Ending()
    ending.call()
    async with running(ending=ending) as run:
        run.role.make_ready(0)
        run.stream.put(0)
        await settle()
        assert run.role.begun == []
        await asyncio.wait_for(ending.ended(), 60)


async def test_an_agent_that_has_stopped_is_not_waited_for() -> None:
    ending = Ending()
    async with running(ending=ending) as run:
        run.stream.put(0)
        run.role.make_ready(0)
        await settle()
        run.stream.close()
        await asyncio.wait_for(run.task, 60)
        await asyncio.wait_for(ending.ended(), 60)


def test_fail_stop_ends_the_process_and_writes_no_value(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Ended(BaseException):
        pass

    def leave(status: int) -> None:
        raise Ended(status)

    monkeypatch.setattr("pipeline.stream.agent.os._exit", leave)
    with caplog.at_level(logging.INFO), pytest.raises(Ended) as ended:
        fail_stop(ValueError("secret"))
    assert ended.value.args == (1,)
    text = " ".join(str(entry.msg) for entry in caplog.records)
    assert "ValueError" in text
    assert "secret" not in text
