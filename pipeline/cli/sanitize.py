"""`coppice sanitize`: try a policy on files. The same core as the workers, no Kafka, nothing is sent."""

import sys
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import click
import msgspec

from pipeline.consent.files import read_consents
from pipeline.core.counting import HOUR_MS
from pipeline.core.decode import MAX_BYTES
from pipeline.core.outcome import Cell, Clean, Counted, Dropped, Outcome, Rejected
from pipeline.core.sanitize import sanitize as sanitize_record
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import load_settings
from pipeline.workers.context import load_rules, now_ms
from pipeline.workers.trial import trial_context

LATEST_MS = 253_402_300_799_999  # the end of the year 9999


@click.command()
@click.argument("raw", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--consent",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Consent records, one a line.",
)
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Policy settings laid over the shipped ones.",
)
@click.option("--now", "moment", help="Judge as of this time: milliseconds since the epoch, or ISO 8601.")
def sanitize(raw: Path, consent: Path | None, settings_file: Path | None, moment: str | None) -> None:
    """Judge the events in RAW (one JSON value a line, - for standard input) and print one outcome a line.

    Without --settings the shipped, conservative settings apply, and nothing may leave.
    """
    settings = load_settings()
    policy, registry = load_rules(settings, settings_file)
    context = trial_context(policy, registry, settings, now_ms() if moment is None else parse_moment(moment))
    consents, unreadable = read_consents(consent) if consent is not None else ({}, 0)
    if unreadable:
        click.echo(f"{unreadable} consent records are not valid and count as no consent", err=True)
    counts: Counter[str] = Counter()
    with click.open_file(str(raw), "rb") as file:
        for number, line in enumerate(lines(file)):
            outcomes = sanitize_record(line, consents, context)
            in_array = line.removeprefix(BOM_UTF8).lstrip()[:1] == b"["
            for index, outcome in enumerate(outcomes):
                shown = describe(outcome)
                place: dict[str, Any] = {"line": number} | ({"index": index} if in_array else {})
                sys.stdout.buffer.write(msgspec.json.encode(place | shown) + b"\n")
                counts[" ".join(str(shown[k]) for k in ("outcome", "reason") if k in shown)] += 1
    sys.stdout.flush()
    click.echo(f"policy {policy.version}: {sum(counts.values())} events", err=True)
    for what, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        click.echo(f"{count:8}  {what}", err=True)


def describe(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as the JSON object that is printed."""
    match outcome:
        case Clean():
            about = {"outcome": "clean", "region": outcome.region, "cohort": outcome.cohort}
            return about | {"profile" if outcome.is_update else "event": msgspec.Raw(outcome.value)}
        case Dropped():
            return {"outcome": "dropped", "reason": outcome.reason, "cohort": outcome.cohort}
        case Counted():
            return {"outcome": "counted", "cohort": outcome.cohort, "cell": cell_in_words(outcome.cell)}
        case Rejected():
            return {"outcome": "rejected", "reason": outcome.reason, "path": outcome.path}


def cell_in_words(cell: Cell) -> dict[str, Any]:
    """Return what a count is of; nothing of it tells whose event it was."""
    start = datetime.fromtimestamp(cell.start_ms / 1000, UTC).isoformat()
    hours = cell.length_ms // HOUR_MS
    return {"event": cell.event, "window_start": start, "window_hours": hours, "dimensions": dict(cell.dimensions)}


def lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield lines without their ends; of a line that is too long only as much as shows that it is."""
    while line := file.readline(MAX_BYTES + 2):
        rest = line
        while not rest.endswith(b"\n") and (rest := file.readline(MAX_BYTES)):
            pass
        yield line.rstrip(b"\r\n") if line.endswith(b"\n") else line


def parse_moment(text: str) -> int:
    """Read --now as milliseconds since the epoch. Raise ConfigError."""
    try:
        if text.isascii() and text.isdigit():
            millis = int(text)
        else:
            moment = datetime.fromisoformat(text)
            millis = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        millis = -1
    if 0 <= millis <= LATEST_MS:
        return millis
    raise ConfigError(f"--now: {text[:40]!r} is not a time; give milliseconds since the epoch or ISO 8601")
