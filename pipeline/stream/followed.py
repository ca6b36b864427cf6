"""What a follower keeps of one partition: how far it was read, and what its records said."""

from typing import Protocol

from pipeline.stream.errors import LogRewound


class FollowedState(Protocol):
    """The state of one partition since it was followed.

    The follower's thread writes, the event loop reads, and each attribute changes in one step: nothing locks.

    Attributes:
        partition: its number.
        applied: offset up to which (exclusive) every record is taken over.
        complete: True once everything that was in the partition when it was followed is taken over.
        watched: True while somebody in the event loop wants to know when `applied` moves.

    """

    partition: int
    applied: int
    complete: bool
    watched: bool

    def apply(self, key: bytes | None, value: bytes | None, timestamp_ms: int) -> None:
        """Take over one record: a later one of the same key replaces it, no value (a tombstone) removes it.

        timestamp_ms: when the broker got it, milliseconds since the epoch.
        """

    def advance(self, position: int) -> None:
        """Move `applied` to the offset after a record, or to the end of the partition.

        Raises:
            LogRewound: `position` lies before what was applied already.

        """


class Followed:
    """The half of a `FollowedState` that is the same for every topic; a subclass adds `apply` and what it keeps."""

    __slots__ = ("applied", "complete", "partition", "watched")

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.applied = 0
        self.complete = False
        self.watched = False

    def advance(self, position: int) -> None:
        """Move `applied` to the offset after a record, or to the end of the partition.

        Raises:
            LogRewound: `position` lies before what was applied already.

        """
        if position < self.applied:
            raise LogRewound
        self.applied = position
