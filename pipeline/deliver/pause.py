"""A pause of one region's delivery that ends: nothing is sent, nothing is settled, nothing is lost."""

import asyncio

from pipeline.deliver.reasons import HaltWhy
from pipeline.ops.logging import get_logger
from pipeline.ops.metric_table import DELIVERY_HALTED
from pipeline.ops.metrics import Metrics

_log = get_logger(__name__)


class Pause:
    """Every attempt to send waits while it is on. Requests that are in flight then are answered as usual."""

    def __init__(self, region: str, metrics: Metrics) -> None:
        self._region = region
        self._metrics = metrics
        self._off = asyncio.Event()
        self._off.set()

    @property
    def on(self) -> bool:
        """True while nothing is sent."""
        return not self._off.is_set()

    def switch(self, *, on: bool) -> None:
        """Begin or end the pause; called with the state it has, it does nothing."""
        if on == self.on:
            return
        if on:
            self._off.clear()
        else:
            self._off.set()
        self._metrics.set(DELIVERY_HALTED, float(on), region=self._region, why=HaltWhy.KILL_SWITCH)
        _log.warning("delivery paused by the kill switch" if on else "delivery goes on", region=self._region)

    async def over(self) -> None:
        """Wait until nothing keeps a request from starting."""
        while self.on:
            await self._off.wait()
