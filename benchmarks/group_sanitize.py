"""One sanitize worker on a full topic, and beside it a stock Faust agent on the same topic."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice
from typing import Final

from benchmarks.figures import Figure
from benchmarks.site import Site, compiled_python, helper, steady
from benchmarks.topics import Ends
from benchmarks.watch import Run, watch
from pipeline.sandbox.deployment import PARTITIONS
from pipeline.stream.topics import CLEAN_IN, CLEAN_US, CONSENT, RAW

SANITIZE: Final = "sanitize_worker_events_per_s"
STOCK: Final = "stock_faust_events_per_s"
COMPILED: Final = "sanitize_worker_compiled_events_per_s"
CPU: Final = "worker_cpu_us_per_event"
NAMES: Final = (SANITIZE, COMPILED, STOCK, CPU)
PREFIX: Final = "bench-sanitize-"
LIMIT_S: Final = 120.0


def measure(site: Site, wanted: set[str]) -> Iterator[Figure]:
    """Fill the topic once; every repeat is a new consumer group that reads it from the beginning."""
    with site.deployment(PREFIX):  # its topics stay when it ends
        site.say(f"producing {site.scale.sanitize:,} raw events")
        site.feeder.feed(PREFIX + CONSENT, site.pool.consent)
        site.feeder.feed(PREFIX + RAW, islice(cycle(site.pool.raw), site.scale.sanitize))
    if wanted & {SANITIZE, CPU}:
        runs = []
        for repeat in range(site.scale.repeats):
            site.say(f"sanitize worker, {repeat + 1} of {site.scale.repeats}")
            runs.append(_sanitize(site))
        yield from _figures(runs)
    if COMPILED in wanted:
        python = compiled_python()
        site.say("sanitize worker from the compiled wheel")
        compiled = _figures([_sanitize(site, python) for _ in range(site.scale.repeats)])
        yield replace(next(compiled), name=COMPILED)
    if STOCK in wanted:
        yield _stock(site)


def _sanitize(site: Site, python: Sequence[str] = (sys.executable,)) -> Run:
    clean = Ends(site.broker.bootstrap, [PREFIX + CLEAN_US, PREFIX + CLEAN_IN], PARTITIONS)
    with site.deployment(PREFIX, python=python) as deployment:
        total = clean.total() + site.scale.sanitize
        worker = deployment.add_worker("sanitize", "all", wait=False)
        run = watch(clean.total, total, {"worker": steady(worker), "broker": site.broker.pid}, limit_s=LIMIT_S)
        steady(worker)
    return run


def _figures(runs: list[Run]) -> Iterator[Figure]:
    busy = {who: [round(run.cores(who), 2) for run in runs] for who in ("worker", "broker")}
    counts = {"events": [run.events for run in runs], **{f"{who}_cores_busy": cores for who, cores in busy.items()}}
    limits = (
        f"The worker's one interpreter: up to {max(busy['worker']):.2f} cores were busy in its process and"
        f" {max(busy['broker']):.2f} in the broker, which share the machine."
    )
    yield Figure(SANITIZE, tuple(run.rate for run in runs), limits, counts)
    yield Figure(CPU, tuple(run.cpu_us("worker") for run in runs), limits, counts)


def _stock(site: Site) -> Figure:
    results = []
    for repeat in range(site.scale.repeats):
        site.say(f"stock Faust agent, {repeat + 1} of {site.scale.repeats}")
        group = f"{PREFIX}stock-{repeat}"
        results.append(helper("stock_agent.py", site.broker.bootstrap, PREFIX + RAW, group, site.scale.stock))
    return Figure(
        STOCK,
        tuple(result["events"] / result["seconds"] for result in results),
        "The CPU that Faust itself spends on each message (tasks, queues, conductor, acknowledgement); the agent does"
        " nothing.",
        {
            "events": [result["events"] for result in results],
            "cpu_us_per_event": [round(result["cpu_s"] / result["events"] * 1e6, 1) for result in results],
        },
    )
