"""The soak: an undisturbed load, and whether memory, threads and descriptors of each worker stay flat."""

import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from pipeline.sandbox.chaos.scene import Scene
from pipeline.sandbox.chaos.suite import QUIET_S, running

SAMPLE_S: Final = 5.0
CHECK_S: Final = 300.0  # how often every event is accounted for, so that this process does not grow without end either
WARM_UP: Final = 0.3  # of the time: caches fill, the first people withdraw
WINDOW: Final = 0.2  # of the time: what is compared, at the beginning after the warm-up and at the end
FLAT: Final = 0.10


class Sample(NamedTuple):
    """A process at a moment. memory_mb: resident."""

    memory_mb: float
    threads: int
    descriptors: int


def sample(pid: int) -> Sample:
    """Look at a process. Raise OSError when it is gone."""
    directory = Path(f"/proc/{pid}")
    lines = dict(line.split(":", 1) for line in (directory / "status").read_text().splitlines())
    descriptors = sum(1 for _ in (directory / "fd").iterdir())
    return Sample(int(lines["VmRSS"].split()[0]) / 1024, int(lines["Threads"]), descriptors)


def drift(values: Sequence[float]) -> tuple[float, float, bool]:
    """Return the mean after the warm-up and at the end, and whether the two are as good as the same."""
    window = max(1, int(len(values) * WINDOW))
    first = int(len(values) * WARM_UP)
    begin, end = fmean(values[first : first + window]), fmean(values[-window:])
    return begin, end, abs(end - begin) <= max(FLAT * begin, 1.0)


def soak(seed: int, minutes: float, *, rate: float, logs: Path, console: Console) -> bool:
    """Run for so many minutes, print what was seen and a last line of JSON; return whether all is well."""
    with running(seed, rate, logs) as (scene, load, audit):
        samples: dict[str, list[Sample]] = {worker.name: [] for worker in scene.workers()}
        end = time.monotonic() + minutes * 60
        while (now := time.monotonic()) < end:
            load.resume()
            _watch(scene, samples, min(end, now + CHECK_S))
            load.pause()
            audit.quiesce(QUIET_S)
            audit.check()
        restarts = sum(worker.restarts for worker in scene.workers())
    table, flat = _table(samples)
    console.print(table)
    tally = audit.tally
    document = {
        "minutes": minutes,
        "published": tally.published,
        "unaccounted": len(tally.unaccounted),
        "leaks": len(tally.leaks),
        "restarts": restarts,
        "flat": flat,
    }
    sys.stdout.write(json.dumps(document) + "\n")
    return flat and not restarts and not tally.unaccounted and not tally.leaks


def _watch(scene: Scene, samples: dict[str, list[Sample]], until: float) -> None:
    while time.monotonic() < until:
        for worker in scene.workers():
            if worker.pid is not None:
                samples[worker.name].append(sample(worker.pid))
        time.sleep(SAMPLE_S)


def _table(samples: dict[str, list[Sample]]) -> tuple[Table, bool]:
    table, flat = Table(title="after the warm-up → at the end (most)", title_justify="left"), True
    for column in ("worker", "memory, MB", "threads", "descriptors"):
        table.add_column(column)
    for name, seen in samples.items():
        cells = []
        for values in _columns(seen):
            begin, end, same = drift(values)
            flat = flat and same
            cells.append(f"{'' if same else '[red]'}{begin:.1f} → {end:.1f} ({max(values):.1f})")
        table.add_row(name, *cells)
    return table, flat


def _columns(samples: Sequence[Sample]) -> Iterable[list[float]]:
    return ([float(value) for value in column] for column in zip(*samples, strict=True))
