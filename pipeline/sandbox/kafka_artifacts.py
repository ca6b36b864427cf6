"""The broker's Java archives: locked by coordinate and SHA-256, fetched once, verified before every use."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import file_digest
from pathlib import Path
from typing import NamedTuple, Self

from pipeline.ops.errors import ConfigError

LOCK_FILE = Path(__file__).with_name("kafka.lock.json")
"""Every archive on the class path, written by ``python -m pipeline.sandbox.kafka_artifacts``."""

BROKER = "org.apache.kafka:kafka_2.13:4.3.1"
"""What the lock is resolved from, with everything it needs at run time."""

LOGGING_BRIDGE = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
"""SLF4J 1.7 to Log4j, which Kafka's distribution adds by hand; without it the broker's log is silent."""

CACHE_VARIABLE = "COPPICE_CACHE_DIR"

_PARALLEL_DOWNLOADS = 4
_TIMEOUT_S = 30


class KafkaUnavailable(ConfigError):  # noqa: N818 it names the state the operator sees
    """The embedded broker can not be had: an archive is missing or wrong, or the broker did not start."""


class Archive(NamedTuple):
    """One archive of the lock."""

    group: str
    name: str
    version: str
    sha256: str

    @classmethod
    def parse(cls, coordinate: str, sha256: str) -> Self:
        """Read a ``group:name:version`` coordinate; ValueError if it has not three parts."""
        group, name, version = coordinate.split(":")
        return cls(group, name, version, sha256)

    @property
    def coordinate(self) -> str:
        """``group:name:version``."""
        return f"{self.group}:{self.name}:{self.version}"

    def path(self, root: Path) -> Path:
        """Where the archive lies under ``root``, in the layout of a Maven repository."""
        folder = root.joinpath(*self.group.split("."), self.name, self.version)
        return folder / f"{self.name}-{self.version}.jar"

    def matches(self, file: Path) -> bool:
        """Whether ``file`` has the locked SHA-256; OSError if it can not be read."""
        with file.open("rb") as stream:
            return file_digest(stream, "sha256").hexdigest() == self.sha256


def default_cache_dir() -> Path:
    """``$COPPICE_CACHE_DIR``, else ``coppice`` in the user's cache (``$XDG_CACHE_HOME`` or ``~/.cache``)."""
    if override := os.environ.get(CACHE_VARIABLE):
        return Path(override).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "coppice"


def read_lock(lock_file: Path = LOCK_FILE) -> list[Archive]:
    """Read the lock."""
    entries = json.loads(lock_file.read_text("utf-8"))["archives"]
    return [Archive.parse(entry["coordinate"], entry["sha256"]) for entry in entries]


def ensure_archives(cache_dir: Path | None = None, *, note: Callable[[str], None] | None = None) -> list[Path]:
    """Return the verified class path, as absolute paths.

    What the cache lacks is fetched, after one line to ``note``; if it lacks nothing, no network is touched.

    Raises:
        KafkaUnavailable: an archive differs from the lock, or can not be fetched or stored. It is named.

    """
    root = (cache_dir or default_cache_dir()).absolute() / "maven"
    archives = read_lock()
    missing = [archive for archive in archives if not archive.path(root).exists()]
    for archive in archives:
        if archive not in missing:
            _verify(archive, archive.path(root))
    if missing:
        if note:
            note(f"fetching {len(missing)} of {len(archives)} Kafka archives into {root}")
        _fetch_all(missing, root)
    return [archive.path(root) for archive in archives]


def _verify(archive: Archive, file: Path) -> None:
    try:
        good = archive.matches(file)
    except OSError as error:
        raise KafkaUnavailable(
            f"Kafka archive {archive.coordinate} can not be read from {file}: {error.strerror}"
        ) from error
    if not good:
        raise KafkaUnavailable(
            f"Kafka archive {archive.coordinate} is damaged: {file} does not have the locked SHA-256 "
            f"{archive.sha256} and is not used. Remove that file and run the command again to fetch it anew."
        )


def _fetch_all(archives: Iterable[Archive], root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".fetch-", dir=root))
    except OSError as error:
        raise KafkaUnavailable(
            f"the Kafka archives can not be stored in {root}: {error.strerror}. "
            f"Set {CACHE_VARIABLE} to a directory that can be written."
        ) from error
    pool = ThreadPoolExecutor(_PARALLEL_DOWNLOADS)
    try:
        for done in [pool.submit(_fetch, archive, staging, root) for archive in archives]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(staging, ignore_errors=True)


def _fetch(archive: Archive, staging: Path, root: Path) -> None:
    """Fetch one archive beside the cache and move it in once verified: the cache never holds half a file."""
    try:
        fetched = _download(archive, staging)
    except Exception as error:
        raise _not_fetched(archive, _reason(error)) from error
    if not archive.matches(fetched):
        raise _not_fetched(archive, f"what was received does not have the locked SHA-256 {archive.sha256}")
    target = archive.path(root)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fetched.replace(target)
    except OSError as error:
        raise _not_fetched(archive, f"{target} can not be written, {error.strerror}") from error


def _download(archive: Archive, repo_cache: Path) -> Path:
    """Let jgo fetch one archive; repositories named in jgo's own configuration file are honoured."""
    from jgo.config import GlobalSettings  # noqa: PLC0415 only a download needs it
    from jgo.maven import MavenContext  # noqa: PLC0415

    context = MavenContext(repo_cache=repo_cache, timeout=_TIMEOUT_S)
    context.remote_repos.update(GlobalSettings.load().repositories)
    artifact = context.project(archive.group, archive.name).at_version(archive.version).artifact()
    return Path(artifact.resolve())


def _reason(error: Exception) -> str:
    if isinstance(error, ImportError):
        return "the Python package jgo is not installed (pip install 'coppice[sandbox]')"
    if isinstance(error, OSError):  # requests' exceptions are OSErrors too; their texts name hosts
        return f"the network or disk failed, {type(error).__name__}"
    return "the artefact repository does not serve it"


def _not_fetched(archive: Archive, why: str) -> KafkaUnavailable:
    return KafkaUnavailable(
        f"Kafka archive {archive.coordinate} is missing and could not be fetched: {why}. "
        "Check the connection (a proxy: HTTPS_PROXY; a mirror: jgo's configuration file) and run the command "
        "again: what was fetched already is kept. Or copy a complete cache from another machine and set "
        f"{CACHE_VARIABLE} to its directory."
    )


def relock() -> None:
    """Resolve ``BROKER`` afresh and write the lock; for maintainers, when the Kafka version changes."""
    from jgo.maven import MavenContext  # noqa: PLC0415

    sums = {}
    with tempfile.TemporaryDirectory() as scratch:
        context = MavenContext(repo_cache=Path(scratch), timeout=_TIMEOUT_S)
        inputs, transitive = context.resolver.resolve([context.create_dependency(BROKER)])
        # The bridge is added alone: as a second root its parents would override versions that Kafka chose.
        for dependency in [*inputs, *transitive, context.create_dependency(LOGGING_BRIDGE)]:
            coordinate = f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}"
            with dependency.artifact.resolve().open("rb") as stream:
                sums[coordinate] = file_digest(stream, "sha256").hexdigest()
    archives = [{"coordinate": coordinate, "sha256": sums[coordinate]} for coordinate in sorted(sums)]
    LOCK_FILE.write_text(json.dumps({"archives": archives}, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"{len(archives)} archives locked\n")


if __name__ == "__main__":
    relock()
