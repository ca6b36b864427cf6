"""Which call is the next one to a region's privacy API: a choice among everything that is open, and nothing more.

Mixpanel lets a project have only so many days of scans outstanding, some two tasks over two years of events, and asks
for as many ids in a call as it takes (https://docs.mixpanel.com/reference/gdpr-api). So erasures of several people go
into one call. An export never does: its file would hold several people.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.ops.settings import RightsSettings
from pipeline.policy.vocabulary import Region
from pipeline.rights.book import Batch, Case
from pipeline.rights.client import Task
from pipeline.rights.requests import Kind
from pipeline.rights.results import MAX_IDS

_MOST_DOUBLINGS = 32  # beyond any cap, and far from where a float overflows
TASKS = {Kind.ERASE: Task.DELETION, Kind.EXPORT: Task.RETRIEVAL}


def backoff_ms(settings: RightsSettings, failures: int) -> int:
    """Return how long to wait after so many failures in a row (from 1), in milliseconds."""
    doublings = min(failures - 1, _MOST_DOUBLINGS)
    return int(1000 * min(settings.retry_cap_s, settings.retry_base_s * 2.0**doublings))


class Parcel(NamedTuple):
    """One batch of one request, as it goes into a call."""

    case: Case
    batch: Batch


class Call(NamedTuple):
    """A call to be made. tracking_id: of the task to ask after; None to have a new one made."""

    task: Task
    tracking_id: str | None
    parcels: list[Parcel]

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id of the parcels."""
        return tuple(each for parcel in self.parcels for each in parcel.batch.ids)


@dataclass(slots=True)
class Wait:
    """When a parcel's turn comes, ms since the epoch. alone: a call with others was refused. refused: one without."""

    due: int = 0
    failures: int = 0
    alone: bool = False
    refused: bool = False


@dataclass(slots=True)
class Schedule:
    """The turns of one region's parcels. Not on record: after a restart everybody's turn is now."""

    region: Region
    waits: dict[tuple[str, int], Wait] = field(default_factory=dict)

    def of(self, parcel: Parcel) -> Wait:
        """Return when a parcel's turn comes, to be changed."""
        return self.waits.setdefault((parcel.case.request_id, parcel.batch.number), Wait())

    def everybody_now(self) -> None:
        """Let nobody wait any longer: what held them up is over."""
        for wait in self.waits.values():
            wait.due = 0

    def next(self, cases: Iterable[Case], now: int, ready: Callable[[Case], bool], *, may_submit: bool) -> Call | None:
        """Return the next call, None if none is due. New tasks first: they stop the most.

        cases: those that wait for Mixpanel, oldest first. ready: whether a case's batches may be submitted yet.
        """
        parcels = [parcel for parcel in self._parcels(cases) if not parcel.batch.completed]
        known = {(parcel.case.request_id, parcel.batch.number) for parcel in parcels}
        self.waits = {key: wait for key, wait in self.waits.items() if key in known}
        due = [parcel for parcel in parcels if self.of(parcel).due <= now]
        fresh = [parcel for parcel in due if parcel.batch.tracking_id is None and ready(parcel.case)]
        if fresh and may_submit:
            return self._submission(fresh)
        asked = [parcel for parcel in due if parcel.batch.tracking_id is not None]
        if not asked:
            return None
        first = min(asked, key=lambda parcel: self.of(parcel).due)
        together = [parcel for parcel in parcels if parcel.batch.tracking_id == first.batch.tracking_id]
        return Call(TASKS[first.case.kind], first.batch.tracking_id, together)

    def _parcels(self, cases: Iterable[Case]) -> Iterator[Parcel]:
        return (Parcel(case, batch) for case in cases for batch in case.batches if batch.region is self.region)

    def _submission(self, fresh: list[Parcel]) -> Call:
        first = fresh[0]
        task = TASKS[first.case.kind]
        chosen, size = [first], len(first.batch.ids)
        if task is Task.DELETION and not self.of(first).alone:
            for parcel in fresh[1:]:
                more = len(parcel.batch.ids)
                if TASKS[parcel.case.kind] is task and not self.of(parcel).alone and size + more <= MAX_IDS:
                    chosen.append(parcel)
                    size += more
        return Call(task, None, chosen)
