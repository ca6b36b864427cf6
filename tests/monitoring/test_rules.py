"""The alert rules: fit for somebody who was asleep a minute ago, and proven case by case with promtool."""

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import click
import pytest

from pipeline.cli.main import cli
from pipeline.ops.settings import Settings
from pipeline.stream.topics import CLEAN_IN, CLEAN_US, RAW, TOPICS
from pipeline.workers.canary import canaries
from pipeline.workers.labels import LABEL_VALUES
from tests.monitoring.shipped import ALERTS, CASES, MONITORING, PROMETHEUS, ROOT, RULE_FILES, RUNBOOKS, read_yaml, tool

LONGEST_SUMMARY, LONGEST_DESCRIPTION = 130, 160
NAMES = [rule["alert"] for rule in ALERTS]
EVERY = pytest.mark.parametrize("rule", ALERTS, ids=NAMES)
# Besides labels with a closed set of values: of targets and topics, and a version that the core has cut to digits.
HARMLESS = {"job", "instance", "topic", "app_version"}
SECTIONS = ["What it means", "Check", "Do", "Over when"]


def expectations() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Expression and expected samples of every promtool test."""
    for path in CASES:
        for case in read_yaml(path)["tests"]:
            for test in case["promql_expr_test"]:
                yield test["expr"], test["exp_samples"]


def fired() -> dict[str, set[str]]:
    """Labels with which each alert fires in the promtool cases."""
    seen: dict[str, set[str]] = {}
    for _, samples in expectations():
        for sample in samples:
            labels = dict(re.findall(r'(\w+)="([^"]*)"', sample["labels"]))
            assert labels["alertstate"] == "firing"
            seen.setdefault(labels["alertname"], set()).update(labels)
    return seen


def quiet() -> set[str]:
    """Alerts of which a promtool case says that they do not fire yet, or not any more."""
    found = set()
    for expr, samples in expectations():
        for sign, pattern in re.findall(r'alertname(=~|=|!~)"([^"]*)"', expr):
            if not samples:
                found |= {name for name in NAMES if bool(re.fullmatch(pattern, name)) == (sign != "!~")}
    return found


def closed_labels() -> set[str]:
    """Labels that can only have values which the code lists."""
    return {name.rpartition(".")[2] for name in LABEL_VALUES} | {"region", "cohort"}


def test_alerts_cases_and_runbooks_are_the_same_set() -> None:
    assert sorted(NAMES) == sorted(set(NAMES))
    assert set(fired()) == set(NAMES)
    assert quiet() == set(NAMES)
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == set(NAMES)


@EVERY
def test_says_how_urgent_what_and_where_the_runbook_is(rule: dict[str, Any]) -> None:
    assert rule["labels"] in ({"severity": "page"}, {"severity": "ticket"})
    notes = rule["annotations"]
    assert set(notes) == {"summary", "description", "runbook"}
    assert notes["runbook"] == f"runbooks/{rule['alert']}.md"
    assert len(notes["summary"]) <= LONGEST_SUMMARY
    assert len(notes["description"]) <= LONGEST_DESCRIPTION


@EVERY
def test_texts_hold_labels_that_it_fires_with_and_that_cannot_be_personal(rule: dict[str, Any]) -> None:
    texts = " ".join(rule["annotations"].values())
    labels = set(re.findall(r"\$labels\.(\w+)", texts))
    assert labels <= fired()[rule["alert"]] & (closed_labels() | HARMLESS)
    for template in re.findall(r"\{\{(.*?)\}\}", texts, re.DOTALL):
        assert re.fullmatch(r"\s*(\$labels\.\w+|\$value(\s*\|\s*humanize\w*)?)\s*", template), template


@pytest.mark.parametrize("name", NAMES)
def test_a_runbook_says_what_it_means_what_to_check_what_to_do_and_when_it_is_over(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"(?m)^## (.*)$", text) == SECTIONS
    check = text.partition("## Check\n")[2].partition("## Do\n")[0]
    assert "```" in check, "no command and no query to paste"
    for linked in re.findall(r"\]\(([^)#]+)\)", text):
        assert (RUNBOOKS / linked).exists(), linked
    assert set(re.findall(r"\bCoppice[A-Z]\w+", text)) <= set(NAMES)


def test_runbooks_name_commands_and_files_that_exist() -> None:
    for path in RUNBOOKS.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        for words in re.findall(r"(?:^|`|\| |exec \w+ )coppice ([a-z][a-z -]*)", text, re.MULTILINE):
            command: click.Command = cli
            for word in words.split():
                if not isinstance(command, click.Group) or word.startswith("-"):
                    break
                found = command.get_command(click.Context(command), word)
                assert found is not None, f"{path.name}: coppice {words}"
                command = found
        for name in re.findall(r"\b(?:docs|schemas|pipeline)/[\w./-]+\w", text):
            assert (ROOT / name).exists(), f"{path.name}: {name}"


def test_runbooks_look_for_words_that_are_logged() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "pipeline").rglob("*.py"))
    for path in RUNBOOKS.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        for command in re.findall(r"docker compose logs .*", text):
            for quoted in re.findall(r'(?:grep|-e) "([^"]+)"', command):
                assert quoted in sources, f"{path.name}: {quoted}"


def test_the_runbook_for_readiness_knows_every_check() -> None:
    text = (RUNBOOKS / "CoppiceWorkerNotReady.md").read_text(encoding="utf-8")
    sources = [ROOT / "pipeline/rights/agent.py", *sorted((ROOT / "pipeline/workers").glob("*.py"))]
    bodies = [
        body
        for path in sources
        for body in re.findall(
            r"\n    def (?:checks|readiness)\(.*?(?=\n    (?:async )?def |\n\S|\Z)",
            path.read_text(encoding="utf-8"),
            re.DOTALL,
        )
    ]
    names = {name for body in bodies for name in re.findall(r'"(\w+)":', body)}
    assert len(names) > 10
    assert not {name for name in names if f"`{name}`" not in text}


def test_the_page_on_monitoring_lists_every_alert_as_urgent_as_it_is() -> None:
    text = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    listed = re.findall(r"(?m)^\| \[(Coppice\w+)\]\(\.\./monitoring/runbooks/(\w+)\.md\) \| (\w+) \|", text)
    assert sorted(listed) == sorted((rule["alert"], rule["alert"], rule["labels"]["severity"]) for rule in ALERTS)


def test_data_near_its_end_is_alarmed_while_there_is_time() -> None:
    kept_s = {topic.name: topic.retention_ms / 1000 for topic in TOPICS}
    limits = {rule["alert"]: rule["expr"].partition("> ")[2] for rule in ALERTS if rule["alert"].endswith("NearLoss")}
    seconds = {name: int(a) * int(b) for name, text in limits.items() for a, b in [text.split(" * ")]}
    assert 0 < seconds["CoppiceRawEventsNearLoss"] <= kept_s[RAW] / 2
    assert 0 < seconds["CoppiceCleanEventsNearLoss"] <= min(kept_s[CLEAN_US], kept_s[CLEAN_IN]) - 2 * 86_400


def test_canaries_alone_are_no_traffic() -> None:
    (limit,) = (rule["expr"].partition("< ")[2] for rule in ALERTS if rule["alert"] == "CoppiceNoTraffic")
    every_s = 900  # what `coppice canary publish` recommends
    assert 0 < len(canaries(Settings(), 1_795_000_000_000).events) / every_s < float(limit)


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
    assert names <= set(NAMES)
    receivers = {receiver["name"] for receiver in config["receivers"]}
    assert {config["route"]["receiver"], *(route["receiver"] for route in config["route"]["routes"])} == receivers
    assert {route["matchers"][0] for route in config["route"]["routes"]} == {'severity="page"'}


def test_every_rule_file_is_loaded() -> None:
    assert sorted(RULE_FILES) == sorted((MONITORING / "rules").glob("*.yml"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "config", "prometheus.yml"],
        ["check", "rules", *PROMETHEUS["rule_files"]],
        *(["test", "rules", str(path.relative_to(MONITORING))] for path in CASES),
    ],
    ids=lambda arguments: arguments[-1].rpartition("/")[2] + " " + arguments[0],
)
def test_promtool_is_content(arguments: list[str]) -> None:
    command = [tool("promtool"), *arguments]
    done = subprocess.run(command, cwd=MONITORING, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
