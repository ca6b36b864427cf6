"""Draw a dashboard's panels from what Prometheus answers, as Grafana would, in one picture."""

import importlib
import io
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Series = list[tuple[str, list[tuple[float, float]]]]  # legend → (seconds since the start, value)
Ask = Callable[[str], list[dict[str, Any]]]

COLUMNS = 3
COLOURS = 96  # of a picture: enough for lines, and a third of the bytes
STEP_S = 1.0
ENTRIES = 7  # of a legend; more are counted
PANEL_INCHES = (4.4, 2.5)
UNITS = {"cps": "1/s", "reqps": "1/s", "s": "s", "bytes": "B", "short": "", "percentunit": "share"}
QUIET = "#888888"


def legend_of(template: str, labels: dict[str, str]) -> str:
    """Return a series' legend: Grafana's `{{label}}`, or the only word there is."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), template).strip() or "all"


def series_of(panel: dict[str, Any], ask: Ask) -> Series:
    """Return every series of a panel. ask: matrix of an expression, as `query_range` returns it."""
    found: Series = []
    for target in panel["targets"]:
        for one in ask(target["expr"]):
            points = [(at, float(value)) for at, value in one["values"]]
            points = [(at, value) for at, value in points if math.isfinite(value)]
            if points:
                found.append((legend_of(target["legendFormat"], one["metric"]), points))
    return sorted(found, key=lambda entry: -max(value for _, value in entry[1]))


def draw(dashboard: dict[str, Any], ask: Ask, seconds: float, target: Path) -> None:
    """Write one picture with every panel that shows lines over that many seconds, row by row. Needs matplotlib."""
    pyplot = importlib.import_module("matplotlib.pyplot")
    importlib.import_module("matplotlib").use("Agg")
    rows = _rows(dashboard["panels"])
    height = sum(-(-len(panels) // COLUMNS) for _, panels in rows)
    size = (PANEL_INCHES[0] * COLUMNS, PANEL_INCHES[1] * height)
    figure, axes = pyplot.subplots(height, COLUMNS, figsize=size, squeeze=False, layout="constrained")
    at = 0
    for title, panels in rows:
        for index in range(-(-len(panels) // COLUMNS) * COLUMNS):
            axis = axes[at // COLUMNS][at % COLUMNS]
            at += 1
            if index >= len(panels):
                axis.set_axis_off()
                continue
            _draw_panel(axis, panels[index], series_of(panels[index], ask))
            axis.set_xlim(0, seconds)
            if index == 0:
                axis.set_ylabel(title, fontsize=9, fontweight="bold", color="#1f4e79")
    figure.suptitle(dashboard["title"], fontsize=13)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=70)
    pyplot.close(figure)
    importlib.import_module("PIL.Image").open(drawn).convert("RGB").quantize(COLOURS).save(target, optimize=True)


def _rows(panels: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    rows: list[tuple[str, list[dict[str, Any]]]] = []
    for panel in panels:
        if panel["type"] == "row":
            rows.append((panel["title"], []))
        elif panel["type"] == "timeseries":
            rows[-1][1].append(panel)
    return [(title, found) for title, found in rows if found]


def _draw_panel(axis: Any, panel: dict[str, Any], found: Series) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    unit = UNITS[defaults["unit"]]
    axis.set_title(f"{panel['title']}{f' ({unit})' if unit else ''}", fontsize=8, loc="left")
    axis.tick_params(labelsize=7)
    axis.grid(visible=True, alpha=0.25)
    highest = max((abs(value) for _, points in found for _, value in points), default=None)
    if not highest:
        quiet = "none" if highest is None else "0 all the time"
        axis.text(0.5, 0.5, quiet, ha="center", va="center", transform=axis.transAxes, color=QUIET)
        axis.set_xticks([])
        axis.set_yticks([])
        return
    if defaults["custom"]["stacking"]["mode"] == "normal":
        times = sorted({at for _, points in found for at, _ in points})
        values = [[dict(points).get(at, 0.0) for at in times] for _, points in found]
        axis.stackplot(times, values, labels=[name for name, _ in found], alpha=0.7)
    else:
        for name, points in found:
            whole = _with_gaps(points)
            axis.plot([at for at, _ in whole], [value for _, value in whole], label=name, linewidth=1.2)
    if defaults["min"] == 0:
        axis.set_ylim(bottom=0, top=axis.get_ylim()[1] * 1.2)
    _legend(axis)


def _with_gaps(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Interrupt a line where the series had no value."""
    whole: list[tuple[float, float]] = []
    for at, value in points:
        if whole and at - whole[-1][0] > 1.5 * STEP_S:
            whole.append((at - STEP_S, math.nan))
        whole.append((at, value))
    return whole


def _legend(axis: Any) -> None:
    handles, names = axis.get_legend_handles_labels()
    if len(names) > ENTRIES:
        names = [*names[: ENTRIES - 1], f"and {len(names) - ENTRIES + 1} more"]
        handles = handles[:ENTRIES]
    axis.legend(handles, names, fontsize=6, loc="upper left", framealpha=0.6)
