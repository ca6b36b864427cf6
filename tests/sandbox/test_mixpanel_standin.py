"""Every answer of the stand-in over real HTTP."""

import gzip
import json
from contextlib import closing
from typing import Literal

import mixpanel as official
import pytest

from pipeline.sandbox.mixpanel import MixpanelStandIn
from pipeline.sandbox.mixpanel_client import StandInClient, basic_auth
from tests.sandbox.standins import BAD_TIME, BAD_TIME_MESSAGE, NOW_S, event


class TestAnswers:
    def test_accepted(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        reply = client.send([event(1), event(2)])
        assert reply.status == 200
        assert reply.json == {"code": 200, "num_records_imported": 2, "status": "OK"}
        assert standin.events() == [event(1), event(2)]

    def test_partly_refused_stores_the_good_ones(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        reply = client.send([event(1), event(2, **BAD_TIME), event(3)])
        assert reply.status == 400
        assert reply.json == {
            "code": 400,
            "error": "some data points in the request failed validation",
            "status": "Bad Request",
            "num_records_imported": 2,
            "failed_records": [
                {
                    "index": 1,
                    "$insert_id": "id-2",
                    "field": "properties.time",
                    "message": BAD_TIME_MESSAGE,
                }
            ],
        }
        assert standin.events() == [event(1), event(3)]
        assert standin.refused == {BAD_TIME_MESSAGE: 1}

    @pytest.mark.parametrize("key", ["insert_id", "$insert_id", None])
    def test_the_key_of_the_insert_id_can_be_chosen(
        self, standin: MixpanelStandIn, client: StandInClient, key: Literal["insert_id", "$insert_id"] | None
    ) -> None:
        standin.options.insert_id_key = key
        (record,) = client.send([event(1, **BAD_TIME)]).json["failed_records"]
        assert record.keys() == {"index", "field", "message"} | ({key} if key else set())

    @pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
    def test_text_that_is_not_utf8_costs_its_own_event_only(
        self, standin: MixpanelStandIn, client: StandInClient, content_type: str
    ) -> None:
        events = [event(1, utm_source="caf@"), event(2, big=10**30), event(3, a="#")]
        lines = "\n".join(map(json.dumps, events))
        text = lines if content_type.endswith("ndjson") else f" [ {lines.replace(chr(10), ' , ')} ] "
        body = text.encode().replace(b"@", b"\xe9").replace(b"#", b"\\ud83c")
        reply = client.send(body, headers={"Content-Type": content_type})
        assert [(r["index"], r["message"]) for r in reply.json["failed_records"]] == [
            (0, "properties.utm_source is invalid: string should be valid utf8"),
            (2, "properties.a is invalid: string should be valid utf8"),
        ]
        assert standin.events() == [event(2, big=10**30)]
        assert [json.loads(line) for line in client.call("GET", "/_control/events").body.splitlines()] == [
            event(2, big=10**30)
        ]

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"not json",
            b"{",
            b"[{]",
            b"[{}, {}",
            b"[{},]",
            b"[{}] x",
            b"[{}{}]",
            b'[{"a": "\\ud83c"}, {"b" 1}]',
            b'[{"a": "\\ud83c"} {"b": 1}]',
            b'[{"a": "\\ud83c"}] x',
            b'{"event": "a", "properties": {}}',
            b"[1]",
            b"null",
            b"[" + json.dumps(event()).encode() + b", 5]",
            json.dumps([event(a=0)]).replace('"a": 0', '"a": NaN').encode(),
            json.dumps([event(a=0)]).replace('"a": 0', '"a": 1e999').encode(),
            json.dumps([event(a=0)]).replace('"a": 0', '"a": ' + "9" * 5000).encode(),
            json.dumps([event(a=0)]).replace('"a": 0', '"a": ' + "[" * 9999 + "]" * 9999).encode(),
        ],
        ids=lambda body: repr(body[:20]),
    )
    def test_wholly_refused(self, standin: MixpanelStandIn, client: StandInClient, body: bytes) -> None:
        reply = client.send(body)
        assert (reply.status, reply.json["status"]) == (400, "Bad Request")
        assert "failed_records" not in reply.json
        assert standin.events() == []

    @pytest.mark.parametrize("lines", [b"5", b"{}\n{", b'{"a": "\xff"} x', b"\n"])
    def test_wholly_refused_lines(self, client: StandInClient, lines: bytes) -> None:
        reply = client.send(lines, headers={"Content-Type": "application/x-ndjson"})
        assert reply.status == 400
        assert "failed_records" not in reply.json

    @pytest.mark.parametrize(
        "headers",
        [
            {"Content-Type": "text/plain"},
            {"Content-Encoding": "br"},
            {"Content-Encoding": "gzip"},
        ],
        ids=str,
    )
    def test_wrong_headers_are_wholly_refused(self, client: StandInClient, headers: dict[str, str]) -> None:
        reply = client.send([event()], headers=headers)
        assert reply.status == 400
        assert "failed_records" not in reply.json

    @pytest.mark.parametrize(
        ("query", "headers"),
        [
            ("strict=1&project_id=12345", basic_auth("account", "wrong")),
            ("strict=1&project_id=12345", basic_auth("someone", "s3cret")),
            ("strict=1&project_id=999", basic_auth("account", "s3cret")),
            ("strict=1", basic_auth("account", "s3cret")),
            ("strict=1", basic_auth("other-token", "")),
            ("strict=1&project_id=12345", basic_auth("project-token", "")),
            ("strict=1&project_id=12345", {"Authorization": "Bearer account"}),
            ("strict=1&project_id=12345", {"Authorization": "Basic ***"}),
            ("strict=1&project_id=12345", {"Authorization": ""}),
        ],
    )
    def test_wrong_credentials(
        self, standin: MixpanelStandIn, client: StandInClient, query: str, headers: dict[str, str]
    ) -> None:
        reply = client.send([event()], query=query, headers=headers)
        assert reply.status == 401
        assert reply.json == {"code": 401, "error": "Invalid credentials", "status": "Unauthorized"}
        assert standin.events() == []

    def test_the_project_token_is_enough_without_project_id(self, client: StandInClient) -> None:
        reply = client.send([event()], query="strict=1", headers=basic_auth("project-token", ""))
        assert reply.status == 200

    def test_an_event_for_another_project_is_refused(self, client: StandInClient) -> None:
        reply = client.send([event(1, token="project-token"), event(2, token="token-of-india")])
        assert [r["field"] for r in reply.json["failed_records"]] == ["properties.token"]

    @pytest.mark.parametrize(("method", "path"), [("POST", "/track"), ("GET", "/engage"), ("GET", "/import")])
    def test_nothing_else_is_served_but_all_is_recorded(
        self, standin: MixpanelStandIn, client: StandInClient, method: str, path: str
    ) -> None:
        reply = client.call(method, path, b"data=1", basic_auth("account", "s3cret"))
        assert reply.status == 404
        assert "only POST /import" in reply.json["error"]
        assert [(r.method, r.path, r.status) for r in standin.requests] == [(method, path, 404)]


