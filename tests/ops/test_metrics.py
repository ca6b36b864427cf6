import re
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from pipeline.ops import metric_table
from pipeline.ops.metric_table import (
    BATCH_BYTES,
    CHUNK_RECORDS,
    CONSENT_RECORDS,
    CONSUMER_LAG_RECORDS,
    DELIVERY_REJECTED,
    EVENTS_DROPPED,
    EVENTS_IN,
    IN_FLIGHT_REQUESTS,
    MISROUTED_KEYS,
    PROPERTIES_STRIPPED,
    REQUEST_SECONDS,
    RETRIES,
    TABLE,
    Metric,
    render_markdown,
)
from pipeline.ops.metrics import Metrics

SETS = {
    "region": ["us", "in"],
    "cohort": ["US/child", "US/adult"],
    "reason": ["no_consent"],
    "coppice_delivery_rejected_total.reason": ["too_large", "refused"],
    "class": ["contact", "url"],
    "status_class": ["2xx", "error"],
}


def samples(metrics: Metrics) -> dict[str, float]:
    body, _ = metrics.render()
    return {
        sample.name + "".join(f"|{value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in parse_text(body.decode())
        for sample in family.samples
    }


def test_constants_are_named_after_what_is_exposed() -> None:
    constants = {name: value for name, value in vars(metric_table).items() if isinstance(value, Metric)}
    assert len(constants) == len(TABLE) == len({metric.name for metric in TABLE})
    for name, metric in constants.items():
        assert name == metric.name.removeprefix("coppice_").removesuffix("_total").upper()


@pytest.mark.parametrize("metric", TABLE, ids=lambda metric: metric.name)
def test_declaration_is_complete(metric: Metric) -> None:
    assert metric.name.startswith("coppice_")
    assert metric.help.endswith(".")
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))


def test_documentation_page_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "metrics.md"
    assert page.read_text(encoding="utf-8") == render_markdown(), (
        "run: python -m pipeline.ops.metric_table > docs/metrics.md"
    )


def test_names_are_exposed_exactly_as_declared() -> None:
    metrics = Metrics({})
    labels = dict.fromkeys((label for metric in TABLE for label in metric.labels), "x")
    for metric in TABLE:
        own = {label: labels[label] for label in metric.labels}
        {"counter": metrics.add, "gauge": metrics.set, "histogram": metrics.observe}[metric.kind](metric, 1, **own)
    body, _ = metrics.render()
    exposed = set(re.findall(r"^(coppice_\w+)", body.decode(), re.MULTILINE))
    suffixes = ("_bucket", "_sum", "_count")
    expected = {
        metric.name + suffix for metric in TABLE for suffix in (suffixes if metric.kind == "histogram" else ("",))
    }
    assert exposed == expected


def test_closed_series_exist_at_zero() -> None:
    got = samples(Metrics(SETS))
    for cohort in SETS["cohort"]:
        assert got[f"{EVENTS_DROPPED.name}|{cohort}|no_consent"] == 0
    assert got[f"{EVENTS_IN.name}|us"] == got[f"{EVENTS_IN.name}|in"] == 0
    assert got[f"{DELIVERY_REJECTED.name}|too_large|us"] == 0
    assert got[f"{REQUEST_SECONDS.name}_count|in|error"] == 0
    assert got[MISROUTED_KEYS.name] == 0
    assert not any(name.startswith((RETRIES.name, CONSUMER_LAG_RECORDS.name)) for name in got)


def test_values_arrive() -> None:
    metrics = Metrics(SETS)
    metrics.add(EVENTS_IN, region="us")
    metrics.add(EVENTS_IN, 41, region="us")
    metrics.add(EVENTS_DROPPED, 3, cohort="US/child", reason="no_consent")
    metrics.add(EVENTS_DROPPED, 4, reason="no_consent", cohort="US/child")
    metrics.add(PROPERTIES_STRIPPED, 5, **{"class": "url"})
    metrics.add(IN_FLIGHT_REQUESTS, 2, region="in")
    metrics.add(IN_FLIGHT_REQUESTS, -1, region="in")
    metrics.set(CONSENT_RECORDS, 1000)
    metrics.set(CONSUMER_LAG_RECORDS, 9, topic="events.raw", partition="3")
    metrics.observe(CHUNK_RECORDS, 150)
    metrics.observe(BATCH_BYTES, 1_900_000)
    got = samples(metrics)
    assert got[f"{EVENTS_IN.name}|us"] == 42
    assert got[f"{EVENTS_DROPPED.name}|US/child|no_consent"] == 7
    assert got[f"{PROPERTIES_STRIPPED.name}|url"] == 5
    assert got[f"{IN_FLIGHT_REQUESTS.name}|in"] == 1
    assert got[CONSENT_RECORDS.name] == 1000
    assert got[f"{CONSUMER_LAG_RECORDS.name}|3|events.raw"] == 9
    assert got[f"{CHUNK_RECORDS.name}_sum"] == 150
    assert got[f"{CHUNK_RECORDS.name}_bucket|100.0"] == 0
    assert got[f"{CHUNK_RECORDS.name}_bucket|200.0"] == 1
    assert got[f"{BATCH_BYTES.name}_bucket|1.9e+06"] == 1


