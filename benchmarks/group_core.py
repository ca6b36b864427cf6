"""The pure core against a JSON round trip of the same events, in this process, without Kafka."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

from benchmarks.figures import Figure
from benchmarks.site import Site
from pipeline.core.sanitize import sanitize

NAMES: Final = ("core_clean_events_per_s", "json_roundtrip_events_per_s")


def measure(site: Site, _wanted: set[str]) -> Iterator[Figure]:
    """Time both in turns, so that whatever else the machine does falls on both alike."""
    pool = site.pool
    raws = [value for _, value in pool.raw]
    consents, context = pool.consents, pool.context
    core: list[float] = []
    trip: list[float] = []
    for _ in range(site.scale.core_rounds):
        core.append(_rate(lambda raw: sanitize(raw, consents, context), raws))
        trip.append(_rate(lambda raw: orjson.dumps(orjson.loads(raw)), raws))
    counts = {
        "events": len(raws),
        "bytes_per_raw_event": round(sum(map(len, raws)) / len(raws)),
        "bytes_per_clean_event": round(sum(len(clean.value) for clean in pool.clean) / len(raws)),
    }
    yield Figure(
        NAMES[0],
        tuple(core),
        "One core running Python: no step stands out, the largest are decoding the JSON and reading the envelope, and"
        " about half is calls and objects between the steps (python -m benchmarks.profile_core).",
        counts,
    )
    yield Figure(
        NAMES[1], tuple(trip), "One core running native code, which parses and writes every byte once.", counts
    )


def _rate(work: Callable[[bytes], Any], raws: list[bytes]) -> float:
    began = time.perf_counter()
    for raw in raws:
        work(raw)
    return len(raws) / (time.perf_counter() - began)
