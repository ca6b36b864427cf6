"""`coppice auditor`: the ledger under watch."""

import asyncio

import click

from pipeline.cli.options import with_settings
from pipeline.ops.logging import configure_logging
from pipeline.ops.settings import Settings
from pipeline.workers.auditor import serve


@click.command()
@click.option("--every", "every_s", type=click.FloatRange(0.1), default=900.0, show_default=True, help="Seconds.")
@click.option(
    "--within", "within_h", type=click.FloatRange(0.01), default=48.0, show_default=True, help="Hours to look back."
)
@with_settings
def auditor(settings: Settings, *, every_s: float, within_h: float) -> None:
    """Verify the ledger again and again, and serve the verdict as metrics, for alerts.

    It needs the rights of the role `auditor`. `coppice audit verify` looks at the whole ledger, once.
    """
    configure_logging(settings.ops.log_level)
    asyncio.run(serve(settings, every_s=every_s, within_h=within_h))
