"""The rules in force: read again whenever their files change, swapped whole, and kept as they are on an error (R38)."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from pipeline.ops import metric_table as table
from pipeline.ops.errors import ConfigError
from pipeline.ops.logging import get_logger
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.compiling import SHIPPED
from pipeline.policy.vocabulary import Cohort, Region
from pipeline.schemas import schema_dir

log = get_logger(__name__)

LOOK_S = 1.0
SETTLE_S = 0.2  # a file that is being written is not read before it has stayed the same for this long
PLACE = re.compile(r"[A-Za-z0-9._-]+\.(?:yaml|yml|json)(?::[0-9]+)?")
PLACES = 8  # that a log record names


class HasPolicy(Protocol):
    """Whatever a role needs of the rules, the policy among it."""

    @property
    def policy(self) -> CompiledPolicy:
        """Return the policy."""


R = TypeVar("R", bound=HasPolicy)


class Rules(Generic[R]):
    """What `load` makes of the policy files, the settings file and the registry, as of their last good state.

    current: replaced whole, never changed, so whoever holds on to it for a chunk has one policy for all of it.
    also: further files that `load` reads. The constructor loads, and raises what `load` raises; after that an error
    leaves `current` as it was and sets `coppice_policy_reload_failed`. `swapped` is called in the event loop with each
    new state.
    """

    def __init__(
        self, settings: Settings, load: Callable[[], R], metrics: Metrics, *, also: tuple[Path, ...] = ()
    ) -> None:
        shipped = schema_dir()
        self._files: Callable[[], Iterator[Path]] = lambda: chain(rule_files(settings, shipped), also)
        self._load = load
        self._metrics = metrics
        self._seen = fingerprint(self._files())  # before loading: what changes meanwhile is found at the first look
        self.current = load()
        self.swapped: Callable[[R], object] = lambda _: None
        self._show(None)

    async def watch(self) -> None:
        """Look every second, for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Load what has changed, in a thread: files may be slow, and the loop has chunks to judge."""
        found = await asyncio.to_thread(lambda: fingerprint(self._files()))
        if found == self._seen:
            return
        await asyncio.sleep(SETTLE_S)
        loaded = await asyncio.to_thread(self._attempt, found)
        if loaded is None:
            return  # still being written: the next look sees it
        self._seen = found
        if isinstance(loaded, Exception):
            self._failed(loaded)
            return
        before, self.current = self.current.policy, loaded
        self._show(before)
        self._metrics.add(table.POLICY_RELOADS)
        log.info("policy reloaded", policy_version=loaded.policy.version, sha256=loaded.policy.sha256)
        self.swapped(loaded)

    def _attempt(self, expected: str) -> R | Exception | None:
        """Load; None if the files were not the same before and after, so that no mixture is ever in force."""
        if fingerprint(self._files()) != expected:
            return None
        try:
            loaded: R | Exception = self._load()
        except Exception as exc:  # noqa: BLE001  # whatever a file holds, the worker goes on with the last good rules
            loaded = exc
        return loaded if fingerprint(self._files()) == expected else None

    def _failed(self, exc: Exception) -> None:
        """Alarm, naming places in files and no content of them."""
        self._metrics.set(table.POLICY_RELOAD_FAILED, 1)
        text = str(exc) if isinstance(exc, ConfigError) else ""
        log.error(
            "policy reload failed: the last good policy stays in force",
            policy_version=self.current.policy.version,
            error_type=type(exc).__name__,
            where=list(dict.fromkeys(PLACE.findall(text)))[:PLACES],
        )

    def _show(self, before: CompiledPolicy | None) -> None:
        policy = self.current.policy
        if before is not None:
            self._metrics.remove(table.POLICY_INFO, version=before.version, sha256=before.sha256)
        self._metrics.set(table.POLICY_INFO, 1, version=policy.version, sha256=policy.sha256)
        self._metrics.set(table.POLICY_RELOAD_FAILED, 0)
        for cohort in Cohort:
            self._metrics.set(table.KILL_SWITCH, float(cohort in policy.killed), cohort=cohort)


def rule_files(settings: Settings, shipped: Path) -> Iterator[Path]:
    """Yield every file that the rules are made of. shipped: the directory of the schemas."""
    yield from sorted(SHIPPED.glob("*.yaml"))
    if settings.policy.settings_file is not None:
        yield settings.policy.settings_file
    yield shipped / "mixpanel-defaults.json"
    yield shipped / "profile.json"
    yield from sorted((settings.policy.registry_dir or shipped / "events").glob("*.json"))


def fingerprint(files: Iterable[Path]) -> str:
    """Return a digest of names, modes and contents; a file that cannot be read counts as one more content.

    Modes, since keys are refused while others may read them.
    """
    digest = hashlib.sha256()
    for path in files:
        try:
            content = hashlib.sha256(path.read_bytes()).digest() + b"%o" % path.stat().st_mode
        except OSError:
            content = b"unreadable"
        digest.update(str(path).encode() + b"\0" + content)
    return digest.hexdigest()


def region_stopped(policy: CompiledPolicy, region: Region) -> bool:
    """Say whether the kill switch stops everything of a region."""
    return all(cohort in policy.killed for cohort in Cohort if cohort.partition("/")[0] == region.upper())
