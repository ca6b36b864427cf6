"""Raw, clean, rejected, delivered: what was acknowledged has a receipt, and what a receipt says is on record.

It looks at what the raw topic still holds. Offsets are compared, not contents, and nothing of an event is read.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pipeline.ledger.reading import GROUPS, open_ledger
from pipeline.ledger.receipt import Receipt, parse_receipt
from pipeline.ops.settings import KafkaSettings
from pipeline.stream.log_reader import LogReader
from pipeline.stream.rejection import parse_rejection
from pipeline.stream.topics import CLEAN_IN, CLEAN_US, RAW, REJECTED

READER = "coppice-reconcile"
SHOWN = 1_000


class Missing(NamedTuple):
    """Offsets (both included) of a partition that something is missing of. events: how much; why: what."""

    topic: str
    partition: int
    first_offset: int
    last_offset: int
    events: int
    why: str


@dataclass(slots=True)
class Covered:
    """What receipts say about one source partition from an offset on. next_offset: the first one after them."""

    next_offset: int
    codes: Counter[str] = field(default_factory=Counter)
    rejected: set[int] = field(default_factory=set)
    absent: list[tuple[int, int]] = field(default_factory=list)
    holes: list[tuple[int, int]] = field(default_factory=list)

    def take(self, receipt: Receipt) -> None:
        """Count what a receipt decides that no earlier one has."""
        offset = receipt.source.first_offset
        if offset > self.next_offset:
            self.holes.append((self.next_offset, offset - 1))
        for codes, length in receipt.runs():
            begin, end = max(offset, self.next_offset), offset + length
            offset = end
            if begin >= end:
                continue
            self.next_offset = end
            if codes is None:
                self.absent.append((begin, end - 1))
                continue
            for code in codes:
                self.codes[receipt.codes[code]] += end - begin
                if receipt.codes[code].startswith("rejected"):
                    self.rejected.update(range(begin, end))


@dataclass(slots=True)
class Reconciliation:
    """records: what the raw topic holds; decided, clean, delivered…: events by code. waiting: offsets not acknowledged.

    missing: what cannot be accounted for; unaccounted: how much that is in sum.
    """

    records: int = 0
    waiting: Counter[str] = field(default_factory=Counter)
    decided: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    missing: list[Missing] = field(default_factory=list)

    @property
    def unaccounted(self) -> int:
        """Return how many events, at least, have no fate."""
        return sum(each.events for each in self.missing)

    def document(self) -> dict[str, Any]:
        """Return it as the JSON object that is printed."""
        return {
            "records": self.records,
            "decided": dict(sorted(self.decided.items())),
            "sent": dict(sorted(self.sent.items())),
            "waiting": dict(sorted(self.waiting.items())),
            "unaccounted": self.unaccounted,
            "missing": [each._asdict() for each in self.missing[:SHOWN]],
        }


def reconcile(kafka: KafkaSettings, now_ms: int) -> Reconciliation:
    """Compare the topics of a deployment. Raise ConfigError as `LogReader` does."""
    readers = {
        topic: LogReader(kafka, kafka.topic_prefix + topic, f"{kafka.group_prefix}-{group}")
        for topic, group in GROUPS.items()
    }
    rejected = LogReader(kafka, kafka.topic_prefix + REJECTED, READER)
    ledger = open_ledger(kafka)
    try:
        return _Comparison(readers, rejected, ledger).run(now_ms)
    finally:
        for reader in (*readers.values(), rejected, ledger):
            reader.close()


class _Comparison:
    def __init__(self, readers: dict[str, LogReader], rejected: LogReader, ledger: LogReader) -> None:
        self._readers = readers
        self._rejected = rejected
        self._ledger = ledger
        self._found = Reconciliation()
        self._covered: dict[tuple[str, int], Covered] = {}

    def run(self, now_ms: int) -> Reconciliation:
        # committed offsets first: whatever they say is done has its records by the time these are read
        committed = {
            topic: {p: place.offset for p, place in reader.saved(reader.partitions()).items()}
            for topic, reader in self._readers.items()
        }
        since = self._since(now_ms)
        for topic, reader in self._readers.items():
            for partition in range(reader.partitions()):
                low, _ = reader.bounds(partition)
                start = low if topic == RAW else max(low, reader.offset_at(partition, since))
                self._covered[reader.topic, partition] = Covered(start)
        self._read_ledger(since)
        for topic, reader in self._readers.items():
            for partition in range(reader.partitions()):
                self._acknowledged(topic, reader, partition, committed[topic].get(partition, 0))
        self._raw_records()
        self._clean_records(since)
        self._rejected_records(since)
        return self._found

    def _since(self, now_ms: int) -> int:
        """Return when the oldest record that the raw topic still holds was appended; now, if it holds none."""
        raw = self._readers[RAW]
        first = []
        for partition in range(raw.partitions()):
            low, high = raw.bounds(partition)
            self._found.records += high - low
            first += [record.timestamp for record in raw.read(partition, low, min(low + 1, high))]
        return min(first, default=now_ms)

    def _read_ledger(self, since: int) -> None:
        for partition in range(self._ledger.partitions()):
            start, end = self._ledger.offset_at(partition, since), self._ledger.bounds(partition)[1]
            for record in self._ledger.read(partition, start, end):
                receipt = parse_receipt(record.value)
                if receipt is None or receipt.replay is not None:
                    continue
                covered = self._covered.get((receipt.source.topic, receipt.source.partition))
                if covered is not None:
                    covered.take(receipt)

    def _acknowledged(self, topic: str, reader: LogReader, partition: int, committed: int) -> None:
        """What is committed has receipts; the rest waits."""
        covered = self._covered[reader.topic, partition]
        end = reader.bounds(partition)[1]
        self._found.waiting[topic] += max(0, end - max(committed, reader.bounds(partition)[0]))
        (self._found.decided if topic == RAW else self._found.sent).update(covered.codes)
        for first, last in covered.holes:
            self._miss(reader.topic, partition, (first, last), "no receipt")
        if covered.next_offset < committed:
            self._miss(reader.topic, partition, (covered.next_offset, committed - 1), "no receipt")

    def _raw_records(self) -> None:
        """Where a receipt says that there was no record, there is none."""
        raw = self._readers[RAW]
        for partition in range(raw.partitions()):
            for first, last in self._covered[raw.topic, partition].absent:
                low = max(first, raw.bounds(partition)[0])
                for record in raw.read(partition, low, last + 1):
                    self._miss(raw.topic, partition, (record.offset, record.offset), "never decided about")

    def _clean_records(self, since: int) -> None:
        """There are at least as many clean events as receipts say; more, where a range was done again."""
        for topic, region in ((CLEAN_US, "us"), (CLEAN_IN, "in")):
            reader = self._readers[topic]
            for partition in range(reader.partitions()):
                covered = self._covered.get((self._readers[RAW].topic, partition))
                said = sum(
                    count
                    for code, count in (covered.codes.items() if covered is not None else ())
                    if code.startswith(f"clean/{region}/")
                )
                start, end = reader.offset_at(partition, since), reader.bounds(partition)[1]
                if said > end - start:
                    self._found.missing.append(
                        Missing(
                            reader.topic, partition, start, end, said - (end - start), "fewer clean events than decided"
                        )
                    )

    def _rejected_records(self, since: int) -> None:
        """Every rejection that a receipt names is on record."""
        raw = self._readers[RAW]
        recorded: defaultdict[int, set[int]] = defaultdict(set)
        for partition in range(self._rejected.partitions()):
            start, end = self._rejected.offset_at(partition, since), self._rejected.bounds(partition)[1]
            for record in self._rejected.read(partition, start, end):
                each = parse_rejection(record.value)
                if each is not None and each.topic == raw.topic:
                    recorded[each.partition].add(each.offset)
        for partition in range(raw.partitions()):
            for offset in sorted(self._covered[raw.topic, partition].rejected - recorded[partition]):
                self._miss(raw.topic, partition, (offset, offset), "rejected, and not on record as such")

    def _miss(self, topic: str, partition: int, span: tuple[int, int], why: str) -> None:
        self._found.missing.append(Missing(topic, partition, *span, span[1] - span[0] + 1, why))
