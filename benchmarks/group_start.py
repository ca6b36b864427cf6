"""What a start costs: reading all consent, and the way from the start of a process to ready."""

import time
from collections.abc import Iterator
from typing import Final
from uuid import UUID

import orjson

from benchmarks.events import Keyed
from benchmarks.figures import Figure, NotMeasuredError
from benchmarks.site import Site, helper, steady
from pipeline.sandbox.deployment import PARTITIONS
from pipeline.sandbox.scrape import readiness
from pipeline.stream.topics import CONSENT

LOAD: Final = "consent_load_keys_per_s"
READY: Final = "worker_ready_s"
NAMES: Final = (LOAD, READY)
PREFIX: Final = "bench-start-"
READY_LIMIT_S: Final = 60.0
POLL_S: Final = 0.01


def measure(site: Site, wanted: set[str]) -> Iterator[Figure]:
    """Measure readiness before the large consent topic is there, then the load of it alone."""
    with site.deployment(PREFIX):  # its topics stay when it ends
        site.feeder.feed(PREFIX + CONSENT, site.pool.consent)
    if READY in wanted:
        yield _ready_figure(site)
    if LOAD in wanted:
        yield _load_figure(site)


def _ready_figure(site: Site) -> Figure:
    seconds = []
    for repeat in range(site.scale.repeats):
        site.say(f"start of a worker, {repeat + 1} of {site.scale.repeats}")
        seconds.append(_start(site))
    return Figure(
        READY,
        tuple(seconds),
        "Imports of Python packages, Faust's own start (it sleeps one second) and the join of the consumer group, which"
        " a production broker delays by another 3 s (group.initial.rebalance.delay.ms) and this one does not.",
        {"consent_records": len(site.pool.consent)},
    )


def _start(site: Site) -> float:
    with site.deployment(PREFIX) as deployment:
        worker = deployment.add_worker("sanitize", "all", wait=False)
        began = time.monotonic()
        while not (readiness(worker.port) or {}).get("ready"):
            if time.monotonic() > began + READY_LIMIT_S:
                raise NotMeasuredError("the worker did not get ready")
            time.sleep(POLL_S)
        seconds = time.monotonic() - began
        steady(worker)
    return seconds


def _load_figure(site: Site) -> Figure:
    new = max(0, site.scale.consent - len(site.pool.consent))
    site.say(f"producing {new:,} consent records")
    site.feeder.feed(PREFIX + CONSENT, consent_records(site.pool.consent, new))
    results = []
    for repeat in range(site.scale.repeats):
        site.say(f"consent reader, {repeat + 1} of {site.scale.repeats}")
        results.append(helper("consent_loader.py", site.broker.bootstrap, PREFIX + CONSENT, PARTITIONS))
        if results[-1]["records"] < site.scale.consent or results[-1]["unreadable"]:
            raise NotMeasuredError("the reader does not know every record")
    return Figure(
        LOAD,
        tuple(result["records"] / result["seconds"] for result in results),
        "One core: decoding and checking each record, and keeping it packed; librdkafka fetches beside it.",
        {
            "records": [result["records"] for result in results],
            "bytes_per_record": round(sum(len(value) for _, value in site.pool.consent) / len(site.pool.consent)),
            "cpu_us_per_record": [round(result["cpu_s"] / result["records"] * 1e6, 2) for result in results],
            "rss_mb": [round(result["rss_mb"]) for result in results],
        },
    )


def consent_records(models: list[Keyed], count: int) -> Iterator[Keyed]:
    """Yield records of so many further profiles, made after the models."""
    records = [orjson.loads(value) for _, value in models]
    for number in range(count):
        record = records[number % len(records)]
        record["profile_id"] = profile = f"further-player-{number:07d}"
        record["consent_id"] = str(UUID(int=number, version=4))
        yield profile.encode(), orjson.dumps(record)
