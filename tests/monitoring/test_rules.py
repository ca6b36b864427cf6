"""The alert rules: fit for somebody who was asleep a minute ago, and proven case by case with promtool."""

import re
import subprocess
from typing import Any

import pytest

from tests.monitoring.shipped import ALERTS, MONITORING, PROMETHEUS, RULE_CASES, read_yaml, tool

LONGEST_SUMMARY = 130
EVERY = pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])


def fired() -> dict[str, set[str]]:
    """Labels with which each alert fires in the promtool cases."""
    seen: dict[str, set[str]] = {}
    for case in read_yaml(RULE_CASES)["tests"]:
        for test in case["promql_expr_test"]:
            for sample in test["exp_samples"]:
                labels = dict(re.findall(r'(\w+)="([^"]*)"', sample["labels"]))
                assert labels["alertstate"] == "firing"
                seen.setdefault(labels["alertname"], set()).update(labels)
    return seen


@EVERY
def test_says_how_urgent_what_and_where_to_look(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    notes = rule["annotations"]
    assert set(notes) == {"summary", "description"}
    assert len(notes["summary"]) <= LONGEST_SUMMARY
    assert "First look:" in notes["description"]


@EVERY
def test_has_a_case_with_the_labels_that_its_texts_use(rule: dict[str, Any]) -> None:
    labels = fired()[rule["alert"]]
    texts = " ".join(rule["annotations"].values())
    assert set(re.findall(r"\$labels\.(\w+)", texts)) <= labels


def test_names_are_unique() -> None:
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)


def test_alertmanager_speaks_of_alerts_that_exist() -> None:
    config = read_yaml(MONITORING / "alertmanager.yml")
    named = [
        part
        for rule in config["inhibit_rules"]
        for side in ("source_matchers", "target_matchers")
        for part in rule[side]
    ]
    names = {name for part in named for name in re.findall(r"Coppice\w+", part)}
    assert names
    assert names <= {rule["alert"] for rule in ALERTS}
    receivers = {receiver["name"] for receiver in config["receivers"]}
    assert {config["route"]["receiver"], *(route["receiver"] for route in config["route"]["routes"])} == receivers


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "config", "prometheus.yml"],
        ["check", "rules", *PROMETHEUS["rule_files"]],
        ["test", "rules", "rules/coppice.test.yml"],
    ],
    ids=["config", "rules", "cases"],
)
def test_promtool_is_content(arguments: list[str]) -> None:
    command = [tool("promtool"), *arguments]
    done = subprocess.run(command, cwd=MONITORING, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
