"""The only place that sends to Mixpanel: one project, one URL, one kind of request."""

import asyncio
import gzip
import io
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import aiohttp

from pipeline.deliver.answers import Answer, NotAnAnswer, Unavailable, read_answer, read_retry_after
from pipeline.deliver.batch import body_of
from pipeline.ops.account import ServiceAccount, basic
from pipeline.ops.credentials import MixpanelProject
from pipeline.ops.metric_table import IN_FLIGHT_REQUESTS, REQUEST_SECONDS
from pipeline.ops.metrics import Metrics

_CONNECT_S: Final = 4.0  # between the look at the suppressions and the first byte on the wire may be no longer
_GZIP_LEVEL: Final = 1  # a third of the time of level 6 for bodies that are a third larger
_GZIP_THREADS: Final = 2
_LONGEST_ANSWER: Final = 4 * 1024 * 1024  # bytes; 2,000 failed records take about a tenth
_NO_ANSWER: Final = "error"
_STATUS_CLASSES: Final = {2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}

T = TypeVar("T")
Look = Callable[[bytes, Sequence[bytes]], T]
"""Sees a request body and the values in it."""


class ImportClient:
    """Posts strict imports to the project's own host and no other: it follows no redirect and uses no proxy.

    It sends no cookie and names no client address. Open it inside a running loop, close it at the end.
    """

    _signs = True  # the account is named in a header

    def __init__(
        self,
        project: MixpanelProject,
        metrics: Metrics,
        *,
        connections: int,
        timeout_s: float,
        account: ServiceAccount | None = None,
    ) -> None:
        self._account = account or ServiceAccount(project, metrics)
        self._by_token = basic(project.token, "")
        self._strict = f"{project.host}/import?strict=1"
        self._url = f"{self._strict}&project_id={project.project_id}"
        self._headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "Accept-Encoding": "identity",
            "User-Agent": "coppice",
        }
        self._region = project.region
        self._metrics = metrics
        self._connections = connections
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=min(_CONNECT_S, timeout_s))
        self._session: aiohttp.ClientSession | None = None
        self._in_flight = 0
        self._threads = ThreadPoolExecutor(_GZIP_THREADS, thread_name_prefix="coppice-gzip")

    def open(self) -> None:
        """Prepare the connections; nothing is sent."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            headers=self._headers,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections, also those with a request in flight."""
        if self._session is not None:
            await self._session.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def encode(self, values: Sequence[bytes]) -> bytes:
        """Return the gzipped request body of these import objects; equal values give equal bytes.

        It runs in a thread, since zlib releases the interpreter while it compresses.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, _encode, values)

    async def encode_seen(self, values: Sequence[bytes], look: Look[T]) -> tuple[bytes, T]:
        """Return the same, and what `look` says of the body before it is compressed; in a thread, too."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _encode_seen, values, look)

    async def post(self, body: bytes, sent: int) -> Answer:
        """Send a body of `sent` events once and return what is known of them then. A failure is an answer."""
        started = time.perf_counter()
        self._track(+1)
        status_class = _NO_ANSWER
        try:
            status, answer = await self._exchange(body, sent, self._url, self._account.authorization)
            status_class = _STATUS_CLASSES.get(status // 100, _NO_ANSWER)
        except (aiohttp.ClientError, TimeoutError, OSError):
            answer = Unavailable()
        finally:
            self._track(-1)
            self._metrics.observe(
                REQUEST_SECONDS,
                time.perf_counter() - started,
                region=self._region,
                status_class=status_class,
            )
        return answer

    async def ask(self, values: Sequence[bytes], *, by_token: bool = False) -> Answer:
        """Send a small request and return the answer, uncounted. by_token: signed with the project's token instead.

        Both ways to sign are Mixpanel's own: https://docs.mixpanel.com/reference/import-events.
        """
        url, signed = (self._strict, self._by_token) if by_token else (self._url, self._account.authorization)
        try:
            _, answer = await self._exchange(_encode(values), len(values), url, signed)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Unavailable()
        return answer

    async def _exchange(self, body: bytes, sent: int, url: str, signed: str) -> tuple[int, Answer]:
        assert self._session is not None, "open() comes first"
        headers = {"Authorization": signed} if self._signs else None
        async with self._session.post(url, data=io.BytesIO(body), headers=headers, allow_redirects=False) as response:
            content = bytearray()
            async for piece in response.content.iter_any():
                content += piece
                if len(content) > _LONGEST_ANSWER:
                    return response.status, NotAnAnswer()
            retry_after = read_retry_after(response.headers.get("Retry-After"), time.time())
            return response.status, self._read(response.status, bytes(content), sent, retry_after)

    @staticmethod
    def _read(status: int, body: bytes, sent: int, retry_after: float | None) -> Answer:
        return read_answer(status, body, sent, retry_after)

    def _track(self, change: int) -> None:
        self._in_flight += change
        self._metrics.set(IN_FLIGHT_REQUESTS, self._in_flight, region=self._region)


def _encode(values: Sequence[bytes]) -> bytes:
    return gzip.compress(body_of(values), _GZIP_LEVEL, mtime=0)


def _encode_seen(values: Sequence[bytes], look: Look[T]) -> tuple[bytes, T]:
    body = body_of(values)
    seen = look(body, values)
    return gzip.compress(body, _GZIP_LEVEL, mtime=0), seen
