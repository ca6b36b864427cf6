"""`coppice policy`: read a policy as tables, test it on golden cases, see what a change of it does."""

import datetime as dt
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from pipeline.cli.options import console
from pipeline.cli.sanitize import lines, parse_moment
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import load_settings
from pipeline.policy.compiling import SHIPPED
from pipeline.policy.documents import Document
from pipeline.policy.errors import PolicyError
from pipeline.schemas import event_schemas, load_schema
from pipeline.workers.context import load_profile, load_rules, now_ms
from pipeline.workers.golden import CASES, Golden
from pipeline.workers.policy_diff import Difference, Direction, compare, load_side
from pipeline.workers.policy_page import Section, added, judgements, markdown, matrices, properties, reasons
from pipeline.workers.trial import read_consent_file

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
ANY = click.Path(exists=True, path_type=Path)
FAILED = 1
EXIT = {Direction.SAME: 0, Direction.STRICTER: 3, Direction.LOOSER: 4}
SHOWN_STEPS = 40
HEAD = (
    "# The policy\n\nWhat leaves for Mixpanel, for whom, and by which section: with the settings {settings}. "
    "This page is made by `coppice policy show --markdown`; do not edit it. It is an engineering reading of the rules, "
    "not legal advice.\n\n{gates}\n\n"
    "To find out what happens to one property: look for its name below, in the table of its event or among Mixpanel's "
    "own; the row says for each cohort whether it leaves, in which form, and by which section. Whether its event "
    "leaves at all is said by the first table. What consent has to look like and what happens when it changes: "
    "[consent.md](consent.md); the same as a list for the privacy notice: [notice.md](notice.md); profiles of adults: "
    "[profiles.md](profiles.md); how long copies stay: [retention.md](retention.md); how to change any of it: "
    "[changing-policy.md](changing-policy.md).\n"
)
CLOSED = (
    "**As it stands nothing leaves.** No signed document with Mixpanel is on file for anybody (`vendor_gate`). The "
    "tables say what leaves about whom once one is, and the other conditions hold."
)


