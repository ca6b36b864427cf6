"""The virtual environment of the tools that coppice is compared with: `.venv-opponents`, from locks/opponents.txt.

They need other packages than coppice, some of them large, so nothing of theirs is installed beside it. The environment
is made when a figure first asks for it; that takes a network and a minute.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import NotMeasuredError

ROOT: Final = Path(__file__).parents[2]
HOME: Final = ROOT / ".venv-opponents"
LOCK: Final = ROOT / "locks" / "opponents.txt"
TOOLS: Final = ("presidio-analyzer", "sentry-relay")
_PYTHON: Final = HOME / "bin" / "python"
_INSTALL_S: Final = 600.0
_RUN_S: Final = 120.0
_BY_HAND: Final = (
    "python3 -m venv .venv-opponents && .venv-opponents/bin/pip install --require-hashes -r locks/opponents.txt"
)
_VERSIONS: Final = "import importlib.metadata as m, json, sys; print(json.dumps([m.version(n) for n in sys.argv[1:]]))"


def compare(script: str, events: Path) -> dict[str, Any]:
    """Run `benchmarks/opponents/<script>.py` over a file of events and return the JSON document it prints.

    Raise NotMeasuredError if the environment cannot be made, or the script gives no document.
    """
    _make_ready()
    command = [str(_PYTHON), "-m", f"benchmarks.opponents.{script}", str(events)]
    try:
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=_RUN_S, check=True)
        document: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    except subprocess.CalledProcessError as exc:
        tail = exc.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise NotMeasuredError(f"{script} ended with status {exc.returncode}: {' '.join(tail)}") from None
    except subprocess.TimeoutExpired:
        raise NotMeasuredError(f"{script} took longer than {_RUN_S:.0f} s") from None
    except (IndexError, ValueError):
        raise NotMeasuredError(f"{script} printed no result") from None
    return document


def _make_ready() -> None:
    if _is_ready():
        return
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(_PYTHON)]
    try:
        if not _PYTHON.exists():
            _run([sys.executable, "-m", "venv", "--without-pip", str(HOME)])
        _run([*pip, "install", "--require-hashes", "-r", str(LOCK)])
    except (OSError, subprocess.SubprocessError):
        raise NotMeasuredError(f"the other tools could not be installed; by hand: {_BY_HAND}") from None


def _is_ready() -> bool:
    """Say whether the environment has the tools in the versions of the lock."""
    pinned = [re.search(rf"^{name}==(\S+)", LOCK.read_text("utf-8"), re.MULTILINE) for name in TOOLS]
    try:
        found = json.loads(_run([str(_PYTHON), "-c", _VERSIONS, *TOOLS]))
    except (OSError, subprocess.SubprocessError, ValueError):
        return False
    return bool(found == [pin and pin[1] for pin in pinned])


def _run(command: list[str]) -> bytes:
    return subprocess.run(command, capture_output=True, timeout=_INSTALL_S, check=True).stdout
