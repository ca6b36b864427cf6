"""`coppice reconcile`: raw, clean, rejected and delivered events, compared."""

import json
import sys

import click

from pipeline.cli.options import with_settings
from pipeline.ledger.reconcile import SHOWN, reconcile
from pipeline.ops.logging import configure_logging
from pipeline.ops.settings import Settings
from pipeline.workers.context import now_ms

UNACCOUNTED = 1


@click.command("reconcile")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@with_settings
def command(settings: Settings, *, as_json: bool) -> None:
    """Say what became of every record that the raw topic still holds; exit status 1 if one is unaccounted for."""
    configure_logging("warning")
    found = reconcile(settings.kafka, now_ms())
    if as_json:
        click.echo(json.dumps(found.document(), indent=2))
    else:
        click.echo(f"{found.records:10}  raw records")
        for title, counts in (("decided", found.decided), ("sent", found.sent), ("waiting on", found.waiting)):
            for what, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
                click.echo(f"{count:10}  {title} {what}")
        for each in found.missing[:SHOWN]:
            place = f"{each.topic}/{each.partition}, offsets {each.first_offset} to {each.last_offset}"
            click.echo(f"{place}: {each.why} ({each.events})", err=True)
        click.echo(f"{found.unaccounted} unaccounted")
    if found.unaccounted:
        sys.exit(UNACCOUNTED)
