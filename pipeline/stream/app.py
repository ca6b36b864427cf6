"""The Faust application of a role, with every setting that losing nothing depends on, and how to run it."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, cast

import faust
from faust.app.base import logger as faust_log
from faust.tables.manager import TableManager
from faust.types import TransportT

from pipeline.ops.logging import get_logger
from pipeline.ops.settings import Settings
from pipeline.stream.client_config import faust_broker
from pipeline.stream.faust_security import faust_credentials
from pipeline.stream.transport import ChunkTransport

DAY_S = 86_400.0
LONGEST_STOP_S = 9.0
"""After a signal or a crash: a worker has 10 s to end, and what it has not acknowledged by now, it never will."""
CANCELLED_S = 1.0  # until what is cancelled at the very end is left alone

log = get_logger(__name__)

Hook = Callable[[], Coroutine[Any, Any, None]]


async def _nothing() -> None:
    """Stand for a hook that nobody has set."""


class ChunkApp(faust.App):
    """A Faust app that consumes through `ChunkTransport` and writes nothing to disk."""

    logger = faust_log  # or its records would count as our own

    def __init__(self, *args: Any, chunk_topics: Iterable[str] = (), **options: Any) -> None:
        """`chunk_topics` are the full names of the topics whose records arrive as chunks."""
        self.chunk_topics = frozenset(chunk_topics)
        self.before_start: Hook = _nothing  # what a worker starts before Faust joins the group
        self.before_stop: Hook = _nothing  # what it finishes after a signal, while everything of Faust's still works
        self.after_stop: Hook = _nothing  # and stops after Faust's own parts
        super().__init__(*args, **options)

    async def on_start(self) -> None:
        """Start the worker's own parts first."""
        await self.before_start()
        await super().on_start()

    async def on_shutdown(self) -> None:
        """Stop the worker's own parts last."""
        await super().on_shutdown()
        await self.after_stop()

    def _new_transport(self) -> TransportT:
        return ChunkTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Leave the disk alone: there are no tables, and the container's file system may be read-only."""


class NoTables(TableManager):
    """Stands where an app's tables would be. Faust's waits a second until all of them are there; there are none."""

    async def on_start(self) -> None:
        """Tell whoever waits for tables that there are no more to come, and be ready for rebalances."""
        await self._update_channels()
        await self.recovery.start()


def create_app(settings: Settings, group: str, chunk_topics: Iterable[str]) -> ChunkApp:
    """Return the app of the consumer group `<kafka.group_prefix>-<group>`.

    `chunk_topics` are full topic names (prefix included); a topic outside it is delivered record by record.
    """
    kafka = settings.kafka
    static = {"consumer_group_instance_id": kafka.instance_id} if kafka.instance_id else {}
    return ChunkApp(
        f"{kafka.group_prefix}-{group}",
        chunk_topics=chunk_topics,
        env={},  # Faust would let variables like BROKER_URL or STREAM_WAIT_EMPTY overrule what is set here
        broker=faust_broker(kafka),
        broker_credentials=faust_credentials(kafka.security),
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        # Topics belong to `coppice topics`; a leader topic and standby tables would be topics nobody
        # declared.
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        TableManager=NoTables,
        # Waiting for every started chunk would let a slow sink hold up a whole group's rebalance. Unfinished
        # chunks are simply not committed.
        stream_wait_empty=False,
        stream_buffer_maxsize=32,  # chunks
        broker_max_poll_records=5_000,
        consumer_max_fetch_size=2 * 1024**2,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=1.0,
        broker_commit_every=1_000_000,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=3.0,
        broker_request_timeout=30.0,
        broker_rebalance_timeout=30.0,
        # A worker that is held back for longer than this leaves its group and never returns (aiokafka#1187).
        broker_max_poll_interval=DAY_S,
        producer_request_timeout=30.0,
        # Health and metrics have a server of their own; Faust's would listen on every address.
        web_enabled=False,
        web_bind="127.0.0.1",
        web_tables_enabled=False,
        web_router_enabled=False,
        worker_redirect_stdouts=False,
        **static,
    )


class _Worker(faust.Worker):
    """Faust's worker without its terminal decoration, its logging set-up and its debugging signals."""

    logger = faust_log

    def __init__(self, app: ChunkApp, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(app, loop=loop, quiet=True, debug=False, redirect_stdouts=False, override_logging=False)
        self.spinner = None
        self.latest = threading.Timer(LONGEST_STOP_S, _end_now)
        self.latest.daemon = True

    def _install_signal_handlers_unix(self) -> None:
        # Not SIGUSR1 and SIGUSR2: they print stacks and open a debugger on the process's terminal.
        for number, handler in ((signal.SIGINT, self._on_sigint), (signal.SIGTERM, self._on_sigterm)):
            self.loop.add_signal_handler(number, handler)

    async def _stop_on_signal(self, signal: signal.Signals) -> None:
        self._limit_stop()
        await cast("ChunkApp", self.app).before_stop()
        await super()._stop_on_signal(signal)

    def stop_and_shutdown(self) -> None:
        """Stop what has crashed, in bounded time too: it may be a member of its group that does nothing any more."""
        self._limit_stop()
        super().stop_and_shutdown()

    def _limit_stop(self) -> None:
        if self.latest.ident is None:  # not begun
            self.latest.start()

    async def _sentinel_task(self) -> None:
        """Let what was cancelled come to its end. The stock one takes a second, also when nothing is left."""
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left, timeout=CANCELLED_S)


def _end_now() -> None:
    """End a process that does not come to its end: a broker that is away may hold Faust's clients for ever (a#1101)."""
    log.error("the orderly end took too long: what is not acknowledged comes again", seconds=LONGEST_STOP_S)
    os._exit(1)


def run_worker(app: ChunkApp) -> int:
    """Run `app` in this thread until SIGTERM, SIGINT or a crash; return the process's exit status.

    0 after a signal, 1 after a crash or an end that took too long. A crash is ordinary operation (the broker was away
    at start, an authorisation was withdrawn): the supervisor starts the process again. Logging stays as the caller
    configured it.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = _Worker(app, loop)
    try:
        worker.execute_from_commandline()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 1
    finally:
        worker.latest.cancel()
