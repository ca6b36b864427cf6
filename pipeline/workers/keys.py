"""The key ring as it is written down: region → name → versions, JSON, in a file or in the environment (R15).

    {"us": {"analytics": [{"version": "1", "secret": "<base64>", "made": "2026-11-25T09:46:40Z"},
                          {"version": "2", "secret": "<base64>", "from": "2027-03-01"}], …}, …}

`from`: the event time from which a version is in force, a date or ISO 8601 in UTC; left out: from the beginning.
`retired: true` stands for a version whose secret has been destroyed. A key that is one object, not a list, is one
version from the beginning.
"""

import base64
import binascii
import json
import os
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from pipeline.core.identity import BEGINNING, EVENT_IDS, KEY_NAMES, MIN_KEY_BYTES, KeyRing, KeyVersion, RegionKeys
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.policy.vocabulary import Region, Space

MIN_DISTINCT_BYTES = 12  # a random key of 32 bytes has about 30 different ones
OTHERS = 0o077  # permissions of group and others
VERSION = re.compile(r"[A-Za-z0-9._-]{1,16}")  # shorter than any secret
FIELDS = frozenset({"version", "secret", "from", "retired", "made"})
HOW = "make one with `coppice keys new FILE` and set keys_file (COPPICE_KEYS_FILE) to it"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Series = dict[tuple[Region, str], tuple[KeyVersion, ...]]


def load_key_ring(settings: Settings) -> KeyRing:
    """Return the key ring of a deployment, bound to its Mixpanel projects.

    Raise ConfigError for a ring that is missing, open to others, weak, shared or has gaps; no text ever shows a key.
    """
    if settings.keys is not None:
        found = parse_keys(settings.keys.get_secret_value(), "keys (COPPICE_KEYS)")
    elif settings.keys_file is not None:
        found = parse_keys(read_private(settings.keys_file), f"keys_file: {settings.keys_file}")
    else:
        raise ConfigError(f"keys_file (COPPICE_KEYS_FILE) is not set: pseudonyms need a key ring; {HOW}")
    projects = {Region.US: settings.mixpanel.us.project_id or "", Region.IN: settings.mixpanel.in_.project_id or ""}
    return KeyRing({r: RegionKeys({s: found[r, s] for s in Space}, found[r, EVENT_IDS]) for r in Region}, projects)


def read_private(path: Path) -> str:
    """Read a file that nobody but its owner may read. Raise ConfigError."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read()
    except OSError as exc:
        raise ConfigError(f"keys_file: {path} cannot be read: {exc.strerror}; {HOW}") from None
    if os.name == "posix" and mode & OTHERS:
        raise ConfigError(f"keys_file: {path} is open to others than its owner (mode {mode:03o}); chmod 600 {path}")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"keys_file: {path} is not JSON; {HOW}") from None


def parse_keys(text: str, where: str) -> Series:
    """Read a key ring. Raise ConfigError with every problem; `where` says whose."""
    try:
        data = json.loads(text, object_pairs_hook=_unique)
    except _RepeatedError:
        raise ConfigError(f"{where} names a key twice, and nobody can say which counts; {HOW}") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{where} is not JSON; {HOW}") from None
    problems = list(_strange(data))
    taken: set[bytes] = set()
    found: Series = {}
    for region, name in product(Region, KEY_NAMES):
        found[region, name], wrong = _series(data, region, name, taken)
        problems += wrong
    if problems:
        raise ConfigError(f"{where} cannot be used; {HOW}\n  " + "\n  ".join(problems))
    return found


def _series(data: Any, region: Region, name: str, taken: set[bytes]) -> tuple[tuple[KeyVersion, ...], list[str]]:
    """Return the versions of one key, oldest first, and what is wrong with them. taken: all secrets read before."""
    place = f"{region}.{name}"
    try:
        entries = data[region][name]
    except (KeyError, TypeError):
        entries = []
    read = [_version(entry) for entry in (entries if isinstance(entries, list) else [entries])]
    wrong = []
    for index, (version, secret) in enumerate(read):
        here = f"{place}[{index}]" if len(read) > 1 else place
        if isinstance(version, str):
            wrong.append(f"{here}: {version}")
        elif secret in taken:
            wrong.append(f"{here}: is the same as another key; every key must be its own")
        taken |= {secret} - {b""}
    versions = sorted((each for each, _ in read if not isinstance(each, str)), key=lambda each: each.from_ms)
    if len(versions) == len(read):
        wrong += [f"{place}: {problem}" for problem in _gaps(versions)]
    return tuple(versions), wrong


class _RepeatedError(Exception):
    """An object names a key twice. No ValueError, whose text would be the JSON reader's."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise _RepeatedError
    return dict(pairs)


