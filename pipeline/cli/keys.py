"""`coppice keys`: make, list and retire the secrets that pseudonyms are computed with. Nothing here ever shows one."""

import hashlib
import os
from pathlib import Path

import click
from rich.table import Table

from pipeline.cli.options import console, with_settings
from pipeline.core.identity import BEGINNING, KEY_NAMES, KeyVersion
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.policy.compiling import load_policy
from pipeline.policy.errors import PolicyError
from pipeline.policy.vocabulary import Region
from pipeline.workers.context import now_ms
from pipeline.workers.key_file import DAY_MS, PLACES, add_version, create_key_file, next_start, retire_version
from pipeline.workers.keys import parse_keys, parse_moment, read_private, written

FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
REGION = click.Choice([str(region) for region in Region])
NAME = click.Choice(KEY_NAMES)


@click.group()
def keys() -> None:
    """Make, list and retire the secrets that pseudonyms are computed with."""


@keys.command()
@FILE
@click.option("--region", type=REGION, help="Only this region's keys; else both.")
@click.option("--name", type=NAME, help="Only the key of this name; else all.")
@click.option("--from", "start", help="First event time of the version: a date or ISO 8601, UTC; else a midnight soon.")
def new(file: Path, region: str | None, name: str | None, start: str | None) -> None:
    """Make the key ring FILE, readable by its owner only, or add a version to the keys of an existing one.

    Events from before the new version's start keep their names, whenever they arrive. No key is ever overwritten.
    """
    now = now_ms()
    if not os.access(file, os.F_OK):
        if region or name or start:
            raise ConfigError(f"{file} does not exist yet; make it without options, it then holds every key")
        create_key_file(file, now)
        click.echo(f"{file}: new keys for both regions; keep a copy in the secret store, without it nobody is erased")
        return
    places = [(r, n) for r, n in PLACES if region in {None, r} and name in {None, n}]
    from_ms = _moment(start, "--from") if start else next_start(now)
    for (r, n), version in add_version(file, places, from_ms, now):
        click.echo(f"{r}.{n}: version {version} from {written(from_ms)}")
    click.echo(f"{file}: copy it to every worker and to the secret store before then; workers see it within seconds")


@keys.command(name="list")
@FILE
@click.option("--now", help="The time to show it at: a date or ISO 8601, UTC; else now.")
def list_(file: Path, now: str | None) -> None:
    """Show every version of every key in FILE: since when, how old, in force or not."""
    at_ms = _moment(now, "--now") if now else now_ms()
    found = parse_keys(read_private(file), str(file))
    table = Table(title=f"Keys in {file}")
    for heading in ("region", "name", "version", "from", "age (days)", "state", "fingerprint"):
        table.add_column(heading, no_wrap=True)
    for (region, name), series in found.items():
        for version in series:
            start = "the beginning" if version.from_ms == BEGINNING else written(version.from_ms)
            row = (version.version, start, _age(version, at_ms), _state(version, series, at_ms), _fingerprint(version))
            table.add_row(region, name, *row)
    console().print(table)


@keys.command()
@FILE
@click.option("--region", type=REGION, required=True, help="Region of the key.")
@click.option("--name", type=NAME, required=True, help="Name of the key.")
@click.argument("version")
@with_settings
def retire(settings: Settings, file: Path, region: str, name: str, version: str) -> None:
    """Destroy the secret of a former VERSION in FILE, once Mixpanel holds nothing any more that it has named.

    How long that is, the policy settings say (retention). Late events of its time stay behind from then on.
    """
    retire_version(file, (Region(region), name), version, _longest_retention(settings), now_ms())
    click.echo(f"{region}.{name}: version {version} is retired; destroy it in every copy of {file}, too")


def _moment(text: str, option: str) -> int:
    found = parse_moment(text)
    if found is None:
        raise ConfigError(f"{option}: {text[:40]!r} is neither a date nor a time in UTC, such as 2027-03-01T00:00:00Z")
    return found


def _age(version: KeyVersion, at_ms: int) -> str:
    since = max(version.from_ms, version.made_ms or BEGINNING)
    return "unknown" if since == BEGINNING else "-" if since > at_ms else str((at_ms - since) // DAY_MS)


def _state(version: KeyVersion, series: tuple[KeyVersion, ...], at_ms: int) -> str:
    if version.retired:
        return "retired"
    if version.from_ms > at_ms:
        return "next"
    return "current" if version == [each for each in series if each.from_ms <= at_ms][-1] else "former"


def _fingerprint(version: KeyVersion) -> str:
    """Return what tells two copies of a file apart; far too little to find a random key by."""
    return hashlib.sha256(b"coppice key fingerprint:" + version.secret).hexdigest()[:8] if version.secret else "-"


def _longest_retention(settings: Settings) -> int:
    """Return after how many days Mixpanel holds nothing any more of anybody (R29, J17). Raise ConfigError."""
    try:
        return load_policy(settings.policy.settings_file).mixpanel_days
    except PolicyError as exc:
        raise ConfigError(str(exc)) from None
