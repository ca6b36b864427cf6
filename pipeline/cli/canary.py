"""`coppice canary`: events of invented people that must never be seen, to be published on a schedule."""

import click

from pipeline.cli.options import with_settings
from pipeline.ops.settings import Settings
from pipeline.workers.canary import canaries, expect, publish
from pipeline.workers.context import now_ms


@click.group()
def canary() -> None:
    """Publish events of invented people, whose values the sinks know and must never see."""


@canary.command(name="publish")
@with_settings
def publish_(settings: Settings) -> None:
    """Publish consents and events of every canary once. Run it on a schedule, for example every 15 minutes.

    The sinks must have the same COPPICE_DELIVER__CANARY_SEED, which is the case unless somebody sets it. None of the
    events reaches Mixpanel.
    """
    now = now_ms()
    made = canaries(settings, now)
    expected = expect(settings, made, now)
    publish(settings, made)
    reach = ", ".join(f"{region} {count}" for region, count in sorted(expected.reach.items()))
    click.echo(
        f"published {len(made.events)} events; by the rules {expected.stay} stay behind and reach a sink: {reach}"
    )