def _strange(data: Any) -> Iterator[str]:
    """Say where there is more than can be read; a misspelt name may be a secret, and is not shown."""
    if isinstance(data, dict):
        if data.keys() - set(Region):
            yield f"regions are {', '.join(Region)}, and it names another"
        for region in Region:
            keys = data.get(region)
            if isinstance(keys, dict) and keys.keys() - set(KEY_NAMES):
                yield f"{region}: keys are {', '.join(KEY_NAMES)}, and it names another"


def _version(entry: Any) -> tuple[KeyVersion | str, bytes]:
    """Return one version and its secret (b"" without one), or in words what is wrong with it."""
    if not isinstance(entry, dict):
        return "is missing", b""
    if entry.keys() - FIELDS:
        return f"has a field that is not known; there are {', '.join(sorted(FIELDS))}", b""
    version, retired = entry.get("version"), entry.get("retired", False)
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        return "its version is not a word of at most 16 letters and digits", b""
    if not isinstance(retired, bool):
        return "retired is not true or false", b""
    from_ms = parse_moment(entry["from"]) if "from" in entry else BEGINNING
    made_ms = parse_moment(entry["made"]) if "made" in entry else None
    if from_ms is None or ("made" in entry and made_ms is None):
        return "its time is neither a date nor ISO 8601 in UTC", b""
    if retired and "secret" not in entry:
        return KeyVersion(version, b"", from_ms, retired=True, made_ms=made_ms), b""
    secret = _secret(entry)
    if isinstance(secret, str):
        return secret, b""
    return KeyVersion(version, b"" if retired else secret, from_ms, retired, made_ms), secret


def _secret(entry: dict[str, Any]) -> bytes | str:
    try:
        secret = base64.b64decode(entry["secret"], validate=True)
    except (KeyError, TypeError):
        return "is missing"
    except (binascii.Error, ValueError):
        return "is not base64"
    if len(secret) < MIN_KEY_BYTES:
        return f"is shorter than {MIN_KEY_BYTES} bytes"
    if len(set(secret)) < MIN_DISTINCT_BYTES or secret.isascii():  # a sentence, or the digits of a number
        return "is not random"
    return secret


def _gaps(versions: list[KeyVersion]) -> Iterator[str]:
    """Say what is wrong with the versions of one key together. versions: oldest first."""
    if not versions:
        yield "is missing"
        return
    if versions[0].from_ms != BEGINNING:
        yield "no version covers the oldest events; the first must have no `from`"
    if len({each.version for each in versions}) < len(versions):
        yield "two versions have one name"
    if len({each.from_ms for each in versions}) < len(versions):
        yield "two versions are in force from the same moment"
    if versions[-1].retired:
        yield "its newest version is retired, so that nothing could leave"
    elif any(later.retired and not former.retired for former, later in pairwise(versions)):
        yield "a version is retired, and an older one is not"


def parse_moment(text: object) -> int | None:
    """Read a date (its midnight) or a time of day, both in UTC, as milliseconds since the epoch; None if it is none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None and "T" not in text and " " not in text:
        moment = moment.replace(tzinfo=UTC)
    if moment.utcoffset() != timedelta(0):
        return None
    millis = (moment - _EPOCH) // timedelta(milliseconds=1)
    return millis if millis >= BEGINNING else None


def written(time_ms: int) -> str:
    """Write a moment as `parse_moment` reads it."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return moment.isoformat(timespec="milliseconds" if time_ms % 1000 else "seconds").replace("+00:00", "Z")


def trial_key_ring() -> KeyRing:
    """Return a public key ring for trying a policy on a file. Nothing that leaves is ever computed with it."""
    return KeyRing(
        {
            r: RegionKeys.single(
                {s: f"trial key, not secret: {r} {s}".encode() for s in Space},
                f"trial key, not secret: {r}".encode(),
            )
            for r in Region
        }
    )
