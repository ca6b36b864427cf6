"""Incidents on disk: one file each, readable by its owner only, written as a whole or not at all.

Workers and the command line change the same files, so every change holds the directory's lock.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from pipeline.deliver.incident import Incident
from pipeline.ops.errors import ConfigError

_OWNER_ONLY: Final = 0o600
_LOCK: Final = ".lock"


class IncidentFiles:
    """The incidents of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let nobody else change a file meanwhile. Raises OSError."""
        lock = os.open(self._directory / _LOCK, os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def state(self) -> frozenset[tuple[str, int]]:
        """Return something that is another one after every change. Raises OSError."""
        return frozenset((path.name, path.stat().st_mtime_ns) for path in self._paths())

    def all(self) -> list[tuple[Path, Incident]]:
        """Return every incident, oldest first. Raises OSError; ConfigError for a file that is none."""
        found = [(path, read(path)) for path in self._paths()]
        return sorted(found, key=lambda pair: (pair[1].opened_at, pair[1].id))

    def _paths(self) -> list[Path]:
        return [path for path in self._directory.iterdir() if path.suffix == ".json"]  # glob finds nothing, silently

    def write(self, incident: Incident) -> Path:
        """Write an incident under its id. Raises OSError, and then the former content stands."""
        path = self._directory / f"{incident.id}.json"
        write(path, incident)
        return path


def read(path: Path) -> Incident:
    """Read an incident. Raises OSError; ConfigError for a file that is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Incident)
    except ValueError as exc:  # msgspec's errors are ValueErrors
        raise ConfigError(f"{path} is not an incident (schemas/incident.json): {type(exc).__name__}") from None


def write(path: Path, incident: Incident) -> None:
    """Replace a file as a whole. Raises OSError, and then the former content stands."""
    content = msgspec.json.format(msgspec.json.encode(incident), indent=2) + b"\n"
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
