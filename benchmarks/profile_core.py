"""Where the time of the core goes: microseconds an event for each step, measured alone over the calls that it gets.

Run it as `python -m benchmarks.profile_core`; `--functions` adds what the interpreter's own profiler says.
"""

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.events import Pool, make_pool
from pipeline.core import sanitize as core
from pipeline.core.identity import KeyRing

EVENTS: Final = 4_000
ROUNDS: Final = 15
FUNCTIONS: Final = 20

STEPS: Final[tuple[tuple[Any, str, str], ...]] = (
    (core, "decode", "decode"),
    (core, "read_envelope", "envelope"),
    (core, "survey", "survey: ages, keys, depth"),
    (core, "resolve", "cohort"),
    (core, "ruling_for", "ruling"),
    (core, "decide", "decision"),
    (KeyRing, "pseudonym", "pseudonym"),
    (KeyRing, "event_id", "event id"),
    (core, "select", "properties"),
)
"""Where a step is looked up, its name there, and what it is called here."""

Call = tuple[tuple[Any, ...], dict[str, Any]]


def fastest_us(work: Callable[[Any], object], inputs: Sequence[Any], rounds: int = ROUNDS) -> float:
    """Return the CPU microseconds an input takes in the fastest of some rounds: others on the machine only add."""
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        for item in inputs:
            work(item)
        best = min(best, time.process_time() - started)
    return best / len(inputs) * 1e6


def step_costs(pool: Pool) -> dict[str, float]:
    """Return the microseconds of each step for one event: its calls are recorded once, then repeated alone."""
    costs = {}
    for owner, name, shown in STEPS:
        calls = _calls_of(owner, name, pool)
        cost = fastest_us(_repeating(getattr(owner, name)), calls) - fastest_us(_repeating(_nothing), calls)
        costs[shown] = cost * len(calls) / len(pool.raw)
    clean = [orjson.loads(each.value) for each in pool.clean]
    return {**costs, "encode": fastest_us(orjson.dumps, clean)}


def _calls_of(owner: Any, name: str, pool: Pool) -> list[Call]:
    """Sanitise all events once and return the arguments that one step was called with."""
    step = getattr(owner, name)
    calls: list[Call] = []

    def recorded(*args: Any, **options: Any) -> Any:
        calls.append((args, options))
        return step(*args, **options)

    setattr(owner, name, recorded)
    try:
        _sanitize_all(pool)
    finally:
        setattr(owner, name, step)
    return calls


def _repeating(step: Callable[..., Any]) -> Callable[[Call], Any]:
    return lambda call: step(*call[0], **call[1])


def _nothing(*_args: Any, **_options: Any) -> None:
    """Stand for a step, to know what calling costs."""


def _sanitize_all(pool: Pool) -> None:
    for _, raw in pool.raw:
        core.sanitize(raw, pool.consents, pool.context)


def main() -> None:
    """Print the steps, the whole, and a JSON round trip of the same events beside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", action="store_true", help="also print the functions that take longest")
    arguments = parser.parse_args()
    pool = make_pool(EVENTS, EVENTS)
    raws = [value for _, value in pool.raw]
    costs = step_costs(pool)
    idle = fastest_us(_nothing, raws)
    whole = fastest_us(lambda raw: core.sanitize(raw, pool.consents, pool.context), raws) - idle
    trip = fastest_us(lambda raw: orjson.dumps(orjson.loads(raw)), raws) - idle
    _show(costs, whole, trip)
    if arguments.functions:
        profile = cProfile.Profile()
        profile.runcall(_sanitize_all, pool)
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
