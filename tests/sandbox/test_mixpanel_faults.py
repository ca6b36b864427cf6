"""Scripted faults, in process and through the control addresses."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from pipeline.sandbox.mixpanel import MixpanelStandIn
from pipeline.sandbox.mixpanel_client import StandInClient
from pipeline.sandbox.mixpanel_faults import FAULTS, Fault, named_fault
from tests.sandbox.standins import BAD_TIME, BAD_TIME_MESSAGE, event


def address(standin: MixpanelStandIn) -> tuple[str, int]:
    host, _, port = standin.url.removeprefix("http://").partition(":")
    return host, int(port)


class TestFaults:
    @pytest.mark.parametrize(
        ("name", "status", "content_type", "part"),
        [
            ("unauthorized", 401, "application/json", b"Invalid credentials"),
            ("forbidden", 403, "application/json", b'"status": "error"'),
            ("too_large", 413, "application/json", b"max limit of 2097152 bytes"),
            ("too_large_html", 413, "text/html", b"<html>"),
            ("rate_limited", 429, "application/json", b"Project exceeded rate limits"),
            ("internal_error", 500, "text/plain", b"internal server error"),
            ("bad_gateway", 502, "text/html", b"<html>"),
            ("unavailable", 503, "text/plain", b"upstream connect error"),
            ("html_ok", 200, "text/html", b"<html>"),
            ("whole_400", 400, "application/json", b"could not be processed"),
        ],
    )
    def test_answers(
        self, standin: MixpanelStandIn, client: StandInClient, name: str, status: int, content_type: str, part: bytes
    ) -> None:
        standin.fail(name, times=2)
        for _ in range(2):
            reply = client.send([event()])
            assert reply.status == status
            assert reply.headers["content-type"].partition(";")[0] == content_type
            assert part in reply.body
            assert b"failed_records" not in reply.body
            assert "retry-after" not in reply.headers
        assert standin.stored_count == 0
        assert client.send([event()]).json["num_records_imported"] == 1
        assert [r.status for r in standin.requests] == [status, status, 200]

    def test_retry_after(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        standin.fail("rate_limited", retry_after="3")
        assert client.send([event()]).headers["retry-after"] == "3"

    def test_another_limit(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        standin.fail("too_large", max_bytes=1000)
        assert client.send([event()]).json["error"] == "request exceeds max limit of 1000 bytes"

    def test_short_count(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        standin.fail("short_count")
        reply = client.send([event(1), event(2)])
        assert (reply.status, reply.json["num_records_imported"]) == (200, 1)
        assert standin.events() == [event(1)]

    @pytest.mark.parametrize(
        ("name", "error", "stored"),
        [
            ("close", http.client.RemoteDisconnected, 0),
            ("reset", ConnectionResetError, 0),
            ("stored_but_closed", http.client.RemoteDisconnected, 1),
        ],
    )
    def test_broken_connections(
        self, standin: MixpanelStandIn, client: StandInClient, name: str, error: type[Exception], stored: int
    ) -> None:
        standin.fail(name)
        with pytest.raises(error) as caught:
            client.send([event()])
        assert caught.type is error
        assert standin.stored_count == stored
        assert [r.status for r in standin.requests] == [None]
        assert standin.state()["requests"] == {"closed": 1}

    def test_stored_but_not_acknowledged_makes_duplicates(
        self, standin: MixpanelStandIn, client: StandInClient
    ) -> None:
        standin.fail("stored_but_500")
        assert client.send([event()]).status == 500
        assert client.send([event()]).status == 200
        assert standin.events() == [event()]
        assert standin.duplicates == 1

    def test_slow(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        standin.fail("slow", delay_s=0.01)
        assert client.send([event()]).status == 200
        assert standin.events() == [event()]

    def test_faults_come_in_order_and_can_be_combined(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        standin.fail("unavailable")
        standin.fail(Fault(answer=FAULTS["bad_gateway"].answer, store=True))
        standin.fail("rate_limited", times=0)
        assert [client.send([event()]).status for _ in range(3)] == [503, 502, 200]
        assert standin.duplicates == 1

    def test_a_lasting_fault_can_be_cleared(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        standin.fail("unavailable", times=None)
        assert [client.send([event()]).status for _ in range(3)] == [503, 503, 503]
        standin.clear_faults()
        assert client.send([event()]).status == 200

    def test_permanently_bad_events(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        standin.refuse(lambda sent: sent["properties"].get("level") == 13, "unlucky")
        for _ in range(2):
            reply = client.send([event(1), event(2, level=13)])
            assert [(r["index"], r["message"]) for r in reply.json["failed_records"]] == [(1, "unlucky")]
        assert standin.events() == [event(1)]

    def test_down_and_up_on_the_same_port(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        url = standin.url
        with closing(socket.create_connection(address(standin), timeout=60)) as kept:
            standin.down()
            standin.down()
            assert kept.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            client.send([event()])
        standin.up()
        standin.up()
        assert standin.url == url
        assert client.send([event()]).status == 200

    def test_going_down_breaks_requests_that_wait(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        standin.fail("slow", delay_s=60)
        errors: list[Exception] = []

        def sender() -> None:
            try:
                client.send([event()])
            except (OSError, http.client.HTTPException) as error:
                errors.append(error)

        waiting = threading.Thread(target=sender)
        waiting.start()
        _poll(lambda: not standin._script._queue)
        standin.down()
        waiting.join(60)
        assert len(errors) == 1
        assert [r.status for r in standin.requests] == [None]
        assert standin.stored_count == 0

    @pytest.mark.parametrize(
        ("name", "variation"),
        [("nonsense", {}), ("unavailable", {"retry_after": "1"}), ("html_ok", {"max_bytes": 5})],
    )
    def test_wrong_faults(self, name: str, variation: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=name):
            named_fault(name, **variation)


class TestControl:
    def test_state_and_events(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        client.send([event(1, a="खेल"), event(1, a="खेल"), event(2, **BAD_TIME)])
        assert client.call("GET", "/_control/state").json == {
            "region": "us",
            "stored": 2,
            "duplicates": 1,
            "ignored": 0,
            "hot_shard": 0,
            "geo_violations": 0,
            "silently_dropped": 0,
            "requests": {"400": 1},
            "refused": {BAD_TIME_MESSAGE: 1},
        }
        reply = client.call("GET", "/_control/events")
        assert reply.headers["content-type"] == "application/x-ndjson"
        assert [json.loads(line) for line in reply.body.splitlines()] == [event(1, a="खेल")]
        assert len(standin.requests) == 1

    def test_many_events(self, client: StandInClient) -> None:
        for start in range(0, 4500, 1500):
            client.send([event(i) for i in range(start, start + 1500)])
        lines = client.call("GET", "/_control/events").body.splitlines()
        assert [json.loads(line) for line in lines] == [event(i) for i in range(4500)]

    def test_faults(self, client: StandInClient) -> None:
        client.control("faults", fault="rate_limited", times=2, retry_after=1)
        replies = [client.send([event()]) for _ in range(3)]
        assert [(r.status, r.headers.get("retry-after")) for r in replies] == [
            (429, "1"),
            (429, "1"),
            (200, None),
        ]

    def test_refuse_and_clear(self, client: StandInClient) -> None:
        client.control("refuse", event="crash")
        client.control("faults", fault="unavailable", times=None)
        assert client.send([event()]).status == 503
        client.control("clear")
        assert client.send([event(1, name="crash")]).status == 200
        client.control("refuse", event="crash")
        assert client.send([event(1, name="crash")]).status == 400

    def test_down_for_a_while(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        with closing(socket.create_connection(address(standin), timeout=60)) as kept:
            client.control("down", seconds=0)
            assert kept.recv(1) == b""
        _poll(lambda: _reachable(standin))
        assert client.send([event()]).status == 200

    def test_down_for_long(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        client.control("down", seconds=3600)
        _poll(lambda: not _reachable(standin))
        standin.up()
        assert client.send([event()]).status == 200

    def test_stopping_during_an_outage(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        client.control("down", seconds=60)
        standin.stop()
        standin.stop()
        with pytest.raises(RuntimeError, match="not running"):
            standin.up()

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("POST", "faults", b"{}", 400),
            ("POST", "faults", b"[]", 400),
            ("POST", "faults", b"nonsense", 400),
            ("POST", "faults", b'{"fault": "nonsense"}', 400),
            ("POST", "faults", b'{"fault": "slow", "delay_s": "long"}', 400),
            ("POST", "refuse", b"{}", 400),
            ("POST", "down", b'{"seconds": "long"}', 400),
            ("POST", "nonsense", b"{}", 404),
            ("GET", "faults", None, 404),
        ],
    )
    def test_wrong_orders(self, client: StandInClient, method: str, path: str, body: bytes | None, status: int) -> None:
        reply = client.call(method, f"/_control/{path}", body)
        assert reply.status == status
        assert reply.json["error"]


def _reachable(standin: MixpanelStandIn) -> bool:
    try:
        socket.create_connection(address(standin), timeout=60).close()
    except ConnectionError:
        return False
    return True


def _poll(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "not within 60 s"
        time.sleep(0.01)
