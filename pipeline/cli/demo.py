"""`coppice demo`: everything on this machine, nothing to set up."""

import sys
from pathlib import Path

import click

from pipeline.cli.options import console as wide_console
from pipeline.ops.errors import ConfigError


@click.command()
@click.option("--once", is_flag=True, help="Process the samples only, print the account, and exit.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the account as JSON (--once).")
@click.option(
    "--received",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write what each stand-in accepted to us.ndjson and in.ndjson in this directory (--once).",
)
@click.option("--rate", type=click.FloatRange(0.1, 2000), default=50.0, show_default=True, help="Events a second.")
def demo(once: bool, report: Path | None, received: Path | None, rate: float) -> None:
    """Watch events of US and Indian users flow from a real Kafka to a stand-in for Mixpanel."""
    if not once and (report or received):
        raise click.UsageError("--report and --received go with --once")
    try:
        from pipeline.sandbox.demo import run_once, run_steady  # noqa: PLC0415  # the sandbox is an extra
    except ImportError as exc:
        raise ConfigError(f"{exc.name} is not installed: pip install 'coppice[sandbox]'") from None
    console = wide_console()
    if once:
        sys.exit(0 if run_once(console, report, received).unaccounted == 0 else 1)
    try:
        run_steady(console, rate)
    except KeyboardInterrupt:
        console.print("\nstopped")
