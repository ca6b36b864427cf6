"""What is a request, what becomes of a record that is none, and which of two records with one id counts."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.vocabulary import Region
from pipeline.rights.book import Book
from pipeline.rights.inbox import Arrived
from pipeline.rights.requests import Kind, Request, RequestFault, encode_request, parse_request
from pipeline.rights.results import (
    MAX_IDS,
    Accepted,
    Completed,
    Done,
    Failed,
    Held,
    Note,
    Refused,
    Result,
    Stopped,
    Submitted,
    TaskStatus,
    encode_result,
    parse_result,
    plan,
)
from pipeline.schemas import load_schema
from pipeline.stream.topics import PRIVACY_REQUESTS, PRIVACY_RESULTS
from tests.rights.desk import Desk

AT = 1_790_000_000_000
DOCUMENT: dict[str, Any] = {
    "request_id": "r-1",
    "profile_id": "player-1",
    "kind": "erase",
    "requested_by": "privacy_desk",
    "received_at": AT,
}
IDS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(2 * MAX_IDS + 1)]
RESULTS: list[Result] = [
    Refused(request_id="record-0-7", at=AT, reason=RequestFault.NOT_JSON, partition=0, offset=7),
    *plan("r-1", Kind.ERASE, AT, {Region.US: IDS[:3], Region.IN: IDS[3:5]}, AT),
    *plan("r-1", Kind.WITHDRAW, AT, {}, AT),
    Stopped(request_id="r-1", at=AT),
    Held(request_id="r-1", at=AT, region=Region.IN, held_until=AT + 1),
    Submitted(request_id="r-1", at=AT, region=Region.US, batch=0, tracking_id="158-x_9"),
    Failed(request_id="r-1", at=AT, region=Region.US, batch=0, tracking_id="1", status=TaskStatus.FAILURE),
    Completed(request_id="r-1", at=AT, region=Region.US, batch=0, tracking_id="1"),
    Done(request_id="r-1", at=AT, kind=Kind.ERASE),
    Done(request_id="r-1", at=AT, kind=Kind.WITHDRAW, note=Note.GRANTED_ANEW),
]

REQUEST_SCHEMA = jsonschema_rs.validator_for(load_schema("privacy-request"))
RESULT_SCHEMA = jsonschema_rs.validator_for(load_schema("privacy-result"))


def parse(document: Any, key: bytes | None = b"player-1") -> Request | RequestFault:
    return parse_request(key, json.dumps(document).encode())


class TestParsing:
    def test_a_request_survives_the_topic(self) -> None:
        request = Request("r-1", "आरव", Kind.EXPORT, "parent_portal", AT)
        key, value = encode_request(request)
        assert parse_request(key, value) == request
        assert REQUEST_SCHEMA.is_valid(json.loads(value))

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"kind": "delete"}, RequestFault.UNKNOWN_KIND),
            ({"kind": 1}, RequestFault.BREAKS_SCHEMA),
            ({"request_id": ""}, RequestFault.BREAKS_SCHEMA),
            ({"request_id": "someone@example.com"}, RequestFault.BREAKS_SCHEMA),
            ({"requested_by": "Mrs. Rao"}, RequestFault.BREAKS_SCHEMA),
            ({"received_at": 1_790_000_000}, RequestFault.BREAKS_SCHEMA),
            ({"received_at": "today"}, RequestFault.BREAKS_SCHEMA),
            ({"why": "moved"}, RequestFault.BREAKS_SCHEMA),
            ({"profile_id": ""}, RequestFault.BREAKS_SCHEMA),
        ],
    )
    def test_what_the_schema_does_not_allow_is_refused(self, change: dict[str, Any], fault: RequestFault) -> None:
        assert parse(DOCUMENT | change) is fault
        assert not REQUEST_SCHEMA.is_valid(DOCUMENT | change)

    @pytest.mark.parametrize("name", DOCUMENT)
    def test_every_field_is_needed(self, name: str) -> None:
        short = {key: value for key, value in DOCUMENT.items() if key != name}
        assert parse(short) is RequestFault.BREAKS_SCHEMA
        assert not REQUEST_SCHEMA.is_valid(short)

    @pytest.mark.parametrize("key", [None, b"", b"player-2", b"\xff"])
    def test_a_key_that_is_not_the_profile_would_go_to_another_worker(self, key: bytes | None) -> None:
        assert parse(DOCUMENT, key) is RequestFault.KEY_IS_NOT_PROFILE

    @pytest.mark.parametrize("value", [None, b"", b"{", b"\xff", b'{"kind": "erase", "kind": "export"}'])
    def test_what_is_not_json(self, value: bytes | None) -> None:
        assert parse_request(b"player-1", value) is RequestFault.NOT_JSON

    @given(st.binary(), st.one_of(st.none(), st.binary()))
    def test_no_bytes_raise(self, value: bytes, key: bytes | None) -> None:
        assert isinstance(parse_request(key, value), RequestFault)

    @given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)
           | st.dictionaries(st.sampled_from(sorted(DOCUMENT)), inner)))  # fmt: skip
    def test_no_document_raises(self, document: Any) -> None:
        parse(document)

    def test_the_id_is_spelt_as_consent_spells_it(self) -> None:
        request = parse(DOCUMENT | {"profile_id": " e\u0301va "}, " e\u0301va ".encode())
        assert isinstance(request, Request)
        assert request.profile == "\u00e9va"

    def test_a_request_shows_nobody(self) -> None:
        assert "player-1" not in repr(Request(**DOCUMENT | {"kind": Kind.ERASE}))


class TestResults:
    @pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
    def test_every_result_survives_the_topic_and_fits_its_schema(self, result: Result) -> None:
        key, value = encode_result(result)
        assert (key, parse_result(value)) == (result.request_id.encode(), result)
        RESULT_SCHEMA.validate(json.loads(value))

    @given(st.binary())
    def test_no_bytes_raise(self, value: bytes) -> None:
        assert parse_result(value) is None

    @given(st.sets(st.sampled_from(IDS)), st.sets(st.sampled_from(IDS[:50])))
    def test_a_plan_holds_every_id_once_in_batches_that_mixpanel_takes(self, us: set[str], india: set[str]) -> None:
        records = plan("r", Kind.ERASE, AT, {Region.US: us, Region.IN: india}, AT)
        assert all(len(record.ids) <= MAX_IDS for record in records)
        for region, ids in ((Region.US, us), (Region.IN, india)):
            assert sorted(each for record in records if record.region is region for each in record.ids) == sorted(ids)
        assert len({record.plan for record in records}) == 1
        assert {record.batches for record in records} == {len(records) if us or india else 0}

    def test_a_long_list_is_cut(self) -> None:
        records = plan("r", Kind.ERASE, AT, {Region.US: IDS}, AT)
        assert [len(record.ids) for record in records] == [MAX_IDS, MAX_IDS, 1]


class Topics:
    """A book, filled by hand."""

    def __init__(self) -> None:
        self.book = Book(4)
        self._offset = 0

    def request(self, *, partition: int = 0, at: int = AT, **changes: Any) -> None:
        document = DOCUMENT | changes
        self._offset += 1
        value, key = json.dumps(document).encode(), document["profile_id"].encode()
        self.book.take_request(Arrived(partition, self._offset, key, value, at))

    def result(self, *results: Result) -> None:
        for result in results:
            self._offset += 1
            self.book.take_result(Arrived(0, self._offset, *encode_result(result), AT))

    @property
    def open(self) -> list[str]:
        return [case.request_id for case in self.book.open()]

    @property
    def faults(self) -> list[RequestFault]:
        return [refusal.fault for refusal in self.book.refusals()]


class TestBook:
    def test_the_same_request_twice_is_one(self) -> None:
        topics = Topics()
        topics.request()
        topics.request(requested_by="parent_portal")
        assert (topics.open, topics.faults) == (["r-1"], [])

    @pytest.mark.parametrize("change", [{"profile_id": "player-2"}, {"kind": "export"}])
    def test_an_id_that_is_in_use_is_refused_and_never_answers_the_other(self, change: dict[str, Any]) -> None:
        topics = Topics()
        topics.request()
        topics.request(**change, at=AT + 1)
        assert topics.faults == [RequestFault.ID_IN_USE]
        (case,) = topics.book.open()
        assert (case.request.profile_id, case.kind) == ("player-1", Kind.ERASE)

    def test_who_came_first_has_the_id_in_whatever_order_the_partitions_are_read(self) -> None:
        topics = Topics()
        topics.request(profile_id="player-2", partition=1, at=AT + 5)
        topics.request(partition=2, at=AT)
        (case,) = topics.book.open()
        assert case.request.profile_id == "player-1"
        assert topics.faults == [RequestFault.ID_IN_USE]

    def test_an_id_stays_in_use_when_its_request_is_answered(self) -> None:
        topics = Topics()
        topics.request()
        topics.result(Done(request_id="r-1", at=AT, kind=Kind.ERASE))
        topics.request()
        assert (topics.open, topics.faults) == ([], [])
        topics.request(profile_id="player-2")
        assert (topics.open, topics.faults) == ([], [RequestFault.ID_IN_USE])

    def test_results_may_be_read_before_their_request(self) -> None:
        topics = Topics()
        topics.result(Done(request_id="r-1", at=AT, kind=Kind.ERASE))
        topics.request()
        assert topics.open == []

    def test_a_refusal_on_record_is_not_made_again(self) -> None:
        topics = Topics()
        topics.result(Refused(request_id="record-0-2", at=AT, reason=RequestFault.UNKNOWN_KIND, partition=0, offset=2))
        topics.request(kind="nonsense")
        assert topics.faults == []

    def test_a_set_of_ids_counts_when_it_is_whole_and_only_the_first(self) -> None:
        topics = Topics()
        topics.request()
        (case,) = topics.book.open()
        first, second = (plan("r-1", Kind.ERASE, AT, {Region.US: ids}, AT) for ids in (IDS[:3000], IDS[1:3001]))
        topics.result(first[0], second[1])
        assert case.progress.batches is None
        topics.result(second[0])
        assert [batch.ids for batch in case.batches] == [record.ids for record in second]
        topics.result(first[1])
        assert [batch.ids for batch in case.batches] == [record.ids for record in second]

    def test_a_failed_task_does_not_undo_a_later_one(self) -> None:
        topics = Topics()
        topics.request()
        (case,) = topics.book.open()
        topics.result(*plan("r-1", Kind.ERASE, AT, {Region.US: IDS[:2]}, AT), Stopped(request_id="r-1", at=AT))
        about: dict[str, Any] = {"request_id": "r-1", "at": AT, "region": Region.US, "batch": 0}
        topics.result(Submitted(**about, tracking_id="1"), Submitted(**about, tracking_id="2"))
        topics.result(Failed(**about, tracking_id="1", status=TaskStatus.FAILURE))
        assert case.batches[0].tracking_id == "2"
        topics.result(Completed(**about, tracking_id="2"))
        assert case.finished()

    def test_without_the_record_of_its_ids_an_erasure_never_counts_as_finished(self) -> None:
        topics = Topics()
        topics.request()
        topics.result(Stopped(request_id="r-1", at=AT))
        (case,) = topics.book.open()
        assert case.at_mixpanel()
        assert not case.finished()

    def test_a_clock_that_is_ahead_does_not_hide_how_old_a_request_is(self) -> None:
        topics = Topics()
        topics.request(received_at=AT + 10**10, at=AT)
        assert topics.book.open()[0].received_at == AT


async def test_what_is_no_request_is_answered_with_a_refusal_that_quotes_nothing(desk: Desk) -> None:
    desk.produce(PRIVACY_REQUESTS, b"canary-key", b"canary-value")
    desk.produce(PRIVACY_REQUESTS, None, b"{}")
    profile = desk.person()
    request = desk.file(Kind.ERASE, profile)
    desk.file(Kind.ERASE, desk.person(), request_id=request)
    async with desk.agent():
        await desk.until_state(request, "done")
        await desk.until(lambda: desk.metric("privacy_requests_total", kind="none", state="refused") == 3)
    lines = await desk.records(PRIVACY_RESULTS)
    results = [parse_result(value) for _, value in lines]
    refused = [result.reason for result in results if isinstance(result, Refused)]
    assert sorted(refused) == [RequestFault.BREAKS_SCHEMA, RequestFault.ID_IN_USE, RequestFault.NOT_JSON]
    assert not any(b"canary" in (value or b"") or b"canary" in (key or b"") for key, value in lines)
    assert len({result.plan for result in results if isinstance(result, Accepted)}) == 1
    before = len(lines)
    async with desk.agent() as again:
        await desk.until(lambda: again.checks()["privacy_requests_loaded"])
    assert len(await desk.records(PRIVACY_RESULTS)) == before
