"""The metrics of one process, on prometheus_client.

Call it once per chunk or batch with a sum, not once per event.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from pipeline.ops.metric_table import TABLE, Metric

Child = Counter | Gauge | Histogram
Method = Literal["add", "set", "observe"]

_ALLOWED: Mapping[Method, frozenset[str]] = {
    "add": frozenset({"counter", "gauge"}),
    "set": frozenset({"gauge"}),
    "observe": frozenset({"histogram"}),
}


@dataclass(slots=True)
class _Family:
    """One registered metric, the values its labels may take (None = open) and the series made so far."""

    parent: Child
    closed: dict[str, frozenset[str]]
    children: dict[tuple[str, ...], Child] = field(default_factory=dict)


class Metrics:
    """Every metric of the table on a registry of its own.

    `label_values` closes labels: a key is a label name (`"region"`), or a metric and a label
    (`"coppice_events_dropped_total.reason"`), which wins over the former. A metric whose labels are all
    closed has each of its series from the start, at 0. Labels that are not mentioned take any value.
    """

    def __init__(self, label_values: Mapping[str, Iterable[str]], registry: CollectorRegistry | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each counter and histogram that nobody reads
        self.registry = CollectorRegistry() if registry is None else registry
        closed = {name: frozenset(str(value) for value in values) for name, values in label_values.items()}
        _check_names(closed)
        self._families = {metric.name: self._register(metric, closed) for metric in TABLE}
        ProcessCollector(registry=self.registry)

    def add(self, metric: Metric, amount: float = 1, /, **labels: str) -> None:
        """Add `amount` to a counter or gauge. Raises `ValueError` for labels outside their closed set."""
        child = self._child(metric, "add", labels)
        assert not isinstance(child, Histogram)
        child.inc(amount)

    def set(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Set a gauge. Raises `ValueError` for labels outside their closed set."""
        child = self._child(metric, "set", labels)
        assert isinstance(child, Gauge)
        child.set(value)

    def observe(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Record one observation in a histogram. Raises `ValueError` for labels outside their closed set."""
        child = self._child(metric, "observe", labels)
        assert isinstance(child, Histogram)
        child.observe(value)

    def remove(self, metric: Metric, /, **labels: str) -> None:
        """Forget one series, for example the lag of a partition that was taken away. Absent is fine."""
        family = self._families[metric.name]
        key = _key(metric, labels)
        if family.children.pop(key, None) is not None:
            family.parent.remove(*key)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Return the exposition and its content type, OpenMetrics or Prometheus text as `accept` asks for."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    def _register(self, metric: Metric, closed: Mapping[str, frozenset[str]]) -> _Family:
        known = {
            label: values
            for label in metric.labels
            if (values := closed.get(f"{metric.name}.{label}", closed.get(label))) is not None
        }
        family = _Family(_create(metric, self.registry), known)
        if not metric.labels:
            family.children[()] = family.parent
        elif len(known) == len(metric.labels):
            for key in product(*(sorted(known[label]) for label in metric.labels)):
                family.children[key] = family.parent.labels(*key)
        return family

    def _child(self, metric: Metric, method: Method, labels: Mapping[str, str]) -> Child:
        if metric.kind not in _ALLOWED[method]:
            raise TypeError(f"{metric.name} is a {metric.kind}: it has no {method}()")
        family = self._families[metric.name]
        key = _key(metric, labels)
        child = family.children.get(key)
        if child is None:
            for label, value in zip(metric.labels, key, strict=True):
                if label in family.closed and value not in family.closed[label]:
                    raise ValueError(f"{metric.name}: label {label} was given a value outside its closed set")
            child = family.children[key] = family.parent.labels(*key)
        return child


def _key(metric: Metric, labels: Mapping[str, str]) -> tuple[str, ...]:
    names = metric.labels
    try:
        key = tuple([labels[name] for name in names])
    except KeyError:
        key = ()
    if len(key) != len(labels) or len(key) != len(names):
        raise ValueError(f"{metric.name} has the labels {names}, not {tuple(labels)}")
    return key


def _create(metric: Metric, registry: CollectorRegistry) -> Child:
    match metric.kind:
        case "counter":
            return Counter(metric.name, metric.help, metric.labels, registry=registry)
        case "gauge":
            return Gauge(metric.name, metric.help, metric.labels, registry=registry)
        case "histogram":
            return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)


def _check_names(closed: Iterable[str]) -> None:
    """Refuse a closed set for a label that no metric has: it would silently guard nothing."""
    known = set(_label_names())
    wrong = sorted(set(closed) - known)
    if wrong:
        raise ValueError(f"no metric has the labels {wrong}")


def _label_names() -> Iterator[str]:
    for metric in TABLE:
        yield from metric.labels
        yield from (f"{metric.name}.{label}" for label in metric.labels)
