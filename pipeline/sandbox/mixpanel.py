"""An HTTP server that obeys the contract of Mixpanel's import endpoint, for tests, demo and benchmarks.

It also takes updates of profiles (`pipeline.sandbox.mixpanel_profiles`), and answers the deletion and retrieval API of
the same project (`pipeline.sandbox.mixpanel_privacy`) and its raw export (`pipeline.sandbox.mixpanel_export`).
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

from pipeline.sandbox import mixpanel_answers as answers
from pipeline.sandbox.mixpanel_control import CONTROL_PREFIX, Control
from pipeline.sandbox.mixpanel_export import RAW_EXPORT, ExportEndpoint
from pipeline.sandbox.mixpanel_faults import Connection, Fault, FaultScript, named_fault
from pipeline.sandbox.mixpanel_import import (
    ImportEndpoint,
    ImportOptions,
    ImportRequest,
    Outcome,
    Project,
)
from pipeline.sandbox.mixpanel_privacy import API_PREFIX, EXPORT_PREFIX, PrivacyEndpoint, PrivacyOptions
from pipeline.sandbox.mixpanel_profiles import ENGAGE, GROUPS, Applied, ProfilesEndpoint
from pipeline.sandbox.mixpanel_received import Received
from pipeline.sandbox.mixpanel_server import LOOPBACK, HttpThread, break_connection, response_of

__all__ = ["ImportOptions", "MixpanelStandIn", "Project", "Received", "sandbox_project"]

_AS_USUAL: Final = Fault()


def sandbox_project(region: str) -> Project:
    """Return the project that the stand-in of a region serves in the demo; nothing in it is secret."""
    return Project(
        {"us": "1001", "in": "1002"}[region], f"sandbox-token-{region}", f"sandbox.{region}.serviceaccount", "sandbox"
    )


class MixpanelStandIn:
    """One project's import endpoint on a loopback port, running in a thread of its own.

    Use it as a context manager, or call `start` and `stop`. Everything may be called from any thread; what
    blocks (`start`, `stop`, `down`, `up`, `wait_for`) must not be called from an event loop that serves the
    sender under test, but through `asyncio.to_thread`.
    """

    def __init__(
        self,
        project: Project,
        *,
        region: str,
        host: str = LOOPBACK,
        port: int = 0,
        count_only: bool = False,
        options: ImportOptions | None = None,
    ) -> None:
        self.project = project
        self.region = region
        self.options = options or ImportOptions()
        self.count_only = count_only
        self._script = FaultScript()
        self._endpoint = ImportEndpoint(project, self.options, self._script)
        self.privacy = PrivacyEndpoint(project.token, PrivacyOptions({project.privacy_token}), self._endpoint.store)
        self.profiles = ProfilesEndpoint(project.token)
        self.privacy.also = self.profiles
        self.export = ExportEndpoint(region, self._endpoint)
        self._requests: list[Received] = []
        self._changed = threading.Condition(threading.RLock())
        self._server = HttpThread(self._serve, host=host, port=port, name=f"mixpanel-{region}")
        self._control = Control(self, self._server)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # Running

    def start(self) -> None:
        """Listen; returns when requests are accepted. Raises OSError if the port is taken."""
        self._server.start()
        self.privacy.url = self.url

    def stop(self) -> None:
        """Close every connection and end the thread. What was received stays readable."""
        self._server.stop()

    def down(self) -> None:
        """Refuse connections and break those that exist, until `up`; the port stays reserved."""
        self._server.down()

    def up(self) -> None:
        """Listen again on the same port."""
        self._server.up()

    @property
    def url(self) -> str:
        """The base address, to which a sender appends /import."""
        return self._server.url

    # What was received

    @property
    def requests(self) -> list[Received]:
        """Every request so far in order, but for those to the control addresses."""
        with self._changed:
            return list(self._requests)

    def events(self) -> list[dict[str, Any]]:
        """Return the accepted distinct events, as a report would show them, in order of first arrival."""
        with self._changed:
            return self._endpoint.store.events()

    def updates(self, first: int = 0) -> list[Applied]:
        """Return the updates that were taken, one for each operator, in order of arrival, from the how manyth on."""
        with self._changed:
            return self.profiles.applied[first:]

    @property
    def stored_count(self) -> int:
        """Events accepted, duplicates included; with `count_only`, events counted."""
        return self._endpoint.store.stored + self._endpoint.counted

    @property
    def duplicates(self) -> int:
        """Events accepted that equal an earlier one in event, distinct_id, time and $insert_id."""
        return self._endpoint.store.duplicates

    @property
    def geo_violations(self) -> list[str]:
        """The $insert_id of every accepted event without `ip: 0`, which got a place from an address."""
        with self._changed:
            return list(self._endpoint.store.geo_violations)

    @property
    def refused(self) -> Counter[str]:
        """Events refused by strict imports, by message."""
        with self._changed:
            return Counter(self._endpoint.refused)

    @property
    def silently_dropped(self) -> int:
        """Invalid events of imports without strict=1, for which success was answered."""
        return self._endpoint.silently_dropped

    def state(self) -> dict[str, Any]:
        """Return the counters as a document that can be JSON."""
        with self._changed:
            store = self._endpoint.store
            statuses = Counter(str(request.status or "closed") for request in self._requests)
            return {
                "region": self.region,
                "stored": self.stored_count,
                "duplicates": store.duplicates,
                "ignored": store.ignored,
                "hot_shard": store.hot_shard,
                "geo_violations": len(store.geo_violations),
                "silently_dropped": self.silently_dropped,
                "requests": dict(statuses),
                "refused": dict(self._endpoint.refused),
            }

    def wait_for(self, predicate: Callable[["MixpanelStandIn"], bool], timeout: float = 10.0) -> None:
        """Block until `predicate` holds for this stand-in; it is asked again after every request.

        Raises TimeoutError with the counters after `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: predicate(self), timeout):
                raise TimeoutError(f"not within {timeout} s: {self.state()}")

    # Faults

    def fail(self, fault: Fault | str, times: int | None = 1, **variation: Any) -> None:
        """Script a fault, or one by name, for the next `times` imports (None: until `clear_faults`).

        `variation` are the keyword arguments of `named_fault`. Faults are played in the order scripted.
        """
        with self._changed:
            self._script.add(named_fault(fault, **variation) if isinstance(fault, str) else fault, times)

    def fail_profiles(self, fault: Fault | str, times: int | None = 1, **variation: Any) -> None:
        """Script a fault of /engage and /groups, as `fail` does for imports."""
        with self._changed:
            self.profiles.script.add(named_fault(fault, **variation) if isinstance(fault, str) else fault, times)

    def fail_privacy(self, fault: Fault | str, times: int | None = 1, **variation: Any) -> None:
        """Script a fault of the deletion and retrieval API, as `fail` does for imports."""
        with self._changed:
            self.privacy.script.add(named_fault(fault, **variation) if isinstance(fault, str) else fault, times)

    def refuse(
        self,
        predicate: Callable[[Mapping[str, Any]], bool],
        message: str = "'event' is invalid: refused by script",
    ) -> None:
        """Refuse every event for which `predicate` holds, however often it is sent."""
        with self._changed:
            self._script.refuse(predicate, message)

    def refuse_updates(
        self, predicate: Callable[[Mapping[str, Any]], bool], message: str = "refused by script"
    ) -> None:
        """Refuse every request with an update for which `predicate` holds, however often it is sent."""
        with self._changed:
            self.profiles.script.refuse(predicate, message)

    def change_secret(self, secret: str, user: str | None = None) -> None:
        """Accept this secret of the service account, or of another one, from now on, and no other."""
        user = user or self.project.service_account_user
        with self._changed:
            self.project = self._endpoint.project = replace(self.project, service_account_user=user, secret=secret)

    def clear_faults(self) -> None:
        """Answer as usual again."""
        with self._changed:
            self.export.script.clear()
            self.profiles.script.clear()
            self._script.clear()
            self.privacy.script.clear()

    # Serving, in the stand-in's thread

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(CONTROL_PREFIX):
            return await self._control.serve(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        sent = ImportRequest(dict(request.query), headers, await request.content.read())
        if request.path.startswith((API_PREFIX, EXPORT_PREFIX)):
            return await self._serve_privacy(request, sent)
        if (request.method, request.path) == ("GET", RAW_EXPORT):
            with self._changed:
                answer = self.export.handle(sent, self.options.clock())
                self._changed.notify_all()
            return response_of(answer)
        updates = request.path in {ENGAGE, GROUPS}
        if request.method != "POST" or not (updates or request.path == "/import"):
            answer = answers.not_found(request.method, request.path)
            self._record(request, sent, Outcome(answer, len(sent.body)))
            return response_of(answer)
        with self._changed:
            fault = (self.profiles.script if updates else self._script).take() or _AS_USUAL
        if fault.delay_s:
            await self._delay(request, sent, fault.delay_s)
        with self._changed:
            counting = self.count_only and fault is _AS_USUAL
            if updates:
                outcome = self.profiles.handle(request.path, sent, fault)
            else:
                outcome = self._endpoint.count(sent) if counting else self._endpoint.handle(sent, fault)
            answered = fault.connection is Connection.ANSWER
            self._record(request, sent, outcome, answered=answered)
        if not answered and request.transport is not None:
            break_connection(request.transport, fault.connection)
        return response_of(outcome.answer)

    async def _serve_privacy(self, request: web.BaseRequest, sent: ImportRequest) -> web.StreamResponse:
        """Answer a call about people's data; these are recorded in `privacy.calls`, not among the imports."""
        if request.path.startswith(EXPORT_PREFIX):
            with self._changed:
                file = self.privacy.export(request.path)
            return web.Response(status=404 if file is None else 200, body=file, content_type="application/x-ndjson")
        with self._changed:
            fault = self.privacy.take_fault()
        await asyncio.sleep(fault.delay_s)
        with self._changed:
            now = self.options.clock()
            answer = self.privacy.handle(request.method, request.path, *sent, now=now, fault=fault)
            self._changed.notify_all()
        if fault.connection is not Connection.ANSWER and request.transport is not None:
            break_connection(request.transport, fault.connection)
        return response_of(answer)

    async def _delay(self, request: web.BaseRequest, sent: ImportRequest, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:  # the stand-in goes down or stops: read, but never judged
            self._record(request, sent, Outcome(answers.wholly_refused("")), answered=False)
            raise

    def _record(
        self, request: web.BaseRequest, sent: ImportRequest, outcome: Outcome, *, answered: bool = True
    ) -> None:
        headers = dict(sent.headers)
        if "authorization" in headers:
            headers["authorization"] = headers["authorization"].partition(" ")[0]
        peer = request.transport.get_extra_info("peername") if request.transport is not None else None
        received = Received(
            method=request.method,
            path=request.path,
            query=sent.query,
            headers=headers,
            wire_bytes=len(sent.body),
            body_bytes=outcome.body_bytes,
            events=outcome.events,
            status=outcome.answer.status if answered else None,
            time=self.options.clock(),
            peer="" if peer is None else f"{peer[0]}:{peer[1]}",
        )
        with self._changed:
            self._requests.append(received)
            self._changed.notify_all()
