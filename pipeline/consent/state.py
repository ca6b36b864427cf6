"""The consent states of a partition, packed small: a million profiles take some 200 MB."""

import struct
from typing import Any, Final

from pipeline.core.consent import ConsentFault, ConsentRecord, normalise_id, parse_consent
from pipeline.stream.followed import Followed
from pipeline.stream.partition import murmur2_partition

SHAPES_LIMIT: Final = 0x8000

LOOKED_AT: Final = 16  # of so many records one has its partition checked while the partition is being loaded

Shape = tuple[Any, ...]
"""The fields of a record that many profiles share: all but the two ids, the three times and the month of birth."""

Held = bytes | ConsentRecord | ConsentFault
"""A state as it is kept: packed, whole where packing is not possible, or the fault instead of a record."""

# Shape, number of the month, granted_at in 2 + 4 bytes; then consent_id in UTF-8. With a UUID as id that is 79 bytes as
# an object; with 81 a million profiles would take 16 MB more.
_BRIEF = struct.Struct("<HHHI")
# The same with withdrawn_at and expires_at, which few records have; _LONG is added to its shape.
_FULL = struct.Struct("<HHHIqq")
_LONG: Final = 0x8000
_ABSENT = -1  # a time that is not given; 0 is a time

_MONTHS: Final = (None, *(f"{year}-{month:02}" for year in range(1900, 2100) for month in range(1, 13)))
_MONTH_NUMBERS: Final = {month: number for number, month in enumerate(_MONTHS)}

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
            record.language, record.notice_hash, record.source, record.relation,
        )
        # fmt: on
        number, month = self._numbers.get(shape), _MONTH_NUMBERS.get(record.birth_month)
        if month is None:
            return record
        if number is None:
            number = len(self._shapes)
            if number >= self._limit:
                return record
            self._shapes.append(shape)
            self._numbers[shape] = number
        granted, withdrawn, expires = record.granted_at, record.withdrawn_at, record.expires_at
        high, low = granted >> 32, granted & 0xFFFFFFFF
        if withdrawn is None and expires is None:
            return _BRIEF.pack(number, month, high, low) + record.consent_id.encode()
        later = (_ABSENT if withdrawn is None else withdrawn, _ABSENT if expires is None else expires)
        return _FULL.pack(_LONG | number, month, high, low, *later) + record.consent_id.encode()

    def unpack(self, profile_id: str, packed: bytes) -> ConsentRecord:
        """Return the record that was packed. `profile_id` is the normalised id it is held under."""
        number, month, high, low = _BRIEF.unpack_from(packed)
        withdrawn = expires = _ABSENT
        size = _BRIEF.size
        if number >= _LONG:
            number -= _LONG
            *_, withdrawn, expires = _FULL.unpack_from(packed)
            size = _FULL.size
        region, age, grantor, method, purposes, notice, language, notice_hash, source, relation = self._shapes[number]
        # fmt: off
        return ConsentRecord(
            profile_id, packed[size:].decode(), region, age, grantor, method, purposes, notice,
            language, high << 32 | low, None if withdrawn == _ABSENT else withdrawn,
            None if expires == _ABSENT else expires, notice_hash, source, relation, _MONTHS[month],
        )
        # fmt: on


class PartitionState(Followed):
    """The consent states of one partition since it was followed, and how far they reach.

    The reader's thread writes, the event loop reads, each attribute changes in one step: nothing locks.

    Attributes:
        held: the state of each profile, by normalised profile id.
        unreadable: records so far that grant nothing because they cannot be read.
        misplaced: records found so far on a partition that is not their key's. Nobody who needs them will see
            them, so a withdrawal among them is lost: the consent service uses another partitioner. All records
            are looked at once the partition is complete, and every sixteenth before: reading must stay fast, and
            a wrong partitioner misplaces most.

    """

    __slots__ = ("_partitions", "_seen", "_shapes", "held", "misplaced", "unreadable")

    def __init__(self, partition: int, shapes: Shapes, partitions: int) -> None:
        """`partitions` is the number of partitions of the topic."""
        super().__init__(partition)
        self.misplaced = 0
        self._partitions = partitions
        self._seen = 0
        self.held: dict[str, Held] = {}
        self.unreadable = 0
        self._shapes = shapes

    def apply(self, key: bytes | None, value: bytes | None, timestamp_ms: int = 0) -> None:  # noqa: ARG002 - the form
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
