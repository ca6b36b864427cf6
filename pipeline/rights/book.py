"""The requests that are open, and how far each is: what the two topics say, taken together.

It is filled in the event loop, record by record, and knows nothing that is not on a topic. A restart therefore knows as
much as the process before it.
"""

from dataclasses import dataclass, field

from pipeline.policy.vocabulary import Region
from pipeline.rights.inbox import Arrived
from pipeline.rights.requests import Kind, Request, RequestFault, parse_request
from pipeline.rights.results import (
    Accepted,
    Completed,
    Done,
    Failed,
    Held,
    Note,
    Refused,
    Result,
    Stopped,
    Submitted,
    parse_result,
)
from pipeline.stream.partition import murmur2_partition

Place = tuple[int, int]
"""Partition and offset in `privacy.requests`."""


@dataclass(slots=True)
class Batch:
    """Ids of one region that go to Mixpanel together, and the task that they are in."""

    number: int
    region: Region
    ids: tuple[str, ...] = field(repr=False)
    tracking_id: str | None = None
    completed: bool = False


@dataclass(slots=True)
class Progress:
    """What the results say of a request. batches: None until a whole set of ids is on record."""

    batches: list[Batch] | None = None
    stopped_at: int | None = None
    held: frozenset[Region] = frozenset()
    done: bool = False
    note: Note | None = None
    at: int = 0  # of the newest result
    plans: dict[str, dict[int, Accepted]] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Case:
    """A request with its progress. home: the partition of `consent` that the profile belongs to."""

    request: Request
    progress: Progress
    home: int
    received_at: int

    @property
    def request_id(self) -> str:
        """The request's id."""
        return self.request.request_id

    @property
    def kind(self) -> Kind:
        """What is asked for."""
        return self.request.kind

    @property
    def batches(self) -> list[Batch]:
        """Every batch; none before the ids are known."""
        return self.progress.batches or []

    def at_mixpanel(self) -> bool:
        """True when all that is left to do is to be done by Mixpanel."""
        begun = self.progress.stopped_at if self.kind is Kind.ERASE else self.progress.batches
        return begun is not None and self.kind is not Kind.WITHDRAW

    def finished(self) -> bool:
        """True when nothing is left to do but to say so. Never so where the record of the ids is lost."""
        known = self.progress.batches is not None
        return known and self.at_mixpanel() and all(batch.completed for batch in self.batches)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that is no request, to be answered by whoever has `home`."""

    place: Place
    home: int
    fault: RequestFault


class Book:
    """Requests and progress. partitions: of the topic `consent`, by which requests are shared out."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._open: dict[str, tuple[Arrived, Case]] = {}
        self._closed: dict[str, tuple[Place, int]] = {}  # the second: what was asked for, as a hash: no id is kept
        self._progress: dict[str, Progress] = {}
        self._refusals: dict[Place, Refusal] = {}
        self._refused: set[Place] = set()
        self._sorted: list[Case] | None = None  # the open ones; None after a change

    def open(self) -> list[Case]:
        """Return the requests that are not answered, oldest first."""
        if self._sorted is None:
            cases = (case for _, case in self._open.values())
            self._sorted = sorted(cases, key=lambda case: (case.received_at, case.request_id))
        return self._sorted

    def get(self, request_id: str) -> Case | None:
        """Return an open request."""
        found = self._open.get(request_id)
        return found[1] if found is not None else None

    def progress(self, request_id: str) -> Progress | None:
        """Return what is known of a request, open or not."""
        return self._progress.get(request_id)

    def refusals(self) -> list[Refusal]:
        """Return the records that are still to be refused."""
        return list(self._refusals.values())

    def take_request(self, record: Arrived) -> None:
        """Take over a record of `privacy.requests`."""
        if _place(record) in self._refused:
            return
        request = parse_request(record.key, record.value)
        if isinstance(request, RequestFault):
            self._refuse(record, request)
            return
        name = request.request_id
        if (closed := self._closed.get(name)) is not None:
            if closed[0] != _place(record) and closed[1] != _gist(request):
                self._refuse(record, RequestFault.ID_IN_USE)
            return
        if (known := self._open.get(name)) is not None:
            first, second = sorted((known[0], record), key=_age)
            if _gist(known[1].request) != _gist(request):  # who came first has it, however they are read
                self._refuse(second, RequestFault.ID_IN_USE)
            if first is known[0]:
                return
        progress = self._progress.setdefault(name, Progress())
        if progress.done:
            self._closed[name] = (_place(record), _gist(request))
            return
        received_at = min(request.received_at, record.timestamp_ms)  # a clock that is ahead must not hide an old one
        home = murmur2_partition(request.profile.encode(), self._partitions)
        self._open[name] = (record, Case(request, progress, home, received_at))
        self._sorted = None

    def take_result(self, record: Arrived) -> None:
        """Take over a record of `privacy.results`."""
        result = parse_result(record.value)
        if result is None:
            return
        if isinstance(result, Refused):
            place = (result.partition, result.offset)
            self._refused.add(place)
            self._refusals.pop(place, None)
            return
        progress = self._progress.setdefault(result.request_id, Progress())
        progress.at = result.at
        _advance(progress, result)
        if progress.done and (known := self._open.pop(result.request_id, None)) is not None:
            self._closed[result.request_id] = (_place(known[0]), _gist(known[1].request))
            self._sorted = None

    def _refuse(self, record: Arrived, fault: RequestFault) -> None:
        place = _place(record)
        self._refusals[place] = Refusal(place, murmur2_partition(record.key or b"", self._partitions), fault)


def _advance(progress: Progress, result: Result) -> None:
    match result:
        case Accepted():
            _accept(progress, result)
        case Stopped():
            progress.stopped_at = progress.stopped_at or result.at
        case Held():
            progress.held |= {result.region}
        case Submitted() | Failed() | Completed():
            for batch in progress.batches or ():
                if batch.number == result.batch:
                    _move(batch, result)
        case Done():
            progress.done, progress.note = True, result.note
            progress.batches = progress.plans = None


def _move(batch: Batch, result: Submitted | Failed | Completed) -> None:
    match result:
        case Submitted():
            batch.tracking_id = result.tracking_id
        case Failed():
            if batch.tracking_id == result.tracking_id:
                batch.tracking_id = None
        case Completed():
            batch.completed = True


def _accept(progress: Progress, result: Accepted) -> None:
    """Keep the first set of ids that is whole; one that a crash cut short is nobody's."""
    if progress.batches is not None or progress.done:
        return
    progress.plans = progress.plans or {}
    parts = progress.plans.setdefault(result.plan, {})
    parts[result.batch] = result
    if len(parts) >= result.batches:
        whole = [parts[number] for number in range(result.batches)]
        progress.batches = [Batch(each.batch, each.region, each.ids) for each in whole if each.region is not None]
        progress.plans = None


def _place(record: Arrived) -> Place:
    return record.partition, record.offset


def _age(record: Arrived) -> tuple[int, int, int]:
    return record.timestamp_ms, record.partition, record.offset


def _gist(request: Request) -> int:
    """Tell requests apart that ask for different things."""
    return hash((request.profile, request.kind))
