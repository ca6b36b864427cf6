"""The figures: their names, what each is compared with, and what it should reach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final


class NotMeasuredError(Exception):
    """A figure could not be measured. The text says why; the run goes on with the next figure, and fails."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something a figure should reach. of: whether the ratio to the baseline is meant, else the value."""

    text: str
    holds: Callable[[float], bool]
    ratio: bool = False


def _least(value: float, *, ratio: bool = False) -> Target:
    return Target(f"≥ {value:g} ×" if ratio else f"≥ {value:,.0f}", lambda it: it >= value, ratio)


def _most(value: float) -> Target:
    return Target(f"≤ {value:g}", lambda it: it <= value)


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure before it is measured. baseline: name of the figure it is divided by."""

    unit: str
    meaning: str
    baseline: str | None = None
    targets: tuple[Target, ...] = ()


EVENTS: Final = "events/s"
_SINK = (_least(30_000), _least(20, ratio=True))
_FLAT = Target("±10 %", lambda ratio: abs(ratio - 1) <= 0.1, ratio=True)

DEFINITIONS: Final[Mapping[str, Definition]] = {
    "core_clean_events_per_s": Definition(
        EVENTS,
        "the pure core alone, clean events without free text",
        "json_roundtrip_events_per_s",
        (_least(40_000), _least(0.3, ratio=True)),
    ),
    "core_clean_compiled_events_per_s": Definition(
        EVENTS,
        "the same, from the compiled wheel",
        "json_roundtrip_events_per_s",
        (_least(40_000), _least(0.3, ratio=True)),
    ),
    "json_roundtrip_events_per_s": Definition(EVENTS, "orjson loads and dumps of the same events"),
    "core_worst_ms": Definition("ms", "the pure core, slowest of many nasty inputs up to 1 MB", None, (_most(50),)),
    "core_dirty_events_per_s": Definition(
        EVENTS,
        "the pure core alone, five identifiers in free text",
        "sentry_relay_events_per_s",
        (_least(12_000), _least(4, ratio=True)),
    ),
    "core_dirty_compiled_events_per_s": Definition(
        EVENTS,
        "the same, from the compiled wheel",
        "sentry_relay_events_per_s",
        (_least(12_000), _least(4, ratio=True)),
    ),
    "sentry_relay_events_per_s": Definition(EVENTS, "Sentry Relay's scrubbing of the same events, default rules"),
    "presidio_events_per_s": Definition(EVENTS, "Presidio's pattern recognisers on the same free text"),
    "core_dirty_over_presidio": Definition(
        "×", "core_dirty_events_per_s divided by presidio_events_per_s", None, (_least(100),)
    ),
    "sanitize_worker_events_per_s": Definition(
        EVENTS,
        "one worker, raw to clean acknowledged",
        "stock_faust_events_per_s",
        (_least(40_000), _least(5, ratio=True)),
    ),
    "sanitize_worker_compiled_events_per_s": Definition(
        EVENTS,
        "the same, from the compiled wheel",
        "stock_faust_events_per_s",
        (_least(40_000), _least(5, ratio=True)),
    ),
    "stock_faust_events_per_s": Definition(EVENTS, "a stock agent that does nothing, same topic"),
    "worker_cpu_us_per_event": Definition("µs", "CPU of the sanitize worker, all threads"),
    "deliver_worker_events_per_s": Definition(
        EVENTS, "one worker, clean topic to a counting stand-in", "buffered_consumer_events_per_s", _SINK
    ),
    "buffered_consumer_events_per_s": Definition(EVENTS, "mixpanel.BufferedConsumer to the same"),
    "deliver_worker_50ms_events_per_s": Definition(
        EVENTS, "the same, each answer 50 ms later", "buffered_consumer_50ms_events_per_s", _SINK
    ),
    "buffered_consumer_50ms_events_per_s": Definition(EVENTS, "the same, each answer 50 ms later"),
    "consent_load_keys_per_s": Definition("keys/s", "consent records read at a start", None, (_least(200_000),)),
    "worker_ready_s": Definition(
        "s",
        "start of the process to ready",
        None,
        (_most(15),),
    ),
    "consent_million_rss_mb": Definition(
        "MB", "memory of a sanitize worker that knows a million profiles", None, (_most(400),)
    ),
    "consent_million_ready_s": Definition("s", "start of that process to ready", None, (_most(15),)),
    "withdrawal_to_last_request_s": Definition(
        "s",
        "a withdrawal is produced to the last request with the person, worst of five situations",
        None,
        (_most(5),),
    ),
    "worker_rss_mb_first_million": Definition("MB", "memory of the worker after the first tenth of a long run"),
    "worker_rss_mb_last_million": Definition(
        "MB", "memory of the same worker at its end", "worker_rss_mb_first_million", (_FLAT,)
    ),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure. values: one for each repeat; counts: what was measured over; limits: what limited it."""

    name: str
    values: tuple[float, ...]
    limits: str
    counts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The median of the repeats."""
        return median(self.values)

    @property
    def definition(self) -> Definition:
        """What is known of it without measuring."""
        return DEFINITIONS[self.name]


def with_baselines(names: set[str]) -> set[str]:
    """Return the names and those of their baselines."""
    return names | {base for name in names if (base := DEFINITIONS[name].baseline) is not None}
