"""`coppice mixpanel`: a stand-in for Mixpanel in the foreground, and the check of the real projects."""

import signal
import threading
from pathlib import Path

import click

from pipeline.cli.mixpanel_check import check
from pipeline.ops.errors import ConfigError
from pipeline.sandbox.mixpanel import ImportOptions, MixpanelStandIn, Project, sandbox_project


class _StandInOr(click.Group):
    """A group whose options without a command's name are those of `stand-in`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else ["stand-in", *args])


@click.group("mixpanel", cls=_StandInOr)
def mixpanel() -> None:
    """Check the access to the real projects, or run a stand-in for one (also without the word stand-in)."""


mixpanel.add_command(check)


@mixpanel.command("stand-in")
@click.option("--region", type=click.Choice(["us", "in"]), required=True, help="The region it stands for.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
@click.option("--project-id", help="Project to serve.  [default: sandbox-REGION]")
@click.option("--token", envvar="COPPICE_STANDIN_TOKEN", help="Its project token.  [default: sandbox-token-REGION]")
@click.option("--user", help="Its service account.  [default: sandbox.REGION.serviceaccount]")
@click.option("--secret", envvar="COPPICE_STANDIN_SECRET", help="The account's secret.  [default: sandbox]")
@click.option("--max-bytes", type=click.IntRange(1), help="Uncompressed bytes of a request.  [default: 2097152]")
@click.option("--count-only", is_flag=True, help="Count events and check nothing: for benchmarks.")
@click.option("--url-file", type=click.Path(path_type=Path), help="Also write the address to this file.")
def stand_in(
    *,
    region: str,
    host: str,
    port: int,
    project_id: str | None,
    token: str | None,
    user: str | None,
    secret: str | None,
    max_bytes: int | None,
    count_only: bool,
    url_file: Path | None,
) -> None:
    """Run a stand-in for Mixpanel's import endpoint until Ctrl-C or SIGTERM.

    It prints its address first; GET /_control/state there shows what it received.
    """
    defaults = sandbox_project(region)
    project = Project(
        project_id or defaults.project_id,
        token or defaults.token,
        user or defaults.service_account_user,
        secret or defaults.secret,
    )
    options = ImportOptions() if max_bytes is None else ImportOptions(max_bytes=max_bytes)
    standin = MixpanelStandIn(project, region=region, host=host, port=port, count_only=count_only, options=options)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        standin.start()
    except OSError as error:
        raise ConfigError(f"--port {port}: cannot listen on {host}: {error.strerror}; try --port 0") from error
    try:
        if url_file is not None:
            url_file.write_text(f"{standin.url}\n", encoding="utf-8")
        click.echo(standin.url)
        ended.wait()
    finally:
        standin.stop()
