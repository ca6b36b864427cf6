"""The only place that calls Mixpanel's deletion and retrieval API: one project, one host, two kinds of task."""

import time
from enum import StrEnum
from typing import Any, Final, TypeVar

import aiohttp
import msgspec

from pipeline.deliver.answers import Unavailable, read_retry_after
from pipeline.ops.credentials import PrivacyAccess
from pipeline.rights.answers import Created, Found, NotAnAnswer, Trouble, Unauthorized, read_created
from pipeline.rights.answers import read_status as read_found

_LONGEST_ANSWER: Final = 4 * 1024 * 1024  # bytes; 1,999 ids take about a fiftieth

T = TypeVar("T")


class Task(StrEnum):
    """What a task does, by its place in the address."""

    DELETION = "data-deletions"
    RETRIEVAL = "data-retrievals"


class PrivacyClient:
    """Asks for tasks and after them. It follows no redirect, uses no proxy and keeps no cookie.

    The bearer token is read anew for each call. Open it inside a running loop, close it at the end.
    """

    def __init__(self, access: PrivacyAccess, *, timeout_s: float) -> None:
        self._access = access
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Prepare the connections; nothing is sent."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            headers={"Accept-Encoding": "identity", "User-Agent": "coppice"},
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections, also one with a call in flight."""
        if self._session is not None:
            await self._session.close()

    async def submit(self, task: Task, ids: tuple[str, ...]) -> Created | Trouble:
        """Ask for a new task about these ids, at most `results.MAX_IDS`."""
        document = {"distinct_ids": ids, "compliance_type": self._access.compliance_type}
        if task is Task.RETRIEVAL and self._access.compliance_type == "CCPA":
            document["disclosure_type"] = "Data"
        exchanged = await self._call("POST", f"{task}/v3.0/", msgspec.json.encode(document))
        return read_created(*exchanged) if isinstance(exchanged, tuple) else exchanged

    async def poll(self, task: Task, tracking_id: str) -> Found | Trouble:
        """Ask how far a task is."""
        exchanged = await self._call("GET", f"{task}/v3.0/{tracking_id}/", None)
        return read_found(*exchanged) if isinstance(exchanged, tuple) else exchanged

    async def _call(
        self, method: str, path: str, body: bytes | None
    ) -> tuple[int, bytes, float | None] | Unauthorized | Unavailable | NotAnAnswer:
        assert self._session is not None, "open() comes first"
        bearer = self._access.bearer()
        if bearer is None:
            return Unauthorized(None)
        options: dict[str, Any] = {"headers": {"Authorization": f"Bearer {bearer}"}}
        if body is not None:
            options["data"] = body
            options["headers"]["Content-Type"] = "application/json"
        url = f"{self._access.app_host}/api/app/{path}"
        query = {"token": self._access.token}
        try:
            async with self._session.request(method, url, params=query, allow_redirects=False, **options) as response:
                content = bytearray()
                async for piece in response.content.iter_any():
                    content += piece
                    if len(content) > _LONGEST_ANSWER:
                        return NotAnAnswer()
                retry_after = read_retry_after(response.headers.get("Retry-After"), time.time())
                return response.status, bytes(content), retry_after
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Unavailable()
