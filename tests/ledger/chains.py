"""A worker that writes receipts, crashes and goes on, without any Kafka; and what a reader of the ledger then has."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.core.outcome import DropReason, RejectReason
from pipeline.ledger.decisions import Key
from pipeline.ledger.outcomes import CODES
from pipeline.ledger.receipt import Chain, PolicyRef, Receipt, parse_receipt
from pipeline.ledger.writing import START, Decided, Head, write
from pipeline.policy.vocabulary import Cohort, Region

POLICY = PolicyRef("1", "a" * 64)
TOPIC = "events.raw"
NOW = 1_795_600_000_000
CLEAN: Key = (Region.US, Cohort.US_ADULT)
DROPPED: Key = (DropReason.NO_CONSENT, Cohort.US_CHILD)
REJECTED: Key = (RejectReason.NOT_JSON,)
KEYS: tuple[Key, ...] = (CLEAN, DROPPED, REJECTED)


def decided(offsets: Sequence[int], decisions: Sequence[Key | list[Key]] | None = None) -> Decided:
    return Decided(offsets, decisions or [KEYS[offset % 3] for offset in offsets], {}, {})


def receipt(value: bytes) -> Receipt:
    found = parse_receipt(value)
    assert found is not None
    return found


@dataclass
class Worker:
    """Works through the records at `offsets` of one partition. log: what it has written to the ledger."""

    offsets: list[int]
    partition: int = 0
    log: list[bytes] = field(default_factory=list)
    head: Head = START
    committed: Head = START
    at: int = 0  # index into offsets

    @property
    def chain(self) -> Chain:
        return TOPIC, self.partition, None

    def chunk(self, size: int) -> None:
        taken = self.offsets[self.at : self.at + size]
        if not taken:
            return
        self.at += len(taken)
        written = write(
            self.head, TOPIC, self.partition, decided(taken), POLICY, names=CODES, issued_at=NOW + len(self.log)
        )
        self.log += written.values
        self.head = written.head

    def commit(self) -> None:
        self.committed = self.head

    def crash(self) -> None:
        """Another process goes on at the committed offset."""
        self.head = self.committed
        begins = self.committed.next_offset or 0
        self.at = sum(offset < begins for offset in self.offsets)
