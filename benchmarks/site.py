"""Where the figures are measured: one broker, the events, and what is started beside it for one figure."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from benchmarks.events import Pool, make_pool
from benchmarks.figures import NotMeasuredError
from benchmarks.scale import Scale
from benchmarks.topics import Feeder
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.guarded import GuardedProcess
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.supervisor import SupervisedWorker

PROCESSES: Final = Path(__file__).parent / "processes"
COMPILED_PYTHON: Final = Path(__file__).parents[1] / ".venv-compiled" / "bin" / "python"
# Small segments, looked at often: the long run deletes what it has done with, and the disk stays small.
_BROKER: Final = {
    "log.segment.bytes": str(32 * 1024**2),
    "log.retention.check.interval.ms": "2000",
    "log.segment.delete.delay.ms": "500",
}
_HELPER_S: Final = 180.0
_LISTEN_S: Final = 20.0


class Site:
    """The broker and the pool of a run; both are made when they are first needed, and end with it."""

    def __init__(self, scale: Scale, say: Callable[[str], object]) -> None:
        self.scale = scale
        self.say = say
        self._numbers = count()
        self._broker = EmbeddedKafka(extra_config=_BROKER)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._broker.stop()

    @cached_property
    def pool(self) -> Pool:
        """The events."""
        self.say("inventing events")
        return make_pool(self.scale.pool, self.scale.profiles)

    @cached_property
    def broker(self) -> EmbeddedKafka:
        """The broker, running."""
        self.say("starting Apache Kafka")
        return self._broker.start()

    @cached_property
    def feeder(self) -> Feeder:
        """A producer for the broker."""
        return Feeder(self.broker.bootstrap)

    def deployment(
        self, prefix: str, mixpanel: Mapping[str, Any] | None = None, python: Sequence[str] = (sys.executable,)
    ) -> Deployment:
        """Return topics of this prefix and workers in consumer groups that nobody was in before.

        mixpanel: settings of the projects by region, in place of the deployment's own stand-ins. python: what runs
        the workers.
        """
        group = {"group_prefix": f"{prefix}{next(self._numbers)}"}
        overrides: dict[str, Any] = {"kafka": group}
        if mixpanel is not None:
            overrides["mixpanel"] = mixpanel
        return Deployment(broker=self.broker, prefix=prefix, overrides=overrides, python=python)


@contextmanager
def standin(region: str, delay_ms: int, script: str = "counting_standin.py") -> Iterator[tuple[str, int]]:
    """Run a stand-in, one of `benchmarks/processes`, in a process of its own; yield its address and its process id."""
    with tempfile.TemporaryDirectory(prefix="coppice-bench-") as directory:
        at = Path(directory) / "url"
        process = GuardedProcess(Path(directory))
        try:
            command = [sys.executable, str(PROCESSES / script), region, str(delay_ms), str(at)]
            pid = process.spawn(command, Path(directory) / "log")
            deadline = time.monotonic() + _LISTEN_S
            while not (at.exists() and at.read_text("utf-8").endswith("\n")):
                if time.monotonic() > deadline or process.wait(0.02) is not None:
                    raise NotMeasuredError("the stand-in did not start")
            yield at.read_text("utf-8").strip(), pid
        finally:
            process.close()


def compiled_python() -> list[str]:
    """Return the interpreter that has the compiled wheel, with its options. Raise NotMeasuredError without one."""
    if not COMPILED_PYTHON.exists():
        raise NotMeasuredError("there is no compiled wheel; make compiled builds one")
    return [str(COMPILED_PYTHON), "-P"]  # or the sources in the working directory would come first


def helper(
    script: str, *arguments: object, given: bytes | None = None, python: Sequence[str] = (sys.executable,)
) -> dict[str, Any]:
    """Run one of `benchmarks/processes` to its end and return the JSON document that it prints last."""
    command = [*python, str(PROCESSES / script), *map(str, arguments)]
    try:
        with tempfile.TemporaryDirectory() as there:  # Faust leaves a directory where it runs
            ended = subprocess.run(command, input=given, capture_output=True, timeout=_HELPER_S, check=True, cwd=there)
        document: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    except subprocess.CalledProcessError as exc:
        tail = exc.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise NotMeasuredError(f"{script} ended with status {exc.returncode}: {' '.join(tail)}") from None
    except subprocess.TimeoutExpired:
        raise NotMeasuredError(f"{script} took longer than {_HELPER_S:.0f} s") from None
    except (IndexError, ValueError):
        raise NotMeasuredError(f"{script} printed no result") from None
    return document


def steady(worker: SupervisedWorker) -> int:
    """Return the process id of a worker that runs. Raise NotMeasuredError if it has ended in between."""
    pid = worker.pid
    if pid is None or worker.restarts:
        raise NotMeasuredError(f"worker {worker.name} ended by itself, see its log")
    return pid
