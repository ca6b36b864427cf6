"""The files in `monitoring/`, read once, and the tools that check them."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.monitoring.promql import panel_expressions

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "monitoring"
RUNBOOKS = MONITORING / "runbooks"
CASES = sorted((MONITORING / "cases").glob("*.yml"))
DASHBOARD_FILES = sorted((MONITORING / "grafana/dashboards").glob("*.json"))


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file."""
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


PROMETHEUS = read_yaml(MONITORING / "prometheus.yml")
RULE_FILES = [MONITORING / name for name in PROMETHEUS["rule_files"]]
_RULES = [rule for path in RULE_FILES for group in read_yaml(path)["groups"] for rule in group["rules"]]
ALERTS: list[dict[str, Any]] = [rule for rule in _RULES if "alert" in rule]
RECORDED: dict[str, str] = {rule["record"]: rule["expr"] for rule in _RULES if "record" in rule}
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARD_FILES
}
QUERIES = [query for dashboard in DASHBOARDS.values() for query in panel_expressions(dashboard)]
_PROMQL = re.compile(r"```promql\n(.*?)```", re.DOTALL)
RUNBOOK_EXPRESSIONS = {
    f"runbook {path.stem} {number}": expr
    for path in sorted(RUNBOOKS.glob("*.md"))
    for number, expr in enumerate("".join(_PROMQL.findall(path.read_text(encoding="utf-8"))).splitlines())
}
EXPRESSIONS = (
    {f"alert {rule['alert']}": rule["expr"] for rule in ALERTS}
    | {f"record {name}": expr for name, expr in RECORDED.items()}
    | {f"panel {title} {number}": expr for number, (title, expr, _) in enumerate(QUERIES)}
    | RUNBOOK_EXPRESSIONS
)
JOBS = {job["job_name"] for job in PROMETHEUS["scrape_configs"]}


def tool(name: str, package: str = "prometheus") -> str:
    """Path of a program of a Debian package; without it the test is skipped, and fails where CI is set."""
    path = shutil.which(name)
    if path is None:
        message = f"{name} is not installed: apt-get install {package} (Debian, Ubuntu), or put it on the PATH"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path
