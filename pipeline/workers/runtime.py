"""What every worker has around its role: the Faust app, metrics and health, progress, an orderly start and end."""

import asyncio
import contextlib
import gc
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol, cast

from faust.types import TP

from pipeline.core.built import build
from pipeline.ops import metric_table as table
from pipeline.ops.errors import ConfigError
from pipeline.ops.health import Progress, Readiness
from pipeline.ops.http import OpsServer
from pipeline.ops.logging import get_logger
from pipeline.ops.memory_limit import memory_limit
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.stream.agent import ChunkRole, fail_stop, run_role
from pipeline.stream.app import create_app, run_worker
from pipeline.stream.ending import Ending
from pipeline.stream.transport import ChunkConsumer, ChunkSchema
from pipeline.workers.bounds import Bounds
from pipeline.workers.waiting import Noted, Waiting

log = get_logger(__name__)

WATCH_S = 1.0
GC_THRESHOLD = (50_000, 20, 100)
FINISH_S, COMMIT_S = 5.0, 1.0  # of the 10 s that a worker has to stop; Faust and the room take the rest
MAX_STALL_S = 60.0  # with work to do and no commit for this long, a worker is not ready


class Room(Protocol):
    """A role with what it needs around it. It is built, started and closed in the worker's event loop."""

    @property
    def role(self) -> ChunkRole:
        """Return what the agent runs."""

    async def start(self) -> None:
        """Start what the role depends on."""

    async def finish(self) -> bool:
        """Hurry what the role holds and return when it is done; nothing comes any more. False: that cannot be now.

        It may take as long as it likes, since it is cancelled in time. Whatever it leaves undone must not go on.
        """

    async def close(self) -> None:
        """Stop it again, within 3 s; nothing that is unconfirmed may be acknowledged."""

    @property
    def window(self) -> int:
        """Return how many chunks may be between arrival and acknowledgement."""

    def assigned(self, partitions: frozenset[int]) -> None:
        """Take note of the whole present assignment."""

    def checks(self) -> Mapping[str, bool]:
        """Return the role's own conditions for being ready."""

    def unknown(self) -> Mapping[str, int]:
        """Return the names of properties that no schema lists, and how many events had them."""

    def publish(self) -> None:
        """Set gauges that only matter when somebody looks; called every second."""


