"""`coppice incident`: look at what the leak stop has found, decide, clean up."""

import asyncio
from datetime import timedelta
from pathlib import Path

import click
from rich.table import Table

from pipeline.cli.options import console, with_settings
from pipeline.deliver.incident import Closing, Duty, Fix, Incident, remaining, written
from pipeline.deliver.incident_files import IncidentFiles, read, write
from pipeline.deliver.leak_stop import CLOSED
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.workers.clean_up import by_hand, drive
from pipeline.workers.context import now_ms

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
HELD = {
    Fix.REJECT: "the events in which something was found are rejected, the others are delivered",
    Fix.DISCARD: "every event of the held batches is rejected",
    Fix.RESEND: "every event is delivered, also those in which something was found",
}


@click.group()
def incident() -> None:
    """Look at what the leak stop has found, close it so that delivery goes on, clean up at Mixpanel."""


@incident.command(name="list")
@with_settings
def list_(settings: Settings) -> None:
    """List the incidents in the directory that `deliver.incident_dir` names. Exit status 1 while one is open."""
    directory = settings.deliver.incident_dir
    if directory is None:
        raise ConfigError("COPPICE_DELIVER__INCIDENT_DIR is not set: no incident is kept anywhere")
    try:
        found = IncidentFiles(directory).all()
    except OSError as exc:
        raise ConfigError(f"{directory} cannot be read: {exc.strerror}") from None
    table = Table("file", "state", "region", "opened", "events", "kinds", "next deadline")
    for path, each in found:
        due = _next(each)
        row = (each.state, each.region, each.opened_at, str(len(each.found)), ", ".join(each.kinds))
        table.add_row(str(path), *row, _left(due) if due is not None and each.state != CLOSED else "")
    if found:
        console().print(table)
    else:
        click.echo("there is no incident")
    if any(each.state != CLOSED for _, each in found):
        raise SystemExit(1)


@incident.command()
@FILE
def show(file: Path) -> None:
    """Show what FILE says: what was found where, who has to be told until when. No value is in it."""
    one = _read(file)
    click.echo(f"{one.id}: {one.state}, opened {one.opened_at}, region {one.region}")
    click.echo(
        f"would have gone to {one.destination.host}, project {one.destination.project_id}; nothing of it was sent"
    )
    click.echo(f"policy {one.policy.version} ({one.policy.sha256[:12]}); events of {one.window[0]} to {one.window[1]}")
    held = sum(span.events for span in one.held)
    click.echo(
        f"found in {len(one.found)} of {held} events, of {len(one.pseudonyms)} pseudonyms: {', '.join(one.kinds)}"
    )
    click.echo(f"in the properties {', '.join(one.fields)}")
    for found in one.found[:20]:
        where = f"{one.topic} partition {found.partition} offset {found.offset}"
        click.echo(f"  {where}: {', '.join(found.kinds)} in {', '.join(found.fields)}")
    if len(one.found) > 20:  # noqa: PLR2004 - a screen
        click.echo(f"  and {len(one.found) - 20} more, see the file")
    sent = sum(each.events for each in one.sent_before)
    click.echo(f"in the hour before, this worker had delivered {sent} events: they may hold the same")
    click.echo("due:")
    for duty in one.duties:
        click.echo(f"  {_left(duty)}  {duty.to}: {duty.what} ({duty.law})")
    if one.closing is not None:
        click.echo(f"closed {one.closing.at} by {one.closing.by}: {one.closing.reason}")
        click.echo(f"  {HELD[one.closing.held_events]}")
    for number, task in enumerate(one.clean_up, 1):
        click.echo(f"deletion {number}: {len(task.ids)} pseudonyms, {task.status or 'not submitted'} {task.at}")


@incident.command()
@FILE
@click.option("--by", required=True, help="Who decides.")
@click.option("--reason", required=True, help="Why it may go on: what was wrong, and since when it is right.")
@click.option("--discard", is_flag=True, help="Reject every event of the held batches.")
@click.option("--resend", is_flag=True, help="It was a false alarm: deliver everything, also what was found.")
def close(file: Path, *, by: str, reason: str, discard: bool, resend: bool) -> None:
    """Close FILE. The workers see it within seconds, without a restart, and go on.

    The events in which something was found are rejected (reason leak) and the others of their batches are delivered,
    unless --discard or --resend says otherwise. Correct the sanitizer first, or the next batch is held, too.
    """
    if discard and resend:
        raise ConfigError("--discard and --resend contradict each other")
    if not by.strip() or not reason.strip():
        raise ConfigError("--by and --reason must not be empty: the file is the proof of who decided, and why")
    fix = Fix.DISCARD if discard else Fix.RESEND if resend else Fix.REJECT
    try:
        with IncidentFiles(file.parent).locked():
            one = read(file)
            if one.state == CLOSED:
                raise ConfigError(f"{file} is closed already, and stays as it is")
            one.state = CLOSED
            one.closing = Closing(written(now_ms()), by.strip(), reason.strip(), fix)
            write(file, one)
    except OSError as exc:
        raise ConfigError(f"{file} cannot be written: {exc.strerror}") from None
    click.echo(f"closed: {HELD[fix]}")


@incident.command(name="clean-up")
@FILE
@with_settings
def clean_up(settings: Settings, file: Path) -> None:
    """Have Mixpanel delete everything of the pseudonyms in FILE, and say what else can be undone by hand.

    It follows the deletions to the end, which takes days; stopped and started again, it goes on where it was. Use it
    where the hour before the incident, or an older fault, may have let the same data through.
    """
    click.echo(by_hand(_read(file)))
    try:
        asyncio.run(drive(file, settings, now_ms, click.echo))
    except OSError as exc:
        raise ConfigError(f"{file} cannot be written: {exc.strerror}") from None
    click.echo("Mixpanel has deleted everything of these pseudonyms")


def _read(file: Path) -> Incident:
    try:
        return read(file)
    except OSError as exc:
        raise ConfigError(f"{file} cannot be read: {exc.strerror}") from None


def _next(one: Incident) -> Duty | None:
    now = now_ms()
    ahead = [duty for duty in one.duties if remaining(duty, now) > timedelta()]
    return ahead[0] if ahead else None


def _left(duty: Duty) -> str:
    left = remaining(duty, now_ms())
    hours = left.total_seconds() / 3600
    return f"{duty.deadline} ({hours:.1f} h left)" if hours > 0 else f"{duty.deadline} (due)"
