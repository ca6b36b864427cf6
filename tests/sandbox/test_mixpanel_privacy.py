"""The stand-in's deletion and retrieval API over real HTTP."""

import json
from collections.abc import Iterator
from http.client import RemoteDisconnected
from typing import Any, Literal

import pytest

from pipeline.sandbox.mixpanel import ImportOptions, MixpanelStandIn, Project
from pipeline.sandbox.mixpanel_client import Reply, StandInClient
from pipeline.sandbox.mixpanel_privacy import MAX_IDS, Task

PROJECT = Project("12345", "project-token", "account", "s3cret", "oauth")


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        self.now += 10
        return self.now


@pytest.fixture
def standin() -> Iterator[MixpanelStandIn]:
    with MixpanelStandIn(PROJECT, region="us", options=ImportOptions(clock=Clock())) as running:
        yield running


@pytest.fixture
def client(standin: MixpanelStandIn) -> StandInClient:
    return StandInClient(standin.url, PROJECT)


def call(
    client: StandInClient,
    method: str,
    path: str,
    document: Any = None,
    *,
    token: str = PROJECT.token,
    bearer: str = "Bearer oauth",
) -> Reply:
    body = None if document is None else json.dumps(document).encode()
    return client.call(method, f"/api/app/{path}?token={token}", body, {"Authorization": bearer})


def create(client: StandInClient, *ids: str, task: Task = Task.DELETION, **document: Any) -> str:
    reply = call(client, "POST", f"{task}/v3.0/", {"distinct_ids": ids, "compliance_type": "GDPR"} | document)
    assert reply.status == 201
    return str(reply.json["results"][0]["tracking_id"])


def status(client: StandInClient, tracking_id: str, task: Task = Task.DELETION) -> dict[str, Any]:
    reply = call(client, "GET", f"{task}/v3.0/{tracking_id}/")
    assert (reply.status, reply.json["status"]) == (200, "ok")
    found: dict[str, Any] = reply.json["results"]
    return found


def event(distinct_id: str, number: int = 0) -> dict[str, Any]:
    properties = {"time": 1_700_000_000_000, "distinct_id": distinct_id, "$insert_id": f"id-{number}", "ip": 0}
    return {"event": "level_started", "properties": properties}


def test_a_deletion_advances_with_each_question_and_removes_what_is_stored(
    standin: MixpanelStandIn, client: StandInClient
) -> None:
    client.send([event("a", 1), event("b", 2), event("a", 3)])
    task = create(client, "a", "c")
    assert [status(client, task)["status"] for _ in range(5)] == ["PENDING", "STAGING", "STARTED", "SUCCESS", "SUCCESS"]
    assert standin.events() == [event("b", 2)]
    assert standin.privacy.deleted_ids() == {"a", "c"}
    client.send([event("a", 4)])
    assert standin.events() == [event("b", 2), event("a", 4)]  # deleting does not stop new data


def test_a_retrieval_ends_in_a_link_to_what_is_stored(standin: MixpanelStandIn, client: StandInClient) -> None:
    client.send([event("a", 1), event("b", 2)])
    task = create(client, "a", task=Task.RETRIEVAL, disclosure_type="Data")
    found = [status(client, task, Task.RETRIEVAL) for _ in range(4)]
    assert [each["results"] for each in found[:3]] == ["", "", ""]
    link = found[3]["results"]
    assert json.loads(client.call("GET", link.removeprefix(standin.url)).body) == event("a", 1)
    assert client.call("GET", "/_export/0").status == 404
    assert len(standin.events()) == 2


@pytest.mark.parametrize("shape", ["tracking_id", "task_id"])
def test_a_new_task_is_answered_in_either_published_form(
    standin: MixpanelStandIn, client: StandInClient, shape: Literal["tracking_id", "task_id"]
) -> None:
    standin.privacy.options.named_by = shape
    reply = call(client, "POST", "data-deletions/v3.0", {"distinct_ids": ["a"]})
    results = reply.json["results"]
    named = results["task_id"] if shape == "task_id" else results[0]["tracking_id"]
    assert (reply.status, reply.json["status"], list(standin.privacy.tasks)) == (201, "ok", [named])


