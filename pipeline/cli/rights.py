"""`coppice rights`: the privacy desk files what people ask for, and follows it to the answer."""

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from pipeline.cli.options import console, with_settings
from pipeline.core.words import COHORTS
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.policy.vocabulary import Cohort, Region
from pipeline.rights.datamap import data_map
from pipeline.rights.desk import Desk, Standing, file_request, new_request
from pipeline.rights.export import fetch as fetch_files
from pipeline.rights.export import write_new
from pipeline.rights.requests import Kind
from pipeline.rights.results import Accepted, Completed, Done
from pipeline.schemas import event_schemas, load_schema
from pipeline.stream.topics import DAY_MS
from pipeline.workers.context import load_profile, load_rules, now_ms
from pipeline.workers.notice import grounds, items_of, profile_items
from pipeline.workers.retention import stores, written_settings

REFUSED = 1
DATA_MAP = "datamap.json"


@click.group()
def rights() -> None:
    """File what people ask for: erasure, export, withdrawal; and see how far it is."""


def _filing(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command what every request needs."""
    for option in (
        click.argument("profile"),
        click.option("--requested-by", default="privacy_desk", show_default=True, help="Desk or system, as a word."),
        click.option(
            "--received-at",
            type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
            help="When it was received, UTC.  [default: now]",
        ),
        click.option("--request-id", help="Names the request; the same id files it once.  [default: a random one]"),
        click.option("--wait", is_flag=True, help="Follow it until it is answered; that can take weeks."),
    ):
        function = option(function)
    return function


@rights.command()
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@_filing
@with_settings
def erase(settings: Settings, *, yes: bool, **filing: Any) -> None:
    """Stop, forget and delete everything of PROFILE (- to read its id from standard input). This cannot be undone."""
    if not yes and filing["profile"] != "-" and sys.stdin.isatty():
        click.confirm("Erase everything of this profile, for good?", abort=True)
    _file(settings, Kind.ERASE, **filing)


@rights.command()
@_filing
@with_settings
def export(settings: Settings, **filing: Any) -> None:
    """Have Mixpanel collect what it holds of PROFILE (- to read its id from standard input); then `fetch` it."""
    _file(settings, Kind.EXPORT, **filing)


@rights.command()
@_filing
@with_settings
def withdraw(settings: Settings, **filing: Any) -> None:
    """End the consent of PROFILE (- to read its id from standard input) as of now, and drop what is queued."""
    _file(settings, Kind.WITHDRAW, **filing)


@rights.command()
@click.argument("request_id", required=False)
@click.option("--wait", is_flag=True, help="Follow one request until it is answered.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@with_settings
def status(settings: Settings, request_id: str | None, *, wait: bool, as_json: bool) -> None:
    """Show how REQUEST_ID stands, or every request that is open: state, age, deadline. Exit status 1 if refused."""
    with closing(Desk(settings)) as desk:
        if wait and request_id is not None:
            _follow(desk, request_id)
            return
        desk.refresh()
        if request_id is None:
            found = desk.open()
        else:
            found = [one for one in [desk.find(request_id)] if one is not None]
            if not found:
                raise ConfigError(f"no request {request_id} is on record; results are kept for a year and some weeks")
    if as_json:
        for one in found:
            click.echo(json.dumps(one._asdict()))
    elif found:
        console().print(_table(found, now_ms()))
    else:
        click.echo("no request is open")
    if any(one.state == "refused" for one in found):
        sys.exit(REFUSED)


@rights.command()
@click.argument("request_id")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@with_settings
def fetch(settings: Settings, request_id: str, directory: Path) -> None:
    """Download the files of a finished export into DIRECTORY, with a map of the data: to be read by its owner only.

    Mixpanel's link to a file is not kept anywhere; it is asked for anew each time.
    """
    with closing(Desk(settings)) as desk:
        results = desk.results(request_id)
    if not any(isinstance(result, Done) and result.kind is Kind.EXPORT for result in results):
        raise ConfigError(f"{request_id} is no export that is done: see `coppice rights status {request_id}`")
    regions = {result.region for result in results if isinstance(result, Accepted) and result.region is not None}
    completed = [result for result in results if isinstance(result, Completed)]
    _make(directory)
    paths = asyncio.run(fetch_files(settings, completed, directory))
    with write_new(directory / DATA_MAP) as file:
        file.write(json.dumps(_data_map(settings, regions), indent=2, ensure_ascii=False).encode() + b"\n")
    for path in [*paths, directory / DATA_MAP]:
        click.echo(str(path))


def _file(
    settings: Settings,
    kind: Kind,
    *,
    profile: str,
    requested_by: str,
    received_at: datetime | None,
    request_id: str | None,
    wait: bool,
) -> None:
    if profile == "-":
        profile = sys.stdin.readline().rstrip("\r\n")
    received = now_ms() if received_at is None else int(received_at.replace(tzinfo=UTC).timestamp() * 1000)
    if received > now_ms():
        raise ConfigError("--received-at: is in the future; give the moment in UTC")
    request = new_request(request_id or str(uuid.uuid4()), profile, kind, requested_by, received)
    file_request(settings, request)
    click.echo(request.request_id)
    if wait:
        with closing(Desk(settings)) as desk:
            _follow(desk, request.request_id)


def _follow(desk: Desk, request_id: str) -> None:
    for standing in desk.follow(request_id, time.sleep):
        click.echo(_line(standing), err=True)
        if standing.state == "refused":
            sys.exit(REFUSED)


def _line(standing: Standing) -> str:
    parts = [standing.state]
    if standing.of:
        parts.append(f"{standing.done} of {standing.of} batches")
    if standing.held_until is not None:
        parts.append(f"held by law until {_day(standing.held_until)}")
    return ", ".join([*parts, *([standing.note] if standing.note else [])])


def _table(found: list[Standing], now: int) -> Table:
    table = Table()
    table.add_column("request", no_wrap=True)  # for copying: the others give way
    for heading in ("kind", "stands at", "received", "age", "deadline"):
        table.add_column(heading)
    for one in found:
        overdue = " (over)" if not one.answered and now > one.deadline else ""
        age = f"{(now - one.received_at) // DAY_MS} d"
        deadline = _day(one.deadline) + overdue
        table.add_row(one.request_id, one.kind, _line(one), _day(one.received_at), age, deadline)
    return table


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigError(f"{directory} cannot be made: {exc.strerror}") from None


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def _data_map(settings: Settings, regions: set[Region]) -> dict[str, Any]:
    policy, registry = load_rules(settings)
    schemas, defaults = event_schemas(settings.policy.registry_dir), load_schema("mixpanel-defaults")
    profile, in_profiles = load_profile(policy), load_schema("profile")
    items = {
        cohort: [
            item._asdict()
            for item in (
                *items_of(cohort, registry, schemas, defaults, policy),
                *profile_items(cohort, profile, in_profiles, policy),
            )
        ]
        for cohort in Cohort
    }
    kept = [
        {"store": store.name, "holds": store.holds, "limit": store.limit, "law": store.law}
        for store in stores(settings, written_settings(settings))
    ]
    reasons = {cohort: [COHORTS[cohort], *grounds(cohort, policy)] for cohort in Cohort}
    return data_map(regions, items, reasons, kept, policy, now_ms())
