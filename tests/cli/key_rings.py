"""Key ring files for tests: written as an operator would, and every form in which their secrets might be shown."""

import base64
from pathlib import Path
from typing import Any

from pipeline.core.identity import KeyRing
from pipeline.ops.settings import Settings
from pipeline.workers.keys import load_key_ring

NOW = 1_795_599_999_000  # 2026-11-25T09:46:39Z


def write(path: Path, content: str | bytes) -> None:
    """Write a file that nobody else may read."""
    path.touch(0o600)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def loaded(path: Path) -> KeyRing:
    """Load a key ring file as a worker does."""
    return load_key_ring(Settings(keys_file=path))


def secrets_of(ring: Any) -> set[str]:
    """Return every form in which a secret of the ring might be shown."""
    found: set[str] = set()
    for place in ring.values():
        for versions in place.values():
            for key in versions if isinstance(versions, list) else [versions]:
                text = key.get("secret") if isinstance(key, dict) else None
                if isinstance(text, str):
                    raw = base64.b64decode(text.encode() + b"==")
                    found |= {text, raw.hex(), repr(raw)} if raw else {text}
    return found
