"""`python -m pipeline.sandbox.chaos`: the suite and the soak, for `make chaos`."""

import json
import logging
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console

from pipeline.ops.logging import configure_logging
from pipeline.sandbox.chaos.fates import Offence
from pipeline.sandbox.chaos.soak import soak
from pipeline.sandbox.chaos.suite import Result, Seen, default_seed, run

SHOWN = 10
FAILED = 1


@click.command()
@click.option("--seed", type=int, help="Repeat the run of this seed. Default: another one each time.")
@click.option("--faults", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many faults.")
@click.option("--rate", type=click.FloatRange(1, 5000), default=300.0, show_default=True, help="Events a second.")
@click.option(
    "--pace", type=click.FloatRange(0.01, 10), default=1.0, show_default=True, help="Scales how long they last."
)
@click.option("--soak", "minutes", type=click.FloatRange(1, 1440), help="No faults: watch the workers for so long.")
def chaos(seed: int | None, faults: int, rate: float, pace: float, minutes: float | None) -> None:
    """Disturb a deployment on this machine in every way at hand, and account for every event.

    The last line is JSON; exit status 1 if an event is unaccounted for or anything leaked.
    """
    configure_logging("error")
    logging.getLogger("coppice.publish").setLevel(logging.CRITICAL)  # that the broker is away, is on purpose
    console = Console(width=150)
    seed = default_seed() if seed is None else seed
    logs = Path(tempfile.gettempdir()) / f"coppice-chaos-{seed}"
    console.print(f"seed {seed}", highlight=False)
    if minutes is not None:
        sys.exit(0 if soak(seed, minutes, rate=rate, logs=logs, console=console) else FAILED)
    number = 0

    def show(seen: Seen) -> None:
        nonlocal number
        number += len(seen.step)
        _show(console, seen, f"{number}/{faults}")

    result = run(seed, faults, rate=rate, pace=pace, logs=logs, show=show)
    _conclude(console, result, logs)
    sys.stdout.write(json.dumps(result.document()) + "\n")
    sys.exit(0 if result.clean else FAILED)


def _show(console: Console, seen: Seen, number: str) -> None:
    names = " + ".join(fault.name for fault in seen.step)
    quiet = "[red]not quiet in time[/red]" if seen.quiet_s is None else f"quiet after {seen.quiet_s:4.1f} s"
    wrong = f"[red]{seen.unaccounted} unaccounted, {seen.leaks} leaks[/red]"
    good = "[green]all accounted for[/green]"
    console.print(
        f"{number:>7}  {names:46.46}  {seen.took_s:5.1f} s  {quiet}  {seen.published:6} published"
        f"  {seen.delivered:5} delivered  {seen.duplicates:4} sent twice  {seen.restarts} restarts"
        f"  {wrong if seen.unaccounted or seen.leaks else good}",
        highlight=False,
        soft_wrap=True,
    )


def _conclude(console: Console, result: Result, logs: Path) -> None:
    tally = result.audit.tally
    for fate, count in sorted(tally.fates.items()):
        console.print(f"{count:10}  {fate}", highlight=False)
    console.print(f"{tally.ambiguous:10}  of them with more than one rightful fate", highlight=False)
    for offence in [*tally.unaccounted[:SHOWN], *tally.leaks[:SHOWN]]:
        console.print(f"[red]{_words(offence)}[/red]", highlight=False)
    if not result.clean:
        console.print(f"logs of the workers: {logs}", highlight=False)


def _words(offence: Offence) -> str:
    place = offence.place
    return f"{offence.why}: {place.topic} partition {place.partition}, offset {place.offset}, event {place.index}"


if __name__ == "__main__":
    chaos()
