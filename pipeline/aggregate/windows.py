"""What one partition of `aggregates.in` says: the cells of every window, as a pure function of its log.

A window is open until its first `Close`; its cells are those of the contributions before it, each event once. What
comes later is late, and changes nothing. Whoever reads the log therefore comes to the same cells: after a crash, and
when two aggregators read it at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.aggregate.distinct import Distinct
from pipeline.aggregate.records import DAY_MS, Close, Contribution, Emitted, Window, parse_record
from pipeline.core.outcome import Cell
from pipeline.stream.followed import Followed

LATEST_MS = 2 * DAY_MS
"""How long after its end a window may be closed and counted. The topic keeps records for four days, so that a day's
first contribution is still there, and no mark of a window that may still be counted has gone before what follows it."""


@dataclass(slots=True)
class Tally:
    """One cell: which events it has, and of which children."""

    events: Distinct = field(default_factory=Distinct)
    children: Distinct = field(default_factory=Distinct)


@dataclass(frozen=True, slots=True)
class Closed:
    """A window that takes no more, with its cells; nothing changes them any more. k: as in `Close`."""

    k: int
    cells: Mapping[Cell, Tally]


class Windows(Followed):
    """The windows of one partition. The follower's thread writes; each attribute the loop reads changes in one step.

    Attributes:
        closed: windows that are closed and not yet emitted. They are removed, and never changed.
        late: contributions that came after their window was closed, or was too old to be counted.
        unreadable: records that are none of ours.

    """

    __slots__ = ("_done", "_newest_ms", "_open", "closed", "late", "unreadable")

    def __init__(self, partition: int) -> None:
        super().__init__(partition)
        self._open: dict[Window, dict[Cell, Tally]] = {}
        self._done: set[Window] = set()  # closed, whether emitted or not
        self._newest_ms = 0  # the broker's clock, which another leader may set back
        self.closed: dict[Window, Closed] = {}
        self.late = 0
        self.unreadable = 0

    def apply(self, key: bytes | None, value: bytes | None, timestamp_ms: int) -> None:  # noqa: ARG002 - the form
        """Take over one record."""
        self._newest_ms = max(self._newest_ms, timestamp_ms)
        record = parse_record(value)
        match record:
            case None:
                self.unreadable += 1
            case Contribution():
                self._add(record)
            case Close():
                self._close(record)
            case Emitted():
                self.closed.pop(record.window, None)

    def due(self, now_ms: int, grace_ms: int) -> list[Window]:
        """Return the open windows that ended at least `grace_ms` ago, the oldest first; not those that are too old."""
        return sorted(w for w in list(self._open) if w.end_ms + grace_ms <= now_ms < w.end_ms + LATEST_MS)

    @property
    def open(self) -> int:
        """Return how many windows have contributions and are not closed."""
        return len(self._open)

    def _add(self, record: Contribution) -> None:
        window = record.window
        if window in self._done or self._too_old(window):
            self.late += 1
            return
        cells = self._open.get(window)
        if cells is None:
            self._forget()
            cells = self._open[window] = {}
        cell = record.cell
        tally = cells.get(cell)
        if tally is None:
            tally = cells[cell] = Tally()
        tally.events.add(record.id)
        tally.children.add(record.who)

    def _close(self, record: Close) -> None:
        window = record.window
        if window not in self._done and not self._too_old(window):
            self._done.add(window)
            self.closed[window] = Closed(record.k, self._open.pop(window, {}))

    def _too_old(self, window: Window) -> bool:
        return window.end_ms + LATEST_MS <= self._newest_ms

    def _forget(self) -> None:
        """Let go of windows that nobody may count any more. What comes for them is late by its time alone."""
        for window in filter(self._too_old, (*self._open, *self._done)):
            self._open.pop(window, None)
            self.closed.pop(window, None)
            self._done.discard(window)
