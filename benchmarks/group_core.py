"""The pure core, in this process, without Kafka: clean events against a JSON round trip, and the slowest input."""

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import orjson

from benchmarks.events import Pool, bench_context
from benchmarks.figures import Figure
from benchmarks.site import Site
from benchmarks.worst_cases import Case, cases, consents
from pipeline.core.consent import ConsentLookup
from pipeline.core.context import Context
from pipeline.core.sanitize import sanitize
from pipeline.policy.vocabulary import Action

NAMES: Final = ("core_clean_events_per_s", "json_roundtrip_events_per_s", "core_worst_ms")
AGAIN: Final = 8  # of the slowest cases that are measured again
TURNS: Final = 2  # how often


def measure(site: Site, wanted: set[str]) -> Iterator[Figure]:
    """Measure the figures of this group that are wanted."""
    if not wanted.isdisjoint(NAMES[:2]):
        yield from _clean_events(site)
    if NAMES[2] in wanted:
        yield _worst(site)


def rate(work: Callable[[bytes], Any], raws: list[bytes]) -> float:
    """Return for how many of these the work is done in a second of CPU time, which others on the machine do not use."""
    began = time.process_time()
    for raw in raws:
        work(raw)
    return len(raws) / (time.process_time() - began)


def _clean_events(site: Site) -> Iterator[Figure]:
    """Time both in turns, so that whatever else the machine does falls on both alike."""
    pool = site.pool
    raws, clean_bytes = without_free_text(pool)
    core: list[float] = []
    trip: list[float] = []
    for _ in range(site.scale.core_rounds):
        core.append(rate(lambda raw: sanitize(raw, pool.consents, pool.context), raws))
        trip.append(rate(lambda raw: orjson.dumps(orjson.loads(raw)), raws))
    counts = {
        "events": len(raws),
        "bytes_per_raw_event": round(sum(map(len, raws)) / len(raws)),
        "bytes_per_clean_event": round(clean_bytes / len(raws)),
    }
    yield Figure(
        NAMES[0],
        tuple(core),
        "One core running Python: no step stands out, and about a third of the time is calls, small objects and memory"
        " touched for the first time between the steps (python -m benchmarks.profile_core).",
        counts,
    )
    yield Figure(
        NAMES[1], tuple(trip), "One core running native code, which parses and writes every byte once.", counts
    )


def without_free_text(pool: Pool) -> tuple[list[bytes], int]:
    """Return the raw events of which no free text leaves and no value was at fault, and the bytes of what leaves."""
    found: list[bytes] = []
    size = 0
    for (_, raw), clean in zip(pool.raw, pool.clean, strict=True):
        if not clean.lost and all(rule.action is not Action.SCRUB for _, rule, _ in clean.ruling.changed):
            found.append(raw)
            size += len(clean.value)
    return found, size


def _worst(site: Site) -> Figure:
    """Sanitise every nasty input once, and the slowest again with other contents; the slowest of each turn counts.

    It is CPU time, without what the machine does meanwhile. Contents differ from turn to turn, so nothing is at hand.
    """
    site.say("nasty inputs")
    now_ms = time.time_ns() // 1_000_000
    context, adult = bench_context(now_ms + 60_000), consents(now_ms)
    first, single = _cpu_ms(cases(now_ms, 0), adult, context)
    slowest = sorted(first, key=first.__getitem__, reverse=True)
    turns = [first]
    for turn in range(1, TURNS + 1):
        again = (case for case in cases(now_ms, turn) if case.name in slowest[:AGAIN])
        turns.append(_cpu_ms(again, adult, context)[0])
    alone = [name for name in slowest if name in single]
    counts = {
        "inputs": len(first),
        "over_50_ms": sum(value > 50 for value in first.values()),
        "slowest_ms": {name: round(first[name], 1) for name in slowest[:AGAIN]},
        "slowest_of_one_event_ms": {name: round(first[name], 1) for name in alone[:AGAIN]},
    }
    return Figure(NAMES[2], tuple(max(took.values()) for took in turns), f"Slowest: {slowest[0]}.", counts)


def _cpu_ms(inputs: Iterable[Case], adult: ConsentLookup, context: Context) -> tuple[dict[str, float], set[str]]:
    """Return the CPU milliseconds of each input by its name, and the names of those that are one event."""
    took: dict[str, float] = {}
    single: set[str] = set()
    for case in inputs:
        gc.collect()
        began = time.process_time()
        outcomes = sanitize(case.raw, adult, context)
        took[case.name] = (time.process_time() - began) * 1e3
        if len(outcomes) == 1:
            single.add(case.name)
    return took, single
