"""What the answers of Mixpanel's privacy API mean, and which call comes next."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deliver.answers import Busy, Unavailable
from pipeline.ops.settings import RightsSettings
from pipeline.policy.vocabulary import Region
from pipeline.rights.answers import Created, Found, NotAnAnswer, Refused, Unauthorized, read_created, read_status
from pipeline.rights.book import Batch, Case, Progress
from pipeline.rights.client import Task
from pipeline.rights.requests import Kind, Request
from pipeline.rights.results import MAX_IDS, TaskStatus
from pipeline.rights.schedule import Schedule, backoff_ms

DOCUMENTED = {
    "status": "ok",
    "results": [{"status": "PENDING", "tracking_id": "1583792934719392965", "distinct_id_count": 1}],
}


def body(document: Any) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("status", "document", "answer"),
    [
        (201, DOCUMENTED, Created("1583792934719392965")),
        (200, DOCUMENTED, Created("1583792934719392965")),
        (201, {"status": "ok", "results": {"task_id": "job-tracking-id"}}, Created("job-tracking-id")),
        (201, {"results": [{"tracking_id": 158}]}, Created("158")),
        (201, {"status": "error", "results": [{"tracking_id": "1"}]}, NotAnAnswer()),
        (201, {"status": "ok", "results": []}, NotAnAnswer()),
        (201, {"status": "ok", "results": [{"tracking_id": "1"}, {"tracking_id": "2"}]}, NotAnAnswer()),
        (201, {"status": "ok", "results": [{"tracking_id": "../data-retrievals"}]}, NotAnAnswer()),
        (201, {"status": "ok", "results": [{"tracking_id": None}]}, NotAnAnswer()),
        (201, {"status": "ok"}, NotAnAnswer()),
        (201, [], NotAnAnswer()),
        (202, DOCUMENTED, NotAnAnswer()),
        (302, DOCUMENTED, NotAnAnswer()),
        (400, {"error": "…", "status": "error"}, Refused(400)),
        (404, DOCUMENTED, Refused(404)),
        (401, {}, Unauthorized(401)),
        (403, {}, Unauthorized(403)),
        (408, {}, Unavailable(7.0)),
        (429, {}, Busy(7.0)),
        (500, DOCUMENTED, Unavailable(7.0)),
        (503, {}, Unavailable(7.0)),
    ],
    ids=str,
)
def test_the_answer_to_a_new_task(status: int, document: Any, answer: Any) -> None:
    assert read_created(status, body(document), 7.0) == answer


@pytest.mark.parametrize(
    ("status", "results", "answer"),
    [
        *((200, {"status": each.value}, Found(each)) for each in TaskStatus),
        (200, {"status": "SUCCESS", "results": "https://x/y"}, Found(TaskStatus.SUCCESS, "https://x/y")),
        (200, {"status": "SUCCESS", "result": "https://x/y"}, Found(TaskStatus.SUCCESS, "https://x/y")),
        (200, {"status": "SUCCESS", "results": "", "destination_url": "https://z"}, Found(TaskStatus.SUCCESS, "https://z")),
        (200, {"status": "success"}, NotAnAnswer()),
        (200, {}, NotAnAnswer()),
        (200, [], NotAnAnswer()),
        (201, {"status": "SUCCESS"}, NotAnAnswer()),
        (404, {"status": "NOT_FOUND"}, Found(TaskStatus.NOT_FOUND)),
        (404, {"status": "SUCCESS"}, NotAnAnswer()),
        (404, None, NotAnAnswer()),
        (401, {"status": "SUCCESS"}, Unauthorized(401)),
        (429, {"status": "SUCCESS"}, Busy(None)),
    ],
    ids=str,
)  # fmt: skip
def test_the_answer_to_a_question(status: int, results: Any, answer: Any) -> None:
    assert read_status(status, body({"status": "ok", "results": results}), None) == answer


@given(st.sampled_from([200, 201, 400, 404, 429, 500]), st.binary())
def test_no_bytes_are_a_success(status: int, content: bytes) -> None:
    assert not isinstance(read_created(status, content, None), Created)
    assert not isinstance(read_status(status, content, None), Found)


def test_a_link_is_not_shown() -> None:
    assert "secret" not in repr(Found(TaskStatus.SUCCESS, "https://files/secret"))


@given(st.integers(1, 10_000))
def test_the_wait_doubles_up_to_an_hour(failures: int) -> None:
    wait = backoff_ms(RightsSettings(), failures)
    assert wait == min(3_600_000, 10_000 * 2 ** min(failures - 1, 20))


def case(number: int, sizes: list[int], kind: Kind = Kind.ERASE) -> Case:
    batches = [
        Batch(place, Region.US, tuple(f"{number}-{place}-{i}" for i in range(size))) for place, size in enumerate(sizes)
    ]
    request = Request(f"r-{number}", f"p-{number}", kind, "desk", 1_790_000_000_000)
    return Case(request, Progress(batches=batches, stopped_at=1), 0, number)


@given(st.lists(st.lists(st.integers(1, MAX_IDS), min_size=1, max_size=3), min_size=1, max_size=6))
def test_calls_are_full_but_never_too_full_and_reach_everybody(sizes: list[list[int]]) -> None:
    cases, schedule = [case(number, each) for number, each in enumerate(sizes)], Schedule(Region.US)
    sent: list[str] = []
    while (call := schedule.next(cases, 0, lambda _: True, may_submit=True)) is not None and call.tracking_id is None:
        assert call.task is Task.DELETION
        assert len(call.ids) <= MAX_IDS
        sent += call.ids
        for parcel in call.parcels:
            parcel.batch.tracking_id = "t"
    assert sorted(sent) == sorted(each for one in cases for batch in one.batches for each in batch.ids)


def test_who_is_to_go_alone_goes_alone_and_an_export_always_does() -> None:
    schedule = Schedule(Region.US)
    cases = [case(0, [3]), case(1, [3], Kind.EXPORT), case(2, [3]), case(3, [3])]
    first = schedule.next(cases, 0, lambda _: True, may_submit=True)
    assert first is not None
    assert [parcel.case.request_id for parcel in first.parcels] == ["r-0", "r-2", "r-3"]
    schedule.of(first.parcels[0]).alone = True
    alone = schedule.next(cases, 0, lambda _: True, may_submit=True)
    assert alone is not None
    assert [parcel.case.request_id for parcel in alone.parcels] == ["r-0"]
    exported = schedule.next(cases[1:], 0, lambda _: True, may_submit=True)
    assert exported is not None
    assert [parcel.case.request_id for parcel in exported.parcels] == ["r-1"]
    assert exported.task is Task.RETRIEVAL


def test_while_no_task_is_taken_questions_go_on() -> None:
    schedule = Schedule(Region.US)
    waiting, asked = case(0, [3]), case(1, [3])
    asked.batches[0].tracking_id = "t"
    call = schedule.next([waiting, asked], 0, lambda _: True, may_submit=False)
    assert call is not None
    assert call.tracking_id == "t"
    assert schedule.next([waiting], 0, lambda _: False, may_submit=True) is None
