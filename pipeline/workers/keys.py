"""The key ring file: the secrets that pseudonyms and event ids are computed with (R15)."""

import base64
import binascii
import json
import secrets
from pathlib import Path
from typing import Any

from pipeline.core.identity import MIN_KEY_BYTES, KeyRing, RegionKeys
from pipeline.ops.errors import ConfigError
from pipeline.policy.vocabulary import Region, Space

EVENT_IDS = "event_ids"
NAMES = (*Space, EVENT_IDS)
MIN_DISTINCT_BYTES = 12  # a random key of 32 bytes has about 30 different ones
HOW = "make one with `coppice keys new FILE` and set keys_file (COPPICE_KEYS_FILE) to it"


def new_key_file() -> dict[str, dict[str, dict[str, str]]]:
    """Return a fresh key ring as the file holds it: region → name → {version, secret in base64}."""
    return {region: {name: _new_key() for name in NAMES} for region in Region}


def _new_key() -> dict[str, str]:
    return {"version": "1", "secret": base64.b64encode(secrets.token_bytes(MIN_KEY_BYTES)).decode()}


def load_key_ring(path: Path | None) -> KeyRing:
    """Read the key ring. Raise ConfigError for a missing, weak or shared key; the text never shows a key."""
    if path is None:
        raise ConfigError(f"keys_file (COPPICE_KEYS_FILE) is not set: pseudonyms need a key ring; {HOW}")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigError(f"keys_file: {path} cannot be read: {exc.strerror}; {HOW}") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"keys_file: {path} is not JSON; {HOW}") from None
    problems: list[str] = []
    found: dict[tuple[Region, str], bytes] = {}
    for region in Region:
        for name in NAMES:
            secret = _secret(data, region, name)
            if isinstance(secret, str):
                problems.append(f"{region}.{name}: {secret}")
            elif secret in found.values():
                problems.append(f"{region}.{name}: is the same as another key; every key must be its own")
            else:
                found[region, name] = secret
    if problems:
        raise ConfigError(f"keys_file: {path} cannot be used; {HOW}\n  " + "\n  ".join(problems))
    return KeyRing({r: RegionKeys({s: found[r, s] for s in Space}, event_ids=found[r, EVENT_IDS]) for r in Region})


def _secret(data: Any, region: Region, name: str) -> bytes | str:
    """Return the key, or in words what is wrong with it."""
    try:
        secret = base64.b64decode(data[region][name]["secret"], validate=True)
    except (KeyError, TypeError):
        return "is missing"
    except (binascii.Error, ValueError):
        return "is not base64"
    if len(secret) < MIN_KEY_BYTES:
        return f"is shorter than {MIN_KEY_BYTES} bytes"
    if len(set(secret)) < MIN_DISTINCT_BYTES:
        return "is not random"
    return secret


def trial_key_ring() -> KeyRing:
    """Return a public key ring for trying a policy on a file. Nothing that leaves is ever computed with it."""
    return KeyRing(
        {
            r: RegionKeys(
                {s: f"trial key, not secret: {r} {s}".encode() for s in Space},
                event_ids=f"trial key, not secret: {r}".encode(),
            )
            for r in Region
        }
    )
