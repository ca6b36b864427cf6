"""Whether a region's requests may leave, by what Mixpanel has said of them so far."""

import asyncio

from pipeline.deliver.reasons import HaltWhy
from pipeline.ops.logging import get_logger
from pipeline.ops.metric_table import DELIVERY_HALTED
from pipeline.ops.metrics import Metrics

_HALT = {401: HaltWhy.UNAUTHORIZED, 403: HaltWhy.FORBIDDEN}
_log = get_logger(__name__)


class Gate:
    """Every attempt to send waits while it is closed: nothing is sent then, nothing is settled, nothing is lost.

    It is open when it is made. `shut` closes it before Mixpanel has been asked, `halt` because of what it said;
    `reopen` ends both. round: how often it was reopened. Requests in flight when it closes are answered as usual.
    """

    def __init__(self, region: str, metrics: Metrics) -> None:
        self._region = region
        self._metrics = metrics
        self._halted: HaltWhy | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._closed = asyncio.Event()
        self.round = 0

    @property
    def closed(self) -> bool:
        """True while nothing is sent."""
        return not self._open.is_set()

    @property
    def halted(self) -> HaltWhy | None:
        """Why Mixpanel's answers have closed it; None also while it has not been asked yet."""
        return self._halted

    def shut(self) -> None:
        """Close it until it is known what Mixpanel says."""
        self._open.clear()
        self._closed.set()

    def halt(self, why: HaltWhy) -> None:
        """Close it and alarm."""
        self.shut()
        if why is self._halted:
            return
        self._show(0)
        self._halted = why
        self._show(1)
        _log.error(
            "delivery halted: nothing more is sent to the region, offsets are kept", region=self._region, why=why.value
        )

    def refused(self, status: int, began_in: int) -> None:
        """Close it because a request was answered 401 or 403, unless it was reopened since that request began."""
        if began_in == self.round:
            self.halt(_HALT[status])

    def reopen(self) -> None:
        """Let requests pass; the alarm ends."""
        if not self.closed:
            return
        if self._halted is not None:
            self._show(0)
            _log.warning("delivery goes on", region=self._region, why=self._halted.value)
        self._halted = None
        self.round += 1
        self._closed.clear()
        self._open.set()

    async def over(self) -> None:
        """Wait until it is open."""
        while self.closed:
            await self._open.wait()

    async def closing(self) -> None:
        """Wait until it is closed."""
        await self._closed.wait()

    def _show(self, value: int) -> None:
        if self._halted is not None:
            self._metrics.set(DELIVERY_HALTED, value, region=self._region, why=self._halted)
