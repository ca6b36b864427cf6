"""Where the time of the core goes: microseconds an event for each step, measured alone over prepared inputs.

Run it as `python -m benchmarks.profile_core`; `--functions` adds what the interpreter's own profiler says.
"""

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.events import Pool, make_pool
from pipeline.core.cohort import region_of, resolve
from pipeline.core.consent import ConsentRecord
from pipeline.core.decide import Case, decide
from pipeline.core.decode import decode
from pipeline.core.envelope import Envelope, read_envelope
from pipeline.core.sanitize import sanitize
from pipeline.core.select import select
from pipeline.core.survey import survey
from pipeline.policy.compiled import Way

EVENTS: Final = 4_000
ROUNDS: Final = 15
FUNCTIONS: Final = 20


def fastest_us(work: Callable[[Any], object], inputs: Sequence[Any], rounds: int = ROUNDS) -> float:
    """Return the CPU microseconds an input takes in the fastest of some rounds: others on the machine only add."""
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        for item in inputs:
            work(item)
        best = min(best, time.process_time() - started)
    return best / len(inputs) * 1e6


def steps(pool: Pool) -> Iterable[tuple[str, Callable[[Any], object], Sequence[Any]]]:
    """Yield the core's steps in their order: name, what is called, and its input for each event."""
    context, policy = pool.context, pool.context.policy
    raws = [value for _, value in pool.raw]
    events: list[Any] = [decode(raw) for raw in raws]
    yield "decode", decode, raws
    yield "envelope", lambda event: read_envelope(event, context.now_ms), events
    pairs = list(zip(events, raws, strict=True))
    yield "survey: ages, keys, depth", lambda pair: survey(pair[0], pair[1], context.now_ms), pairs
    envelopes = [_envelope(event, context.now_ms) for event in events]
    yield "consent lookup", lambda envelope: pool.consents.get(envelope.profile), envelopes
    records = [_record(pool, envelope) for envelope in envelopes]
    claims = [(region_of(e), e.get("age"), None, r, policy) for e, r in zip(events, records, strict=True)]
    yield "cohort", lambda claim: resolve(*claim), claims
    cases = [
        (_case(pool, claim, envelope), context.registry[envelope.name].purpose, policy)
        for claim, envelope in zip(claims, envelopes, strict=True)
    ]
    yield "decision", lambda case: decide(*case), cases
    yield "pseudonym (known)", lambda name: context.keys.pseudonym(*name), _names(pool, envelopes, records, cases)
    sources = [(clean.region, b"id:" + raw[:36]) for clean, raw in zip(pool.clean, raws, strict=True)]
    yield "event id", lambda source: context.keys.event_id(*source), sources
    chosen = [
        (envelope.properties, context.registry[envelope.name], clean.cohort)
        for envelope, clean in zip(envelopes, pool.clean, strict=True)
    ]
    yield "properties", lambda given: select(given[0], given[1], given[2], {}), chosen
    yield "encode", orjson.dumps, [orjson.loads(clean.value) for clean in pool.clean]


def _envelope(event: Any, now_ms: int) -> Envelope:
    envelope = read_envelope(event, now_ms)
    assert isinstance(envelope, Envelope)
    return envelope


def _record(pool: Pool, envelope: Envelope) -> ConsentRecord | None:
    state = pool.consents.get(envelope.profile)
    return state if isinstance(state, ConsentRecord) else None


def _case(pool: Pool, claim: tuple[Any, ...], envelope: Envelope) -> Case:
    standing = resolve(*claim)
    earliest = min(envelope.time_ms, envelope.received_ms)
    return Case(standing, claim[3], unreadable=False, opted_out=False, earliest_ms=earliest, now_ms=pool.context.now_ms)


def _names(
    pool: Pool, envelopes: list[Envelope], records: list[ConsentRecord | None], cases: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    names = []
    for envelope, record, case, clean in zip(envelopes, records, cases, pool.clean, strict=True):
        way = decide(*case)
        assert isinstance(way, Way)
        consent = record.consent_id if record is not None else ""
        epoch = envelope.time_ms // pool.context.policy.rotation_ms[clean.cohort]
        names.append((clean.region, way.space, envelope.profile, consent, epoch))
    return names


def main() -> None:
    """Print the steps, their sum, the whole, and a JSON round trip of the same events beside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", action="store_true", help="also print the functions that take longest")
    arguments = parser.parse_args()
    pool = make_pool(EVENTS, EVENTS)
    raws = [value for _, value in pool.raw]
    idle = fastest_us(lambda _: None, raws)
    costs = {name: fastest_us(work, inputs) - idle for name, work, inputs in steps(pool)}
    whole = fastest_us(lambda raw: sanitize(raw, pool.consents, pool.context), raws) - idle
    trip = fastest_us(lambda raw: orjson.dumps(orjson.loads(raw)), raws) - idle
    _show(costs, whole, trip)
    if arguments.functions:
        profile = cProfile.Profile()
        profile.runcall(lambda: [sanitize(raw, pool.consents, pool.context) for raw in raws])
        pstats.Stats(profile).sort_stats("tottime").print_stats(FUNCTIONS)


def _show(costs: Mapping[str, float], whole: float, trip: float) -> None:
    table = Table("step", "µs", "share", title="core.sanitize, clean events of 0.8 KB")
    rows = {**costs, "between the steps": whole - sum(costs.values()), "whole": whole, "JSON round trip": trip}
    for name, cost in rows.items():
        table.add_row(name, f"{cost:.2f}", f"{cost / whole:.0%}")
    console = Console()
    console.print(table)
    console.print(f"core / JSON round trip: {trip / whole:.2f} × its speed")


if __name__ == "__main__":
    main()
