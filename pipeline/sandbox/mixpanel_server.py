"""An HTTP server in a thread of its own that can vanish and come back on the same port."""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from aiohttp import web

from pipeline.sandbox.mixpanel_answers import Answer
from pipeline.sandbox.mixpanel_faults import Connection

LOOPBACK: Final = "127.0.0.1"
_NO_LINGER: Final = struct.pack("ii", 1, 0)
_SHUTDOWN_S: Final = 0.2
_CALL_S: Final = 10.0
_ACCEPT_TURNS: Final = 10
"""Turns of the event loop, with room to spare, from an accepted socket to a connection the runner knows."""


class HttpThread:
    """Serves `handler` on `host`:`port` (0: any free port); bodies reach it as they were sent."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        host: str,
        port: int,
        name: str,
    ) -> None:
        self._handler = handler
        self._host = host
        self._port = port
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._runner: web.ServerRunner | None = None
        self._reserved: socket.socket | None = None
        self._listening: socket.socket | None = None
        self._transition = asyncio.Lock()

    @property
    def url(self) -> str:
        """The base address, without a slash at the end."""
        return f"http://{self._host}:{self._port}"

    def start(self) -> None:
        """Start the thread and listen. Raises OSError if the port is taken."""
        self._reserved = self._bind()
        self._port = self._reserved.getsockname()[1]
        self._transition = asyncio.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
        self._thread.start()
        self.up()

    def stop(self) -> None:
        """Close every connection and end the thread; does nothing if it is not running."""
        if self._loop is None or self._thread is None:
            return
        self._call(self._finish())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._reserved is not None:
            self._reserved.close()
        self._loop = self._thread = self._reserved = None

    def down(self) -> None:
        """Break every connection and refuse new ones until `up`."""
        self._call(self.go_down())

    def up(self) -> None:
        """Listen, if not listening already."""
        self._call(self.come_up())

    async def go_down(self) -> None:
        """Do as `down`, from the server's own event loop."""
        async with self._transition:
            await self._close()
            if self._reserved is None:
                self._reserved = self._bind()

    async def come_up(self) -> None:
        """Do as `up`, from the server's own event loop."""
        async with self._transition:
            if self._reserved is None:
                return
            server = web.Server(self._handler, access_log=None, auto_decompress=False)
            self._runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_S)
            await self._runner.setup()
            await web.SockSite(self._runner, self._reserved).start()
            self._listening, self._reserved = self._reserved, None

    def _bind(self) -> socket.socket:
        """Hold the port without listening: connections are refused, and nobody else takes it."""
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((self._host, self._port))
        except OSError:
            bound.close()
            raise
        return bound

    async def _close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is None:
            return
        if self._listening is not None:
            # Closed in the same turn, a connection just accepted would be left open and unknown to anybody:
            # accept no more, let those become known, then close.
            asyncio.get_running_loop().remove_reader(self._listening.fileno())
        for _ in range(_ACCEPT_TURNS):
            await asyncio.sleep(0)
        await runner.cleanup()
        self._listening = None

    async def _finish(self) -> None:
        async with self._transition:
            await self._close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        if self._loop is None:
            work.close()
            raise RuntimeError("the server is not running")
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_CALL_S)


def break_connection(transport: asyncio.Transport, connection: Connection) -> None:
    """Close or reset a connection instead of answering."""
    if connection is Connection.RESET:
        # without lingering, closing sends RST instead of FIN
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    else:
        transport.close()


def response_of(answer: Answer) -> web.Response:
    """Return an answer in the form that aiohttp sends."""
    return web.Response(
        status=answer.status,
        body=answer.body.encode(),
        content_type=answer.content_type,
        headers=dict(answer.headers),
    )
