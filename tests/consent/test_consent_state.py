"""States in memory: what a record changes, that packing loses nothing, and what a lookup answers."""

import unicodedata
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.consent.lookup import PartitionLookup
from pipeline.consent.state import LOOKED_AT, PartitionState, Shapes
from pipeline.core.consent import ConsentAge, ConsentFault, ConsentRecord, Grantor, Purposes
from pipeline.stream.errors import LogRewound
from pipeline.stream.partition import murmur2_partition

PARTITIONS = 4
MakeValue = Callable[..., bytes]

_millis = st.integers(0, 253_402_300_799_999)  # 0 is a time, and must not come back as none
_id = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
_word = st.from_regex(r"[a-z0-9_.-]{1,20}", fullmatch=True)
_records = st.builds(
    ConsentRecord,
    profile_id=_id,
    consent_id=_id,
    region=st.sampled_from(["US", "IN"]),
    age=st.builds(ConsentAge, band=st.sampled_from(["child", "teen", "adult", "unknown"]), source=_word),
    grantor=st.builds(Grantor, role=st.sampled_from(["self", "parent", "guardian"]), adult_verified=st.booleans()),
    method=_word,
    purposes=st.builds(Purposes, *[st.booleans()] * 4),
    notice_version=_id,
    language=_id,
    granted_at=_millis,
    withdrawn_at=st.none() | _millis,
    expires_at=st.none() | _millis,
    notice_hash=st.none() | _id,
    source=st.none() | _word,
    relation=st.none() | _word,
    birth_month=st.none() | st.sampled_from(["1900-01", "2013-07", "2099-12"]),
)


@pytest.fixture
def state() -> PartitionState:
    return PartitionState(0, Shapes(), 4)


def lookup(state: PartitionState, partitions: int = 1) -> PartitionLookup:
    return PartitionLookup(state, state._shapes, partitions)


@given(_records)
def test_packing_loses_nothing(record: ConsentRecord) -> None:
    shapes = Shapes()
    packed = shapes.pack(record)
    assert isinstance(packed, bytes)
    assert shapes.unpack(record.profile_id, packed) == record


@given(_records)
def test_months_of_birth_use_up_no_shapes(record: ConsentRecord) -> None:
    shapes = Shapes(limit=1)
    for month in ["1900-01", "2010-12", "2013-07", "2099-12", None]:
        born = msgspec.structs.replace(record, birth_month=month)
        packed = shapes.pack(born)
        assert isinstance(packed, bytes)
        assert shapes.unpack(born.profile_id, packed) == born


@given(st.lists(_records, max_size=12))
def test_records_of_shapes_beyond_the_limit_stay_as_they_are(records: list[ConsentRecord]) -> None:
    shapes = Shapes(limit=2)
    held = [shapes.pack(record) for record in records]
    assert len(shapes._shapes) <= 2
    for record, kept in zip(records, held, strict=True):
        assert (shapes.unpack(record.profile_id, kept) if isinstance(kept, bytes) else kept) == record


def test_the_newest_record_of_a_profile_counts(state: PartitionState, make_value: MakeValue) -> None:
    state.apply(b"p", make_value("p", method="in_app"))
    state.apply(b"p", make_value("p", method="card_payment", withdrawn_at=1791280000001))
    found = lookup(state).get("p")
    assert isinstance(found, ConsentRecord)
    assert (found.method, found.withdrawn_at) == ("card_payment", 1791280000001)


def test_a_tombstone_removes(state: PartitionState, make_value: MakeValue) -> None:
    state.apply(b"p", make_value("p"))
    state.apply(b"p", None)
    state.apply(b"never-there", None)
    assert lookup(state).get("p") is None
    assert (len(state.held), state.unreadable) == (0, 0)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'"text"',
        b"\xff\xfe",
        b'{"profile_id": "p"}',
        b"[" * 100_000,
    ],
)
def test_what_cannot_be_read_replaces_what_could(state: PartitionState, make_value: MakeValue, value: bytes) -> None:
    state.apply(b"p", make_value("p"))
    state.apply(b"p", value)
    assert lookup(state).get("p") is ConsentFault.UNREADABLE
    assert state.unreadable == 1
    state.apply(b"p", make_value("p"))
    assert isinstance(lookup(state).get("p"), ConsentRecord)


@pytest.mark.parametrize(
    "fields",
    [
        {"withdrawnAt": 1791280000001},
        {"region": "EU"},
        {"granted_at": "yesterday"},
        {"granted_at": -1},
        {"purposes": {"analytics": "yes", "third_party_disclosure": True, "marketing": False}},
        {"age": {"band": "adult"}},
    ],
)
def test_a_record_outside_the_schema_is_unreadable(
    state: PartitionState, make_value: MakeValue, fields: dict[str, object]
) -> None:
    state.apply(b"p", make_value("p", **fields))
    assert lookup(state).get("p") is ConsentFault.UNREADABLE


def test_a_record_about_somebody_else_is_unreadable(state: PartitionState, make_value: MakeValue) -> None:
    state.apply(b"p", make_value("q"))
    found = lookup(state)
    assert found.get("p") is ConsentFault.UNREADABLE
    assert found.get("q") is None


@pytest.mark.parametrize("key", [None, b"\xff", b"\xed\xa0\x80"])
def test_a_key_that_is_no_id_is_counted_and_nobodys(
    state: PartitionState, make_value: MakeValue, key: bytes | None
) -> None:
    state.apply(key, make_value("p"))
    state.apply(key, None)
    assert (state.held, state.unreadable) == ({}, 2)


def test_an_id_is_found_however_it_was_spelt(state: PartitionState, make_value: MakeValue) -> None:
    spelt = unicodedata.normalize("NFD", " José ")
    state.apply(spelt.encode(), make_value(spelt))
    assert isinstance(lookup(state).get("José"), ConsentRecord)
    state.apply(spelt.encode(), None)
    assert lookup(state).get("José") is None


def test_a_position_that_moves_back_is_refused(state: PartitionState) -> None:
    state.advance(5)
    state.advance(5)
    state.advance(9)
    with pytest.raises(LogRewound):
        state.advance(8)


@given(_id)
def test_a_miss_is_misrouted_unless_it_belongs_here(profile_id: str) -> None:
    home = murmur2_partition(profile_id.encode(), PARTITIONS)
    for partition in range(PARTITIONS):
        found = PartitionLookup(PartitionState(partition, Shapes(), 4), Shapes(), PARTITIONS).get(profile_id)
        assert found is (None if partition == home else ConsentFault.MISROUTED)


def test_a_miss_never_raises() -> None:
    lone_surrogate = "\ud800"
    assert lookup(PartitionState(0, Shapes(), 4)).get(lone_surrogate) is None


def test_records_on_a_partition_that_is_not_their_keys_are_counted() -> None:
    profile = next(f"p-{n}" for n in range(1000) if murmur2_partition(f"p-{n}".encode(), 4) == 0)
    stranger = next(f"p-{n}" for n in range(1000) if murmur2_partition(f"p-{n}".encode(), 4) != 0)
    state = PartitionState(0, Shapes(), 4)
    for _ in range(LOOKED_AT):  # while loading only a sample is looked at
        state.apply(stranger.encode(), None)
    assert state.misplaced == 1
    state.complete = True
    state.apply(profile.encode(), None)
    assert state.misplaced == 1
    state.apply(stranger.encode(), None)
    assert state.misplaced == 2
