"""What is kept of a profile: nothing of it is lost by writing, packing, redelivery or time before it may be."""

import random
import tracemalloc
import uuid
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.grants import Grant
from pipeline.policy.vocabulary import Region
from pipeline.rights.identities import (
    NEVER,
    Identity,
    IdentityState,
    Last,
    Position,
    encode_identity,
    pack,
    parse_identity,
    pruned,
    unpack,
    with_record,
    without_consent,
)
from tests.rights.consents import GRANTED, SEEN, consent, identity

MILLIS = st.integers(0, NEVER)
IDS = st.uuids().map(str) | st.uuids().map(lambda each: str(each).upper()) | st.text(min_size=1, max_size=256)
REGIONS = st.sampled_from(list(Region))
LASTS = st.builds(
    Last,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    REGIONS,
    st.sampled_from(("child", "teen", "adult", "unknown")),
    st.none() | st.integers(0, NEVER - 1),
)


@st.composite
def identities(draw: st.DrawFn) -> Identity:
    grants = draw(st.lists(st.builds(Grant, IDS, MILLIS, REGIONS), min_size=1, max_size=5, unique=True))
    ended = tuple(draw(MILLIS) for _ in grants[1:])
    at = draw(st.builds(Position, st.integers(-1, 2**62), MILLIS))
    return Identity(tuple(grants), draw(MILLIS), draw(LASTS), ended, at)


@given(identities())
def test_packing_loses_nothing(one: Identity) -> None:
    assert unpack(pack(one)) == one


@given(identities())
def test_a_record_is_read_as_it_was_written(one: Identity) -> None:
    if all(grant.consent_id.isprintable() for grant in one.grants):  # half a surrogate pair is no JSON
        assert parse_identity(encode_identity(one)) == one


def test_the_record_as_it_lies_on_the_topic() -> None:
    found = msgspec.json.decode(encode_identity(identity(consent_id="c-9")))
    assert found == {
        "grants": [{"consent_id": "c-9", "granted_at": GRANTED, "region": "us"}],
        "since": SEEN.ms,
        "last": {
            "analytics": True,
            "third_party_disclosure": True,
            "marketing": False,
            "withdrawn": False,
            "region": "us",
            "band": "adult",
        },
        "ended": [],
        "at": {"offset": 7, "ms": SEEN.ms},
    }


def test_a_record_without_ends_forgets_nothing_for_their_lack() -> None:
    value = msgspec.json.decode(encode_identity(identity()))
    value["grants"] *= 3
    del value["ended"], value["at"]
    found = parse_identity(msgspec.json.encode(value))
    assert found is not None
    assert pruned(found, NEVER).grants == found.grants


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b"\xff", b'{"grants":[],"since":1,"last":{}}', b"[" * 9_000])
def test_what_cannot_be_read_is_counted_and_replaces_nothing(value: bytes) -> None:
    assert parse_identity(value) is None
    state = IdentityState(0)
    state.apply(b"p-1", encode_identity(identity()), 0)
    state.apply(b"p-1", value, 0)
    assert state.unreadable == 1
    assert state.get("p-1") == identity()


def test_grants_stand_in_the_order_in_which_they_came_with_their_ends() -> None:
    second = with_record(identity(), consent(consent_id="c-2"), Position(8, SEEN.ms + 10))
    third = with_record(second, consent(consent_id="c-3"), Position(9, SEEN.ms + 20))
    assert [grant.consent_id for grant in third.grants] == ["c-1", "c-2", "c-3"]
    assert third.ended == (SEEN.ms + 10, SEEN.ms + 20)
    again = with_record(third, consent(), Position(10, SEEN.ms + 30))
    assert [grant.consent_id for grant in again.grants] == ["c-2", "c-3", "c-1"]
    assert again.ended == (SEEN.ms + 20, SEEN.ms + 30)
    same = with_record(again, consent(language="hi"), Position(11, SEEN.ms + 40))
    assert (same.grants, same.ended) == (again.grants, again.ended)
    assert same.since == SEEN.ms


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.integers(0, 14))
def test_a_grant_is_forgotten_only_after_its_end_and_never_the_latest(names: list[int], age: int) -> None:
    found: Identity | None = None
    for number, name in enumerate(names):
        found = with_record(found, consent(consent_id=f"c-{name}"), Position(number, SEEN.ms + number))
    assert found is not None
    oldest = SEEN.ms + age
    left = pruned(found, oldest)
    assert left.grants[-1] == found.grants[-1]
    kept = [grant for grant, end in found.spans() if end >= oldest]
    assert list(left.grants) == kept
    assert len(left.ended) == len(left.grants) - 1
    assert dict(left.spans()).items() <= dict(found.spans()).items()


def test_a_record_that_ends_all_consent_keeps_the_grants() -> None:
    over = without_consent(identity(), Position(8, SEEN.ms))
    assert over.last.withdrawn
    assert over.grants == identity().grants
    assert over.at == Position(8, SEEN.ms)


def test_where_a_record_stands_tells_what_was_dealt_with_before() -> None:
    at = Position(10, 1_000)
    assert at.covers(at)
    assert at.covers(Position(9, 1_000))
    assert not at.covers(Position(11, 1_000))
    assert not at.covers(Position(11, 900))  # a broker's clock that stepped back
    assert not at.covers(Position(3, 2_000))  # a topic that was made again


def test_a_late_write_of_a_worker_that_lost_the_partition_is_passed_over_and_told_of() -> None:
    old, new = identity(), with_record(identity(), consent(consent_id="c-2"), Position(8, SEEN.ms + 1))
    state = IdentityState(0)
    for each in (old, new, old):
        state.apply(b"p-1", encode_identity(each), 0)
    assert state.get("p-1") == new
    assert list(state.overwritten()) == [(b"p-1", encode_identity(new))]
    assert list(state.overwritten()) == []
    state.apply(b"p-1", encode_identity(new), 0)  # the same again is no late one
    assert list(state.overwritten()) == []


def test_an_erased_profile_is_gone_and_may_come_again() -> None:
    state = IdentityState(0)
    state.apply(b"p-1", encode_identity(identity()), 0)
    state.apply(b"p-1", None, 0)
    state.apply(b"p-1", None, 0)
    assert state.get("p-1") is None
    assert len(state) == 0
    state.apply(b"p-1", encode_identity(identity()), 0)
    assert state.get(" p-1 ") == identity()


def test_a_million_profiles_fit_into_250_mb() -> None:
    count = 20_000
    rng = random.Random(5)
    records = [
        (
            str(uuid.UUID(int=rng.getrandbits(128), version=4)).encode(),
            encode_identity(identity(consent_id=str(uuid.UUID(int=rng.getrandbits(128), version=4)))),
        )
        for _ in range(count)
    ]
    assert all(a != b for a, b in pairwise(records))
    tracemalloc.start()
    try:
        state = IdentityState(0)
        before, _ = tracemalloc.get_traced_memory()
        for number in range(count):
            key, value = records[number]
            state.apply(bytes(bytearray(key)), value, 0)  # as the consumer gives it: an object of its own
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(state) == count
    assert (after - before) / count <= 250
