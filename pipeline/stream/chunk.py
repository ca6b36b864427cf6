"""The unit of work of every role: the records of one partition that one poll brought in."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class TopicPartition(NamedTuple):
    """A partition of a topic; equal to the tuples that Faust and aiokafka use for the same."""

    topic: str
    partition: int


class Record(Protocol):
    """The part of an aiokafka `ConsumerRecord` that roles may use."""

    @property
    def offset(self) -> int:
        """Position in the partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970, set by the broker when it appended the record."""

    @property
    def key(self) -> bytes | None:
        """Key as produced."""

    @property
    def value(self) -> bytes | None:
        """Value as produced; None is a tombstone."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Headers as produced, mostly none."""


class Note:
    """What is committed beside the offset when a chunk is acknowledged: at most 64 characters, no personal data."""

    __slots__ = ("text",)

    def __init__(self) -> None:
        self.text = ""


class Origin(NamedTuple):
    """Where consumption of a partition was last begun: the committed offset, None without one, and what was noted."""

    offset: int | None
    note: str


class Chunk:
    """One or more consecutive records of one partition, in offset order.

    Offsets may have holes (compaction, transaction markers); records are never missing.
    """

    __slots__ = ("first_offset", "last_offset", "note", "origin", "prepared", "records", "tp")

    def __init__(self, tp: TopicPartition, records: Sequence[Record], origin: Origin | None = None) -> None:
        """Wrap `records`, which must not be empty. origin: the same object for all chunks since it was begun there."""
        self.tp = tp
        self.records = records
        self.first_offset = records[0].offset
        self.last_offset = records[-1].offset
        self.prepared: object = None  # what a role's `prepare` learned, for its `begin`
        self.note = Note()  # for the role to fill in
        self.origin = origin

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:  # coordinates only: this may reach a log line
        return f"<Chunk {self.tp.topic}[{self.tp.partition}] {self.first_offset}..{self.last_offset}>"
