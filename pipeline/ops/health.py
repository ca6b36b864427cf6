"""What "ready" means: every check holds, and offsets move where there is something to do.

A Faust worker can lose its partitions or its connection and still answer requests, so progress is measured at
the only place that counts, the committed offset.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

Partition = tuple[str, int]
"""Topic and partition number; Faust's and aiokafka's own types compare equal to it."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer of `/readyz`: named checks, and in words why some fail. No check at all: not ready."""

    checks: Mapping[str, bool]
    why: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """True if there are checks and all of them hold."""
        return bool(self.checks) and all(self.checks.values())


@dataclass(slots=True)
class _Track:
    moved_at: float
    committed: int | None = None
    end: int | None = None

    @property
    def lag(self) -> int | None:
        """Records left, or None while an offset is not known."""
        if self.committed is None or self.end is None:
            return None
        return max(0, self.end - self.committed)


@dataclass(slots=True)
class Progress:
    """Watches the committed offset of each assigned partition.

    A partition is well if it has no lag, or if its committed offset moved (or it was assigned, or it last was
    without lag) at most `max_stall_s` seconds ago. `clock` is monotonic, in seconds.
    """

    max_stall_s: float
    clock: Callable[[], float] = time.monotonic
    _tracks: dict[Partition, _Track] = field(default_factory=dict)

    def assign(self, partitions: Collection[Partition]) -> None:
        """Replace the assignment. Partitions that stay keep their history; new ones get the full time."""
        now = self.clock()
        self._tracks = {tp: self._tracks.get(tp) or _Track(moved_at=now) for tp in partitions}

    def partitions(self) -> set[Partition]:
        """Return the assignment."""
        return set(self._tracks)

    def update(self, partition: Partition, committed: int | None, end: int | None) -> None:
        """Note the committed offset and the end of a partition, None for unknown. Not assigned: no effect.

        `committed` is the next offset to be read, so it equals `end` when nothing is left.
        """
        track = self._tracks.get(partition)
        if track is None:
            return
        moved = committed is not None and (track.committed is None or committed > track.committed)
        track.committed, track.end = committed if committed is not None else track.committed, end
        if moved or track.lag == 0:
            track.moved_at = self.clock()

    def lag(self, partition: Partition) -> int | None:
        """Records of a partition that are not committed yet, or None if that is not known."""
        track = self._tracks.get(partition)
        return track.lag if track else None

    def stalled(self) -> tuple[Partition, ...]:
        """Partitions that should have moved and did not, in order."""
        now = self.clock()
        return tuple(sorted(tp for tp, track in self._tracks.items() if self._age(track, now) > self.max_stall_s))

    def age_s(self) -> float:
        """Seconds since the slowest partition that has lag last moved; 0 if none has."""
        now = self.clock()
        return max((self._age(track, now) for track in self._tracks.values()), default=0.0)

    @staticmethod
    def _age(track: _Track, now: float) -> float:
        return 0.0 if track.lag == 0 else now - track.moved_at
