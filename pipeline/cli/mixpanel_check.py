"""`coppice mixpanel check`: what a deliver worker asks Mixpanel at its start, by hand and aloud."""

import click

from pipeline.cli.options import with_settings
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.policy.vocabulary import Region

REGIONS = [region.value for region in Region]


@click.command()
@click.option("--region", type=click.Choice(REGIONS), required=True, help="Whose project.")
@click.option(
    "--canary/--no-canary",
    default=None,
    help="Also send one event about nobody and look for it.  [default: as residency_check says]",
)
@click.option("--wait", type=click.FloatRange(min=0, min_open=True), help="Seconds to look for it.")
@with_settings
def check(settings: Settings, region: str, *, canary: bool | None, wait: float | None) -> None:
    """Ask whether a region's host, project, token and account belong together, and whether events arrive.

    Without --canary nothing is stored: Mixpanel is sent an event that it has to refuse. Exit status 0 when all is well,
    2 with one message when it is not or Mixpanel does not answer.
    """
    from pipeline.deliver.residency import CANARY_EVENT, Residency, Verdict  # noqa: PLC0415  # loads aiohttp
    from pipeline.ops.credentials import region_settings, require_mixpanel  # noqa: PLC0415
    from pipeline.ops.metrics import Metrics  # noqa: PLC0415
    from pipeline.workers.labels import LABEL_VALUES  # noqa: PLC0415
    from pipeline.workers.residency import Check, explain  # noqa: PLC0415

    project = require_mixpanel(settings, region)
    asked = region_settings(settings, region)
    looked_for = asked.residency_check == "canary" if canary is None else canary
    seconds = wait or asked.residency_wait_s
    for what, value in (("project", project.project_id), ("host", project.host)):
        click.echo(f"{what:<12}{value}")

    async def steps(residency: Residency) -> Verdict:
        verdict = await residency.ask()
        if verdict is not Verdict.PASSED:
            return verdict
        click.echo(f"{'account':<12}accepted, nothing was stored\n{'token':<12}accepted")
        if not looked_for:
            click.echo(f"{'canary':<12}not sent; --canary sends {CANARY_EVENT} and looks for it")
            return verdict
        click.echo(f"{'canary':<12}{CANARY_EVENT} is sent and looked for at {project.export_host}, up to {seconds:g} s")
        verdict = await residency.prove()
        if verdict is Verdict.PASSED:
            click.echo(f"{'':<12}found in the project")
        return verdict

    verdict = Check(settings, project, Metrics(LABEL_VALUES), canary=looked_for, wait_s=seconds).run(steps)
    if verdict is not Verdict.PASSED:
        raise ConfigError(explain(verdict, project))
