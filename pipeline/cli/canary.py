"""`coppice canary`: events of invented people that must never be seen, to be published on a schedule."""

import time

import click

from pipeline.cli.options import with_settings
from pipeline.ops.settings import Settings
from pipeline.workers.canary import canaries, expect, publish
from pipeline.workers.context import now_ms


@click.group()
def canary() -> None:
    """Publish events of invented people, whose values the sinks know and must never see."""


@canary.command(name="publish")
@click.option("--every", "every_s", type=click.FloatRange(0.1), help="Publish again after so many seconds, for ever.")
@with_settings
def publish_(settings: Settings, *, every_s: float | None) -> None:
    """Publish consents and events of every canary once. Run it on a schedule, for example every 15 minutes.

    The sinks must have the same COPPICE_DELIVER__CANARY_SEED, which is the case unless somebody sets it. None of the
    events reaches Mixpanel.
    """
    _publish_once(settings)
    while every_s is not None:
        time.sleep(every_s)
        _publish_once(settings)


def _publish_once(settings: Settings) -> None:
    now = now_ms()
    made = canaries(settings, now)
    expected = expect(settings, made, now)
    publish(settings, made)
    reach = ", ".join(f"{region} {count}" for region, count in sorted(expected.reach.items()))
    click.echo(
        f"published {len(made.events)} events; by the rules {expected.stay} stay behind and reach a sink: {reach}"
    )
