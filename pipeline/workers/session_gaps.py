"""Counts what mobile SDKs drop on the device: numbers of a session that never reach us.

Sessions are those of people who may not be tracked, children among them. So nothing but two counts comes out of here:
no label, no log line, no record. What is remembered is this process's own and ends with it, or after half an hour of
silence: the numbers seen of at most `SESSIONS` sessions, each under a digest keyed with a secret that was made at the
start and is written nowhere. From the memory nobody can say which session it is, let alone whose.

When in doubt nothing is counted: of a session that was met midway, only what is missing from there on.
"""

import os
import time
from collections.abc import Callable, Collection, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from pipeline.core.session import Step
from pipeline.ops import metric_table as table
from pipeline.ops.metrics import Metrics

SESSIONS: Final = 30_000  # some 10 MB
QUIET_S: Final = 1800.0  # after which nothing more is expected of a session; an SDK's own ends sooner
HOLES: Final = 16  # a session keeps open, for events that come late; more than the SDKs' flushes can swap
FARTHEST: Final = 10_000  # numbers in one gap: twice what a device's queue holds; what is beyond is no number

KEY_BYTES: Final = 16
DIGEST_BYTES: Final = 8


class Gaps(NamedTuple):
    """Gaps that are certain, and how many numbers they have together."""

    gaps: int = 0
    missing: int = 0

    def and_also(self, other: "Gaps") -> "Gaps":
        """Return the sum."""
        return Gaps(self.gaps + other.gaps, self.missing + other.missing)


NONE: Final = Gaps()


class Numbers:
    """The numbers of one session from the first that came: which is the last, and what is missing in between.

    partitions: those that its events came from, a bit each; seen_s: when the latest came, by the monotonic clock.
    """

    __slots__ = ("_holes", "_last", "partitions", "seen_s")

    def __init__(self, number: int) -> None:
        self._last = number
        self._holes: list[tuple[int, int]] = []  # first and last number of each, upwards
        self.partitions = 0
        self.seen_s = 0.0

    def see(self, number: int) -> Gaps:
        """Take in a number, and return the gaps that can be given up because of it.

        A number that came before says nothing: a redelivery, or a client that counts anew. One that is absurdly far
        ahead is where counting begins anew, and no gap.
        """
        ahead = number - self._last
        if ahead == 1:
            self._last = number
            return NONE
        if ahead > FARTHEST:
            settled = self.settle()
            self._last = number
            return settled
        if ahead > 1:
            self._holes.append((self._last + 1, number - 1))
            self._last = number
        elif ahead < 0:
            self._fill(number)
        return _sum([self._holes.pop(0)]) if len(self._holes) > HOLES else NONE

    def settle(self) -> Gaps:
        """Give up what is missing, and return it."""
        settled = _sum(self._holes)
        self._holes = []
        return settled

    def _fill(self, number: int) -> None:
        for place, (first, last) in enumerate(self._holes):
            if first <= number <= last:
                rest = ((first, number - 1), (number + 1, last))
                self._holes[place : place + 1] = [hole for hole in rest if hole[0] <= hole[1]]
                return


def _sum(holes: Collection[tuple[int, int]]) -> Gaps:
    return Gaps(len(holes), sum(last - first + 1 for first, last in holes)) if holes else NONE


class SessionGaps:
    """The sessions that this process has met lately, the one that was longest silent first.

    A session may come from several partitions: siblings take turns on one tablet, and the app is one. It is counted
    over all that this worker has, and forgotten, uncounted, with any of them.
    """

    def __init__(
        self, metrics: Metrics, clock: Callable[[], float] = time.monotonic, *, sessions: int = SESSIONS
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._most = sessions
        self._key = os.urandom(KEY_BYTES)
        self._sessions: dict[bytes, Numbers] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def take(self, partition: int, steps: Sequence[Step]) -> None:
        """Take in the steps of a chunk, in the order of its records; a chunk that comes again changes nothing."""
        sessions, now_s, bit, settled = self._sessions, self._clock(), 1 << partition, NONE
        for step in steps:
            digest = self._digest(step)
            numbers = sessions.pop(digest, None)
            if numbers is None:
                numbers = Numbers(step.number)
            elif (gaps := numbers.see(step.number)) is not NONE:
                settled = settled.and_also(gaps)
            numbers.partitions |= bit
            numbers.seen_s = now_s
            sessions[digest] = numbers  # behind all others
        while len(sessions) > self._most:
            settled = settled.and_also(self._end_oldest())
        self._count(settled)

    def settle(self) -> None:
        """Count what is missing of the sessions that have been silent for long, and forget them."""
        silent_s, settled = self._clock() - QUIET_S, NONE
        while self._sessions and next(iter(self._sessions.values())).seen_s < silent_s:
            settled = settled.and_also(self._end_oldest())
        self._count(settled)

    def keep(self, partitions: Collection[int]) -> None:
        """Forget every session that has events on other partitions: somebody else sees how it goes on."""
        others = ~sum(1 << partition for partition in partitions)
        gone = [digest for digest, numbers in self._sessions.items() if numbers.partitions & others]
        for digest in gone:
            del self._sessions[digest]

    def _digest(self, step: Step) -> bytes:
        text = f"{step.update:d}{step.session}".encode(errors="surrogatepass")
        return blake2b(text, digest_size=DIGEST_BYTES, key=self._key).digest()

    def _end_oldest(self) -> Gaps:
        return self._sessions.pop(next(iter(self._sessions))).settle()

    def _count(self, settled: Gaps) -> None:
        if settled.gaps:
            self._metrics.add(table.SESSION_GAPS, settled.gaps)
            self._metrics.add(table.SESSION_EVENTS_MISSING, settled.missing)