class Runtime:
    """One worker process: `name` is its role, `topic` the full name of what it consumes in chunks."""

    def __init__(
        self,
        settings: Settings,
        name: str,
        topic: str,
        group: str,
        metrics: Metrics,
        room: Callable[[], Room],
    ) -> None:
        self._name = name
        self._topic = topic
        self._metrics = metrics
        self._make_room = room
        self._room: Room | None = None
        self._progress = Progress(MAX_STALL_S)
        self._bounds = Bounds()
        self._waiting = Waiting()
        self._ending = Ending()
        self._failure: ConfigError | None = None
        self._watching: asyncio.Task[None] | None = None
        self._server = OpsServer(
            metrics,
            self.readiness,
            settings.ops.bind,
            settings.ops.port,
            port_file=settings.ops.port_file,
            unknown=lambda: self._room.unknown() if self._room is not None else {},
        )
        self.app = create_app(settings, group, {topic})
        self.app.before_start, self.app.before_stop, self.app.after_stop = self._start, self._finish, self._stop
        self.app.on_partitions_assigned.connect(cast("Any", self._assigned))
        self.app.agent(self.app.topic(topic, schema=ChunkSchema()), name=f"{name}.{topic}")(self._agent)

    def run(self) -> int:
        """Work until a signal or a crash; return the exit status. Raise ConfigError if it could not start."""
        # The records of a chunk live as long as the chunk does; looking for cycles among them every 700 allocations
        # takes a tenth of the time and finds nothing.
        gc.set_threshold(*GC_THRESHOLD)
        status = run_worker(self.app)
        if self._failure is not None:
            raise self._failure
        return status

    def readiness(self) -> Readiness:
        """Say whether this worker has partitions, knows what it needs to know, and moves."""
        room = self._room
        checks = {
            "partitions_assigned": bool(self.app.consumer.assignment()) and not self.app.rebalancing,
            "progress": not self._progress.stalled(),
            **(room.checks() if room is not None else {"started": False}),
        }
        return Readiness(checks, tuple(name for name, holds in checks.items() if not holds))

    async def _agent(self, stream: Any) -> None:
        room = self._room
        assert room is not None  # agents start after _start
        await run_role(stream, Noted(room.role, self._waiting), window=room.window, ending=self._ending)

    async def _start(self) -> None:
        try:
            await self._server.start()
        except ConfigError as exc:
            self._failure = exc
            raise
        self._metrics.set(table.MEMORY_LIMIT_BYTES, memory_limit())
        self._room = self._make_room()
        await self._room.start()
        self._watching = endless(self._watch())
        log.info("worker started", role=self._name, port=self._server.port, core=build())

    async def _finish(self) -> None:
        """Take nothing more, let what has begun be done, and commit it: then a restart repeats nothing."""
        log.info("worker is asked to end", role=self._name)
        consumer = cast("ChunkConsumer", self.app.consumer)
        consumer.ending = True
        self._ending.call()
        if self._room is None:
            return
        done = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_S):
                done = await self._room.finish()
                if done:
                    await self._ending.ended()
        if not done:
            log.warning("not everything could be finished before the end: the rest comes again", role=self._name)
        try:
            await asyncio.wait_for(consumer.commit_all(), COMMIT_S)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the records will just come again
            log.warning("commit before the end failed", error_type=type(exc).__name__)

    async def _stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        if self._room is not None:
            await self._room.close()
        await self._server.stop()

    async def _assigned(self, _app: object, assigned: set[TP], **_kwargs: object) -> None:
        mine = {tp for tp in assigned if tp.topic == self._topic}
        for partition in self._progress.partitions() - mine:
            self._waiting.forget(partition)
            for metric in (table.CONSUMER_LAG_RECORDS, table.OLDEST_UNCOMMITTED_RECORD_AGE_SECONDS):
                self._metrics.remove(metric, topic=partition[0], partition=str(partition[1]))
        self._progress.assign(mine)
        log.info("partitions assigned", role=self._name, count=len(mine))
        if self._room is not None:
            self._room.assigned(frozenset(tp.partition for tp in mine))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            self._look()

    def _look(self) -> None:
        consumer, metrics = cast("Any", self.app.consumer), self._metrics
        quiet = []
        for tp in self._progress.partitions():
            committed = consumer.committed.get(TP(*tp))
            end = _end_of(consumer, TP(*tp))
            if committed is None or end is None:
                quiet.append(tp)
                first, last = self._bounds.of(tp)
                committed, end = first if committed is None else committed, last if end is None else end
            self._progress.update(tp, committed, end)
            lag = self._progress.lag(tp)
            if lag is not None:
                metrics.set(table.CONSUMER_LAG_RECORDS, lag, topic=tp[0], partition=str(tp[1]))
            age = self._waiting.age_s(tp, committed) if lag else 0.0
            metrics.set(table.OLDEST_UNCOMMITTED_RECORD_AGE_SECONDS, age, topic=tp[0], partition=str(tp[1]))
        self._bounds.ask(consumer, quiet)
        metrics.set(table.COMMITTED_OFFSET_AGE_SECONDS, self._progress.age_s())
        metrics.set(table.WORKER_READY, float(self.readiness().ready), role=self._name)
        if self._room is not None:
            self._room.publish()


def _end_of(consumer: Any, tp: TP) -> int | None:
    end = consumer.highwater(tp)
    return int(end) if end is not None else None


def endless(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """Run something until it is cancelled; the process ends if it ends by itself."""
    task = asyncio.create_task(work)
    task.add_done_callback(_must_be_cancelled)
    return task


def _must_be_cancelled(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        fail_stop(task.exception() or RuntimeError("a task that runs for ever has ended"))
