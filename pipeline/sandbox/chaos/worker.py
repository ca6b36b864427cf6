"""`coppice` as the chaos suite runs it: `python -m pipeline.sandbox.chaos.worker CLOCK_FILE full|free ARGUMENTS…`.

Its clock can be set wrong from outside, and with `full` it finds no room for a single byte on any disk. Its registry
has a kind of group, so that updates of groups leave.
"""

import importlib
import resource
import runpy
import sys
from pathlib import Path

from pipeline.sandbox.chaos.clock import WrongClock


def main() -> None:
    """Prepare the process, then run the command."""
    clock, disk, *arguments = sys.argv[1:]
    WrongClock(Path(clock)).install()  # before anything takes the functions of `time` by name
    if disk == "full":
        fill_disk()
    importlib.import_module("pipeline.sandbox.chaos.updates").register_clubs()  # takes functions by name, too
    sys.argv[1:] = arguments
    runpy.run_module("pipeline", run_name="__main__", alter_sys=True)


def fill_disk(pid: int = 0) -> None:
    """Let every write of a process to a file fail from now on, as on a full disk (EFBIG instead of ENOSPC)."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))


def free_disk(pid: int) -> None:
    """Let a process write again."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


if __name__ == "__main__":
    main()
