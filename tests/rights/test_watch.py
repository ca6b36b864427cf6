"""The consent watch on real topics: what it suppresses, what it keeps, and what a second delivery does."""

import json
from collections.abc import AsyncIterator, Callable

import pytest

from pipeline.policy.vocabulary import Region, Space
from pipeline.rights import watch as watch_module
from pipeline.rights.findings import LIFE_MS
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.chunk import Chunk
from pipeline.stream.errors import DeliveryError
from pipeline.stream.suppression import key_for_marketing, key_from
from pipeline.stream.topics import IDENTITIES, PRIVACY_REQUESTS, SUPPRESSIONS
from tests.rights.consents import DAY, GRANTED, record_of
from tests.rights.watching import KEYS, NOW, ROTATIONS, TERMS, Watching, make_topics, stored, watching

LATER = GRANTED + 5 * DAY
RENEWED = {"consent_id": "c-new", "granted_at": LATER}


def names(profile: str, grant: str, region: Region = Region.US) -> set[str]:
    """Return every pseudonym of a grant for an event of today, by purpose and rotation; grant: id and time."""
    return {KEYS.pseudonym(region, space, profile, grant, NOW, rotation) for space in Space for rotation in ROTATIONS}


def grant(profile: str, granted_at: int = GRANTED, consent_id: str | None = None) -> str:
    return f"{consent_id or f'c-{profile}'}@{granted_at}"


@pytest.fixture
async def there(kafka: EmbeddedKafka, topic_name: Callable[..., str]) -> AsyncIterator[Watching]:
    prefix = topic_name("watch") + "."
    make_topics(kafka.bootstrap, prefix)
    async with watching(kafka.bootstrap, prefix) as found:
        yield found


def counted(there: Watching, metric: str, **labels: str) -> float:
    return there.metrics.registry.get_sample_value(metric, labels) or 0.0


async def test_a_first_grant_is_remembered_and_suppresses_nothing(there: Watching) -> None:
    await there.take(("anna", record_of("anna")), ("ben", record_of("ben", region="IN")))
    anna = (await there.state()).get("anna")
    assert anna is not None
    assert [(each.consent_id, each.granted_at, each.region) for each in anna.grants] == [("c-anna", GRANTED, "us")]
    assert anna.since == GRANTED + DAY
    assert there.suppressed() == {}
    assert there.log(PRIVACY_REQUESTS) == []


async def test_a_withdrawal_suppresses_every_grant_in_every_purpose_and_rotation(there: Watching) -> None:
    await there.take(("anna", record_of("anna")))
    await there.take(("anna", record_of("anna", **RENEWED)), ("ben", record_of("ben")))
    await there.take(("anna", record_of("anna", **RENEWED, withdrawn_at=NOW)))
    suppressed = there.suppressed()
    old, new = grant("anna"), grant("anna", LATER, "c-new")
    assert names("anna", old) | names("anna", new) | names("anna", "") <= suppressed.keys()
    assert set(suppressed.values()) == {b'{"since":%d,"why":"withdrawn"}' % NOW}
    assert not names("ben", grant("ben")) & suppressed.keys()
    assert not names("anna", old, Region.IN) & suppressed.keys()
    assert counted(there, "coppice_consent_changes_total", why="withdrawn") == 1
    assert counted(there, "coppice_suppressions_total") == len(suppressed)
    assert counted(there, "coppice_withdrawal_seconds_count") == 1


MARKETING = {"analytics": True, "third_party_disclosure": True, "marketing": True}


async def test_who_takes_marketing_back_is_suppressed_for_that_alone(there: Watching) -> None:
    await there.take(("anna", record_of("anna", purposes=MARKETING)))
    taken_back = record_of("anna", purposes=MARKETING | {"marketing": False})
    chunk = await there.take(("anna", taken_back))
    found = there.suppressed()
    expected = {key_for_marketing(name.encode()).decode() for name in names("anna", grant("anna"))}
    assert expected <= found.keys()
    assert set(found.values()) == {b'{"since":%d,"why":"narrowed"}' % NOW}
    assert all(key.endswith("/marketing") for key in found)
    nameless = {key_for_marketing(name.encode()).decode() for name in names("anna", "")}
    assert not nameless & found.keys()  # nobody's event for marketing leaves without a grant
    await there.process(chunk)
    assert there.suppressed() == found
    await there.take(("anna", record_of("anna", purposes=MARKETING | {"marketing": False}, withdrawn_at=NOW)))
    everything = there.suppressed()
    assert names("anna", grant("anna")) | expected <= everything.keys()
    assert counted(there, "coppice_consent_changes_total", why="narrowed") == 1


async def test_a_new_grant_without_marketing_ends_it_for_the_ones_before(there: Watching) -> None:
    await there.take(("anna", record_of("anna", purposes=MARKETING)), ("anna", record_of("anna", **RENEWED)))
    found = {key.removesuffix("/marketing") for key in there.suppressed()}
    assert names("anna", grant("anna")) <= found
    assert not names("anna", grant("anna", LATER, "c-new")) & found


