"""A blocking client of a stand-in that runs elsewhere: sends imports, reads its state, scripts its faults."""

import base64
import http.client
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, Final, NamedTuple

from pipeline.sandbox.mixpanel_answers import JSON_TYPE
from pipeline.sandbox.mixpanel_control import CONTROL_PREFIX
from pipeline.sandbox.mixpanel_import import Project

_TIMEOUT_S: Final = 10.0


class Reply(NamedTuple):
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as a JSON document. Raises ValueError if it is none."""
        return json.loads(self.body)


def basic_auth(user: str, password: str) -> dict[str, str]:
    """Return the header of HTTP Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class StandInClient:
    """Talks to the stand-in at `url` about `project`, with a connection for each request.

    Every method raises OSError where there is no stand-in, and http.client.HTTPException where it breaks the
    connection instead of answering.
    """

    def __init__(self, url: str, project: Project) -> None:
        self._address = url.removeprefix("http://")
        self._project = project

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request as it is given."""
        with closing(http.client.HTTPConnection(self._address, timeout=_TIMEOUT_S)) as connection:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, received, response.read())

    def send(
        self,
        events: Sequence[Any] | bytes,
        *,
        query: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Import events strictly, or raw bytes; `query` and `headers` replace the proper ones."""
        project = self._project
        proper = basic_auth(project.service_account_user, project.secret)
        return self.call(
            "POST",
            f"/import?{query or f'strict=1&project_id={project.project_id}'}",
            events if isinstance(events, bytes) else json.dumps(events).encode(),
            {"Content-Type": JSON_TYPE, **proper, **(headers or {})},
        )

    def state(self) -> dict[str, Any]:
        """Return the stand-in's counters."""
        document: dict[str, Any] = self.call("GET", f"{CONTROL_PREFIX}state").json
        return document

    def events(self) -> list[dict[str, Any]]:
        """Return the accepted distinct events, as a report would show them."""
        return [json.loads(line) for line in self.call("GET", f"{CONTROL_PREFIX}events").body.splitlines()]

    def control(self, verb: str, **order: Any) -> dict[str, Any]:
        """Give an order to a control address and return the counters; raises ValueError if it is refused."""
        reply = self.call("POST", f"{CONTROL_PREFIX}{verb}", json.dumps(order).encode())
        document: dict[str, Any] = reply.json
        if "error" in document:
            raise ValueError(document["error"])
        return document
