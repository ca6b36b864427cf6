"""A long run of one sanitize worker: is its memory at the end what it was after the first tenth?"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import count, islice
from typing import Final

import psutil

from benchmarks.events import Keyed, Pool
from benchmarks.figures import Figure, NotMeasuredError
from benchmarks.site import Site, steady
from benchmarks.topics import Ends
from pipeline.sandbox.deployment import PARTITIONS, Deployment
from pipeline.stream.topics import CLEAN_IN, CLEAN_US, CONSENT, RAW

FIRST: Final = "worker_rss_mb_first_million"
LAST: Final = "worker_rss_mb_last_million"
NAMES: Final = (FIRST, LAST)
PREFIX: Final = "bench-memory-"
TENTHS: Final = 10
ROUND: Final = 50_000  # events produced at a time
AHEAD: Final = 250_000  # events that may wait: less and the worker would idle, more and the disk would fill
STALL_S: Final = 60.0
POLL_S: Final = 0.05
NUMBER_BYTES: Final = 6  # of the running number at the end of a generated profile id


def measure(site: Site, _wanted: set[str]) -> Iterator[Figure]:
    """Produce in rounds while the worker works, and delete what it has done with."""
    with site.deployment(PREFIX) as deployment:
        site.say("producing consent for the long run")
        site.feeder.feed(PREFIX + CONSENT, copied(site.pool.consent, site.scale.copies))
        run = _LongRun(site, deployment)
        sizes = run.sizes_mb()
    counts = {
        "events": site.scale.memory,
        "profiles": site.scale.copies * site.scale.profiles,
        "consent_records": site.scale.copies * len(site.pool.consent),
        "rss_mb_after_each_tenth": [round(size, 1) for size in sizes],
        "peak_rss_mb": round(run.peak_mb, 1),
        "seconds": round(run.seconds),
        "cpu_us_per_event": round(run.cpu_s / site.scale.memory * 1e6, 1),
    }
    limits = (
        "Consent of all profiles, up to 200,000 remembered pseudonyms, and the chunks in flight (16 being worked on, 32"
        " waiting); nothing grows with the number of events."
    )
    yield Figure(FIRST, (sizes[0],), limits, counts)
    yield Figure(LAST, (sizes[-1],), limits, counts)


class _LongRun:
    """Keeps the worker busy and its topics short, and looks at its memory."""

    def __init__(self, site: Site, deployment: Deployment) -> None:
        self._site = site
        self._worker = deployment.add_worker("sanitize", "all")
        self._raw = Ends(site.broker.bootstrap, [PREFIX + RAW], PARTITIONS)
        self._clean = Ends(site.broker.bootstrap, [PREFIX + CLEAN_US, PREFIX + CLEAN_IN], PARTITIONS)
        self._process = psutil.Process(steady(self._worker))
        self._produced = 0
        self.peak_mb = 0.0
        self.seconds = 0.0
        self.cpu_s = 0.0

    def sizes_mb(self) -> list[float]:
        """Run to the end; return the resident size after each tenth, in MB."""
        total, sizes = self._site.scale.memory, list[float]()
        events = endless(self._site.pool, self._site.scale.copies)
        began, moved, last = time.monotonic(), time.monotonic(), 0
        while len(sizes) < TENTHS:
            clean = self._clean.each()
            done = sum(clean.values())
            size = self._process.memory_info().rss / 1e6
            self.peak_mb = max(self.peak_mb, size)
            if done >= total // TENTHS * (len(sizes) + 1):
                sizes.append(size)
                self._tidy(clean)
                self._site.say(f"long run: {done:,} of {total:,} events, {size:.0f} MB")
            if done > last:
                moved, last = time.monotonic(), done
            elif time.monotonic() > moved + STALL_S:
                raise NotMeasuredError(f"the worker stands still after {done:,} events")
            if self._produced < total and self._produced - done < AHEAD:
                self._produced += self._site.feeder.feed(PREFIX + RAW, islice(events, ROUND))
            else:
                time.sleep(POLL_S)
        self.seconds = time.monotonic() - began
        spent = self._process.cpu_times()
        self.cpu_s = spent.user + spent.system
        steady(self._worker)
        return sizes

    def _tidy(self, clean: Mapping[tuple[str, int], int]) -> None:
        """Delete what is done: every raw event has become a clean one on the partition of the same number."""
        judged: Counter[tuple[str, int]] = Counter()
        for (_, partition), end in clean.items():
            judged[PREFIX + RAW, partition] += end
        self._raw.delete_before(judged)
        self._clean.delete_before(clean)


def copied(records: list[Keyed], copies: int) -> Iterator[Keyed]:
    """Yield the records for so many times as many profiles."""
    for number in range(copies):
        for key, value in records:
            yield _copy(key, value, number)


def endless(pool: Pool, copies: int) -> Iterator[Keyed]:
    """Yield the pool's events for ever, each time through as those of other players, `copies` times as many in all."""
    for number in count():
        for key, value in pool.raw:
            yield _copy(key, value, number % copies)


def _copy(key: bytes, value: bytes, number: int) -> Keyed:
    """Return a record as that of another profile, whose id differs and is as long."""
    other = b"%02d%s" % (number, key[-NUMBER_BYTES:])
    profile = key[: -NUMBER_BYTES - 2] + other
    return profile, value.replace(key, profile, 1)
