"""The consent states of a partition, packed small: a million profiles take some 200 MB."""

import struct
from typing import Any, Final

from pipeline.consent.errors import ConsentLogRewound
from pipeline.core.consent import ConsentFault, ConsentRecord, normalise_id, parse_consent
from pipeline.stream.partition import murmur2_partition

SHAPES_LIMIT: Final = 32_768

LOOKED_AT: Final = 16  # of so many records one has its partition checked while the partition is being loaded

Shape = tuple[Any, ...]
"""The fields of a record that many profiles share: all but the two ids and the three times."""

Held = bytes | ConsentRecord | ConsentFault
"""A state as it is kept: packed, whole where packing is not possible, or the fault instead of a record."""

_HEAD = struct.Struct("<Hqqq")  # shape, granted_at, withdrawn_at, expires_at; then consent_id in UTF-8
_HEAD_BYTES = _HEAD.size
_ABSENT = -1  # a time that is not given; 0 is a time

# `pack` and `unpack` name every field by hand: it halves the time of a lookup. A field that they do not know
# would get lost, so one that was added stops the import.
_PACKED = """
    profile_id consent_id region age grantor method purposes notice_version language granted_at withdrawn_at
    expires_at notice_hash source relation birth_month
"""
if ConsentRecord.__struct_fields__ != tuple(_PACKED.split()):
    raise TypeError("pipeline.consent.state does not pack the fields that ConsentRecord has")


class Shapes:
    """The distinct shapes seen so far, numbered. Shared by all partitions of a reader; one thread packs.

    There are few, because their fields come from short lists. At `limit` no more are added, and records of
    new shapes stay as they are, which costs memory and nothing else.
    """

    __slots__ = ("_limit", "_numbers", "_shapes")

    def __init__(self, limit: int = SHAPES_LIMIT) -> None:
        self._limit = limit
        self._numbers: dict[Shape, int] = {}
        self._shapes: list[Shape] = []

    def pack(self, record: ConsentRecord) -> Held:
        """Return the record in its small form, or the record itself if its shape gets no number any more."""
        # fmt: off
        shape = (
            record.region, record.age, record.grantor, record.method, record.purposes, record.notice_version,
            record.language, record.notice_hash, record.source, record.relation, record.birth_month,
        )
        # fmt: on
        number = self._numbers.get(shape)
        if number is None:
            number = len(self._shapes)
            if number >= self._limit:
                return record
            self._shapes.append(shape)
            self._numbers[shape] = number
        withdrawn, expires = record.withdrawn_at, record.expires_at
        times = (
            record.granted_at,
            _ABSENT if withdrawn is None else withdrawn,
            _ABSENT if expires is None else expires,
        )
        return _HEAD.pack(number, *times) + record.consent_id.encode()

    def unpack(self, profile_id: str, packed: bytes) -> ConsentRecord:
        """Return the record that was packed. `profile_id` is the normalised id it is held under."""
        number, granted, withdrawn, expires = _HEAD.unpack_from(packed)
        shape = self._shapes[number]
        region, age, grantor, method, purposes, notice, language, notice_hash, source, relation, month = shape
        # fmt: off
        return ConsentRecord(
            profile_id, packed[_HEAD_BYTES:].decode(), region, age, grantor, method, purposes, notice,
            language, granted, None if withdrawn == _ABSENT else withdrawn,
            None if expires == _ABSENT else expires, notice_hash, source, relation, month,
        )
        # fmt: on


class PartitionState:
    """The consent states of one partition since it was followed, and how far they reach.

    The reader's thread writes, the event loop reads, each attribute changes in one step: nothing locks.

    Attributes:
        partition: its number.
        held: the state of each profile, by normalised profile id.
        applied: offset up to which (exclusive) every record is in `held`.
        complete: True once everything that was in the partition when it was followed is in `held`.
        watched: True while somebody in the event loop wants to know when `applied` moves.
        unreadable: records so far that grant nothing because they cannot be read.
        misplaced: records found so far on a partition that is not their key's. Nobody who needs them will see
            them, so a withdrawal among them is lost: the consent service uses another partitioner. All records
            are looked at once the partition is complete, and every sixteenth before: reading must stay fast, and
            a wrong partitioner misplaces most.

    """

    __slots__ = (
        "_partitions", "_seen", "_shapes", "applied", "complete", "held", "misplaced", "partition", "unreadable",
        "watched",
    )  # fmt: skip

    def __init__(self, partition: int, shapes: Shapes, partitions: int) -> None:
        """`partitions` is the number of partitions of the topic."""
        self.partition = partition
        self.misplaced = 0
        self._partitions = partitions
        self._seen = 0
        self.held: dict[str, Held] = {}
        self.applied = 0
        self.complete = False
        self.watched = False
        self.unreadable = 0
        self._shapes = shapes

    def apply(self, key: bytes | None, value: bytes | None) -> None:
        """Take over one record: a later one replaces it, no value (a tombstone) removes it."""
        if key is None:
            self.unreadable += 1
            return
        self._seen += 1
        if self.complete or self._seen % LOOKED_AT == 0:
            self.misplaced += murmur2_partition(key, self._partitions) != self.partition
        if value is None:
            self._forget(key)
        else:
            record = parse_consent(key, value)
            if isinstance(record, ConsentRecord):
                self.held[normalise_id(record.profile_id)] = self._shapes.pack(record)
            else:
                self._distrust(key, record)

    def _forget(self, key: bytes) -> None:
        try:
            self.held.pop(normalise_id(key.decode()), None)
        except UnicodeDecodeError:
            self.unreadable += 1

    def _distrust(self, key: bytes, fault: ConsentFault) -> None:
        """Count a record that cannot be used. It also replaces an older, readable one: that one is out of date."""
        self.unreadable += 1
        try:
            self.held[normalise_id(key.decode())] = fault
        except UnicodeDecodeError:
            return  # nobody's: no event can carry such an id

    def advance(self, position: int) -> None:
        """Move `applied` to the offset after a record, or to the end of the partition.

        Raises:
            ConsentLogRewound: `position` lies before what was applied already.

        """
        if position < self.applied:
            raise ConsentLogRewound
        self.applied = position
