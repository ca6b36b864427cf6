"""A Mixpanel stand-in that counts, and notes when the last request came that carried a pseudonym. Runs until SIGTERM.

Arguments: region, milliseconds before each answer (0 only), file to write the address to. `GET /_noted` answers with
{pseudonym: seconds since the epoch} for every pseudonym that any request has carried, refused requests among them.
"""

import json
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from pipeline.sandbox.mixpanel import MixpanelStandIn, sandbox_project
from pipeline.sandbox.mixpanel_body import decompress

DISTINCT_ID = re.compile(rb'"distinct_id":"([0-9a-f-]{36})"')


class NotingStandIn(MixpanelStandIn):
    """Looks into every import, whatever is answered."""

    def __init__(self, region: str) -> None:
        super().__init__(sandbox_project(region), region=region, count_only=True)
        self.noted: dict[str, float] = {}

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/_noted":
            return web.Response(text=json.dumps(self.noted))
        return await super()._serve(request)

    def _record(self, request: web.BaseRequest, sent: Any, *rest: Any, **more: Any) -> None:
        now = time.time()
        body = decompress(sent.body, sent.headers.get("content-encoding", ""), None)
        if isinstance(body, bytes):
            for name in set(DISTINCT_ID.findall(body)):
                self.noted[name.decode()] = now
        super()._record(request, sent, *rest, **more)


def main() -> None:
    """Serve until told to stop."""
    region, _, at = sys.argv[1:]
    standin = NotingStandIn(region)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with standin:
        Path(at).write_text(f"{standin.url}\n", encoding="utf-8")
        ended.wait()


if __name__ == "__main__":
    main()