def test_value_outside_its_closed_set_is_refused_and_not_repeated() -> None:
    metrics = Metrics(SETS)
    before = samples(metrics)
    for metric, labels in [
        (EVENTS_IN, {"region": "canary"}),
        (EVENTS_DROPPED, {"reason": "canary", "cohort": "US/child"}),
        (DELIVERY_REJECTED, {"region": "us", "reason": "no_consent"}),
        (RETRIES, {"region": "canary", "why": "anything"}),
    ]:
        with pytest.raises(ValueError, match="outside its closed set") as caught:
            metrics.add(metric, 1, **labels)
        assert "canary" not in str(caught.value)
    after = samples(metrics)
    assert {name for name in after if name.startswith("coppice_")} == {
        name for name in before if name.startswith("coppice_")
    }


@pytest.mark.parametrize(
    "labels", [{}, {"region": "us", "cohort": "US/child"}, {"regio": "us"}, {"cohort": "US/child"}]
)
def test_wrong_label_names_are_refused(labels: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="has the labels"):
        Metrics(SETS).add(EVENTS_IN, 1, **labels)


def test_labels_on_a_metric_without_are_refused() -> None:
    with pytest.raises(ValueError, match="has the labels"):
        Metrics(SETS).add(MISROUTED_KEYS, 1, region="us")


def test_wrong_kind_is_refused() -> None:
    metrics = Metrics(SETS)
    with pytest.raises(TypeError, match=r"is a counter: it has no set\(\)"):
        metrics.set(EVENTS_IN, 1, region="us")
    with pytest.raises(TypeError, match=r"is a histogram: it has no add\(\)"):
        metrics.add(CHUNK_RECORDS)
    with pytest.raises(TypeError, match=r"is a gauge: it has no observe\(\)"):
        metrics.observe(CONSENT_RECORDS, 1)


def test_counters_never_fall() -> None:
    with pytest.raises(ValueError, match="non-negative"):
        Metrics(SETS).add(EVENTS_IN, -1, region="us")


@pytest.mark.parametrize("name", ["regoin", "coppice_events_in_total.reason", "coppice_nothing.region"])
def test_closed_set_for_a_label_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no metric has the labels"):
        Metrics({name: ["x"]})


def test_removed_series_is_gone_and_may_come_back() -> None:
    metrics = Metrics(SETS)
    labels = {"topic": "events.raw", "partition": "3"}
    metrics.remove(CONSUMER_LAG_RECORDS, **labels)
    metrics.set(CONSUMER_LAG_RECORDS, 9, **labels)
    metrics.remove(CONSUMER_LAG_RECORDS, **labels)
    assert not any(name.startswith(CONSUMER_LAG_RECORDS.name) for name in samples(metrics))
    metrics.set(CONSUMER_LAG_RECORDS, 2, **labels)
    assert samples(metrics)[f"{CONSUMER_LAG_RECORDS.name}|3|events.raw"] == 2


def test_process_is_measured_and_registries_are_apart() -> None:
    first, second = Metrics(SETS), Metrics(SETS)
    first.add(EVENTS_IN, 5, region="us")
    got = samples(second)
    assert got[f"{EVENTS_IN.name}|us"] == 0
    assert got["process_resident_memory_bytes"] > 1_000_000
    assert got["process_open_fds"] > 0


def test_openmetrics_on_request() -> None:
    metrics = Metrics(SETS)
    metrics.add(EVENTS_IN, 5, region="us")
    body, content_type = metrics.render("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    families = {family.name: family for family in parse_openmetrics(body.decode())}  # type: ignore[no-untyped-call]
    counter = families[EVENTS_IN.name.removesuffix("_total")]
    assert {(sample.name, sample.value) for sample in counter.samples} == {
        (EVENTS_IN.name, 5.0),
        (EVENTS_IN.name, 0.0),
    }
