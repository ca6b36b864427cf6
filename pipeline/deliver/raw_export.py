"""Looks for one event of our own in a project, where Mixpanel shows what it has stored: the raw export.

Source: https://docs.mixpanel.com/reference/raw-event-export. It may be asked 60 times an hour and project.
"""

import json
import time
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Final

import aiohttp
import msgspec

from pipeline.deliver.answers import read_retry_after
from pipeline.ops.account import ServiceAccount
from pipeline.ops.credentials import MixpanelProject

_LONGEST_ANSWER: Final = 4 * 1024 * 1024  # bytes; the events asked for are a handful
_ENDPOINT: Final = "$mp_api_endpoint"  # https://docs.mixpanel.com/docs/data-structure/property-reference


@dataclass(frozen=True, slots=True)
class Seen:
    """The event is in the project. endpoint: the host that took it, as Mixpanel says; "" if it does not."""

    endpoint: str


@dataclass(frozen=True, slots=True)
class NotSeen:
    """The export was complete and the event is not in it."""


@dataclass(frozen=True, slots=True)
class NoSight:
    """No word on the event: no answer, a server error, too many questions, or an export that broke off."""

    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class SightRefused:
    """The account may not export from this project."""

    status: int


Sight = Seen | NotSeen | NoSight | SightRefused


class _Properties(msgspec.Struct):
    insert_id: str = msgspec.field(default="", name="$insert_id")
    endpoint: str = msgspec.field(default="", name=_ENDPOINT)


class _Event(msgspec.Struct):
    properties: _Properties


_decoder = msgspec.json.Decoder(_Event)


class RawExport:
    """Asks one project's own export host and no other: it follows no redirect and uses no proxy."""

    def __init__(self, project: MixpanelProject, account: ServiceAccount, *, timeout_s: float) -> None:
        self._url = f"{project.export_host}/api/2.0/export"
        self._project_id = project.project_id
        self._account = account
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def look(self, event: str, insert_id: str, first: date, last: date) -> Sight:
        """Say whether an event of this name and id is stored with a time in these days, both included."""
        query = {
            "project_id": self._project_id,
            "from_date": first.isoformat(),
            "to_date": last.isoformat(),
            "event": json.dumps([event]),
        }
        headers = {"Authorization": self._account.authorization, "User-Agent": "coppice"}
        try:
            async with (
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=self._timeout) as session,
                session.get(self._url, params=query, headers=headers, allow_redirects=False) as response,
            ):
                content = bytearray()
                async for piece in response.content.iter_any():
                    content += piece
                    if len(content) > _LONGEST_ANSWER:
                        break
                complete = len(content) <= _LONGEST_ANSWER
                waits = read_retry_after(response.headers.get("Retry-After"), time.time())
                return read_export(response.status, bytes(content), insert_id, waits, complete=complete)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return NoSight()


def read_export(status: int, body: bytes, insert_id: str, retry_after: float | None, *, complete: bool) -> Sight:
    """Return what an answer of the export says about one event."""
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return NoSight(retry_after)
    if status >= HTTPStatus.BAD_REQUEST:
        return SightRefused(status)
    if status != HTTPStatus.OK:
        return NoSight()
    for line in body.splitlines():
        try:
            found = _decoder.decode(line).properties
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            complete = complete and not line.strip()  # such as the line "terminated early", or a page of a proxy
            continue
        if found.insert_id == insert_id:
            return Seen(found.endpoint)
    return NotSeen() if complete else NoSight()
