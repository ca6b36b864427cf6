"""What the demo shows: the flow by region and cohort, the final account, and three events before and after."""

import json
from typing import Any

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipeline.consent.files import read_consents
from pipeline.core.context import Context
from pipeline.core.outcome import Clean
from pipeline.core.remarks import Remark, remark_on
from pipeline.core.sanitize import sanitize
from pipeline.ops.settings import load_settings
from pipeline.policy.vocabulary import Cohort, Region, StripReason
from pipeline.sandbox.accounts import Account
from pipeline.sandbox.deployment import DEMO_SETTINGS, Deployment
from pipeline.sandbox.scrape import Samples
from pipeline.workers.context import load_rules, now_ms
from pipeline.workers.trial import trial_context

SHOWN = (Cohort.US_CHILD, Cohort.US_ADULT, Cohort.IN_ADULT)
WHY = {
    StripReason.UNREGISTERED: "in no schema",
    StripReason.INVALID: "not a value its schema allows",
    StripReason.COHORT: "not for this cohort",
    StripReason.CLASS: "a class that stays",
    StripReason.IDENTIFIER: "holds an identifier",
    StripReason.UNSAFE: "could not be made safe",
}
TOP_REASONS = 4


def flow_table(deployment: Deployment, samples: list[Samples]) -> Table:
    """Show per cohort what came in, what was kept, and why the rest was dropped."""
    table = Table(title="events by cohort", title_justify="left")
    for column in ("cohort", "in", "kept", "dropped", "why, most frequent first"):
        table.add_column(column, justify="right" if column in {"in", "kept", "dropped"} else "left")
    for cohort in Cohort:
        kept = sum(s.total("coppice_events_kept_total", cohort=cohort) for s in samples)
        why: dict[str, int] = {}
        for sample in samples:
            for reason, count in sample.by("coppice_events_dropped_total", "reason", cohort=cohort).items():
                why[reason] = why.get(reason, 0) + count
        dropped = sum(why.values())
        if kept or dropped:
            most = sorted(why.items(), key=lambda pair: -pair[1])[:TOP_REASONS]
            text = ", ".join(f"{reason} {count}" for reason, count in most)
            table.add_row(cohort, f"{kept + dropped:.0f}", f"{kept:.0f}", str(dropped), text)
    rejected = sum(s.total("coppice_events_rejected_total") for s in samples)
    delivered = ", ".join(f"{r}: {deployment.standins[r].stored_count}" for r in Region)
    table.caption = f"delivered to the stand-ins: {delivered}; rejected: {rejected:.0f}"
    return table


def account_table(account: Account) -> Table:
    """Show the fate of every published event."""
    table = Table(title="what became of every event", title_justify="left")
    table.add_column("fate")
    table.add_column("why")
    table.add_column("events", justify="right")
    table.add_row("published", "", str(account.published), end_section=True)
    for fate in ("delivered", "dropped", "rejected"):
        parts: dict[str, int] = getattr(account, fate)
        for why, count in sorted(parts.items(), key=lambda pair: -pair[1]):
            table.add_row(fate, why, str(count))
    style = "bold green" if account.unaccounted == 0 else "bold red"
    table.add_section()
    table.add_row("unaccounted", "", str(account.unaccounted), style=style)
    return table


def before_and_after() -> Group:
    """Show three sample events as they came, as they left, and what stayed behind and why."""
    settings = load_settings()
    policy, registry = load_rules(settings, DEMO_SETTINGS)
    context = trial_context(policy, registry, settings, now_ms())
    samples = DEMO_SETTINGS.parent / "samples"
    consents, _ = read_consents(samples / "consent.ndjson")
    wanted = list(SHOWN)
    panels = []
    with (samples / "raw_events.ndjson").open("rb") as file:
        for line in file:
            outcome = sanitize(line, consents, context)[0]
            if isinstance(outcome, Clean) and outcome.cohort in wanted and outcome.ruling.unknown:
                wanted.remove(outcome.cohort)
                panels.append(_panel(json.loads(line), outcome, context))
            if not wanted:
                break
    return Group(*panels)


def _panel(raw: dict[str, Any], clean: Clean, context: Context) -> Panel:
    after = json.loads(clean.value)["properties"]
    remarks = remark_on(
        raw["properties"],
        context.registry[raw["event"]],
        clean.cohort,
        clean.region,
        context.policy,
        lambda *_: "",
    )
    table = Table(box=None, pad_edge=False)
    for column in ("", "before", "after", "why"):
        table.add_column(column, overflow="fold", max_width=44)
    for name, value in raw.items():
        if name not in {"properties", "event"}:
            table.add_row(Text(name), Text(_short(value)), *_envelope_fate(name, after))
    for name, value in raw["properties"].items():
        remark = remarks[name]
        left = Text("–", style="red") if remark.stripped else Text(_short(after[name]), style="green")
        table.add_row(Text(f"  {name}"), Text(_short(value)), left, _why(remark))
    return Panel(table, title=f"{raw['event']}  ({clean.cohort} → {clean.region} project)", title_align="left")


def _why(remark: Remark) -> str:
    what = remark.action if remark.stripped is None else WHY[remark.stripped]
    return f"{what}: {remark.kind or 'unknown data'} ({remark.rule})"


def _envelope_fate(name: str, after: dict[str, Any]) -> tuple[Text, str]:
    match name:
        case "profile_id":
            return Text(after["distinct_id"], style="green"), "keyed pseudonym (R15)"
        case "event_id":
            return Text(after["$insert_id"], style="green"), "keyed digest, repeats in a replay"
        case "time":
            return Text(str(after["time"]), style="green"), "whole milliseconds"
        case _:
            return Text("–", style="red"), "used for the decision only"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"  # noqa: PLR2004  # one line of a terminal
