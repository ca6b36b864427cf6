"""`coppice registry`: what may leave, as a list for the privacy notice; and a schema drafted for a new event."""

import json
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from pipeline.cli.options import console, with_settings
from pipeline.core.decode import MAX_BYTES, NOT_A_NUMBER, decode
from pipeline.core.outcome import Rejected
from pipeline.core.words import COHORTS
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.policy.checks import SAFE_INTEGER
from pipeline.policy.vocabulary import Cohort, Purpose
from pipeline.schemas import event_schemas, load_schema, schema_dir
from pipeline.workers.context import load_profile, load_rules
from pipeline.workers.drafting import Bounds, UndraftableError, Wishes, draft
from pipeline.workers.notice import COLUMNS, grounds, items_of, markdown, profile_items

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
DRAFTABLE = (Purpose.ANALYTICS, Purpose.MARKETING, Purpose.ESSENTIAL)


@click.group()
def registry() -> None:
    """Show what the registry of events lets out, and add events to it."""


@registry.command()
@click.option("--cohort", type=click.Choice([str(cohort) for cohort in Cohort]), help="Only this one.")
@click.option("--markdown", "as_page", is_flag=True, help="Print a Markdown page instead of tables.")
@click.option("--settings", "settings_file", type=FILE, help="Policy settings laid over the shipped ones.")
@with_settings
def notice(settings: Settings, cohort: str | None, settings_file: Path | None, *, as_page: bool) -> None:
    """List the data items that may leave, cohort by cohort, for the privacy notice.

    For each: what it is, its class, the form in which it leaves, and the purpose of the events that carry it.
    """
    policy, compiled = load_rules(settings, settings_file)
    schemas, defaults = event_schemas(settings.policy.registry_dir), load_schema("mixpanel-defaults")
    cohorts = [Cohort(cohort)] if cohort is not None else list(Cohort)
    profile, schema = load_profile(policy), load_schema("profile")
    found = {
        each: [
            *items_of(each, compiled, schemas, defaults, policy),
            *profile_items(each, profile, schema, policy),
        ]
        for each in cohorts
    }
    if as_page:
        click.echo(markdown(found, policy), nl=False)
        return
    screen = console()
    for each, items in found.items():
        title = f"{each}: {COHORTS[each]}"
        if not items:
            screen.print(f"{title}\n  nothing leaves\n", highlight=False)
            continue
        table = Table(title=title, caption="\n".join(grounds(each, policy)), title_justify="left")
        for column in COLUMNS:
            table.add_column(column, overflow="fold")
        for item in items:
            table.add_row(*item.cells())
        screen.print(table)


@registry.command()
@click.argument("event", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--enum", "enums", multiple=True, metavar="NAME=A,B", help="The words that a text may be.")
@click.option("--range", "ranges", multiple=True, metavar="NAME=LOW,HIGH", help="The bounds of a number.")
@click.option(
    "--purpose",
    type=click.Choice([str(purpose) for purpose in DRAFTABLE]),
    default=str(Purpose.ANALYTICS),
    show_default=True,
    help="What the event is collected for.",
)
@click.option("--operation", default="", help="The internal operation that an essential event serves.")
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Where schemas live; else policy.registry_dir, else the shipped schemas of a checkout.",
)
@with_settings
def add(
    settings: Settings,
    event: Path,
    enums: tuple[str, ...],
    ranges: tuple[str, ...],
    purpose: str,
    operation: str,
    directory: Path | None,
) -> None:
    """Draft the schema of an event from a sample in EVENT (a JSON file, - for standard input).

    Strictest classes first, and for nobody: what you have to look at is printed, and nothing of the event leaves until
    you have said who may keep it. No value of the sample gets into the schema. An existing file is never overwritten.
    """
    if (purpose == Purpose.ESSENTIAL) != bool(operation):
        raise ConfigError("--operation: an essential event names its internal operation, and only such an event does")
    with click.open_file(str(event), "rb") as file:
        sample = decode(file.read(MAX_BYTES + 1))
    if isinstance(sample, Rejected):
        raise ConfigError(f"{event}: the sample cannot be read: {sample.reason}")
    wishes = Wishes(dict(map(_enum, enums)), dict(map(_range, ranges)), Purpose(purpose), operation)
    try:
        drafted = draft(_finite(sample), load_schema("mixpanel-defaults"), wishes)
    except UndraftableError as exc:
        raise ConfigError(f"{event}: {exc}") from None
    where = directory or settings.policy.registry_dir or schema_dir() / "events"
    if any(where.glob("*.json")) and drafted.schema["title"] in event_schemas(where):
        raise ConfigError(f"the event {drafted.schema['title']!r} is registered in {where} already")
    path = where / f"{drafted.stem}.json"
    try:
        with path.open("x", encoding="utf-8") as out:
            out.write(json.dumps(drafted.schema, indent=2, ensure_ascii=False) + "\n")
    except FileExistsError:
        raise ConfigError(f"{path} exists; it is not overwritten") from None
    except OSError as exc:
        raise ConfigError(f"{path} cannot be written: {exc.strerror}") from None
    click.echo(f"{path}: drafted. Look at:")
    for line in drafted.review:
        click.echo(f"- {line}")


def _finite(sample: Any) -> Any:
    """Replace what is no number by nothing, in the properties of a sample."""
    if isinstance(sample, dict) and isinstance(properties := sample.get("properties"), dict):
        kept = {name: None if value is NOT_A_NUMBER else value for name, value in properties.items()}
        return sample | {"properties": kept}
    return sample


def _enum(text: str) -> tuple[str, tuple[str, ...]]:
    name, _, words = text.partition("=")
    listed = tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))
    if not name or not listed:
        raise ConfigError(f"--enum: {text!r} is not NAME=A,B")
    return name, listed


def _range(text: str) -> tuple[str, Bounds]:
    name, _, bounds = text.partition("=")
    try:
        low, high = (_bound(bound) for bound in bounds.split(","))
    except ValueError:
        low, high = 1, 0
    if not name or low > high:
        raise ConfigError(f"--range: {text!r} is not NAME=LOW,HIGH")
    return name, (low, high)


def _bound(text: str) -> float:
    number = float(text)
    if not abs(number) <= SAFE_INTEGER:  # nor what is no number
        raise ValueError
    return int(number) if number.is_integer() else number
