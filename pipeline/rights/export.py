"""Fetching what Mixpanel has collected for an export, when its tasks have succeeded (R27)."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

import aiohttp

from pipeline.ops.credentials import is_loopback, privacy_access
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.policy.vocabulary import Region
from pipeline.rights.answers import Found, Unauthorized
from pipeline.rights.client import PrivacyClient, Task
from pipeline.rights.results import Completed, TaskStatus

OWNER_ONLY: Final = 0o600
_SUFFIX: Final = re.compile(r"(\.[A-Za-z0-9]{1,8}){1,2}$")


async def fetch(settings: Settings, completed: Iterable[Completed], directory: Path) -> list[Path]:
    """Download the file of each batch into a directory that is there, readable by its owner only; return the paths.

    Raises:
        ConfigError: no access to the API, a task that Mixpanel does not know any more, a file that is there already.

    """
    by_region: dict[Region, list[Completed]] = {}
    for result in completed:
        by_region.setdefault(result.region, []).append(result)
    paths = []
    for region, results in by_region.items():
        access = privacy_access(settings, region)
        if access is None:
            raise ConfigError(
                f"COPPICE_MIXPANEL__{region.upper()}__TOKEN is not set: the export has ids of this region"
            )
        client = PrivacyClient(access, timeout_s=settings.rights.request_timeout_s)
        client.open()
        try:
            for result in sorted(results, key=lambda each: each.batch):
                paths.append(await _fetch_one(client, result, directory))
        finally:
            await client.close()
    return paths


async def _fetch_one(client: PrivacyClient, result: Completed, directory: Path) -> Path:
    answer = await client.poll(Task.RETRIEVAL, result.tracking_id)
    what = f"region {result.region}, batch {result.batch}"
    if isinstance(answer, Unauthorized):
        name = f"COPPICE_MIXPANEL__{result.region.upper()}__PRIVACY_TOKEN"
        raise ConfigError(f"{what}: Mixpanel does not accept the token; renew {name} or the file that holds it")
    if not isinstance(answer, Found) or answer.status is not TaskStatus.SUCCESS or not answer.link:
        raise ConfigError(f"{what}: Mixpanel has no file for it now; try later, or file the export again")
    link = urlsplit(answer.link)
    if link.scheme != "https" and not (link.scheme == "http" and is_loopback(link.hostname or "")):
        raise ConfigError(f"{what}: Mixpanel names a file that is not behind https; it was not fetched")
    suffix = _SUFFIX.search(link.path)
    path = directory / f"{result.region}-{result.batch}{suffix[0] if suffix else '.export'}"
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)
    with write_new(path) as file:
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
                session.get(answer.link, allow_redirects=False) as response,
            ):
                if response.status != HTTPStatus.OK:
                    raise ConfigError(f"{what}: the file is not served ({response.status}); fetch it again")
                async for piece in response.content.iter_any():
                    file.write(piece)
        except (aiohttp.ClientError, TimeoutError):  # their texts hold the link
            raise ConfigError(f"{what}: the file could not be fetched to its end; fetch it again") from None
    return path


@contextmanager
def write_new(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that only its owner can read, and that was not there; none is left after a failure.

    Raises:
        ConfigError: it is there already, or cannot be written.

    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        raise ConfigError(f"{path} exists; it is not overwritten, choose another directory") from None
    except OSError as exc:
        raise ConfigError(f"{path} cannot be written: {exc.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
    except BaseException as exc:
        path.unlink(missing_ok=True)
        if isinstance(exc, OSError):
            raise ConfigError(f"{path} cannot be written: {exc.strerror}") from None
        raise
