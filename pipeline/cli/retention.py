"""`coppice retention`: every store, its limit, and the law it serves."""

import json
import sys
from dataclasses import asdict
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from pipeline.cli.options import console, with_settings
from pipeline.ops.settings import Settings
from pipeline.workers.context import now_ms
from pipeline.workers.retention import HoldState, Store, hold_state, stores, written_settings
from pipeline.workers.retention_page import page

UNKEPT = 1


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the page docs/retention.md, for these settings.")
@with_settings
def retention(settings: Settings, *, as_json: bool, as_markdown: bool) -> None:
    """List every store with its limit, who keeps to it, and the law it serves (R29); and the hold for India (R30).

    Exit status 1 while India's hold is in force and asks for events that no store keeps for the year.
    """
    policy = written_settings(settings)
    found, hold = stores(settings, policy), hold_state(policy, now_ms())
    if as_markdown:
        click.echo(page(found, hold), nl=False)
        return
    if as_json:
        click.echo(json.dumps({"stores": [asdict(store) for store in found], "india_hold": _hold(hold)}, indent=2))
    else:
        _show(found, hold)
    if hold.vault_missing:
        sys.exit(UNKEPT)


def _hold(hold: HoldState) -> dict[str, Any]:
    return {
        "scope": hold.scope,
        "from": hold.begins.isoformat(),
        "in_force": hold.in_force,
        "mixpanel_copy": hold.mixpanel_copy,
        "vault_missing": hold.vault_missing,
    }


def _show(found: list[Store], hold: HoldState) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("store", no_wrap=True)
    for heading in ("kind", "limit", "kept to by", "law"):
        table.add_column(heading, overflow="fold")
    for store in found:
        table.add_row(*map(Text, (store.name, store.kind, store.limit, store.removed_by, store.law)))
    console().print(table)
    click.echo(f"\nIndia's one-year hold (DPDP Rules r.8(3); R30): {hold.words}")
