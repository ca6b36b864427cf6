"""`coppice audit`: prove from the ledger that every record has a decision, and show what was decided about one."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pipeline.cli.options import console, with_settings
from pipeline.cli.sanitize import parse_moment
from pipeline.ledger.reading import GROUPS, find, heads_of, open_ledger, verify_ledger
from pipeline.ledger.receipt import Chain
from pipeline.ledger.verify import FaultKind, Verdict
from pipeline.ops.errors import ConfigError
from pipeline.ops.logging import configure_logging
from pipeline.ops.settings import Settings
from pipeline.stream.topics import RAW

WRONG = 1
WORDS = {
    FaultKind.UNREADABLE: "a record of the ledger is no receipt, or contradicts itself",
    FaultKind.BROKEN: "a receipt names one that is not there: one was changed, or taken out",
    FaultKind.HOLE: "no receipt is about the offsets from here on",
    FaultKind.RESTARTED: "a chain begins anew, without a hole: the committed offset lost its head",
    FaultKind.HEAD: "the committed offset names a last receipt that is not there",
    FaultKind.BEHIND: "offsets were acknowledged from here on that no receipt is about",
    FaultKind.NOTED: "a receipt that was noted is not there any more",
}


@click.group()
def audit() -> None:
    """Read the ledger: who decided what about which record, under which policy (R31)."""


@audit.command()
@click.option("--from", "from_", metavar="TIME", help="Only receipts from then on: ms since the epoch, or ISO 8601.")
@click.option(
    "--noted",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What an earlier run printed with --json, kept where nobody who can write to the cluster can.",
)
@click.option("--allow-restarts", is_flag=True, help="A chain that begins anew without a hole is not a failure.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@with_settings
def verify(settings: Settings, *, from_: str | None, noted: Path | None, allow_restarts: bool, as_json: bool) -> None:
    """Prove that receipts cover every partition without a hole, and that none was changed or taken out.

    Exit status 1 if that is not so.
    """
    configure_logging("warning")
    since = None if from_ is None else _time(from_)
    kept = _noted(noted) if noted is not None else {}
    heads = heads_of(settings.kafka)
    ledger = open_ledger(settings.kafka)
    screen = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as progress:
            bar = progress.add_task("receipts", total=None)
            verdict = verify_ledger(
                ledger,
                heads,
                since_ms=since,
                noted=kept,
                advance=lambda done, total: progress.update(bar, completed=done, total=total),
            )
    finally:
        ledger.close()
    restarts = sum(fault.kind is FaultKind.RESTARTED for fault in verdict.faults)
    sound = verdict.sound or (allow_restarts and restarts == verdict.faults_count)
    if as_json:
        click.echo(json.dumps(_document(verdict, sound=sound), indent=2))
    else:
        _show(verdict)
    if not sound:
        sys.exit(WRONG)


@audit.command()
@click.argument("partition", type=click.IntRange(0))
@click.argument("offset", type=click.IntRange(0))
@click.option("--topic", type=click.Choice([*GROUPS]), default=RAW, show_default=True, help="Source, without prefix.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@with_settings
def show(settings: Settings, partition: int, offset: int, *, topic: str, as_json: bool) -> None:
    """Tell what was decided about the record at OFFSET of PARTITION, each time. Exit status 1 if nothing is known."""
    configure_logging("warning")
    ledger = open_ledger(settings.kafka)
    try:
        found = list(find(ledger, settings.kafka.topic_prefix + topic, partition, offset))
    finally:
        ledger.close()
    rows: list[dict[str, Any]] = []
    for receipt, place, at in found:
        codes = receipt.at(offset)
        rows.append(
            {
                "issued_at": receipt.issued_at,
                "decisions": None if codes is None else list(codes),
                "policy": receipt.policy.version,
                "policy_sha256": receipt.policy.sha256,
                "again": f"replay {receipt.replay}" if receipt.replay is not None else bool(rows),
                "ledger": {"partition": place, "offset": at},
            }
        )
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        for row in rows:
            decisions = "no record there" if row["decisions"] is None else ", ".join(row["decisions"])
            again = f" ({row['again']})" if isinstance(row["again"], str) else " (again)" if row["again"] else ""
            click.echo(f"{row['issued_at']}  {decisions}{again}  policy {row['policy']}")
    if not rows:
        click.echo(f"no receipt is about {topic}, partition {partition}, offset {offset}", err=True)
        sys.exit(WRONG)


def _time(text: str) -> int:
    try:
        return parse_moment(text)
    except ConfigError as exc:
        raise ConfigError(f"--from: {str(exc).partition(': ')[2]}") from None


def _noted(path: Path) -> dict[str, tuple[Chain, int]]:
    try:
        chains = json.loads(path.read_text(encoding="utf-8"))["chains"]
        return {
            str(each["digest"]): (
                (str(each["topic"]), int(each["partition"]), each["replay"]),
                int(each["next_offset"]),
            )
            for each in chains
        }
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"--noted: {path} is not what `coppice audit verify --json` prints") from None


def _document(verdict: Verdict, *, sound: bool) -> dict[str, Any]:
    chains = [
        {
            "topic": topic,
            "partition": partition,
            "replay": replay,
            "first_offset": account.begins,
            "next_offset": account.next_offset,
            "receipts": account.receipts,
            "repeated": account.repeated,
            "absent": account.absent_count,
            "events": dict(sorted(account.events.items())),
            "digest": account.last_digest,
        }
        for (topic, partition, replay), account in sorted(verdict.accounts.items(), key=_order)
    ]
    faults = [fault._asdict() for fault in verdict.faults]
    return {"sound": sound, "faults": verdict.faults_count, "shown": faults, "chains": chains}


def _order(item: tuple[Chain, object]) -> tuple[str, int, str]:
    (topic, partition, replay), _ = item
    return topic, partition, replay or ""


def _show(verdict: Verdict) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("source", no_wrap=True)
    for heading in ("offsets", "receipts", "repeated", "no record", "head"):
        table.add_column(heading, justify="right" if heading in {"receipts", "repeated", "no record"} else "left")
    for (topic, partition, replay), account in sorted(verdict.accounts.items(), key=_order):
        name = f"{topic}/{partition}" + (f" replay {replay}" if replay is not None else "")
        span = f"{account.begins}–{account.next_offset - 1}"
        figures = (str(account.receipts), str(account.repeated), str(account.absent_count), account.last_digest[:16])
        table.add_row(name, span, *figures)
    console().print(table)
    for fault in verdict.faults:
        click.echo(f"{fault.kind}: {fault.topic}/{fault.partition} at {fault.offset}: {WORDS[fault.kind]}", err=True)
    if verdict.faults_count > len(verdict.faults):
        click.echo(f"… and {verdict.faults_count - len(verdict.faults)} more", err=True)
    click.echo("sound" if verdict.sound else f"{verdict.faults_count} faults")
