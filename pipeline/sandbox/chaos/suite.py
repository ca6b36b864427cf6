"""One run: start everything, inflict fault after fault, and look after each what became of every event."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from pipeline.sandbox.chaos.audit import Audit
from pipeline.sandbox.chaos.load import Load
from pipeline.sandbox.chaos.plan import Step, make_plan
from pipeline.sandbox.chaos.scene import OVERRIDES, Scene
from pipeline.sandbox.deployment import Deployment

BEFORE_S: Final = 5.0  # of undisturbed load before each fault, scaled
QUIET_S: Final = 150.0  # deadline: sessions of 10 s, restarts that wait up to 10 s, on a busy machine
LEAST_S: Final = 1.0


@dataclass(slots=True)
class Seen:
    """What was seen of one step. quiet_s: until everything was acknowledged again, None if not in time."""

    step: Step
    took_s: float
    quiet_s: float | None
    published: int
    delivered: int
    unaccounted: int
    leaks: int
    duplicates: int
    restarts: int


@dataclass(slots=True)
class Result:
    """The figures of a run, for the last line."""

    faults: int
    audit: Audit

    @property
    def clean(self) -> bool:
        """Say whether nothing is missing and nothing leaked."""
        return not self.audit.tally.unaccounted and not self.audit.tally.leaks

    def document(self) -> dict[str, int]:
        """Return the last line."""
        tally = self.audit.tally
        return {
            "faults": self.faults,
            "published": tally.published,
            "unaccounted": len(tally.unaccounted),
            "leaks": len(tally.leaks),
            "duplicates_sent": self.audit.duplicates,
        }


@contextmanager
def running(seed: int, rate: float, logs: Path) -> Iterator[tuple[Scene, Load, Audit]]:
    """Start broker, stand-ins, workers and load. logs: where the workers' logs are kept if the block raises."""
    with Deployment(overrides=OVERRIDES) as deployment:
        scene = Scene(deployment)
        try:
            scene.start()
            with Load(deployment.broker.bootstrap, seed=seed, rate=rate) as load:
                audit = Audit(scene, load)
                try:
                    yield scene, load, audit
                finally:
                    audit.close()
        except BaseException:
            keep_logs(deployment, logs)
            raise


def keep_logs(deployment: Deployment, to: Path) -> None:
    """Copy what the workers have logged."""
    to.mkdir(parents=True, exist_ok=True)
    for log in deployment.directory.glob("*.log"):
        shutil.copy(log, to)


def inflict(scene: Scene, step: Step, pace: float, random: Random) -> None:
    """Let the faults of a step happen, at the same time, and wait until all are over."""
    with ThreadPoolExecutor(len(step)) as together:
        under_way = [
            together.submit(fault.inflict, scene, max(LEAST_S, fault.lasts_s * pace), Random(random.getrandbits(64)))  # noqa: S311
            for fault in step
        ]
        for each in under_way:
            each.result()


def run(seed: int, faults: int, *, rate: float, pace: float, logs: Path, show: Callable[[Seen], object]) -> Result:
    """Run the plan of a seed to its end. logs: where the workers' logs go when something is wrong."""
    random = Random(seed)  # noqa: S311 - repeatable on purpose
    with running(seed, rate, logs) as (scene, load, audit):
        result = Result(0, audit)
        for step in make_plan(seed, faults):
            result.faults += len(step)
            show(_one(step, (scene, load, audit), pace, random))
            if not result.clean:
                keep_logs(scene.deployment, logs)
    return result


def _one(step: Step, world: tuple[Scene, Load, Audit], pace: float, random: Random) -> Seen:
    scene, load, audit = world
    before: Any = (audit.tally.published, audit.tally.delivered, audit.duplicates)
    restarts = sum(worker.restarts for worker in scene.workers())
    start = time.monotonic()
    load.resume()
    time.sleep(max(LEAST_S, BEFORE_S * pace))
    inflict(scene, step, pace, random)
    took = time.monotonic() - start
    load.pause()
    quiet = audit.quiesce(QUIET_S)
    audit.check()
    tally = audit.tally
    return Seen(
        step,
        took,
        quiet,
        tally.published - before[0],
        tally.delivered - before[1],
        len(tally.unaccounted),
        len(tally.leaks),
        audit.duplicates - before[2],
        sum(worker.restarts for worker in scene.workers()) - restarts,
    )


def default_seed() -> int:
    """Return a seed that nobody has chosen."""
    return Random().randrange(sys.maxsize) & 0xFFFFFF  # noqa: S311 - to be told apart, not to be secret