class TestBodies:
    def test_gzip_and_ndjson(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        lines = "\n".join(json.dumps(event(i)) for i in range(3)) + "\n"
        headers = {"Content-Type": "application/x-ndjson; charset=utf-8", "Content-Encoding": "gzip"}
        assert client.send(gzip.compress(lines.encode()), headers=headers).status == 200
        assert standin.events() == [event(0), event(1), event(2)]
        (request,) = standin.requests
        assert request.body_bytes == len(lines)
        assert request.wire_bytes < request.body_bytes
        assert request.events == 3

    def test_several_gzip_members(self, client: StandInClient) -> None:
        raw = json.dumps([event()]).encode()
        body = gzip.compress(raw[:20]) + gzip.compress(raw[20:])
        assert client.send(body, headers={"Content-Encoding": "gzip"}).status == 200

    def test_a_cut_gzip_stream(self, client: StandInClient) -> None:
        body = gzip.compress(json.dumps([event()]).encode())[:-9]
        assert client.send(body, headers={"Content-Encoding": "gzip"}).status == 400

    @pytest.mark.parametrize("encoding", ["identity", "gzip"])
    def test_the_limit_counts_uncompressed_bytes(
        self, standin: MixpanelStandIn, client: StandInClient, encoding: str
    ) -> None:
        raw = json.dumps([event()]).encode()
        body = gzip.compress(raw) if encoding == "gzip" else raw
        standin.options.max_bytes = len(raw)
        assert client.send(body, headers={"Content-Encoding": encoding}).status == 200
        standin.options.max_bytes = len(raw) - 1
        reply = client.send(body, headers={"Content-Encoding": encoding})
        assert reply.status == 413
        assert reply.json == {
            "code": 413,
            "error": f"request exceeds max limit of {len(raw) - 1} bytes",
            "status": "Request Entity Too Large",
        }
        assert standin.stored_count == 1

    def test_the_default_limit_is_two_mebibytes(self, client: StandInClient) -> None:
        reply = client.send(b" " * 2_097_153)
        assert (reply.status, reply.json["error"]) == (413, "request exceeds max limit of 2097152 bytes")

    def test_2000_events_and_not_one_more(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        assert client.send([event(i) for i in range(2000)]).json["num_records_imported"] == 2000
        reply = client.send([event(i) for i in range(2000, 4001)])
        assert (reply.status, reply.json["error"]) == (413, "request exceeds max limit of 2000 events")
        assert standin.stored_count == 2000

    def test_an_event_of_a_megabyte(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        standin.options.max_bytes = 3_000_000
        padding = 1_048_576 - len(json.dumps(event(2, a="")))
        reply = client.send([event(1, a="x" * (padding - 1)), event(2, a="x" * padding)])
        assert [r["index"] for r in reply.json["failed_records"]] == [1]


class TestWithoutStrict:
    def test_bad_events_vanish_behind_a_success(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        reply = client.send([event(1), event(2, **BAD_TIME)], query="strict=0&project_id=12345")
        assert reply.status == 200
        assert reply.json == {"code": 200, "num_records_imported": 2, "status": 1, "error": None}
        assert standin.events() == [event(1)]
        assert standin.silently_dropped == 1

    def test_the_official_client(self, standin: MixpanelStandIn) -> None:
        credentials = official.ServiceAccountCredentials("account", "s3cret", "12345")
        import_url = f"{standin.url}/import"
        consumer = official.Consumer(import_url=import_url, credentials=credentials)
        buffered = official.BufferedConsumer(max_size=2, import_url=import_url, credentials=credentials)
        properties = {"$insert_id": "id-1", "ip": 0}
        with closing(consumer._session), closing(buffered._consumer._session):
            tracker = official.Mixpanel("project-token", consumer=consumer)
            tracker.import_data(None, "u1", "one", int(NOW_S), properties)
            tracker = official.Mixpanel("project-token", consumer=buffered)
            tracker.import_data(None, "u1", "two", int(NOW_S), properties)
            tracker.import_data(None, "u1", "three", int(NOW_S), properties)
        assert [stored["event"] for stored in standin.events()] == ["one", "two", "three"]
        assert [request.events for request in standin.requests] == [1, 2]
