"""A sanitize worker that is to know a million profiles: how soon it is ready, and how much memory it has then."""

import time
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import psutil

from benchmarks.figures import Figure, NotMeasuredError
from benchmarks.group_start import consent_records
from benchmarks.site import Site, steady
from pipeline.sandbox.deployment import PARTITIONS
from pipeline.sandbox.scrape import readiness, scrape
from pipeline.stream.topics import CONSENT

RSS: Final = "consent_million_rss_mb"
READY: Final = "consent_million_ready_s"
NAMES: Final = (RSS, READY)
PREFIX: Final = "bench-consent-"
LIMIT_S: Final = 120.0
POLL_S: Final = 0.02


class _Start(NamedTuple):
    """One start: seconds to ready; MB when it was ready and at most until then; CPU seconds."""

    seconds: float
    rss_mb: float
    peak_mb: float
    cpu_s: float


def measure(site: Site, _wanted: set[str]) -> Iterator[Figure]:
    """Fill the consent topic once, and start the worker of all partitions on it."""
    profiles = site.scale.million
    with site.deployment(PREFIX):  # its topics stay when it ends
        site.say(f"producing {profiles:,} consent records")
        site.feeder.feed(PREFIX + CONSENT, consent_records(site.pool.consent, profiles))
    starts = []
    for repeat in range(site.scale.repeats):
        site.say(f"start of a worker with {profiles:,} profiles, {repeat + 1} of {site.scale.repeats}")
        starts.append(_start(site, profiles))
    counts: dict[str, Any] = {
        "profiles": profiles,
        "partitions": PARTITIONS,
        "bytes_per_record": round(sum(len(value) for _, value in site.pool.consent) / len(site.pool.consent)),
        "rss_mb_when_ready": [round(start.rss_mb) for start in starts],
        "cpu_s": [round(start.cpu_s, 1) for start in starts],
    }
    yield Figure(
        RSS,
        tuple(start.peak_mb for start in starts),
        "The most that the process had until it was ready. Some 200 bytes for each profile, in memory as 4 partitions;"
        " what it has without any profile is in `worker_rss_mb_first_million`.",
        counts,
    )
    yield Figure(
        READY,
        tuple(start.seconds for start in starts),
        "One core: what a start takes without consent (`worker_ready_s`), then decoding and checking each record.",
        counts,
    )


def _start(site: Site, profiles: int) -> _Start:
    with site.deployment(PREFIX) as deployment:
        worker = deployment.add_worker("sanitize", "all", wait=False)
        began = time.monotonic()
        while not (readiness(worker.port) or {}).get("ready"):
            if time.monotonic() > began + LIMIT_S:
                raise NotMeasuredError("the worker did not get ready")
            time.sleep(POLL_S)
        seconds = time.monotonic() - began
        process = psutil.Process(steady(worker))
        spent = process.cpu_times()
        known = _known(worker.port, began)
        if known < profiles:
            raise NotMeasuredError(f"the worker was ready when it knew {known:,} profiles")
        return _Start(
            seconds,
            process.memory_info().rss / 1e6,
            _peak_bytes(process.pid) / 1e6,
            spent.user + spent.system,
        )


def _known(port: int | None, began: float) -> int:
    """Return how many profiles the worker knew when it first counted itself as ready, which it does once a second."""
    while time.monotonic() < began + LIMIT_S:
        samples = scrape(port)
        if samples is not None and samples.total("coppice_worker_ready"):
            return int(samples.total("coppice_consent_records"))
        time.sleep(POLL_S)
    return 0


def _peak_bytes(pid: int) -> int:
    """Return the most memory that a process has had resident so far."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:  # noqa: PTH123 - no file of ours
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise NotMeasuredError("the system does not tell how much memory a process has had")
