"""Rules and dashboards speak only of metrics, labels and values that the code declares, and of all of them."""

import re
from enum import StrEnum

import pytest

from pipeline.deliver.canaries import VERSION
from pipeline.deliver.reasons import BatchResult, HaltWhy, RetryWhy
from pipeline.ops.metric_table import TABLE, Metric
from pipeline.stream.topics import TOPICS
from pipeline.workers.labels import LABEL_VALUES
from tests.monitoring.promql import Selector, grouping, selectors
from tests.monitoring.shipped import (
    ALERTS,
    DASHBOARD_FILES,
    EXPRESSIONS,
    JOBS,
    QUERIES,
    RECORDED,
    ROOT,
    RULE_FILES,
)

METRICS = {metric.name: metric for metric in TABLE}
# made by Prometheus itself, or by the process collector of prometheus_client
STANDARD = {
    "up": set[str](),
    "ALERTS": {"alertname", "alertstate", "severity"},
    "process_cpu_seconds_total": set[str](),
    "process_max_fds": set[str](),
    "process_open_fds": set[str](),
    "process_resident_memory_bytes": set[str](),
    "process_start_time_seconds": set[str](),
}
TARGET = {"job", "instance"}
OPEN: dict[str, type[StrEnum]] = {
    "coppice_batches_total.result": BatchResult,
    "coppice_retries_total.why": RetryWhy,
    "coppice_delivery_halted.why": HaltWhy,
}
ALERT_NAMES = {rule["alert"] for rule in ALERTS}
EVERY = pytest.mark.parametrize("expr", EXPRESSIONS.values(), ids=EXPRESSIONS)

# What says how much there is of something, or how fast: no value of it is wrong by itself. Whatever can go wrong has
# an alert; a metric that is neither here nor in a rule fails the test below.
NEEDS_NO_ALERT = {
    "coppice_events_dropped_total",
    "coppice_session_gaps_total",  # lost before it came here; for the app's engineers, by day
    "coppice_session_events_missing_total",
    "coppice_chunk_records",
    "coppice_sanitize_seconds",
    "coppice_produce_seconds",
    "coppice_consent_records",
    "coppice_batches_total",
    "coppice_batch_events",
    "coppice_batch_bytes",
    "coppice_retries_total",
    "coppice_in_flight_requests",
    "coppice_concurrency_limit",  # what lowers it is alarmed: refusals, failures, waiting events
    "coppice_leak_hits_total",  # each halts the region, which is alarmed
    "coppice_consent_changes_total",
    "coppice_suppressions_total",
    "coppice_suppressed_events_total",
    "coppice_stopped_events_total",  # the switch and the document that stop a cohort are alarmed
    "coppice_expired_events_total",  # what makes events wait for so long is alarmed
    "coppice_suppressions_held",
    "coppice_privacy_requests_total",
    "coppice_privacy_open_requests",
    "coppice_policy_reloads_total",
    "coppice_aggregate_contributions_total",
    "coppice_aggregate_cells_total",
    "coppice_aggregate_windows_open",
}


def declared(name: str) -> tuple[Metric | None, set[str]]:
    """The metric that a sample name belongs to, None for a standard or recorded one, and the labels of the sample."""
    if name in STANDARD:
        return None, STANDARD[name] | TARGET
    if name in RECORDED:
        return None, grouping(RECORDED[name]) - {"le"}
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    metric = METRICS.get(name) or METRICS.get(base)
    assert metric is not None, f"{name} is not in the metric table"
    assert (metric.kind == "histogram") == (metric.name != name), f"{name}: {metric.name} is a {metric.kind}"
    return metric, {*metric.labels, *TARGET, *(("le",) if name.endswith("_bucket") else ())}