def told(command: Callable[..., None]) -> Callable[..., None]:
    """Turn what is wrong with policy files into the message that the command ends with."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except PolicyError as exc:
            raise ConfigError(str(exc)) from None

    return wrapped


@click.group()
def policy() -> None:
    """Read, test and compare policies."""


@policy.command()
@click.option("--settings", "settings_file", type=FILE, help="Policy settings laid over the shipped ones.")
@click.option("--markdown", "as_markdown", is_flag=True, help="The whole page, with every property, as Markdown.")
@told
def show(settings_file: Path | None, *, as_markdown: bool) -> None:
    """Show cohort × purpose and cohort × class, with the sections each cell rests on.

    With --markdown also every registered property and every one of Mixpanel's own, the reasons, and what the law
    leaves open: the page docs/policy.md.
    """
    if as_markdown:
        sys.stdout.write(page(settings_file))
        return
    found, _ = load_rules(load_settings(), settings_file)
    screen = console()
    screen.print(f"policy {found.version}, sha256 {found.sha256}", style="dim", highlight=False)
    for section in matrices(found):
        screen.print(
            Text(f"\n{section.title}", style="bold"), Text(section.words, style="dim"), _table(section), sep="\n"
        )


def page(settings_file: Path | None = None) -> str:
    """Return the page about the policy. Raise ConfigError."""
    settings = load_settings()
    found, registry = load_rules(settings, settings_file)
    schemas, defaults = event_schemas(settings.policy.registry_dir), load_schema("mixpanel-defaults")
    sections = [
        *matrices(found),
        added(found),
        *properties(found, registry, schemas, defaults, load_profile(found)),
        reasons(),
        judgements(Document(SHIPPED / "settings.yaml").data),
    ]
    named = "as they are shipped" if (settings_file or settings.policy.settings_file) is None else found.version
    until = ((cohort, dt.datetime.fromtimestamp(end / 1000 - 1, dt.UTC).date()) for cohort, end in found.gates.items())
    opened = ", ".join(f"{cohort} (to the end of {last})" for cohort, last in until)
    gates = f"Signed documents with Mixpanel are on file for {opened}; about nobody else anything leaves."
    head = HEAD.format(settings=named, gates=gates if found.gates else CLOSED)
    return f"{head}\n{markdown(sections)}"


def _table(section: Section) -> Table:
    table = Table(*section.header, show_lines=True)
    for row in section.rows:
        table.add_row(*(Text(cell.replace("`", "")) for cell in row))
    return table


@policy.command()
@click.option("--settings", "settings_file", type=FILE, help="Policy settings that the cases run under.")
@click.option("--directory", type=FOLDER, default=SHIPPED, help="Policy files in place of the shipped ones.")
@click.argument("paths", nargs=-1, type=ANY)
@told
def test(settings_file: Path | None, directory: Path, paths: tuple[Path, ...]) -> None:
    """Run golden cases: files or directories in PATHS, else the shipped ones. Exit status 1 if one fails.

    Each case lays its own settings over those given, and is judged with the registry of COPPICE_POLICY__REGISTRY_DIR.
    """
    report = Golden(load_settings(), settings_file, directory=directory).run(paths or (CASES,))
    for failure in report.failures:
        click.echo(f"{failure.where}: {failure.case}\n    expected  {failure.expected}\n    got       {failure.got}")
    click.echo(f"{len(report.ran)} cases, {len(report.failures)} failed")
    if report.failures:
        sys.exit(FAILED)


@policy.command()
@click.argument("old", type=ANY)
@click.argument("new", type=ANY)
@click.option("--sample", type=FILE, required=True, help="Raw events, one JSON value a line.")
@click.option("--consent", type=FILE, help="Consent records, one a line.")
@click.option("--now", "moment", help="Judge as of this time: milliseconds since the epoch, or ISO 8601.")
@told
def diff(old: Path, new: Path, sample: Path, consent: Path | None, moment: str | None) -> None:
    """Show what changes for the events of a sample when policy NEW takes the place of OLD.

    Each is a settings file, laid over the shipped policy, or a directory with settings.yaml, us.yaml and india.yaml,
    and its registry in `events`, if it has one. No value of an event is shown, only lines of the sample.

    Exit status: 0 the same leaves, 3 NEW is stricter, 4 NEW is looser in anything. What the policies themselves say
    counts, too, whether the sample shows it or not.
    """
    settings = load_settings()
    at = now_ms() if moment is None else parse_moment(moment)
    sides = load_side(old, settings, at), load_side(new, settings, at)
    consents, unreadable = read_consent_file(consent) if consent is not None else ({}, 0)
    if unreadable:
        click.echo(f"{unreadable} consent records are not valid and count as no consent", err=True)
    with sample.open("rb") as file:
        found = compare(*sides, lines(file), consents)
    _report(found)
    sys.exit(EXIT[found.direction])


def _report(found: Difference) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("", "event", "cohort", "what", "was", "is now", "events", "lines"):
        table.add_column(column, overflow="fold")
    for change, count in sorted(found.changes.items(), key=lambda pair: (pair[0].direction, -pair[1], pair[0])):
        where = ", ".join(map(str, found.examples[change])) + ("…" if count > len(found.examples[change]) else "")
        style = {Direction.LOOSER: "red", Direction.STRICTER: "green"}.get(change.direction, "")
        table.add_row(Text(change.direction, style=style), *map(Text, change[1:]), Text(str(count)), Text(where))
    if found.changes:
        console().print(table)
    for name, steps in (("looser", found.looser), ("stricter", found.stricter)):
        if steps:
            click.echo(f"\nThe policy itself is {name}, whether the sample shows it or not:")
            for step in steps[:SHOWN_STEPS]:
                click.echo(f"  {step}")
            if len(steps) > SHOWN_STEPS:
                click.echo(f"  … and {len(steps) - SHOWN_STEPS} more")
    click.echo(f"\n{found.events} events: {found.direction}")
