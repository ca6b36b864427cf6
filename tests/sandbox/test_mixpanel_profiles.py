"""The stand-in's /engage and /groups over real HTTP: as strict as the pages are, with errors inside a 200 (T39)."""

import json
from collections.abc import Iterator
from typing import Any

import mixpanel as official
import pytest

from pipeline.sandbox.mixpanel import MixpanelStandIn, Project
from pipeline.sandbox.mixpanel_client import Reply, StandInClient
from pipeline.sandbox.mixpanel_privacy import Task

PROJECT = Project("12345", "project-token", "account", "s3cret", "oauth")
PERSON = {"$token": "project-token", "$distinct_id": "p-1", "$ip": "0", "$ignore_time": True}
GROUP = {"$token": "project-token", "$group_key": "school", "$group_id": "g-1"}
STRICT = "ip=0&strict=1&verbose=1"
DONE = {"status": 1, "error": None}


@pytest.fixture
def standin() -> Iterator[MixpanelStandIn]:
    with MixpanelStandIn(PROJECT, region="us") as running:
        yield running


@pytest.fixture
def client(standin: MixpanelStandIn) -> StandInClient:
    return StandInClient(standin.url, PROJECT)


def post(client: StandInClient, updates: Any, *, path: str = "/engage", query: str = STRICT, **headers: str) -> Reply:
    body = updates if isinstance(updates, bytes) else json.dumps(updates).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.call("POST", f"{path}?{query}", body, {"Content-Type": "application/json"} | named)


def test_every_operator_does_what_its_page_says(client: StandInClient, standin: MixpanelStandIn) -> None:
    steps: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"$set": {"a": 1, "l": ["x"]}}, {"a": 1, "l": ["x"]}),
        ({"$set_once": {"a": 2, "b": 3}}, {"a": 1, "l": ["x"], "b": 3}),
        ({"$add": {"a": 2}}, {"a": 3, "l": ["x"], "b": 3}),
        ({"$union": {"l": ["x", "y"]}}, {"a": 3, "l": ["x", "y"], "b": 3}),
        ({"$append": {"l": "y"}}, {"a": 3, "l": ["x", "y", "y"], "b": 3}),
        ({"$remove": {"l": "y"}}, {"a": 3, "l": ["x", "y"], "b": 3}),
        ({"$unset": ["a", "l"]}, {"b": 3}),
    ]
    for step, expected in steps:
        assert post(client, [PERSON | step]).json == DONE
        assert standin.profiles.people() == {"p-1": expected}
    assert post(client, [PERSON | {"$delete": ""}]).json == DONE
    assert standin.profiles.people() == {}
    assert post(client, [GROUP | {"$set": {"a": 1}}], path="/groups").json == DONE
    assert standin.profiles.profiles == {("school", "g-1"): {"a": 1}}


BAD: dict[str, Any] = {
    "no token": {"$distinct_id": "p-1", "$set": {}},
    "no id": {"$token": "project-token", "$set": {}},
    "empty id": PERSON | {"$distinct_id": "", "$set": {}},
    "unknown key": PERSON | {"$set": {}, "properties": {}},
    "no operator": PERSON,
    "two operators": PERSON | {"$set": {}, "$unset": []},
    "set without an object": PERSON | {"$set": ["a"]},
    "union without lists": PERSON | {"$union": {"a": 1}},
    "unset without names": PERSON | {"$unset": {"a": 1}},
    "add without numbers": PERSON | {"$add": {"a": "1"}},
    "too large": PERSON | {"$set": {"a": "x" * 1_048_576}},
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_one_bad_update_refuses_the_request_with_a_200(
    client: StandInClient, standin: MixpanelStandIn, bad: dict[str, Any]
) -> None:
    reply = post(client, [PERSON | {"$set": {"a": 1}}, bad])
    assert (reply.status, reply.json["status"]) == (200, 0)
    assert reply.json["error"]
    assert standin.profiles.people() == {}


def test_a_group_has_no_place_and_takes_no_additions(client: StandInClient) -> None:
    for bad in (GROUP | {"$ip": "0", "$set": {}}, GROUP | {"$add": {"a": 1}}, PERSON | {"$set": {}}):
        assert post(client, [bad], path="/groups").json["status"] == 0


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"data=1", {"Content_Type": "application/x-www-form-urlencoded"}),
        (b"{}", {}),
        (b"[", {}),
        (b"[]", {}),
        (b"[1]", {}),
        (b"[]", {"Content_Encoding": "gzip"}),
    ],
)
def test_what_is_no_plain_array_is_refused_with_a_200(client: StandInClient, body: bytes, headers: Any) -> None:
    reply = post(client, body, **headers)
    assert (reply.status, reply.json["status"]) == (200, 0)


