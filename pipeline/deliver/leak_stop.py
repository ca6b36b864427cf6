"""The leak stop of one region: a hit holds everything and opens an incident; only its closing lets go (R35)."""

import asyncio
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from pipeline.deliver.batch import Batch
from pipeline.deliver.canaries import MARK
from pipeline.deliver.incident import (
    HOUR_MS,
    Destination,
    Found,
    Incident,
    Policy,
    Sent,
    Span,
    duties,
    written,
)
from pipeline.deliver.incident_files import IncidentFiles
from pipeline.deliver.leak_scan import Hit, LeakScan
from pipeline.deliver.leak_verdicts import Place, Verdict, Verdicts
from pipeline.deliver.reasons import DeliveryRejectReason, Fate, HaltWhy
from pipeline.deliver.rejections import Refused, Rejector
from pipeline.ops import metric_table as table
from pipeline.ops.errors import ConfigError
from pipeline.ops.logging import get_logger
from pipeline.ops.metrics import Metrics

OPEN, CLOSED = "open", "closed"
LOOK_S: Final = 1.0
_MINUTE_MS: Final = 60_000

log = get_logger(__name__)


class Seen(NamedTuple):
    """What a look at a batch has brought: hits, and the places of canaries' events, which are never sent."""

    hits: Sequence[Hit]
    canaries: Sequence[int]

    def owned_by(self, owners: Sequence[int]) -> "Seen":
        """Return the same by the records that the values were made of. owners: for each value, its record's place."""
        hits = [hit._replace(number=owners[hit.number]) for hit in self.hits]
        return Seen(hits, [owners[number] for number in self.canaries])


