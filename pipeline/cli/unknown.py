"""`coppice unknown`: properties that workers see and no schema lists, so that engineers find what they forgot."""

import json
import urllib.request
from collections import Counter
from typing import Any

import click
from rich.table import Table

from pipeline.cli.options import console
from pipeline.ops.errors import ConfigError

DEFAULT_URL = "http://127.0.0.1:9108"
TIMEOUT_S = 5.0
LONGEST_ANSWER = 1 << 20
SCHEMES = ("http://", "https://")


@click.command()
@click.option("--url", "urls", multiple=True, help=f"Metrics address of a sanitize worker ({DEFAULT_URL}); repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def unknown(urls: tuple[str, ...], *, as_json: bool) -> None:
    """List the names of unregistered properties with how many events had them since the workers started.

    Their values stay behind whatever they are. Only names that a programmer would give a property are counted, and
    none that holds an identifier itself.
    """
    counts: Counter[str] = Counter()
    for url in urls or (DEFAULT_URL,):
        counts.update(read_unknown(url))
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    if as_json:
        click.echo(json.dumps(dict(ordered)))
        return
    if not ordered:
        click.echo("no unregistered property has been seen")
        return
    table = Table("property", "events")
    table.columns[1].justify = "right"
    for name, count in ordered:
        table.add_row(name, f"{count:,}")
    console().print(table)
    click.echo("register what you need in schemas/events; everything else stays behind as it does now")


def read_unknown(url: str) -> dict[str, int]:
    """Return the counts of one worker. Raise ConfigError when it does not answer as one."""
    if not url.startswith(SCHEMES):
        raise ConfigError(f"--url: {url} is not an address; give http://host:port as set by ops.bind and ops.port")
    try:
        with urllib.request.urlopen(url.rstrip("/") + "/unknown", timeout=TIMEOUT_S) as answer:  # noqa: S310  # checked above
            found: Any = json.loads(answer.read(LONGEST_ANSWER))["unknown"]
    except OSError as exc:
        why = getattr(exc, "reason", None) or exc
        raise ConfigError(f"--url: no worker answers at {url} ({why})") from None
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, dict) or not all(type(count) is int for count in found.values()):
        raise ConfigError(f"--url: what answers at {url} is not a worker of coppice")
    return {str(name): count for name, count in found.items()}
