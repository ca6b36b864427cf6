"""The stand-in's control addresses, by which a demo or a test of a whole system reads and disturbs it.

GET  /_control/state     the counters, JSON
GET  /_control/events    the accepted distinct events, NDJSON
POST /_control/faults    {"fault": NAME, "times": N or null, "delay_s", "retry_after", "max_bytes", "store"}
POST /_control/refuse    {"event": NAME, "message"}: refuse every event of that name
POST /_control/clear     answer as usual again
POST /_control/down      {"seconds": S}: break all connections and refuse new ones for so long
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from aiohttp import web

from pipeline.sandbox.mixpanel_server import HttpThread

CONTROL_PREFIX: Final = "/_control/"
_EVENTS_A_WRITE: Final = 1000
_VARIATIONS: Final[Mapping[str, type]] = {"delay_s": float, "retry_after": str, "max_bytes": int, "store": bool}


class Controlled(Protocol):
    """The part of the stand-in that can be steered over HTTP."""

    def state(self) -> dict[str, Any]:
        """Return the counters."""

    def events(self) -> list[dict[str, Any]]:
        """Return the accepted distinct events."""

    def fail(self, fault: str, times: int | None = 1, **variation: Any) -> None:
        """Script a fault by name."""

    def refuse(self, predicate: Callable[[Mapping[str, Any]], bool], message: str) -> None:
        """Refuse for good what the predicate names."""

    def clear_faults(self) -> None:
        """Forget every fault."""


class Control:
    """Serves the control addresses of one stand-in, in its event loop."""

    def __init__(self, standin: Controlled, server: HttpThread) -> None:
        self._standin = standin
        self._server = server
        self._outages: set[asyncio.Task[None]] = set()

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one control request; 400 with a message for a wrong one, 404 for an unknown address."""
        verb = (request.method, request.path.removeprefix(CONTROL_PREFIX))
        if verb == ("GET", "state"):
            return web.json_response(self._standin.state())
        if verb == ("GET", "events"):
            return await self._stream_events(request)
        if request.method != "POST" or verb[1] not in {"faults", "refuse", "clear", "down"}:
            return web.json_response({"error": "no such control address"}, status=404)
        try:
            order = json.loads(await request.content.read() or b"{}")
            self._obey(verb[1], order)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response(self._standin.state())

    def _obey(self, verb: str, order: Mapping[str, Any]) -> None:
        if verb == "faults":
            variation = {name: kind(order[name]) for name, kind in _VARIATIONS.items() if name in order}
            times = order.get("times", 1)
            self._standin.fail(str(order["fault"]), None if times is None else int(times), **variation)
        elif verb == "refuse":
            name = order["event"]
            message = order.get("message", "'event' is invalid: refused by script")
            self._standin.refuse(lambda event: event.get("event") == name, message)
        elif verb == "clear":
            self._standin.clear_faults()
        else:
            outage = asyncio.create_task(self._outage(float(order["seconds"])))
            self._outages.add(outage)
            outage.add_done_callback(self._outages.discard)

    async def _outage(self, seconds: float) -> None:
        await self._server.go_down()
        await asyncio.sleep(seconds)
        await self._server.come_up()

    async def _stream_events(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        events = self._standin.events()
        for start in range(0, len(events), _EVENTS_A_WRITE):
            lines = (
                json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n"
                for event in events[start : start + _EVENTS_A_WRITE]
            )
            await response.write("".join(lines).encode())
        await response.write_eof()
        return response
