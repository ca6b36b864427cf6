"""`coppice worker`: run one worker process of a role."""

import sys

import click

from pipeline.cli.options import with_settings
from pipeline.ops.logging import configure_logging
from pipeline.ops.settings import Settings
from pipeline.policy.vocabulary import Region

REGIONS = [region.value for region in Region]


@click.group()
def worker() -> None:
    """Run one worker process. Scale by running more; the container runtime restarts them."""


@worker.command()
@click.option("--region", type=click.Choice([*REGIONS, "all"]), default="all", help="The only region to process.")
@with_settings
def sanitize(settings: Settings, region: str) -> None:
    """Judge raw events and write what may leave to the clean topics."""
    from pipeline.workers.sanitize import run_sanitize  # noqa: PLC0415  # loads Kafka clients

    configure_logging(settings.ops.log_level)
    sys.exit(run_sanitize(settings, None if region == "all" else Region(region)))


@worker.command()
@click.option("--region", type=click.Choice(REGIONS), required=True, help="Whose clean events to deliver.")
@with_settings
def deliver(settings: Settings, region: str) -> None:
    """Send one region's clean events to its Mixpanel project."""
    from pipeline.workers.deliver import run_deliver  # noqa: PLC0415  # loads Kafka clients

    configure_logging(settings.ops.log_level)
    sys.exit(run_deliver(settings, Region(region)))


@worker.command()
@with_settings
def rights(settings: Settings) -> None:
    """Carry out what people decide: withdrawals reach what is queued, erasures and exports reach Mixpanel."""
    from pipeline.workers.rights import run_rights  # noqa: PLC0415  # loads Kafka clients

    configure_logging(settings.ops.log_level)
    sys.exit(run_rights(settings))


@worker.command()
@with_settings
def aggregate(settings: Settings) -> None:
    """Make counts of Indian children's events, where the policy settings ask for them (R11, J5)."""
    from pipeline.workers.aggregate import run_aggregate  # noqa: PLC0415  # loads Kafka clients

    configure_logging(settings.ops.log_level)
    sys.exit(run_aggregate(settings))