def values(metric: Metric | None, label: str) -> set[str] | None:
    """The values that a label may have, None for any."""
    match label:
        case "job":
            return JOBS
        case "alertname":
            return ALERT_NAMES
        case "alertstate":
            return {"firing", "pending"}
        case "topic":
            return {prefix + topic.name for topic in TOPICS for prefix in ("", "demo.")}
        case "app_version":
            return {VERSION}
    if metric is None:
        return None
    name = f"{metric.name}.{label}"
    closed = LABEL_VALUES.get(name, LABEL_VALUES.get(label, tuple(OPEN.get(name, ()))))
    return {str(value) for value in closed} or None


def check_matchers(selector: Selector, metric: Metric | None, labels: set[str]) -> None:
    for label, operator, pattern in selector.matchers:
        assert label in labels, f"{selector.text}: no label {label}"
        allowed = values(metric, label)
        alternatives = re.split(r"\|(?![^(]*\))", pattern) if operator in {"=~", "!~"} else [re.escape(pattern)]
        for part in alternatives:
            assert allowed is None or any(re.fullmatch(part, value) for value in allowed), f"{selector.text}: {part}"


def used(exprs: list[str]) -> set[str]:
    """Metrics of the table that expressions speak of, through recorded ones as well."""
    found: set[str] = set()
    for expr in exprs:
        for selector in selectors(expr):
            if selector.name in RECORDED:
                found |= used([RECORDED[selector.name]])
            elif (metric := declared(selector.name)[0]) is not None:
                found.add(metric.name)
    return found


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
    bare = re.sub(r"\b(rate|increase)\([^()]*\)", "", re.sub(r"\{[^}]*\}", "", expr))
    kinds = {declared(selector.name)[0] for selector in selectors(bare)}
    assert not [metric.name for metric in kinds if metric is not None and metric.kind != "gauge"]


@pytest.mark.parametrize(("title", "expr", "legend"), QUERIES, ids=[f"{q[0]} {n}" for n, q in enumerate(QUERIES)])
def test_a_legend_names_labels_that_the_query_keeps(title: str, expr: str, legend: str) -> None:
    kept = grouping(expr) or TARGET
    assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= kept


def test_every_metric_is_on_a_dashboard() -> None:
    missing = set(METRICS) - used([expr for _, expr, _ in QUERIES])
    assert not missing, f"no panel shows {sorted(missing)}: add one in tools/panels/, then python -m tools.dashboards"


def test_every_metric_has_an_alert_or_needs_none() -> None:
    alerted = used([rule["expr"] for rule in ALERTS])
    missing = set(METRICS) - alerted - NEEDS_NO_ALERT
    assert not missing, f"no rule in monitoring/rules/ speaks of {sorted(missing)}; if none need to, say so here"
    assert set(METRICS) >= NEEDS_NO_ALERT, "a metric is gone"
    assert not alerted & NEEDS_NO_ALERT, "an alert has come"


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_name_says_level_metric_and_operations(name: str) -> None:
    level, metric, operations = name.split(":")
    kept = grouping(RECORDED[name]) - {"le"}
    assert {"coppice": set(), "coppice_region": {"region"}, "coppice_topic": {"job", "topic"}}[level] == kept
    assert re.fullmatch(r"[a-z_]+", metric)
    assert re.fullmatch(r"((ratio|p\d+)_)?(rate\d+[mhd])|sum|max", operations)
    for window in re.findall(r"\[(\w+)\]", RECORDED[name]):
        assert operations.endswith(f"rate{window}")


def test_everything_recorded_is_used() -> None:
    named = {s.name for expr in EXPRESSIONS.values() for s in selectors(expr)}
    assert set(RECORDED) <= named


def test_topics_named_in_the_texts_exist() -> None:
    names = {topic.name for topic in TOPICS}
    for path in (*RULE_FILES, *DASHBOARD_FILES, ROOT / "docker-compose.yml"):
        for name in re.findall(r"\bevents\.\w+(?:\.\w+)?", path.read_text(encoding="utf-8")):
            assert name in names or any(known.startswith(f"{name}.") for known in names), f"{path.name}: {name}"