async def test_an_earlier_end_of_a_grant_is_told_to_the_sinks(there: Watching) -> None:
    end = NOW + DAY
    await there.take(("anna", record_of("anna")), ("ben", record_of("ben", expires_at=end)))
    await there.take(("anna", record_of("anna", expires_at=NOW + LIFE_MS)))
    assert there.suppressed() == {}  # nothing that is queued now is queued then; and ben's events know their end
    await there.take(("anna", record_of("anna", expires_at=end)), ("ben", record_of("ben", expires_at=end)))
    found = there.suppressed()
    assert {key_from(name.encode(), end).decode() for name in names("anna", grant("anna"))} <= found.keys()
    assert all(key.endswith(f"/from/{end}") for key in found)
    assert not {key_from(name.encode(), end).decode() for name in names("ben", grant("ben"))} & found.keys()
    await there.take(("anna", record_of("anna", expires_at=NOW - 1, purposes=MARKETING | {"marketing": False})))
    assert {key_from(name.encode(), NOW - 1).decode() for name in names("anna", grant("anna"))} <= set(
        there.suppressed()
    )


async def test_records_of_one_chunk_build_on_each_other(there: Watching) -> None:
    await there.take(
        ("anna", record_of("anna")),
        ("anna", record_of("anna", **RENEWED)),
        ("anna", record_of("anna", **RENEWED, withdrawn_at=NOW)),
        ("anna", record_of("anna", consent_id="c-3", granted_at=GRANTED + 9 * DAY)),
    )
    suppressed = there.suppressed().keys()
    assert names("anna", grant("anna")) <= suppressed
    assert names("anna", grant("anna", LATER, "c-new")) <= suppressed
    assert not names("anna", grant("anna", GRANTED + 9 * DAY, "c-3")) & suppressed
    anna = (await there.state()).get("anna")
    assert anna is not None
    assert [each.consent_id for each in anna.grants] == ["c-anna", "c-new", "c-3"]
    assert not anna.last.withdrawn


async def test_what_is_delivered_again_is_not_taken_for_news(there: Watching) -> None:
    moved = record_of("anna", consent_id="c-in", granted_at=GRANTED + 5 * DAY, region="IN")
    first = await there.take(("anna", record_of("anna")))
    second = await there.take(("anna", moved))
    before = there.suppressed()
    identity = (await there.state()).get("anna")
    for chunk in (first, second):  # neither was committed: the old grant comes after the new one is known
        await there.process(chunk)
    assert there.suppressed() == before
    assert names("anna", grant("anna")) <= before.keys()
    assert not names("anna", grant("anna", GRANTED + 5 * DAY, "c-in"), Region.IN) & before.keys()
    assert (await there.state()).get("anna") == identity


async def test_another_worker_goes_on_where_one_stopped(there: Watching) -> None:
    await there.take(("anna", record_of("anna")))
    async with watching(there.bootstrap, there.prefix) as other:
        other.offsets = there.offsets
        await other.take(("anna", record_of("anna", analytics=None, withdrawn_at=NOW)))  # unreadable: a strange field
    assert names("anna", grant("anna")) <= there.suppressed().keys()
    assert set(there.suppressed().values()) == {b'{"since":%d,"why":"unreadable"}' % NOW}


async def test_a_profile_nobody_knows_is_suppressed_by_what_its_record_tells(there: Watching) -> None:
    await there.take(("anna", record_of("anna", withdrawn_at=NOW)), ("ben", b"?"), (b"\xff", b"?"), (None, b"?"))
    suppressed = there.suppressed().keys()
    assert names("anna", grant("anna")) | names("anna", "") <= suppressed
    assert names("ben", "") | names("ben", "", Region.IN) <= suppressed
    assert not names("anna", "", Region.IN) & suppressed
    state = await there.state()
    assert state.get("ben") is None
    assert len(state) == 1


async def test_a_tombstone_that_nobody_asked_for_becomes_a_request_once(there: Watching) -> None:
    await there.take(("anna", record_of("anna")))
    erased = await there.take(("anna", None), ("nobody", None))
    await there.process(erased)
    (request,) = there.log(PRIVACY_REQUESTS)
    assert request.key == b"anna"
    assert json.loads(request.value or b"") == {
        "request_id": "tombstone-0-1",
        "profile_id": "anna",
        "kind": "erase",
        "requested_by": "consent_service",
        "received_at": GRANTED + DAY + 1,
    }
    assert names("anna", grant("anna")) <= there.suppressed().keys()
    anna = (await there.state()).get("anna")
    assert anna is not None  # whoever carries out the request computes the pseudonyms from it
    assert anna.last.withdrawn


async def test_the_tombstone_of_an_erasure_on_request_is_nothing_new(there: Watching) -> None:
    await there.take(("anna", record_of("anna")))
    batch = there.producer.batch()
    batch.add(there.prefix + IDENTITIES, None, b"anna")  # what the rights agent does first
    await batch.done()
    await there.take(("anna", None))
    assert there.suppressed() == {}
    assert there.log(PRIVACY_REQUESTS) == []
    assert (await there.state()).get("anna") is None