def test_another_projects_token_is_refused(client: StandInClient, standin: MixpanelStandIn) -> None:
    assert post(client, [PERSON | {"$token": "of-india", "$set": {"a": 1}}]).status == 401
    assert standin.profiles.people() == {}


def test_limits_of_a_request(client: StandInClient, standin: MixpanelStandIn) -> None:
    assert post(client, [PERSON | {"$set": {"a": 1}}] * 2000).json == DONE
    assert post(client, [PERSON | {"$set": {"a": 1}}] * 2001).json["status"] == 0
    standin.profiles.max_bytes = 500
    assert post(client, [PERSON | {"$set": {"a": 1}}] * 10).status == 413


def test_without_a_word_on_the_address_everybody_lives_in_the_data_centre(
    client: StandInClient, standin: MixpanelStandIn
) -> None:
    nowhere = {name: part for name, part in PERSON.items() if name != "$ip"}
    post(client, [nowhere | {"$set": {"a": 1}}])
    post(client, [PERSON | {"$distinct_id": "p-2", "$set": {"a": 1}}], query="ip=1&strict=1&verbose=1")
    assert standin.profiles.people()["p-1"]["$city"] == "Boardman"
    assert standin.profiles.geo_violations == ["p-1", "p-2"]


def test_the_official_package_reads_the_answer_as_it_is(client: StandInClient) -> None:
    """The package's own messages have the form that is asked for here, with a consumer that posts them."""

    class Posting:
        def send(self, endpoint: str, message: str, _key: object = None, _secret: object = None) -> None:
            path = {"people": "/engage", "groups": "/groups"}[endpoint]
            assert post(client, f"[{message}]".encode(), path=path).json == DONE

    library = official.Mixpanel(PROJECT.token, consumer=Posting())
    library.people_set("p-1", {"a": 1}, meta={"$ip": "0"})
    library.people_union("p-1", {"l": ["x"]}, meta={"$ip": "0"})
    library.group_set("school", "g-1", {"a": 1})


@pytest.mark.parametrize(("fault", "stored"), [("unavailable", False), ("stored_but_500", True)])
def test_faults_on_request(client: StandInClient, standin: MixpanelStandIn, fault: str, *, stored: bool) -> None:
    standin.fail_profiles(fault)
    assert post(client, [PERSON | {"$set": {"a": 1}}]).status >= 500
    assert bool(standin.profiles.people()) == stored
    assert post(client, [PERSON | {"$set": {"a": 1}}]).json == DONE


def test_a_deletion_deletes_the_profile_too(client: StandInClient, standin: MixpanelStandIn) -> None:
    for person in ("p-1", "p-2"):
        post(client, [PERSON | {"$distinct_id": person, "$set": {"a": 1}}])
    standin.privacy.options.gap_s = 0
    body = json.dumps({"distinct_ids": ["p-1"], "compliance_type": "GDPR"}).encode()
    headers = {"Authorization": "Bearer oauth"}
    query = f"?token={PROJECT.token}"
    made = client.call("POST", f"/api/app/{Task.DELETION}/v3.0/{query}", body, headers)
    task = made.json["results"][0]["tracking_id"]
    for _ in range(8):
        told = client.call("GET", f"/api/app/{Task.DELETION}/v3.0/{task}/{query}", None, headers).json
        if told["results"]["status"] == "SUCCESS":
            break
    assert standin.profiles.people() == {"p-2": {"a": 1}}
