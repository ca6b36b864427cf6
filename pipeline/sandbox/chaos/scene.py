"""The deployment that faults happen to: its workers by role, and what has to be remembered of what was done to them."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from pipeline.policy.vocabulary import Region
from pipeline.sandbox.chaos.clock import WrongClock
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.guarded import GuardedProcess
from pipeline.sandbox.scrape import readiness
from pipeline.sandbox.supervisor import SupervisedWorker

MAX_LAG_S: Final = 5.0
OVERRIDES: Final = {
    "consent": {"max_lag_s": MAX_LAG_S},
    "deliver": {
        "linger_s": 0.2,
        "max_events": 200,
        "retry_base_s": 0.2,
        "retry_cap_s": 2.0,
        "retry_jitter_s": 0.2,
        "request_timeout_s": 10.0,
    },
}
"""Small batches and short waits, so that a fault of some seconds meets many requests."""


class Span(NamedTuple):
    """A stretch of time, milliseconds since the epoch; seconds by which clocks were wrong in it."""

    start_ms: int
    end_ms: int
    shift_s: float = 0.0


class ChaosWorker(SupervisedWorker):
    """A supervised worker whose clock and disk can be spoilt. full: it is started without room on the disk."""

    def __init__(self, name: str, arguments: list[str], directory: Path, *, port_file: Path) -> None:
        super().__init__(name, arguments, directory, port_file=port_file)
        self.clock = WrongClock(directory / f"{name}.clock")
        self.full = False

    def _spawn(self, process: GuardedProcess) -> None:
        self._port_file.unlink(missing_ok=True)
        disk = "full" if self.full else "free"
        entry = [sys.executable, "-m", "pipeline.sandbox.chaos.worker", str(self.clock.path), disk]
        self._pid = process.spawn([*entry, *self._arguments], self.log)


class Scene:
    """A deployment with two sanitize workers, one of each other role, and a record of disturbances.

    held: when requests to Mixpanel, or who sends them, were held up. skewed: when clocks were wrong.
    """

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.broker = deployment.broker
        self.held: list[Span] = []
        self.skewed: list[Span] = []
        self._number = 0

    def start(self) -> None:
        """Start the workers and wait until all are ready. Raise ConfigError when one does not get there."""
        for role in ("sanitize", "sanitize", "rights"):
            self.add(role)
        for region in Region:
            self.add("deliver", region.value)
        self.deployment.wait_ready(timeout_s=120.0)

    def add(self, role: str, region: str = "all") -> ChaosWorker:
        """Start one more worker of a role."""
        name = f"{role}-{region}-{self._number}"
        self._number += 1
        self.deployment.load(name)  # writes the settings that the worker is pointed to
        directory = self.deployment.directory
        choice = [] if role == "rights" else ["--region", region]
        arguments = ["worker", role, *choice, "--config", str(directory / f"{name}.yaml")]
        worker = ChaosWorker(name, arguments, directory, port_file=directory / f"{name}.port")
        self.deployment.workers.append(worker)
        worker.start()
        return worker

    def remove(self, worker: ChaosWorker) -> None:
        """Stop a worker in good order, for good."""
        worker.stop()
        self.deployment.workers.remove(worker)

    def workers(self, role: str = "") -> list[ChaosWorker]:
        """Return the workers whose names begin so."""
        found = [worker for worker in self.deployment.workers if worker.name.startswith(role)]
        return [worker for worker in found if isinstance(worker, ChaosWorker)]

    def ready(self) -> bool:
        """Say whether every worker is ready."""
        return all((readiness(worker.port) or {}).get("ready") for worker in self.deployment.workers)

    @contextmanager
    def holding_up(self) -> Iterator[None]:
        """Remember that what was on its way to Mixpanel may be late."""
        start = now_ms()
        try:
            yield
        finally:
            self.held.append(Span(start, now_ms()))

    @contextmanager
    def skewing(self, shift_s: float) -> Iterator[None]:
        """Remember that clocks are wrong."""
        start = now_ms()
        try:
            yield
        finally:
            self.skewed.append(Span(start, now_ms(), shift_s))


def now_ms() -> int:
    """Return the time of day in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
