"""Rules and dashboard speak only of metrics, labels and values that the code declares."""

import re
from enum import StrEnum

import pytest

from pipeline.deliver.reasons import BatchResult, HaltWhy, RetryWhy
from pipeline.ops.metric_table import TABLE, Metric
from pipeline.stream.topics import TOPICS
from pipeline.workers.labels import LABEL_VALUES
from tests.monitoring.promql import Selector, grouping, selectors
from tests.monitoring.shipped import ALERTS, DASHBOARD, EXPRESSIONS, JOBS, MONITORING, QUERIES, RULES

METRICS = {metric.name: metric for metric in TABLE}
# made by Prometheus itself, or by the process collector of prometheus_client
STANDARD = {
    "up": set[str](),
    "ALERTS": {"alertname", "alertstate", "severity"},
    "process_cpu_seconds_total": set[str](),
    "process_resident_memory_bytes": set[str](),
}
TARGET = {"job", "instance"}
OPEN: dict[str, type[StrEnum]] = {
    "coppice_batches_total.result": BatchResult,
    "coppice_retries_total.why": RetryWhy,
    "coppice_delivery_halted.why": HaltWhy,
}
ALERT_NAMES = {rule["alert"] for rule in ALERTS}
EVERY = pytest.mark.parametrize("expr", EXPRESSIONS.values(), ids=EXPRESSIONS)


def declared(name: str) -> tuple[Metric | None, set[str]]:
    """The metric that a sample name belongs to, None for a standard one, and the labels of the sample."""
    if name in STANDARD:
        return None, STANDARD[name] | TARGET
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    metric = METRICS.get(name) or METRICS.get(base)
    assert metric is not None, f"{name} is not in the metric table"
    assert (metric.kind == "histogram") == (metric.name != name), f"{name}: {metric.name} is a {metric.kind}"
    return metric, {*metric.labels, *TARGET, *(("le",) if name.endswith("_bucket") else ())}


def values(metric: Metric | None, label: str) -> set[str] | None:
    """The values that a label may have, None for any."""
    if label == "job":
        return JOBS
    if label == "alertname":
        return ALERT_NAMES
    if metric is None:
        return {"firing", "pending"} if label == "alertstate" else None
    name = f"{metric.name}.{label}"
    closed = LABEL_VALUES.get(name, LABEL_VALUES.get(label, tuple(OPEN.get(name, ()))))
    return {str(value) for value in closed} or None


def check_matchers(selector: Selector, metric: Metric | None, labels: set[str]) -> None:
    for label, operator, pattern in selector.matchers:
        assert label in labels, f"{selector.text}: no label {label}"
        allowed = values(metric, label)
        for part in pattern.split("|") if operator in {"=~", "!~"} else [re.escape(pattern)]:
            assert allowed is None or any(re.fullmatch(part, value) for value in allowed), f"{selector.text}: {part}"


@EVERY
def test_names_labels_and_values_are_declared(expr: str) -> None:
    found = selectors(expr)
    assert found
    for selector in found:
        metric, labels = declared(selector.name)
        check_matchers(selector, metric, labels)
        assert grouping(expr) <= labels, f"{selector.name} has only {labels}"


@EVERY
def test_counters_and_histograms_are_read_as_rates(expr: str) -> None:
    bare = re.sub(r"\b(rate|increase)\([^()]*\)", "", expr)
    kinds = {declared(selector.name)[0] for selector in selectors(bare)}
    assert not [metric.name for metric in kinds if metric is not None and metric.kind != "gauge"]


@pytest.mark.parametrize(("title", "expr", "legend"), QUERIES, ids=[f"{q[0]} {n}" for n, q in enumerate(QUERIES)])
def test_a_legend_names_labels_that_the_query_keeps(title: str, expr: str, legend: str) -> None:
    kept = grouping(expr) or TARGET
    assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= kept


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {metric.name for _, expr, _ in QUERIES for s in selectors(expr) if (metric := declared(s.name)[0])}
    assert shown == set(METRICS)


def test_every_panel_explains_itself_and_has_a_place_of_its_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
        assert panel["type"] == "row" or len(panel["description"]) > 30, panel["title"]


def test_topics_named_in_the_texts_exist() -> None:
    names = {topic.name for topic in TOPICS}
    for path in (RULES, MONITORING / "grafana/dashboards/coppice.json", MONITORING.parent / "docker-compose.yml"):
        for name in re.findall(r"\bevents\.\w+(?:\.\w+)?", path.read_text(encoding="utf-8")):
            assert name in names or any(known.startswith(f"{name}.") for known in names), f"{path.name}: {name}"
