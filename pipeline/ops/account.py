"""The service account of one region's project as it is now: its secret follows its file while the worker runs."""

import asyncio
import base64
import contextlib
from typing import Final

from mixpanel import ServiceAccountCredentials

from pipeline.ops.credentials import MixpanelProject, read_account, setting_name
from pipeline.ops.errors import ConfigError
from pipeline.ops.logging import get_logger
from pipeline.ops.metric_table import CREDENTIALS_UNREADABLE
from pipeline.ops.metrics import Metrics

LOOK_S: Final = 1.0
SETTLE_S: Final = 0.2  # a file that is being written is not believed before it has stayed the same for this long

_log = get_logger(__name__)


class ServiceAccount:
    """Signs requests with the secret that is in force.

    credentials: never changed, replaced whole, with the user name where the file holds it, too. version: one higher
    with each change. A file that is empty, away or unreadable leaves the last good secret in force, and is alarmed
    (`coppice_credentials_unreadable`). A secret that was given as a setting cannot change.
    """

    def __init__(self, project: MixpanelProject, metrics: Metrics, *, look_s: float = LOOK_S) -> None:
        self.credentials = project.credentials
        self.version = 0
        self._region = project.region
        self._file = project.secret_file
        self._user = project.credentials.username
        self._name = setting_name(project.region, "service_account_secret_file")
        self._metrics = metrics
        self._look_s = look_s
        self._unreadable = False
        self._next = asyncio.Event()

    @property
    def authorization(self) -> str:
        """The header's value that signs a request."""
        return basic(self.credentials.username, self.credentials.secret)

    async def watch(self) -> None:
        """Look every second, for ever."""
        while True:
            await asyncio.sleep(self._look_s)
            await self.look()

    async def look(self) -> None:
        """Take over a changed secret, for the next request. Files are read in a thread: they may be slow."""
        if self._file is None:
            return
        found = await asyncio.to_thread(self._read)
        if found == (self.credentials.username, self.credentials.secret):
            self._tell(unreadable=False)
            return
        await asyncio.sleep(SETTLE_S)
        if await asyncio.to_thread(self._read) != found:
            return  # still being written: the next look sees it
        self._tell(unreadable=found is None)
        if found is not None:
            self._take_over(*found)

    async def changed(self, since: int, timeout_s: float) -> None:
        """Return when the secret is another one than that of version `since`, or after `timeout_s` seconds."""
        if self.version == since:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._next.wait(), timeout_s)

    def _take_over(self, user: str, secret: str) -> None:
        self.credentials = ServiceAccountCredentials(user, secret, self.credentials.project_id)
        self.version += 1
        self._next.set()
        self._next = asyncio.Event()
        _log.info("the service account's secret has changed and is in use", region=self._region)

    def _read(self) -> tuple[str, str] | None:
        assert self._file is not None  # `look` has seen to it
        try:
            return read_account(self._file, self._region, self._user)
        except ConfigError:
            return None

    def _tell(self, *, unreadable: bool) -> None:
        if unreadable == self._unreadable:
            return
        self._unreadable = unreadable
        self._metrics.set(CREDENTIALS_UNREADABLE, float(unreadable), region=self._region)
        if unreadable:
            _log.error(
                "the service account's secret cannot be read: the last good one stays in use",
                region=self._region,
                setting=self._name,
            )
        else:
            _log.info("the service account's secret can be read again", region=self._region, setting=self._name)


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
