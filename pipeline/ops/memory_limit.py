"""How much memory this process may use, as its container was told; what is over it is killed by the kernel."""

from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
_FILES = ("memory.max", "memory/memory.limit_in_bytes")  # of control groups of version 2 and 1
_NO_LIMIT = 1 << 60  # version 1 says it with a number near 2**63


def memory_limit(root: Path = ROOT) -> int:
    """Return the limit in bytes, 0 where there is none or nobody can tell."""
    for name in _FILES:
        try:
            text = (root / name).read_text(encoding="ascii").strip()
        except OSError:
            continue
        return int(text) if text.isdigit() and int(text) < _NO_LIMIT else 0
    return 0
