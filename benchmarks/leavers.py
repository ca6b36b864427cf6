"""People who withdraw while events flow: their records, their pseudonyms, and the steady stream they are part of."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final, Self

from benchmarks.events import Keyed
from benchmarks.topics import Feeder
from pipeline.core.grants import grant_name
from pipeline.core.identity import KeyRing
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.vocabulary import Cohort, Region, Space
from pipeline.sandbox.generate import encode

TICK_S: Final = 0.01
DAY_MS: Final = 86_400_000
RARE: Final = 50


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody who will withdraw. grant, withdrawal, event: records; pseudonym: under which the event leaves."""

    grant: Keyed
    withdrawal: Keyed
    event: Keyed
    pseudonym: str


def make_leaver(name: str, keys: KeyRing, policy: CompiledPolicy) -> Leaver:
    """Invent a US adult with an event of now."""
    now = time.time_ns() // 1_000_000
    consent = {
        "profile_id": name,
        "consent_id": f"consent-{name}",
        "region": "US",
        "age": {"band": "adult", "source": "id_document"},
        "grantor": {"role": "self", "adult_verified": False},
        "method": "in_app",
        "purposes": {"analytics": True, "third_party_disclosure": True, "marketing": False},
        "notice_version": "2026-04",
        "language": "en",
        "granted_at": now - DAY_MS,
    }
    event = {
        "event": "level_started",
        "event_id": f"event-{name}",
        "time": now,
        "received_at": now,
        "profile_id": name,
        "region": "US",
        "platform": "android",
        "properties": {"level": 3, "world": "ocean", "difficulty": "easy"},
    }
    key = name.encode()
    grant, rotation = grant_name(f"consent-{name}", now - DAY_MS), policy.rotation_ms[Cohort.US_ADULT]
    return Leaver(
        (key, encode(consent)),
        (key, encode(consent | {"withdrawn_at": now})),
        (key, encode(event)),
        keys.pseudonym(Region.US, Space.ANALYTICS, name, grant, now, rotation),
    )


class Stream(Feeder):
    """A producer that does not wait for the broker."""

    def send(self, topic: str, records: Sequence[Keyed]) -> None:
        """Produce records; wait only while the producer's queue is full."""
        for key, value in records:
            while not self._produce(topic, key, value):
                self._producer.poll(0.01)
        self._producer.poll(0)


class Load:
    """A steady stream into a topic until the block ends; each of `leavers` has an event in it every other tick.

    produced: events so far; late_s: how far the stream is behind its rate.
    """

    def __init__(self, stream: Stream, topic: str, events: Sequence[Keyed], rate: int) -> None:
        self.leavers: Sequence[Leaver] = ()
        self.events = events
        self.produced = 0
        self.late_s = 0.0
        self._stream = stream
        self._topic = topic
        self._others = cycle(events)
        self._each_tick = round(rate * TICK_S)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        began, ticks = time.monotonic(), 0
        while not self._stop.is_set():
            theirs = [leaver.event for leaver in self.leavers[ticks % 2 :: 2]]
            others = max(0, self._each_tick - len(theirs))
            self._stream.send(self._topic, [*theirs, *(next(self._others) for _ in range(others))])
            self.produced += len(theirs) + others
            ticks += 1
            early = began + ticks * TICK_S - time.monotonic()
            self.late_s = max(0.0, -early)
            if early > 0:
                time.sleep(early)


def mixed(leavers: Sequence[Leaver], events: Sequence[Keyed], count: int) -> Iterator[Keyed]:
    """Yield so many events, every fiftieth of them of somebody who will withdraw."""
    theirs, others = cycle(leaver.event for leaver in leavers), cycle(events)
    return (next(others) if number % RARE else next(theirs) for number in range(count))
