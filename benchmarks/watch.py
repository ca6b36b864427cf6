"""Timing a process from the outside: how much it gets done, in which time, with how much CPU."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import psutil

from benchmarks.figures import NotMeasuredError

_POLL_S: Final = 0.03


@dataclass(frozen=True, slots=True)
class Run:
    """What was done between the first and the last look. cpu_s: CPU seconds of each watched process in that time."""

    events: int
    seconds: float
    cpu_s: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    def cores(self, process: str) -> float:
        """Return how many cores a process kept busy."""
        return self.cpu_s[process] / self.seconds

    def cpu_us(self, process: str) -> float:
        """Return the CPU microseconds of a process for each event."""
        return self.cpu_s[process] / self.events * 1e6


def watch(done: Callable[[], int], total: int, processes: Mapping[str, int], *, limit_s: float) -> Run:
    """Time from the first sign of progress until `done()`, which only grows, reaches `total`.

    processes: name → id of what is watched. Raises NotMeasuredError after `limit_s` seconds, or when one of them ends.
    """
    deadline = time.monotonic() + limit_s
    before = done()
    try:
        while (first := done()) == before:
            _pause(deadline, first, total)
        began, cpu = time.monotonic(), _cpu(processes)
        while (last := done()) < total:
            _pause(deadline, last, total)
        seconds, spent = time.monotonic() - began, _cpu(processes)
    except psutil.Error as exc:
        raise NotMeasuredError(f"a process ended while it was measured ({type(exc).__name__})") from None
    if last == first:
        raise NotMeasuredError("everything was over before the second look; measure more events")
    return Run(last - first, seconds, {name: spent[name] - cpu[name] for name in processes})


def _pause(deadline: float, done: int, total: int) -> None:
    if time.monotonic() > deadline:
        raise NotMeasuredError(f"only {done:,} of {total:,} were done in time")
    time.sleep(_POLL_S)


def _cpu(processes: Mapping[str, int]) -> dict[str, float]:
    times = {name: psutil.Process(pid).cpu_times() for name, pid in processes.items()}
    return {name: spent.user + spent.system for name, spent in times.items()}
