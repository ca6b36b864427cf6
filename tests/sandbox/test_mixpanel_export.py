"""The stand-in's raw export, as its page describes it."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from pipeline.sandbox.mixpanel import MixpanelStandIn, sandbox_project
from pipeline.sandbox.mixpanel_client import Reply, StandInClient, basic_auth

PROJECT = sandbox_project("in")
ACCOUNT = basic_auth(PROJECT.service_account_user, PROJECT.secret)
NOW = datetime.now(UTC)
TODAY, YESTERDAY = NOW.date().isoformat(), (NOW - timedelta(days=1)).date().isoformat()


@pytest.fixture
def standin() -> Iterator[MixpanelStandIn]:
    with MixpanelStandIn(PROJECT, region="in") as running:
        running.export.options.a_second = 100
        yield running


def ask(standin: MixpanelStandIn, headers: Any = None, **changes: str | None) -> Reply:
    query = {"project_id": PROJECT.project_id, "from_date": YESTERDAY, "to_date": TODAY, **changes}
    given = urlencode({name: value for name, value in query.items() if value is not None})
    return StandInClient(standin.url, PROJECT).call("GET", f"/api/2.0/export?{given}", headers=headers or ACCOUNT)


def stored(standin: MixpanelStandIn, *names: str, ago: timedelta = timedelta()) -> None:
    at = int((NOW - ago).timestamp() * 1000)
    events = [
        {
            "event": name,
            "properties": {
                "time": at,
                "distinct_id": "",
                "$insert_id": f"{name}-{at}",
                "ip": 0,
                "token": PROJECT.token,
            },
        }
        for name in names
    ]
    assert StandInClient(standin.url, PROJECT).send(events).status == 200


def lines(reply: Reply) -> list[dict[str, Any]]:
    assert (reply.status, reply.headers["content-type"]) == (200, "text/plain")
    return [json.loads(line) for line in reply.body.splitlines()]


def test_one_event_a_line_with_the_host_that_took_it(standin: MixpanelStandIn) -> None:
    stored(standin, "a", "b")
    first, second = lines(ask(standin))
    assert [first["event"], second["event"]] == ["a", "b"]
    shown = first["properties"]
    assert shown["$mp_api_endpoint"] == "api-in.mixpanel.com"
    assert shown["$import"] is True
    assert shown["time"] == int(NOW.timestamp())  # seconds, unless time_in_ms is asked for
    assert not {"token", "ip"} & set(shown)
    assert lines(ask(standin, time_in_ms="true"))[0]["properties"]["time"] == int(NOW.timestamp() * 1000)


def test_by_name_by_day_and_up_to_a_limit(standin: MixpanelStandIn) -> None:
    stored(standin, "a", "b")
    stored(standin, "a", ago=timedelta(days=3))
    assert [each["event"] for each in lines(ask(standin, event='["b", "c"]'))] == ["b"]
    assert lines(ask(standin, to_date=YESTERDAY)) == []
    assert len(lines(ask(standin, from_date="2020-01-01"))) == 3
    assert len(lines(ask(standin, from_date="2020-01-01", limit="2"))) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"from_date": None},
        {"to_date": "26-11-2026"},
        {"to_date": (NOW + timedelta(days=2)).date().isoformat()},
        {"from_date": TODAY, "to_date": YESTERDAY},
        {"event": "a"},
        {"event": '{"a": 1}'},
        {"limit": "100001"},
        {"insert_id": "x"},
    ],
)
def test_a_query_in_bad_form_is_refused(standin: MixpanelStandIn, wrong: dict[str, str | None]) -> None:
    reply = ask(standin, **wrong)
    assert reply.status == 400
    assert reply.json["error"]


@pytest.mark.parametrize(
    ("headers", "changes"),
    [
        (basic_auth(PROJECT.service_account_user, "x"), {}),
        (basic_auth(PROJECT.token, ""), {"project_id": None}),  # a token may write and not read
        (ACCOUNT, {"project_id": None}),
        (ACCOUNT, {"project_id": "7"}),
    ],
)
def test_only_the_project_s_account_may_ask(
    standin: MixpanelStandIn, headers: dict[str, str], changes: dict[str, str | None]
) -> None:
    assert ask(standin, headers, **changes).status == 401


def test_it_is_asked_no_faster_than_the_limit(standin: MixpanelStandIn) -> None:
    standin.export.options.an_hour = 2
    assert [ask(standin).status for _ in range(3)] == [200, 200, 429]


def test_what_is_lost_is_judged_and_confirmed_and_not_there(standin: MixpanelStandIn) -> None:
    standin.fail("lost")
    stored(standin, "a")
    assert standin.events() == []
    assert lines(ask(standin)) == []
    standin.fail("lost")
    assert StandInClient(standin.url, PROJECT).send([{"event": "", "properties": {}}]).status == 400


def test_a_new_secret_replaces_the_old(standin: MixpanelStandIn) -> None:
    standin.change_secret("new")
    assert ask(standin).status == 401
    assert ask(standin, basic_auth(PROJECT.service_account_user, "new")).status == 200


def test_an_event_may_take_its_time_to_be_shown(standin: MixpanelStandIn) -> None:
    now = time.time()
    standin.options.clock = lambda: now
    standin.export.options.visible_s = 0.3
    stored(standin, "a")
    now += 0.25
    assert lines(ask(standin)) == []
    now += 0.1
    assert len(lines(ask(standin))) == 1