async def test_identities_wait_until_every_suppression_is_confirmed(
    kafka: EmbeddedKafka, topic_name: Callable[..., str]
) -> None:
    prefix = topic_name("watch") + "."
    make_topics(kafka.bootstrap, prefix, [IDENTITIES, PRIVACY_REQUESTS])  # suppressions find no place
    config = {"delivery.timeout.ms": 1_500, "request.timeout.ms": 1_000}
    async with watching(kafka.bootstrap, prefix, config=config) as there:
        await there.take(("anna", record_of("anna")))
        with pytest.raises(DeliveryError):
            await there.take(("anna", record_of("anna", withdrawn_at=NOW)))
        assert len(there.log(IDENTITIES)) == 1
        anna = (await there.state()).get("anna")
        assert anna is not None
        assert not anna.last.withdrawn  # so the withdrawal will be judged again


async def test_a_wave_of_withdrawals_is_confirmed_in_parts(there: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "BATCH", 100)
    people = [f"p-{number}" for number in range(60)]
    await there.take(*((each, record_of(each)) for each in people))
    await there.take(*((each, record_of(each, withdrawn_at=NOW)) for each in people))
    suppressed = there.suppressed().keys()
    for each in people:
        assert names(each, grant(each)) <= suppressed
    assert counted(there, "coppice_consent_changes_total", why="withdrawn") == 60
    assert counted(there, "coppice_suppressions_total") == len(suppressed)


async def test_grants_that_are_over_for_long_are_forgotten(
    kafka: EmbeddedKafka, topic_name: Callable[..., str]
) -> None:
    prefix = topic_name("watch") + "."
    make_topics(kafka.bootstrap, prefix)
    short = TERMS._replace(kept_ms=NOW - (GRANTED + DAY) - 2)  # what ended with the record at offset 1 is too old
    async with watching(kafka.bootstrap, prefix, terms=lambda: short) as there:
        for number in range(4):
            await there.take(("anna", record_of("anna", consent_id=f"c-{number}")))
        anna = (await there.state()).get("anna")
        assert anna is not None
        assert [each.consent_id for each in anna.grants] == ["c-1", "c-2", "c-3"]


async def test_what_a_worker_without_the_partition_overwrites_is_mended(there: Watching) -> None:
    await there.take(("anna", record_of("anna")))
    (old,) = there.log(IDENTITIES)
    await there.take(("anna", record_of("anna", **RENEWED)))
    batch = there.producer.batch()
    batch.add(there.prefix + IDENTITIES, old.value or b"", b"anna", 0)
    await batch.done()
    await there.watch.repair(await there.state())
    anna = (await there.state()).get("anna")
    assert anna is not None
    async with watching(there.bootstrap, there.prefix) as other:  # who knows the log only
        assert (await other.state()).get("anna") == anna
    assert [each.consent_id for each in anna.grants] == ["c-anna", "c-new"]


async def test_no_record_and_no_metric_joins_a_person_and_a_pseudonym(there: Watching) -> None:
    await there.take(("anna", record_of("anna")))
    await there.take(("anna", record_of("anna", withdrawn_at=NOW)))
    for each in there.log(SUPPRESSIONS):
        assert b"anna" not in (each.key or b"") + (each.value or b"")
    shown = there.metrics.render()[0]
    assert not any(name.encode() in shown for name in there.suppressed())
    for identity in there.log(IDENTITIES):
        assert not any(name.encode() in (identity.value or b"") for name in there.suppressed())


async def test_without_a_way_for_people_without_a_record_a_first_refusal_suppresses_nothing(
    kafka: EmbeddedKafka, topic_name: Callable[..., str]
) -> None:
    prefix = topic_name("watch") + "."
    make_topics(kafka.bootstrap, prefix)
    refused = {"purposes": {"analytics": False, "third_party_disclosure": False, "marketing": False}}
    async with watching(kafka.bootstrap, prefix, terms=lambda: TERMS._replace(recordless=False)) as there:
        await there.take(("anna", record_of("anna", **refused)), ("ben", b"?"), ("cleo", record_of("cleo")))
        assert there.suppressed() == {}
        await there.take(("cleo", record_of("cleo", **refused)))
        assert names("cleo", grant("cleo")) <= there.suppressed().keys()
        assert not names("cleo", "") & there.suppressed().keys()


async def test_a_withdrawal_of_long_ago_is_remembered_and_suppresses_nothing(there: Watching) -> None:
    chunk = there.chunk(("anna", record_of("anna", withdrawn_at=GRANTED)))
    chunk = Chunk(chunk.tp, [each._replace(timestamp=NOW - LIFE_MS - 1) for each in stored(chunk)])
    await there.process(chunk)
    assert there.suppressed() == {}  # a suppression that was made then would be over
    anna = (await there.state()).get("anna")
    assert anna is not None
    assert anna.last.withdrawn
