"""Verifies the ledger again and again, and shows the verdict as metrics: a hole must not wait for a question (R31)."""

import asyncio
import contextlib
import signal
import threading
from collections import Counter
from collections.abc import Callable
from typing import Final, TypeVar

from pipeline.ledger.reading import heads_of, open_ledger, verify_ledger
from pipeline.ledger.verify import FaultKind, Verdict
from pipeline.ops import metric_table as table
from pipeline.ops.errors import ConfigError
from pipeline.ops.health import Readiness
from pipeline.ops.http import OpsServer
from pipeline.ops.logging import get_logger
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.workers.context import now_ms
from pipeline.workers.labels import LABEL_VALUES

HOUR_MS: Final = 3_600_000
T = TypeVar("T")

log = get_logger(__name__)


class Auditor:
    """Looks at the receipts of the last `within_h` hours every `every_s` seconds. clock: ms since the epoch."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        *,
        every_s: float,
        within_h: float,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._every_s = every_s
        self._within_ms = int(within_h * HOUR_MS)
        self._clock = clock
        self._looked = False

    def readiness(self) -> Readiness:
        """Say whether the last look came to a verdict."""
        return Readiness({"ledger_read": self._looked}, () if self._looked else ("ledger_read",))

    async def run(self) -> None:
        """Look until cancelled. A broker that cannot be asked is asked again; the time of the last verdict tells."""
        while True:
            try:
                verdict = await _apart(self._verdict)
            except ConfigError as exc:
                self._looked = False
                log.warning("the ledger cannot be read", error_type=type(exc).__name__)
            else:
                self._looked = True
                self.show(verdict)
            self._metrics.set(table.WORKER_READY, float(self._looked), role="auditor")
            await asyncio.sleep(self._every_s)

    def show(self, verdict: Verdict) -> None:
        """Set the gauges."""
        kinds = Counter(fault.kind for fault in verdict.faults)
        for kind in FaultKind:
            self._metrics.set(table.LEDGER_FAULTS, kinds[kind], kind=kind)
        self._metrics.set(table.LEDGER_VERIFIED_TIMESTAMP_SECONDS, self._clock() / 1000)
        if kinds:
            log.error("the ledger is not sound: coppice audit verify says where", count=verdict.faults_count)

    def _verdict(self) -> Verdict:
        heads = heads_of(self._settings.kafka)
        ledger = open_ledger(self._settings.kafka)
        try:
            return verify_ledger(ledger, heads, since_ms=self._clock() - self._within_ms)
        finally:
            ledger.close()


async def _apart(work: Callable[[], T]) -> T:
    """Do it in a thread of its own, which holds up no end: a look takes minutes, and changes nothing."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if not done.done():
            done.set_exception(error) if error is not None else done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as exc:  # noqa: BLE001 - whoever waits for it gets it
            error = exc
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=run, name="look", daemon=True).start()
    return await done


async def serve(settings: Settings, *, every_s: float, within_h: float) -> None:
    """Verify and serve until SIGTERM or SIGINT. Raise ConfigError when the address cannot be used."""
    metrics = Metrics(LABEL_VALUES)
    auditor = Auditor(settings, metrics, every_s=every_s, within_h=within_h)
    server = OpsServer(
        metrics, auditor.readiness, settings.ops.bind, settings.ops.port, port_file=settings.ops.port_file
    )
    await server.start()
    looking = asyncio.create_task(auditor.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, looking.cancel)
    try:
        await looking
    except asyncio.CancelledError:
        log.info("the auditor has ended")
    finally:
        await server.stop()
