"""The files in `monitoring/`, read once, and the tools that check them."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.monitoring.promql import panel_expressions

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "monitoring"
RULES = MONITORING / "rules" / "coppice.yml"
RULE_CASES = MONITORING / "rules" / "coppice.test.yml"


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file."""
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


PROMETHEUS = read_yaml(MONITORING / "prometheus.yml")
ALERTS: list[dict[str, Any]] = [rule for group in read_yaml(RULES)["groups"] for rule in group["rules"]]
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "grafana/dashboards/coppice.json").read_text(encoding="utf-8"))
QUERIES = list(panel_expressions(DASHBOARD))
EXPRESSIONS = {**{f"alert {rule['alert']}": rule["expr"] for rule in ALERTS}} | {
    f"panel {title} {number}": expr for number, (title, expr, _) in enumerate(QUERIES)
}
JOBS = {job["job_name"] for job in PROMETHEUS["scrape_configs"]}


def tool(name: str) -> str:
    """Path of a program of Debian's package prometheus; without it the test is skipped, and fails where CI is set."""
    path = shutil.which(name)
    if path is None:
        message = f"{name} is not installed: apt-get install prometheus (Debian, Ubuntu), or put it on the PATH"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path
