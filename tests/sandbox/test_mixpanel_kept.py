"""What the stand-in keeps, shows and records, and its mode that only counts."""

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import mixpanel as official
import pytest

from pipeline.sandbox.mixpanel import ImportOptions, MixpanelStandIn
from pipeline.sandbox.mixpanel_client import StandInClient
from tests.sandbox.standins import NOW_S, PROJECT, event


class TestWhatIsKept:
    def test_copies_are_shown_once_in_the_version_that_came_last(
        self, standin: MixpanelStandIn, client: StandInClient
    ) -> None:
        client.send([event(1, level=1), event(2)])
        client.send([event(1, level=2)])
        assert standin.events() == [event(1, level=2), event(2)]
        assert (standin.stored_count, standin.duplicates) == (3, 1)

    @pytest.mark.parametrize(
        "other",
        [
            event(1, name="level_finished"),
            event(1, distinct_id="u2"),
            event(1, time=int(NOW_S * 1000) - 1),
            event(1, **{"$insert_id": "id-2"}),
        ],
    )
    def test_each_of_the_four_fields_makes_another_event(
        self, standin: MixpanelStandIn, client: StandInClient, other: dict[str, Any]
    ) -> None:
        client.send([event(1), other])
        assert standin.events() == [event(1), other]

    def test_long_strings_are_cut(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        assert client.send([event(1, a="x" * 300)]).status == 200
        assert standin.events() == [event(1, a="x" * 255)]

    @pytest.mark.parametrize("ignore", [True, 1, "false", "no"])
    def test_ignored_events_vanish(self, standin: MixpanelStandIn, client: StandInClient, ignore: Any) -> None:
        reply = client.send([event(1, **{"$ignore": ignore})])
        assert reply.json["num_records_imported"] == 1
        assert standin.events() == []
        assert standin.state()["ignored"] == 1

    @pytest.mark.parametrize("ignore", [False, ""])
    def test_not_every_ignore_is_obeyed(self, standin: MixpanelStandIn, client: StandInClient, ignore: Any) -> None:
        client.send([event(1, **{"$ignore": ignore})])
        assert len(standin.events()) == 1

    @pytest.mark.parametrize("ip", [0, "0"])
    def test_no_place_is_looked_up_with_ip_0(self, standin: MixpanelStandIn, client: StandInClient, ip: Any) -> None:
        client.send([event(1, ip=ip)])
        assert standin.events() == [event(1, ip=ip)]
        assert standin.geo_violations == []

    @pytest.mark.parametrize("ip", ["203.0.113.7", None, False, ""])
    def test_without_ip_0_a_place_appears(self, standin: MixpanelStandIn, client: StandInClient, ip: Any) -> None:
        client.send([event(1, ip=ip)])
        (stored,) = standin.events()
        assert stored["properties"]["$city"] == "Boardman"
        assert "ip" not in stored["properties"]
        assert standin.geo_violations == ["id-1"]

    def test_a_place_that_was_sent_stays(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        sent = event(1, mp_country_code="IN")
        del sent["properties"]["ip"]
        client.send([sent])
        assert standin.events()[0]["properties"]["mp_country_code"] == "IN"
        assert standin.geo_violations == ["id-1"]


class TestHotShard:
    @pytest.fixture
    def standin(self) -> Iterator[MixpanelStandIn]:
        options = ImportOptions(hot_shard_limit=2, clock=lambda: NOW_S)
        with MixpanelStandIn(PROJECT, region="us", options=options) as running:
            yield running

    @staticmethod
    def same_user(number: int, **properties: Any) -> dict[str, Any]:
        return event(number, **{"distinct_id": "bucket", **properties})

    def test_over_the_limit_the_user_is_lost(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        client.send([self.same_user(i) for i in range(3)])
        renamed = event(
            2,
            name="$hotshard_events",
            distinct_id="",
            mp_original_event_name="level_started",
            mp_original_distinct_id="bucket",
        )
        assert standin.events() == [self.same_user(0), self.same_user(1), renamed]
        assert standin.state()["hot_shard"] == 1

    def test_duplicates_count(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        client.send([self.same_user(0)] * 3)
        assert standin.state()["hot_shard"] == 1

    def test_another_day_and_no_user_are_exempt(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        yesterday = int((NOW_S - 86_400) * 1000)
        client.send([self.same_user(i) for i in range(2)])
        client.send([self.same_user(i, time=yesterday) for i in range(2)])
        client.send([event(i, distinct_id="") for i in range(5)])
        assert standin.state()["hot_shard"] == 0


class TestRecords:
    def test_a_request(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        client.send([event()], headers={"X-Trace": "7"})
        (request,) = standin.requests
        assert (request.method, request.path, request.status) == ("POST", "/import", 200)
        assert request.query == {"strict": "1", "project_id": "12345"}
        assert request.headers["x-trace"] == "7"
        assert request.headers["authorization"] == "Basic"
        assert request.peer.startswith("127.0.0.1:")
        assert request.time == NOW_S
        secret = base64.b64encode(b"account:s3cret").decode()
        assert secret not in repr(standin.requests)
        assert "s3cret" not in repr(standin.project)

    def test_waiting(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        sender = threading.Thread(target=client.send, args=([event()],))
        sender.start()
        standin.wait_for(lambda s: s.stored_count == 1, timeout=60)
        sender.join()

    def test_waiting_in_vain_says_what_there_is(self, standin: MixpanelStandIn) -> None:
        with pytest.raises(TimeoutError, match="'stored': 0"):
            standin.wait_for(lambda s: s.stored_count == 1, timeout=0.01)

    def test_what_was_received_stays_after_the_end(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        client.send([event()])
        standin.stop()
        assert standin.events() == [event()]
        with pytest.raises(ConnectionRefusedError):
            client.send([event()])

    def test_a_second_start_goes_on_at_the_same_address(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        standin.stop()
        standin.start()
        assert client.send([event()]).status == 200


class TestCountOnly:
    @pytest.fixture
    def standin(self) -> Iterator[MixpanelStandIn]:
        with MixpanelStandIn(PROJECT, region="us", count_only=True) as running:
            yield running

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("application/json", json.dumps([{"a": "[{}, {}]"}] * 3).encode()),
            ("application/json", gzip.compress(json.dumps([{"a": 1}] * 3).encode())),
            ("application/x-ndjson", b'{"a": 1}\n{"a": 2}\n{"a": 3}'),
        ],
        ids=["json", "gzip", "ndjson"],
    )
    def test_counts_and_checks_nothing(
        self, standin: MixpanelStandIn, client: StandInClient, content_type: str, body: bytes
    ) -> None:
        encoding = "gzip" if body.startswith(b"\x1f\x8b") else "identity"
        headers = {"Content-Type": content_type, "Content-Encoding": encoding, "Authorization": ""}
        assert client.send(body, headers=headers).json == {
            "code": 200,
            "num_records_imported": 3,
            "status": "OK",
        }
        assert standin.stored_count == 3
        assert standin.events() == []
        assert [r.events for r in standin.requests] == [3]

    def test_the_official_client(self, standin: MixpanelStandIn) -> None:
        consumer = official.BufferedConsumer(max_size=50, import_url=f"{standin.url}/import")
        tracker = official.Mixpanel("project-token", consumer=consumer)
        with closing(consumer._consumer._session):
            for number in range(120):
                tracker.import_data(None, f"u{number}", "a", 1, {'quoted "properties": {': '"properties"'})
            consumer.flush()
        assert [r.events for r in standin.requests] == [50, 50, 20]

    def test_faults_are_played(self, standin: MixpanelStandIn, client: StandInClient) -> None:
        standin.fail("unavailable")
        assert [client.send([event()]).status for _ in range(2)] == [503, 200]
        assert standin.stored_count == 1
