"""`coppice explain`: why one event leaves or not, on the screen of whoever brought it. Nothing is stored or logged."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.cli.options import console
from pipeline.cli.sanitize import cell_in_words, describe, parse_moment
from pipeline.core.context import Context
from pipeline.core.decode import MAX_BYTES
from pipeline.core.explain import Explanation, Property
from pipeline.core.explain import explain as explain_record
from pipeline.core.outcome import Clean, Counted, Dropped, Outcome, Rejected
from pipeline.core.words import ACTIONS, COHORTS, DROPPED, PREDICATES, PURPOSES, REJECTED, STRIPPED
from pipeline.ops.settings import load_settings
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.vocabulary import Action
from pipeline.workers.context import load_rules, now_ms
from pipeline.workers.trial import read_consent_file, trial_context

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
LONGEST = 200  # characters of a value that are shown; --json has all


@click.command()
@click.argument("event", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--consent", type=FILE, help="The consent record, or many, one a line.")
@click.option("--settings", "settings_file", type=FILE, help="Policy settings laid over the shipped ones.")
@click.option("--now", "moment", help="Judge as of this time: milliseconds since the epoch, or ISO 8601.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each event instead of tables.")
def explain(
    event: Path, consent: Path | None, settings_file: Path | None, moment: str | None, *, as_json: bool
) -> None:
    """Show step by step why the event in EVENT (a JSON file, - for standard input) leaves or not.

    Who it is about, which ways out the policy has and which predicates hold, what becomes of each property and by
    which section, and the bytes that would leave. Without --settings the shipped settings apply: nothing leaves.
    """
    settings = load_settings()
    policy, registry = load_rules(settings, settings_file)
    at = now_ms() if moment is None else parse_moment(moment)
    context = trial_context(policy, registry, settings, at)
    consents, unreadable = read_consent_file(consent) if consent is not None else ({}, 0)
    if unreadable:
        click.echo(f"{unreadable} consent records are not valid and count as no consent", err=True)
    with click.open_file(str(event), "rb") as file:
        raw = file.read(MAX_BYTES + 1)
    for found in explain_record(raw, consents, context):
        if as_json:
            sys.stdout.buffer.write(_encoder.encode(as_data(found, policy)) + b"\n")
            sys.stdout.flush()
        else:
            show(found, context, console())


def as_data(found: Explanation, policy: CompiledPolicy) -> dict[str, Any]:
    """Return an explanation as the JSON object that `--json` prints."""
    data = describe(found.outcome) | _why(found.outcome)
    data["policy"] = {"version": policy.version, "sha256": policy.sha256}
    data["signals"] = [msgspec.to_builtins(signal) for signal in found.signals]
    if found.plan is not None:
        data["purpose"], data["operation"] = found.plan.purpose, found.plan.operation
    data["ways"] = [
        {
            "law": tried.way.law,
            "space": tried.way.space,
            "open": tried.open,
            "require": [
                {"predicate": each.value, "holds": why is None, "why_not": why}
                for each, why in zip(tried.way.require, tried.answers, strict=True)
            ],
        }
        for tried in found.ways
    ]
    data["envelope"] = [
        {"name": each.name, "before": each.before, "goes_to": each.goes_to} | _left(each.after)
        for each in found.envelope
    ]
    data["properties"] = [_property(each) | _left(each.after) for each in found.properties]
    data["added"] = dict(found.added)
    return data


def _left(value: Any) -> dict[str, Any]:
    return {} if value is msgspec.UNSET else {"after": value}


def _property(each: Property) -> dict[str, Any]:
    remark = each.remark
    return {
        "name": each.name,
        "before": each.before,
        "class": remark.kind,
        "action": remark.action,
        "rule": remark.rule,
        "law": remark.law,
        "stripped": remark.stripped,
        "alarm": remark.alarm,
    }


def _why(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Clean() | Counted():
            return {}
        case Dropped():
            meaning = DROPPED[outcome.reason]
            return {"why": meaning.words, "rule": meaning.rule, "law": meaning.law}
        case Rejected():
            return {"why": REJECTED[outcome.reason]}


def show(found: Explanation, context: Context, screen: Console) -> None:
    """Print an explanation as tables."""
    screen.print(_headline(found.outcome), _policy_line(context.policy), sep="\n")
    if found.signals:
        screen.print(_section("Who is it about?", _signals(found, context)))
    if found.plan is not None:
        screen.print(_section(f"May it leave, to {PURPOSES[found.plan.purpose]}?", *_ways(found)))
    if found.envelope:
        stays = " Nothing of it leaves." if isinstance(found.outcome, Dropped) else ""
        screen.print(_section(f"What becomes of it?{stays}", _properties(found)))
    if isinstance(found.outcome, Clean):
        screen.print(_section("What leaves, byte for byte", Text(printable(found.outcome.value.decode()))))


def _headline(outcome: Outcome) -> Text:
    match outcome:
        case Clean():
            return Text(f"LEAVES for the {outcome.region.upper()} project, as {outcome.cohort}", style="bold green")
        case Counted():
            cell = cell_in_words(outcome.cell)
            by = ", ".join(f"{name} = {cell_value}" for name, cell_value in cell["dimensions"].items()) or "nothing"
            since = f"{cell['window_start']} for {cell['window_hours']} h"
            text = f"STAYS, AND IS COUNTED, as {outcome.cohort}: one more {cell['event']} from {since}, by {by} (R11)"
            return Text(printable(text), style="bold yellow")
        case Dropped():
            meaning = DROPPED[outcome.reason]
            text = f"STAYS: {outcome.reason}, as {outcome.cohort}: {meaning.words} ({meaning.rule}; {meaning.law})"
            return Text(text, style="bold red")
        case Rejected():
            at = f" at {outcome.path}" if outcome.path else ""
            return Text(f"REJECTED: {outcome.reason}{at}: {REJECTED[outcome.reason]}", style="bold yellow")


def _policy_line(policy: CompiledPolicy) -> Text:
    return Text(f"policy {policy.version}, sha256 {policy.sha256}", style="dim")


def _section(title: str, *parts: RenderableType) -> Group:
    return Group(Text(f"\n{title}", style="bold"), *parts)


def _signals(found: Explanation, context: Context) -> Group:
    table = _table("signal", "says", "alone", "it", "source accepted for an older age")
    for signal in found.signals:
        accepted = "" if signal.accepted is None else "yes" if signal.accepted else "no"
        table.add_row(*map(cell, (signal.source, signal.says, signal.alone, signal.effect, accepted)))
    assert isinstance(found.outcome, Clean | Dropped | Counted)  # nothing else has signals
    cohort = found.outcome.cohort
    audience = "; the audience is children, so teens count as children (J1)" if context.policy.primary_child else ""
    return Group(table, Text(f"→ {cohort}: {COHORTS[cohort]}{audience if cohort.startswith('US') else ''}"))


def _ways(found: Explanation) -> list[RenderableType]:
    assert isinstance(found.outcome, Clean | Dropped | Counted)
    if not found.ways:
        return [Text(f"Never: the policy lists no way for {found.outcome.cohort}.", style="red")]
    parts: list[RenderableType] = []
    for number, tried in enumerate(found.ways, 1):
        table = _table("", "predicate", "asks that", "rule", "law", "because")
        for predicate, why in zip(tried.way.require, tried.answers, strict=True):
            meaning = PREDICATES[predicate]
            mark = Text("yes", style="green") if why is None else Text("no", style="red")
            because = "" if why is None else f"{why}: {DROPPED[why].words}"
            table.add_row(mark, predicate.value, meaning.words, meaning.rule, meaning.law, Text(because))
        state = Text("open", style="green") if tried.open else Text("closed", style="red")
        told = f"way {number}, by {tried.way.law}, under a pseudonym of the space {tried.way.space}: "
        parts += [Text.assemble(told, state), table]
    if isinstance(found.outcome, Dropped) and any(tried.open for tried in found.ways):
        still = f"A way is open, and the event stays all the same: {DROPPED[found.outcome.reason].words}."
        parts.append(Text(still, style="red"))
    return parts


def _properties(found: Explanation) -> Table:
    table = _table("", "before", "after", "why", "rule", "law")
    for field in found.envelope:
        why = f"leaves as {field.goes_to}" if field.goes_to else "used for the decision only"
        if not isinstance(found.outcome, Clean):
            why = ""
        table.add_row(cell(field.name), cell(field.before), _after(field.after), Text(why))
    for each in found.properties:
        remark = each.remark
        what = ACTIONS[remark.action] if remark.stripped is None else STRIPPED[remark.stripped]
        if remark.stripped is None and remark.action is not Action.DROP_EVENT and not isinstance(found.outcome, Clean):
            what = "stays with its event"
        alarm = "; ALARM: a defect of the app" if remark.alarm else ""
        why = f"{remark.kind or 'unknown data'}: {what}{alarm}"
        table.add_row(
            cell(f"  {each.name}"),
            cell(each.before),
            _after(each.after),
            Text(why),
            Text(remark.rule),
            Text(remark.law),
        )
    for name, value in found.added:
        table.add_row(cell(f"+ {name}"), "", _after(value), "" if name in {"distinct_id", "time"} else "added")
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _after(value: Any) -> Text:
    return Text("–", style="red") if value is msgspec.UNSET else cell(value, style="green")


def cell(value: Any, style: str = "") -> Text:
    """Return a value as a cell: as text or JSON, cut to one length, without anything that steers the terminal."""
    text = value if isinstance(value, str) else _encoder.encode(value).decode()
    return Text(printable(text if len(text) <= LONGEST else text[:LONGEST] + "…"), style=style)


def printable(text: str) -> str:
    """Return a text without control characters, and without those that turn the direction of writing."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


_encoder = msgspec.json.Encoder(enc_hook=lambda _: "(not a number)")  # the one thing in an event that JSON lacks
