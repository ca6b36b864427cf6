"""A Mixpanel stand-in that only counts, optionally as far away as a real endpoint. Runs until SIGTERM.

Arguments: region, milliseconds before each answer, file to write the address to.
"""

import asyncio
import signal
import sys
import threading
from pathlib import Path

from aiohttp import web

from pipeline.sandbox.mixpanel import MixpanelStandIn, sandbox_project


class DistantStandIn(MixpanelStandIn):
    """Answers every import `delay_s` seconds later than it could; many requests may wait at a time."""

    delay_s = 0.0

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.delay_s and request.path == "/import":
            await asyncio.sleep(self.delay_s)
        return await super()._serve(request)


def main() -> None:
    """Serve until told to stop."""
    region, delay_ms, at = sys.argv[1:]
    standin = DistantStandIn(sandbox_project(region), region=region, count_only=True)
    standin.delay_s = int(delay_ms) / 1000
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with standin:
        Path(at).write_text(f"{standin.url}\n", encoding="utf-8")
        ended.wait()


if __name__ == "__main__":
    main()
