"""`coppice replay`: judge raw events again that are still on their topic, under today's policy and consent."""

import sys

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pipeline.cli.options import console, with_settings
from pipeline.cli.sanitize import parse_moment
from pipeline.ops.errors import ConfigError
from pipeline.ops.logging import configure_logging
from pipeline.ops.settings import Settings
from pipeline.policy.vocabulary import Region
from pipeline.workers.replay import run_replay
from pipeline.workers.replay_job import Summary
from pipeline.workers.replay_plan import Wanted

UNDONE = 1
GONE_SHOWN = 20


@click.command()
@click.option("--from", "from_", required=True, metavar="TIME", help="Milliseconds since the epoch, or ISO 8601.")
@click.option("--to", required=True, metavar="TIME", help="Up to, and without, this time; not in the future.")
@click.option("--partition", type=int, help="Only this partition of the raw topic.")
@click.option("--reason", "reasons", multiple=True, help="Only what was rejected in that time for this; or `any`.")
@click.option("--region", type=click.Choice([region.value for region in Region]), help="As of the sanitize worker.")
@click.option("--id", "name", metavar="NAME", help="Under which progress is kept.  [default: made from the request]")
@click.option("--restart", is_flag=True, help="Begin again, whatever earlier runs have done.")
@click.option("--dry-run", is_flag=True, help="Judge and count, but write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@with_settings
def replay(
    settings: Settings,
    *,
    from_: str,
    to: str,
    partition: int | None,
    reasons: tuple[str, ...],
    region: str | None,
    name: str | None,
    restart: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Judge raw events again that arrived from --from to before --to, under today's policy and consent.

    With --reason: those of which an event was rejected in that time. What may leave goes to Mixpanel under the same
    `$insert_id`, time and pseudonym as the first time, so nothing is counted twice there. (A policy that gives people
    other pseudonyms than it did, or another consent id on the same grant, makes two events of what had left already.)

    A run that was interrupted goes on when the same command is given again. Exit status 1 if something stayed undone:
    records that the raw topic does not hold any more are listed as gone.
    """
    configure_logging("warning")
    wanted = Wanted(_time("--from", from_), _time("--to", to), partition, reasons, region)
    screen = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as progress:
        bar = progress.add_task("raw records", total=None)
        summary = run_replay(
            settings,
            wanted,
            name=name,
            restart=restart,
            dry_run=dry_run,
            advance=lambda done, total: progress.update(bar, completed=done, total=total),
        )
    if as_json:
        click.echo(msgspec.json.encode(msgspec.to_builtins(summary) | {"complete": summary.complete}))
    else:
        _show(summary)
    if not summary.complete:
        sys.exit(UNDONE)


def _time(option: str, text: str) -> int:
    try:
        return parse_moment(text)
    except ConfigError as exc:
        raise ConfigError(f"{option}: {str(exc).partition(': ')[2]}") from None


def _show(summary: Summary) -> None:
    table = Table("outcome", "", "events", title=f"replay {summary.id}", title_justify="left")
    outcomes = {
        "kept": summary.kept,
        "counted": summary.counted,
        "dropped": summary.dropped,
        "rejected": summary.rejected,
    }
    for outcome, counts in outcomes.items():
        for what, count in sorted(counts.items(), key=lambda pair: -pair[1]):
            table.add_row(outcome, what, str(count))
    console().print(table)
    done = f"{summary.records} raw records judged under policy {summary.policy}"
    earlier = f", {summary.earlier} by earlier runs" if summary.earlier else ""
    click.echo(done + earlier + (", nothing written" if summary.dry_run else ""))
    if summary.left:
        click.echo(f"{summary.left} raw records are left: give the same command again", err=True)
    for partition, first, last in summary.gone[:GONE_SHOWN]:
        click.echo(f"gone: partition {partition}, offsets {first} to {last}", err=True)
    if len(summary.gone) > GONE_SHOWN:
        click.echo(f"gone: {len(summary.gone) - GONE_SHOWN} more, see --json", err=True)
    for partition in summary.cut:
        click.echo(f"partition {partition} begins later than --from: what was before is gone", err=True)
