"""Change a key ring file: make it, add a version, destroy one. Each change is whole or did not happen."""

import base64
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from pipeline.core.identity import FUTURE_MS, KEY_NAMES, MIN_KEY_BYTES, KeyVersion
from pipeline.ops.errors import ConfigError
from pipeline.policy.vocabulary import Region
from pipeline.workers.keys import Series, parse_keys, read_private, written

DAY_MS = 86_400_000
RELOAD_MS = 600_000  # until every worker has the new file; it looks for one every second
AHEAD_MS = FUTURE_MS + RELOAD_MS
"""A version starts so much later that no event of its time can have been named before every worker knew it."""

Place = tuple[Region, str]
Content = dict[str, dict[str, Any]]
PLACES: tuple[Place, ...] = tuple((region, name) for region in Region for name in KEY_NAMES)


def new_key_file(now_ms: int) -> Content:
    """Return a fresh key ring as the file holds it; every key has one version, from the beginning."""
    return {region: {name: [_new_version("1", now_ms)] for name in KEY_NAMES} for region in Region}


def _new_version(version: str, now_ms: int) -> dict[str, Any]:
    secret = base64.b64encode(secrets.token_bytes(MIN_KEY_BYTES)).decode()
    return {"version": version, "secret": secret, "made": written(now_ms)}


def create_key_file(path: Path, now_ms: int) -> None:
    """Write a new key ring, readable by its owner only. Raise ConfigError; an existing file stays as it is."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(json.dumps(new_key_file(now_ms), indent=2) + "\n")
    except FileExistsError:
        raise ConfigError(f"{path} exists, and new keys would cut every person off from her past") from None
    except OSError as exc:
        raise ConfigError(f"{path} cannot be written: {exc.strerror}") from None


def next_start(now_ms: int) -> int:
    """Return when a version that is made now starts, unless somebody says otherwise: at a midnight, UTC."""
    return ((now_ms + AHEAD_MS) // DAY_MS + 1) * DAY_MS


def add_version(path: Path, places: Iterable[Place], from_ms: int, now_ms: int) -> list[tuple[Place, str]]:
    """Add to each key a version that is in force from a moment on; return their names.

    Raise ConfigError when that is too soon: an event that was named before must get the same name when it comes again.
    """
    if from_ms < now_ms + AHEAD_MS:
        raise ConfigError(
            f"a version starts {AHEAD_MS // 60_000} minutes from now at the earliest, not {written(from_ms)}"
        )
    added: list[tuple[Place, str]] = []

    def change(content: Content, found: Series) -> None:
        for region, name in places:
            series = found[region, name]
            newest = series[-1].from_ms
            if from_ms <= newest:
                raise ConfigError(f"{region}.{name}: there is a version from {written(newest)}; start later than that")
            numbers = [int(each.version) for each in series if each.version.isdecimal()]
            version = str(max(numbers, default=len(series)) + 1)
            entries = content[region][name]
            entries = content[region][name] = entries if isinstance(entries, list) else [entries]
            entries.append(_new_version(version, now_ms) | {"from": written(from_ms)})
            added.append(((region, name), version))

    _change(path, change)
    return added


def retire_version(path: Path, place: Place, version: str, retention_days: int, now_ms: int) -> None:
    """Destroy the secret of a version; its entry stays, so that events of its time are recognised and stay behind.

    retention_days: how long Mixpanel keeps an event at most. Raise ConfigError before everything that the version
    has named is gone from there: until then its names may have to be erased (R26).
    """
    region, name = place

    def change(content: Content, found: Series) -> None:
        series = found[place]
        index = next((i for i, each in enumerate(series) if each.version == version), None)
        if index is None:
            raise ConfigError(
                f"{region}.{name} has no version {version}; it has {', '.join(v.version for v in series)}"
            )
        _check_retirable(f"{region}.{name} version {version}", series, index, retention_days, now_ms)
        entries = content[region][name]
        for entry in entries:
            if entry["version"] == version:
                entry.pop("secret", None)
                entry["retired"] = True

    _change(path, change)


def _check_retirable(what: str, series: tuple[KeyVersion, ...], index: int, retention_days: int, now_ms: int) -> None:
    if series[index].retired:
        raise ConfigError(f"{what} is retired already")
    if index + 1 == len(series):
        raise ConfigError(f"{what} is the newest; make its successor with `coppice keys new` first")
    possible = series[index + 1].from_ms + retention_days * DAY_MS
    if now_ms < possible:
        raise ConfigError(
            f"{what} has named events that Mixpanel may keep for {retention_days} days, and without it nobody can"
            f" erase them: it can be retired from {written(possible)} on"
        )
    if index and not series[index - 1].retired:
        raise ConfigError(f"{what}: retire version {series[index - 1].version} first, which is older")


def _change(path: Path, change: Callable[[Content, Series], None]) -> None:
    """Read the file, change its content, and put it in place whole, if it is a key ring before and after."""
    where = f"keys_file: {path}"
    with _replaced(path) as (target, out):
        text = read_private(target)
        found = parse_keys(text, where)
        content: Content = json.loads(text)
        change(content, found)
        text = json.dumps(content, indent=2) + "\n"
        parse_keys(text, where)
        out.write(text)


@contextmanager
def _replaced(path: Path) -> Iterator[tuple[Path, TextIO]]:
    """Give a file that takes the place of another when all has gone well, with its owner, for its owner only.

    While it exists, nobody else gets one. A link stays a link; yield what it leads to, too.
    """
    target = Path(os.path.realpath(path))
    new = target.with_name(f".{target.name}.new")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{new} exists: another command changes the key ring; if none does, remove it") from None
    except OSError as exc:
        raise ConfigError(f"{new} cannot be written: {exc.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            yield target, out
            out.flush()
            os.fsync(handle)
        owner = target.stat()
        os.chown(new, owner.st_uid, owner.st_gid)
        new.replace(target)
    except OSError as exc:
        new.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be replaced: {exc.strerror}") from None
    except BaseException:
        new.unlink(missing_ok=True)
        raise
