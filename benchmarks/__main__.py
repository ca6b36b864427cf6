"""`python -m benchmarks`: measure, print the table, write the report."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks import (
    group_compiled,
    group_consent,
    group_core,
    group_deliver,
    group_memory,
    group_redaction,
    group_sanitize,
    group_start,
    group_withdrawal,
)
from benchmarks.figures import DEFINITIONS, Figure, NotMeasuredError, with_baselines
from benchmarks.report import LATEST, Report
from benchmarks.scale import FULL, QUICK
from benchmarks.site import Site
from pipeline.ops.errors import ConfigError
from pipeline.sandbox.kafka_artifacts import KafkaUnavailable

Measure = Callable[[Site, set[str]], Iterator[Figure]]
GROUPS: Final[tuple[tuple[Sequence[str], Measure], ...]] = tuple(
    (group.NAMES, group.measure)
    for group in (
        group_core,
        group_compiled,
        group_redaction,
        group_sanitize,
        group_deliver,
        group_start,
        group_consent,
        group_withdrawal,
        group_memory,
    )
)


def main() -> int:
    """Return 0, or 1 when a figure could not be measured. A figure that misses its target is measured all right."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller numbers, for development")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[*DEFINITIONS], help="these and their baselines")
    parser.add_argument("--report", type=Path, help="file for the report, which else only a complete run writes")
    arguments = parser.parse_args()
    scale = QUICK if arguments.quick else FULL
    wanted = with_baselines(set(arguments.only or DEFINITIONS))
    console = Console(stderr=True)
    report = Report(asdict(scale), _command(arguments), quick=arguments.quick)
    with Site(scale, lambda line: console.print(f"[dim]{line}[/dim]", highlight=False)) as site:
        for names, measure in GROUPS:
            if here := wanted.intersection(names):
                _run(report, site, measure, here)
    report.show()
    complete = not arguments.quick and not arguments.only
    if path := arguments.report or (LATEST if complete else None):
        report.write(path)
    return 1 if report.failures else 0


def _command(arguments: argparse.Namespace) -> str:
    """Return the command line without paths of this machine."""
    parts = ["python -m benchmarks"]
    if arguments.quick:
        parts.append("--quick")
    if arguments.only:
        parts += ["--only", *arguments.only]
    return " ".join(parts)


def _run(report: Report, site: Site, measure: Measure, wanted: set[str]) -> None:
    why = "the group gave no figure"
    try:
        for figure in measure(site, wanted):
            if figure.name in wanted:
                report.add(figure)
    except (NotMeasuredError, ConfigError, KafkaUnavailable) as exc:
        why = str(exc).partition("\n")[0]
    except Exception as exc:  # noqa: BLE001 - whatever it is, the other groups are measured
        why = type(exc).__name__
    for name in wanted - report.figures.keys():
        report.fail(name, why)


if __name__ == "__main__":
    sys.exit(main())