@pytest.mark.parametrize(
    "document",
    [{}, {"distinct_ids": []}, {"distinct_ids": "a"}, {"distinct_ids": [1]}, {"distinct_ids": ["a"] * (MAX_IDS + 1)},
     {"distinct_ids": ["a"], "compliance_type": "COPPA"}],
    ids=lambda document: str(document)[:40],
)  # fmt: skip
def test_what_is_no_list_of_ids_makes_no_task(standin: MixpanelStandIn, client: StandInClient, document: Any) -> None:
    assert call(client, "POST", "data-deletions/v3.0/", document).status == 400
    assert standin.privacy.tasks == {}


def test_who_may_not_ask(standin: MixpanelStandIn, client: StandInClient) -> None:
    path, document = "data-deletions/v3.0/", {"distinct_ids": ["a"]}
    assert call(client, "POST", path, document, bearer="Bearer wrong").status == 401
    assert call(client, "POST", path, document, bearer="Basic oauth").status == 401
    assert call(client, "POST", path, document, token="another").status == 403
    standin.privacy.options.bearers = {"renewed"}
    assert call(client, "POST", path, document).status == 401
    assert call(client, "POST", path, document, bearer="Bearer renewed").status == 201
    assert [seen.status for seen in standin.privacy.calls] == [401, 401, 403, 401, 201]


def test_a_task_can_be_cancelled_until_it_starts(client: StandInClient) -> None:
    early, late = create(client, "a"), create(client, "b")
    assert call(client, "DELETE", f"data-deletions/v3.0/{early}").status == 204
    assert status(client, early)["status"] == "REVOKED"
    for _ in range(3):
        status(client, late)
    assert call(client, "DELETE", f"data-deletions/v3.0/{late}").status == 405
    assert call(client, "DELETE", "data-deletions/v3.0/0").status == 404
    assert call(client, "PUT", "data-deletions/v3.0/").status == 405
    assert call(client, "GET", "other").status == 404


def test_a_task_nobody_made_is_not_found(client: StandInClient) -> None:
    assert status(client, "1")["status"] == "NOT_FOUND"
    assert status(client, create(client, "a"), Task.RETRIEVAL)["status"] == "NOT_FOUND"


def test_more_than_a_call_a_second_and_more_tasks_than_scans_allow_are_too_many(
    standin: MixpanelStandIn, client: StandInClient
) -> None:
    standin.privacy.options.gap_s = 15.0
    assert call(client, "POST", "data-deletions/v3.0/", {"distinct_ids": ["a"]}).status == 201
    assert call(client, "POST", "data-deletions/v3.0/", {"distinct_ids": ["a"]}).status == 429
    standin.privacy.options.gap_s = 1.0
    standin.privacy.options.outstanding = 1
    assert call(client, "POST", "data-deletions/v3.0/", {"distinct_ids": ["a"]}).status == 429
    (task,) = standin.privacy.tasks
    while status(client, task)["status"] != "SUCCESS":
        pass
    assert call(client, "POST", "data-deletions/v3.0/", {"distinct_ids": ["a"]}).status == 201


def test_a_script_overrules(standin: MixpanelStandIn, client: StandInClient) -> None:
    standin.fail_privacy("html_ok")
    standin.fail_privacy("rate_limited", retry_after="7")
    standin.fail_privacy("stored_but_500")
    path, document = "data-deletions/v3.0/", {"distinct_ids": ["a"]}
    replies = [call(client, "POST", path, document) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 429, 500]
    assert replies[1].headers["retry-after"] == "7"
    (task,) = standin.privacy.tasks
    standin.privacy.next_status("UNKNOWN", "FAILURE")
    assert [status(client, task)["status"] for _ in range(3)] == ["UNKNOWN", "FAILURE", "FAILURE"]
    standin.fail_privacy("close")
    with pytest.raises(RemoteDisconnected):
        call(client, "GET", f"data-deletions/v3.0/{task}")
    assert standin.privacy.calls[-1].status is None
    assert standin.requests == []  # imports only
