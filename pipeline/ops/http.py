"""Metrics and health of a worker over HTTP, in the worker's own event loop.

Serving from the loop is the point of `/healthz`: when the loop hangs, nothing answers.
"""

import errno
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from pipeline.ops.errors import ConfigError
from pipeline.ops.health import Readiness
from pipeline.ops.metrics import Metrics

NO_STORE = {"Cache-Control": "no-store"}
SHUTDOWN_S = 1.0


class OpsServer:
    """Serves `/metrics`, `/healthz` (alive), `/readyz` (able to work) and `/unknown` of one process.

    `readiness` is asked at each `/readyz`; `before_scrape` is called at each `/metrics`, so that gauges which
    only matter when read (ages, lags) are computed then. `unknown` is asked at each `/unknown`: names of properties
    that no schema lists, and how many events had them. All run in the loop and must be quick.
    """

    def __init__(
        self,
        metrics: Metrics,
        readiness: Callable[[], Readiness],
        bind: str = "127.0.0.1",
        port: int = 0,
        *,
        port_file: Path | None = None,
        before_scrape: Callable[[], None] | None = None,
        unknown: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._metrics = metrics
        self._readiness = readiness
        self._bind = bind
        self._wanted_port = port
        self._port_file = port_file
        self._before_scrape = before_scrape
        self._unknown = unknown
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> int:
        """Listen in the running loop; return the port. Raises `ConfigError` if the address cannot be used."""
        app = web.Application()
        app.router.add_get("/metrics", self._serve_metrics)
        app.router.add_get("/healthz", self._serve_health)
        app.router.add_get("/readyz", self._serve_readiness)
        app.router.add_get("/unknown", self._serve_unknown)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._bind, self._wanted_port).start()
            self.port = int(runner.addresses[0][1])
            if self._port_file is not None:
                _write_port(self._port_file, self.port)
        except OSError as exc:
            await runner.cleanup()
            raise ConfigError(self._explain(exc)) from None
        self._runner = runner
        return self.port

    async def stop(self) -> None:
        """Close the listening socket and take the port file away. Does nothing if it is not running."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        if self._port_file is not None:
            _remove(self._port_file)
        await runner.cleanup()

    async def _serve_metrics(self, request: web.Request) -> web.Response:
        if self._before_scrape is not None:
            self._before_scrape()
        body, content_type = self._metrics.render(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={**NO_STORE, "Content-Type": content_type})

    async def _serve_health(self, _request: web.Request) -> web.Response:
        return web.Response(text="alive\n", headers=NO_STORE)

    async def _serve_readiness(self, _request: web.Request) -> web.Response:
        try:
            state = self._readiness()
        except Exception as exc:  # noqa: BLE001 - whatever it is, an unknown state is not a ready one
            state = Readiness({"readiness": False}, (f"the readiness check failed with {type(exc).__name__}",))
        body = {"ready": state.ready, "checks": dict(state.checks), "why": list(state.why)}
        return web.json_response(body, status=200 if state.ready else 503, headers=NO_STORE)

    async def _serve_unknown(self, _request: web.Request) -> web.Response:
        counts = sorted(self._unknown().items(), key=lambda pair: (-pair[1], pair[0]))
        return web.json_response({"unknown": dict(counts)}, headers=NO_STORE)

    def _explain(self, exc: OSError) -> str:
        if self._port_file is not None and exc.filename is not None:
            return f"COPPICE_OPS__PORT_FILE: {self._port_file} cannot be written: {os.strerror(exc.errno or 0)}"
        if exc.errno == errno.EADDRINUSE:
            return (
                f"COPPICE_OPS__PORT: port {self._wanted_port} on {self._bind} is in use; "
                "give each process its own port, or 0 for any free one"
            )
        return (
            f"COPPICE_OPS__BIND, COPPICE_OPS__PORT: cannot listen on {self._bind} port {self._wanted_port}"
            f" ({errno.errorcode.get(exc.errno or 0, 'address not known')}); give an address of this machine"
        )


def _write_port(path: Path, port: int) -> None:
    """Write by renaming, so that whoever waits for the file never reads half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{port}\n")
        Path(name).replace(path)
    except OSError:
        _remove(Path(name))
        raise


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