class LeakStop:
    """Looks at batches, and says what of them may be sent. Construct it in the event loop.

    scan: replaced when the registry changes. policy: version and hash of the one in force, likewise. files: None where
    no directory is configured; the region is halted all the same, until the process ends, and again when the same batch
    is seen again. clock: milliseconds since the epoch.
    """

    def __init__(
        self,
        region: str,
        topic: str,
        scan: LeakScan,
        files: IncidentFiles | None,
        *,
        destination: Destination,
        policy: Policy,
        metrics: Metrics,
        clock: Callable[[], int],
    ) -> None:
        self.scan = scan
        self.policy = policy
        self._region = region
        self._topic = topic
        self._files = files
        self._destination = destination
        self._metrics = metrics
        self._clock = clock
        self._unfiled = False
        self._known: object = None
        self._verdicts = Verdicts([])
        self._sent: OrderedDict[tuple[int, int], list[int]] = OrderedDict()  # (minute, partition) → first, last, count
        self._off = asyncio.Event()
        self._off.set()
        self.refresh()

    @property
    def on(self) -> bool:
        """True while nothing is sent."""
        return not self._off.is_set()

    async def over(self) -> None:
        """Wait until nothing is held any more."""
        while self.on:
            await self._off.wait()

    async def watch(self) -> None:
        """Look for incidents that somebody has closed, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.refresh()

    def refresh(self) -> None:
        """Take note of the incidents in the directory. What cannot be read holds the region, too."""
        if self._files is None:
            return
        try:
            state = self._files.state()
            if state == self._known:
                return
            mine = [each for _, each in self._files.all() if (each.region, each.topic) == (self._region, self._topic)]
            self._known = state
        except (OSError, ConfigError) as exc:
            self._known = None
            self._hold("incident files cannot be read", type(exc).__name__)
            return
        self._verdicts = Verdicts(incident for incident in mine if incident.state == CLOSED)
        opened = sum(incident.state != CLOSED for incident in mine)
        self._metrics.set(table.OPEN_INCIDENTS, opened, region=self._region)
        if opened:
            self._hold("an incident is open")
        elif self.on and not self._unfiled:
            self._off.set()
            self._metrics.set(table.DELIVERY_HALTED, 0, region=self._region, why=HaltWhy.LEAK)
            log.warning("no incident is open any more: delivery goes on", region=self._region)

    def look(self, body: bytes, values: Sequence[bytes]) -> Seen:
        """Look at a request body and the values in it; runs in any thread."""
        hits = self.scan.scan(body, values)
        canaries = [index for index, value in enumerate(values) if MARK in value] if MARK in body else []
        return Seen(hits, canaries)

    async def take_out(self, batch: Batch, seen: Seen, rejector: Rejector) -> Batch:
        """Return what of the batch may leave; the very same one if that is all of it, or if it is held as a whole.

        It waits for nothing where nothing is taken out. Raises what recording a rejection raises.
        """
        fresh, out = self._judged(batch, seen.hits)
        if fresh:
            self._open(batch, fresh)
        if self.on:
            return batch
        if out:
            why = DeliveryRejectReason.LEAK
            await rejector.reject([Refused(batch.tp_of(i), batch.records[i].offset, why) for i in sorted(out)])
        canaries = set(seen.canaries) - out
        if not out and not canaries:
            return batch
        if canaries:
            self._metrics.set(table.CANARY_SEEN_TIMESTAMP_SECONDS, self._clock() / 1000, region=self._region)
        for places, fate in ((out, Fate.REJECTED), (canaries, Fate.CANARY)):
            if places:
                batch.apart(places)[1].settle(fate)
        return batch.apart(out | canaries)[0]

    def _judged(self, batch: Batch, hits: Sequence[Hit]) -> tuple[list[Hit], set[int]]:
        """Return the hits that nobody has judged, and the places of the events that are rejected."""
        fresh, out = [], set()
        if self._verdicts.discards:
            every = range(len(batch.records))
            out = {number for number in every if self._verdicts.on(*_place(batch, number)) is Verdict.REJECT}
        for hit in hits:
            verdict = self._verdicts.on(*_place(batch, hit.number))
            if verdict is Verdict.REJECT:
                out.add(hit.number)
            elif verdict is None:
                fresh.append(hit)
        return fresh, out

    def sent(self, batch: Batch) -> None:
        """Remember for an hour that Mixpanel has confirmed this batch."""
        minute = self._clock() // _MINUTE_MS
        while self._sent and next(iter(self._sent))[0] < minute - HOUR_MS // _MINUTE_MS:
            self._sent.popitem(last=False)
        for span in _spans(batch):
            entry = self._sent.setdefault((minute, span.partition), [span.first_offset, span.last_offset, 0])
            entry[0], entry[1] = min(entry[0], span.first_offset), max(entry[1], span.last_offset)
            entry[2] += span.events

    def _open(self, batch: Batch, hits: list[Hit]) -> None:
        counts = Counter(kind for hit in hits for kind in hit.kinds)
        for kind, count in counts.items():
            self._metrics.add(table.LEAK_HITS, count, region=self._region, kind=kind)
        log.error("personal data in an outgoing batch", region=self._region, count=len(hits))
        try:
            self._file(batch, hits)
        except (OSError, ConfigError) as exc:
            self._unfiled = True
            self._hold("the incident file cannot be written", type(exc).__name__)
        else:
            self._unfiled = self._unfiled or self._files is None
            self._hold("an incident is open")

    def _file(self, batch: Batch, hits: list[Hit]) -> None:
        """Add the batch to the region's open incident, or open one."""
        if self._files is None:
            return
        times = [record.timestamp for record in batch.records]
        window = (written(min(times)), written(max(times)))
        found = [_found(batch, hit) for hit in hits]
        people = {(batch.records[hit.number].key or b"").decode(errors="replace") for hit in hits}
        with self._files.locked():
            incident = next((each for _, each in self._files.all() if self._is_mine(each)), None)
            if incident is None:
                incident = self._new(window)
            incident.add(window, _spans(batch), found, people)
            self._files.write(incident)
        self._metrics.set(table.OPEN_INCIDENTS, 1, region=self._region)

    def _is_mine(self, incident: Incident) -> bool:
        return incident.state != CLOSED and (incident.region, incident.topic) == (self._region, self._topic)

    def _new(self, window: tuple[str, str]) -> Incident:
        now_ms = self._clock()
        opened_at = written(now_ms)
        stamp = opened_at.replace("-", "").replace(":", "")
        sent = [
            Sent(written(minute * _MINUTE_MS), partition, *entry) for (minute, partition), entry in self._sent.items()
        ]
        return Incident(
            id=f"leak-{self._region}-{stamp}-{uuid.uuid4().hex[:6]}",
            state=OPEN,
            opened_at=opened_at,
            region=self._region,
            topic=self._topic,
            destination=self._destination,
            policy=self.policy,
            window=window,
            held=[],
            found=[],
            kinds=[],
            fields=[],
            pseudonyms=[],
            sent_before=sent,
            duties=duties(now_ms, self._region),
        )

    def _hold(self, reason: str, error: str = "") -> None:
        if not self.on:
            log.error("delivery halted by the leak stop", region=self._region, reason=reason, error_type=error)
        self._off.clear()
        self._metrics.set(table.DELIVERY_HALTED, 1, region=self._region, why=HaltWhy.LEAK)


def _place(batch: Batch, number: int) -> tuple[Place, int]:
    record = batch.records[number]
    return (batch.tp_of(number).partition, record.offset), record.timestamp


def _found(batch: Batch, hit: Hit) -> Found:
    partition, offset = batch.tp_of(hit.number).partition, batch.records[hit.number].offset
    return Found(partition, offset, tuple(sorted(hit.kinds)), tuple(sorted(hit.fields)))


def _spans(batch: Batch) -> list[Span]:
    """Return the offsets of a batch, one span for each run of records of a chunk."""
    spans, first = [], 0
    for ticket, count in batch.shares:
        last = first + count - 1
        offsets = batch.records[first].offset, batch.records[last].offset
        spans.append(Span(ticket.tp.partition, *offsets, count))
        first = last + 1
    return spans
