import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.core.built import COMPILED, PURE, build

ROOT = Path(__file__).parents[2]
EVENTS = 5_000

pytestmark = pytest.mark.skipif(build() == PURE, reason="the pure build is tested; make compiled-check has both")


def outcomes(build: str, path: str | None) -> list[str]:
    """Return what a build makes of the events. path: where modules are looked for first."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if path is not None:
        environment["PYTHONPATH"] = path
    command = [sys.executable, "-P", "-m", "tests.compiled.outcomes", str(EVENTS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    first, *rest = done.stdout.splitlines()
    assert first == f"build {build}"
    return rest


def test_both_builds_make_the_same_bytes_of_the_same_events() -> None:
    compiled, pure = outcomes(COMPILED, None), outcomes(PURE, str(ROOT))
    assert len(pure) > EVENTS
    different = [pair for pair in zip(pure, compiled, strict=True) if pair[0] != pair[1]]
    assert different[:3] == []
    assert not [line for line in pure if "internal_error" in line]
    assert {line.split(",")[0] for line in pure} >= {'["Clean"', '["Dropped"', '["Rejected"'}
