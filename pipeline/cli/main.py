"""The `coppice` command: one file per command, loaded only when it is called."""

import importlib
import os
import sys

import click

from pipeline import __version__
from pipeline.core.built import build
from pipeline.ops.errors import ConfigError
from pipeline.ops.logging import configure_logging

# command → module:attribute
COMMANDS = {
    "audit": "pipeline.cli.audit:audit",
    "auditor": "pipeline.cli.auditor:auditor",
    "canary": "pipeline.cli.canary:canary",
    "check": "pipeline.cli.check:check",
    "detect": "pipeline.cli.detect:detect",
    "demo": "pipeline.cli.demo:demo",
    "explain": "pipeline.cli.explain:explain",
    "generate": "pipeline.cli.generate:generate",
    "incident": "pipeline.cli.incident:incident",
    "kafka": "pipeline.cli.kafka:kafka",
    "keys": "pipeline.cli.keys:keys",
    "mixpanel": "pipeline.cli.mixpanel:mixpanel",
    "policy": "pipeline.cli.policy:policy",
    "reconcile": "pipeline.cli.reconcile:command",
    "registry": "pipeline.cli.registry:registry",
    "replay": "pipeline.cli.replay:replay",
    "retention": "pipeline.cli.retention:retention",
    "rights": "pipeline.cli.rights:rights",
    "sanitize": "pipeline.cli.sanitize:sanitize",
    "topics": "pipeline.cli.topics:topics",
    "unknown": "pipeline.cli.unknown:unknown",
    "worker": "pipeline.cli.worker:worker",
}
CONFIG_ERROR = 2


class Commands(click.Group):
    """Imports a command's module when it is asked for, so that `coppice sanitize` does not load Kafka."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command, None when there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="coppice", message=f"%(prog)s, version %(version)s, {build()} core")
def cli() -> None:
    """Sanitise a children's app's events on their way to Mixpanel: consent filter and redaction, by region."""


def main() -> None:
    """Run the command. A ConfigError is one message and exit status 2; a closed pipe ends quietly.

    Of everything unforeseen only types and places in the code are printed: the text may hold what a person wrote (R34).
    """
    configure_logging("warning")
    try:
        cli()
    except ConfigError as exc:
        click.echo(f"coppice: {exc}", err=True)
        sys.exit(CONFIG_ERROR)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
