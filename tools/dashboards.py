"""Make Grafana's dashboards from `tools/panels/`: `python -m tools.dashboards` writes them into `monitoring/`."""

import json
import re
from pathlib import Path
from typing import Any

from pipeline.ops.metric_table import TABLE
from tools.panels import delivery, flow, privacy, rights
from tools.panels.parts import Dashboard, Panel

DASHBOARDS = (flow.DASHBOARD, delivery.DASHBOARD, privacy.DASHBOARD, rights.DASHBOARD)
TARGET = Path(__file__).parents[1] / "monitoring/grafana/dashboards"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH = 24
SIZES = {"stat": (4, 4), "timeseries": (8, 8), "table": (8, 8)}  # width and height on Grafana's grid

_WITH_REGION = {metric.name for metric in TABLE if "region" in metric.labels}
_SELECTOR = re.compile(r"\b((?:coppice|process)_\w+)(?:\{([^}]*)\})?")
_PARTS = re.compile(r"_(?:bucket|sum|count)$")


def scoped(expr: str) -> str:
    """Put the dashboard's variables into every selector: the job, and the region where the metric has one."""

    def matchers(match: re.Match[str]) -> str:
        name, own = match[1], match[2]
        also = [own] if own else []
        also.append('job=~"$job"')
        if name in _WITH_REGION or _PARTS.sub("", name) in _WITH_REGION:
            also.append('region=~"$region"')
        return f"{name}{{{', '.join(also)}}}"

    return _SELECTOR.sub(matchers, expr)


def _variable(name: str, label: str, query: str, regex: str = "") -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "regex": regex,
        "refresh": 2,
        "sort": 1,
        "includeAll": True,
        "allValue": ".*" if name == "region" else "coppice-.*",
        "multi": True,
        "current": {"text": ["All"], "value": ["$__all"]},
    }


VARIABLES = [
    _variable("job", "Worker", 'label_values(up{job=~"coppice-.*"}, job)'),
    _variable("region", "Region", "label_values(coppice_events_in_total, region)"),
]


def _defaults(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green" if panel.red is not None else "blue", "value": None}]
    if panel.red is not None:
        steps.append({"color": "red", "value": panel.red})
    defaults: dict[str, Any] = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.kind == "stat":
        return {**defaults, "noValue": "none", "color": {"mode": "thresholds"}}
    if panel.kind == "table":
        return {"unit": panel.unit}
    custom = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 30 if panel.stacked else 0,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if panel.red is not None else "off"},
    }
    return {**defaults, "custom": custom, "min": None if " - " in panel.queries[0][0] else 0}


def _options(panel: Panel) -> dict[str, Any]:
    match panel.kind:
        case "stat":
            values = {"calcs": ["lastNotNull"], "fields": "", "values": False}
            return {"reduceOptions": values, "colorMode": "background", "graphMode": "none", "textMode": "auto"}
        case "table":
            return {"showHeader": True}
        case "timeseries":
            legend = {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]}
            return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}


def _panel(number: int, panel: Panel, x: int, y: int) -> dict[str, Any]:
    width, height = SIZES[panel.kind]
    now = {"instant": True, "range": False} if panel.kind != "timeseries" else {}
    table = {"format": "table"} if panel.kind == "table" else {}
    made: dict[str, Any] = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "gridPos": {"h": height, "w": width, "x": x, "y": y},
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
        "targets": [
            {"refId": chr(65 + at), "datasource": SOURCE, "expr": scoped(expr), "legendFormat": legend, **now, **table}
            for at, (expr, legend) in enumerate(panel.queries)
        ],
    }
    if panel.kind == "table":
        hidden = {"excludeByName": {"Time": True, "Value": True}}
        made["transformations"] = [{"id": "organize", "options": hidden}]
    return made


def _panels(dashboard: Dashboard) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    y = 0
    for title, panels in dashboard.rows.items():
        place = {"h": 1, "w": WIDTH, "x": 0, "y": y}
        made.append({"id": len(made) + 1, "type": "row", "title": title, "collapsed": False, "gridPos": place})
        made[-1]["panels"] = []
        x, y, height = 0, y + 1, 0
        for panel in panels:
            width, tall = SIZES[panel.kind]
            if x + width > WIDTH:
                x, y, height = 0, y + height, 0
            made.append(_panel(len(made) + 1, panel, x, y))
            x, height = x + width, max(height, tall)
        y += height
    return made


def document(dashboard: Dashboard) -> dict[str, Any]:
    """Return a dashboard in Grafana's own form."""
    alerts = {
        "name": "Alerts",
        "type": "dashboard",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": 'ALERTS{alertstate="firing", alertname=~"Coppice.*"}',
        "titleFormat": "{{alertname}}",
        "textFormat": "{{severity}}",
    }
    others = {"type": "dashboards", "title": "coppice", "tags": ["coppice"], "asDropdown": False, "keepTime": True}
    return {
        "uid": f"coppice-{dashboard.name}",
        "title": f"coppice: {dashboard.name}",
        "description": dashboard.text,
        "tags": ["coppice"],
        "timezone": "browser",
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {},
        "templating": {"list": VARIABLES},
        "annotations": {"list": [alerts]},
        "links": [{**others, "includeVars": True}],
        "panels": _panels(dashboard),
    }


def files() -> dict[Path, str]:
    """Return what every file must hold."""
    return {
        TARGET / f"{dashboard.name}.json": json.dumps(document(dashboard), indent=1) + "\n" for dashboard in DASHBOARDS
    }


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content, encoding="utf-8")
