"""The words in which a dashboard is described, and common expressions."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["timeseries", "stat", "table"]
RATE = "$__rate_interval"


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `queries` are expressions with their legends; `red` is the value from which it is alarming.

    Matchers for the dashboard's variables are put into the expressions by the generator.
    """

    title: str
    text: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    kind: Kind = "timeseries"
    stacked: bool = False
    red: float | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard: its rows by title, each a list of panels."""

    name: str
    text: str
    rows: dict[str, list[Panel]] = field(default_factory=dict)


def stat(title: str, text: str, unit: str, expr: str, legend: str = "", red: float | None = None) -> Panel:
    """One number (or one a series) as it is now."""
    return Panel(title, text, unit, ((expr, legend),), "stat", red=red)


def lines(title: str, text: str, unit: str, *queries: tuple[str, str], red: float | None = None) -> Panel:
    """Lines over time."""
    return Panel(title, text, unit, queries, red=red)


def rates(title: str, text: str, metric: str, *labels: str, stacked: bool = True) -> Panel:
    """How often a second a counter counts, by labels; what never happens has no line."""
    by = f" by ({', '.join(labels)})" if labels else ""
    shown = " > 0" if labels else ""
    legend = " ".join(f"{{{{{label}}}}}" for label in labels) or "all"
    return Panel(title, text, "cps", ((f"sum{by} (rate({metric}[{RATE}])){shown}", legend),), stacked=stacked)


def counts(title: str, text: str, metric: str, *labels: str, red: float | None = None) -> Panel:
    """How often a counter has counted in five minutes, by labels."""
    by = f" by ({', '.join(labels)})" if labels else ""
    legend = " ".join(f"{{{{{label}}}}}" for label in labels) or "in 5 minutes"
    return Panel(title, text, "short", ((f"sum{by} (increase({metric}[5m]))", legend),), red=red)


def quantiles(title: str, text: str, unit: str, histogram: str, *labels: str) -> Panel:
    """Half and 95 % of a histogram's observations."""
    by = ", ".join(("le", *labels))
    tail = "".join(f" {{{{{label}}}}}" for label in labels)
    queries = tuple(
        (f"histogram_quantile({q}, sum by ({by}) (rate({histogram}_bucket[{RATE}])))", f"{name}{tail}")
        for q, name in ((0.5, "half"), (0.95, "95 %"))
    )
    return Panel(title, text, unit, queries)
