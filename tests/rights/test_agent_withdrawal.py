"""A withdrawal that the desk files: what is queued is dropped, and the consent record says when it ended."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.consent import ConsentRecord, parse_consent
from pipeline.core.grants import grant_name
from pipeline.policy.vocabulary import Region, Space
from pipeline.rights.requests import Kind
from pipeline.rights.results import Done, Note
from pipeline.rights.withdrawal import withdrawn
from pipeline.stream.suppression import SuppressWhy, parse_suppression
from pipeline.stream.topics import CONSENT, SUPPRESSIONS
from tests.rights.consents import DAY, GRANTED, document, record_of
from tests.rights.desk import Desk


async def withdraw(desk: Desk, profile: str, **changes: Any) -> Done:
    """Withdraw somebody's consent; return the answer."""
    request = desk.file(Kind.WITHDRAW, profile, **changes)
    async with desk.agent():
        await desk.until_state(request, "done")
    assert desk.states(request) == ["accepted", "done"]
    done = desk.results(request)[-1]
    assert isinstance(done, Done)
    return done


async def test_the_record_says_when_it_ended_and_what_is_queued_is_dropped(desk: Desk) -> None:
    profile = desk.person()
    for other in ("someone", "else"):
        desk.produce(CONSENT, other.encode(), record_of(other))
    desk.produce(CONSENT, profile.encode(), record_of(profile, language="hi", notice_hash="3f5a"))
    received = desk.clock() - 5_000
    done = await withdraw(desk, profile, received_at=received)
    assert done.note is None
    found = [value for key, value in await desk.records(CONSENT) if key == profile.encode()]
    assert [json.loads(value or b"") for value in found] == [
        document(profile, language="hi", notice_hash="3f5a"),
        document(profile, language="hi", notice_hash="3f5a", withdrawn_at=received),
    ]
    (grant,) = desk.identities[profile].grants
    name = grant_name(grant.consent_id, grant.granted_at)
    rotation = max(desk.policy.rotation_ms.values())
    suppressed = await desk.suppressed()
    assert desk.keys.pseudonym(Region.US, Space.ANALYTICS, profile, name, desk.clock(), rotation) in suppressed
    why = {parse_suppression(value or b"") for _, value in await desk.records(SUPPRESSIONS)}
    assert {each.why for each in why if each is not None} == {SuppressWhy.REQUEST}
    assert desk.us.privacy.calls == []


async def test_consent_that_was_given_after_the_request_stands(desk: Desk) -> None:
    profile = desk.person(grants=2, since_days=10)
    before, after = desk.identities[profile].grants
    desk.produce(CONSENT, profile.encode(), record_of(profile, granted_at=after.granted_at))
    done = await withdraw(desk, profile, received_at=after.granted_at - 1)
    assert done.note is Note.GRANTED_ANEW
    assert len(await desk.records(CONSENT)) == 1
    suppressed, rotation = await desk.suppressed(), max(desk.policy.rotation_ms.values())
    for grant, expected in ((before, True), (after, False)):
        name = grant_name(grant.consent_id, grant.granted_at)
        ids = desk.keys.pseudonym(Region.US, Space.ANALYTICS, profile, name, desk.clock(), rotation)
        assert (ids in suppressed) is expected


@pytest.mark.parametrize(
    ("value", "note"),
    [
        (None, Note.NOTHING_HELD),
        (record_of("p", withdrawn_at=GRANTED + DAY), Note.ALREADY_WITHDRAWN),
        (b"{}", Note.UNREADABLE_RECORD),
    ],
)
async def test_where_there_is_nothing_to_end_nothing_is_written(desk: Desk, value: bytes | None, note: Note) -> None:
    desk.person(profile="p")
    desk.produce(CONSENT, b"p", value)
    assert (await withdraw(desk, "p")).note is note
    assert await desk.records(CONSENT) == [(b"p", value)]
    assert await desk.suppressed()


async def test_who_has_no_record_under_an_opt_out_policy_needs_one_that_objects(desk: Desk) -> None:
    desk.policy = replace(desk.policy, us_adult_opt_out=True)
    assert (await withdraw(desk, "nobody")).note is Note.NO_RECORD
    rotation = min(desk.policy.rotation_ms.values())
    name = desk.keys.pseudonym(Region.US, Space.ANALYTICS, "nobody", "", desk.clock(), rotation)
    assert name in await desk.suppressed()


async def test_an_erasure_under_such_a_policy_reaches_what_left_without_a_record(desk: Desk) -> None:
    desk.policy = replace(desk.policy, internal_ops=True)
    request = desk.file(Kind.ERASE, "nobody")
    async with desk.agent():
        await desk.until_state(request, "done")
    deleted, rotation = desk.us.privacy.deleted_ids(), min(desk.policy.rotation_ms.values())
    for days in (0, 300, 1500):
        when = desk.clock() - days * DAY
        assert desk.keys.pseudonym(Region.US, Space.INTERNAL_OPS, "nobody", "", when, rotation) in deleted


@given(st.integers(GRANTED - 10, GRANTED + 10), st.sampled_from([None, GRANTED, GRANTED + 5]))
def test_a_record_that_is_made_is_readable_and_ended(at: int, before: int | None) -> None:
    made = withdrawn(b"p", record_of("p", withdrawn_at=before), at)
    if before is not None:
        assert made is Note.ALREADY_WITHDRAWN
    elif at < GRANTED:
        assert made is Note.GRANTED_ANEW
    else:
        assert isinstance(made, bytes)
        record = parse_consent(b"p", made)
        assert isinstance(record, ConsentRecord)
        assert record.withdrawn_at == at
