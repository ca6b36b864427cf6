"""A hit holds the region, opens an incident, and only its closing lets go; over real HTTP, with real files (R35)."""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from pipeline.deliver.canaries import VERSION, plants
from pipeline.deliver.incident import Closing, Destination, Fix, Incident, Policy
from pipeline.deliver.incident_files import IncidentFiles, read
from pipeline.deliver.leak_stop import LeakStop
from pipeline.deliver.reasons import DeliveryRejectReason
from pipeline.ops.metrics import Metrics
from pipeline.schemas import load_schema
from pipeline.workers.labels import LABEL_VALUES
from tests.deliver.leaks import SCAN, SEED, outgoing

NOW_MS = 1_795_000_000_000
CLEAN = {"level": 3}
LEAK = {"comment": "write to kid@example.com"}


class Stop:
    """A leak stop, its directory and what is sent past it."""

    def __init__(self, directory: Path | None, running: Any, standin: Any, chunk: Any) -> None:
        self.directory = directory
        self.now_ms = NOW_MS
        self.standin = standin
        self._running = running
        self._chunk = chunk
        self.rig: Any = None

    def sink(self, **settings: Any) -> Any:
        """Return an async context manager: a delivery with a new leak stop on the same directory."""
        self.metrics = Metrics(LABEL_VALUES)
        self.stop = LeakStop(
            "us",
            "events.clean.us",
            SCAN,
            IncidentFiles(self.directory) if self.directory is not None else None,
            destination=Destination("https://api.mixpanel.com", "1"),
            policy=Policy("test-1", "a" * 64),
            metrics=self.metrics,
            clock=lambda: self.now_ms,
        )
        return self._running(self.standin, options={"leaks": self.stop}, metrics=self.metrics, **settings)

    def chunk(self, events: Sequence[dict[str, Any]], first: int = 0) -> Any:
        values = [
            outgoing(properties, token=self.standin.project.token, **{"$insert_id": f"{first + number:032x}"})
            for number, properties in enumerate(events)
        ]
        keys = [f"person-{first + number}".encode() for number in range(len(values))]
        return self._chunk(values, keys=keys, first=first)

    def delivered(self) -> list[int]:
        return sorted(int(event["properties"]["$insert_id"], 16) for event in self.standin.events())

    def incidents(self) -> list[Incident]:
        assert self.directory is not None
        return [incident for _, incident in IncidentFiles(self.directory).all()]

    def close(self, fix: Fix = Fix.REJECT) -> None:
        assert self.directory is not None
        files = IncidentFiles(self.directory)
        with files.locked():
            for _, incident in files.all():
                if incident.closing is None:
                    incident.state = "closed"
                    incident.closing = Closing("2026-11-25T00:00:00Z", "officer", "corrected", fix)
                    files.write(incident)
        self.stop.refresh()

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"coppice_{name}", {"region": "us", **labels}) or 0.0


@pytest.fixture
def stop(tmp_path: Path, running: Any, us: Any, chunk: Any) -> Stop:
    return Stop(tmp_path, running, us, chunk)


@pytest.fixture
def homeless(running: Any, us: Any, chunk: Any) -> Stop:
    return Stop(None, running, us, chunk)


async def test_nothing_of_a_batch_with_a_hit_is_sent_and_the_region_is_held(stop: Stop) -> None:
    async with stop.sink() as rig:
        await rig.settled(rig.delivery.offer(stop.chunk([CLEAN] * 3)))
        held = rig.delivery.offer(stop.chunk([CLEAN, LEAK, CLEAN], 10))
        await rig.until(lambda: stop.stop.on)
        later = rig.delivery.offer(stop.chunk([CLEAN] * 3, 20))
        await rig.until(lambda: stop.metric("open_incidents") == 1)
        assert stop.delivered() == [0, 1, 2]
        assert not held.done()
        assert not later.done()
        assert stop.metric("delivery_halted", why="leak") == 1
        assert stop.metric("leak_hits_total", kind="email") == 1
    assert stop.delivered() == [0, 1, 2]


async def test_the_incident_is_complete_and_holds_no_value(stop: Stop) -> None:
    async with stop.sink() as rig:
        await rig.settled(rig.delivery.offer(stop.chunk([CLEAN] * 3)))
        rig.delivery.offer(stop.chunk([CLEAN, LEAK, {"Aarav Rao": "+91 98765 43210"}], 10))
        await rig.until(stop.incidents)
    (incident,) = stop.incidents()
    assert (incident.region, incident.state, incident.topic) == ("us", "open", "events.clean.us")
    assert [(each.partition, each.offset, each.kinds, each.fields) for each in incident.found] == [
        (0, 11, ("email",), ("comment",)),
        (0, 12, ("phone",), ("(unregistered)",)),
    ]
    assert incident.kinds == ["email", "phone"]
    assert incident.pseudonyms == ["person-11", "person-12"]
    assert [(span.first_offset, span.last_offset, span.events) for span in incident.held] == [(10, 12, 3)]
    assert [(sent.first_offset, sent.last_offset, sent.events) for sent in incident.sent_before] == [(0, 2, 3)]
    assert incident.window == ("2025-06-15T15:06:40Z",) * 2
    assert incident.destination == Destination("https://api.mixpanel.com", "1")
    assert stop.directory is not None
    (path,) = stop.directory.glob("*.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_text()
    assert not any(value in content for value in ("example.com", "98765", "Aarav", stop.standin.project.token))
    jsonschema.Draft202012Validator(load_schema("incident")).validate(msgspec.json.decode(content))


async def test_closing_rejects_what_is_listed_and_delivers_the_rest_once(stop: Stop) -> None:
    async with stop.sink() as rig:
        done = rig.delivery.offer(stop.chunk([CLEAN, LEAK, CLEAN, LEAK], 10))
        await rig.until(stop.incidents)
        stop.close()
        await rig.settled(done)
        assert stop.delivered() == [10, 12]
        assert [(each.offset, each.reason) for each in rig.rejected] == [
            (11, DeliveryRejectReason.LEAK),
            (13, DeliveryRejectReason.LEAK),
        ]
        assert not stop.stop.on
        assert stop.metric("delivery_halted", why="leak") == 0
        await rig.settled(rig.delivery.offer(stop.chunk([CLEAN], 20)))
    assert stop.standin.duplicates == 0


@pytest.mark.parametrize(
    ("fix", "delivered", "rejected"), [(Fix.DISCARD, [], [10, 11, 12]), (Fix.RESEND, [10, 11, 12], [])]
)
async def test_closing_may_discard_the_batch_or_call_it_a_false_alarm(
    stop: Stop, fix: Fix, delivered: list[int], rejected: list[int]
) -> None:
    async with stop.sink() as rig:
        done = rig.delivery.offer(stop.chunk([CLEAN, LEAK, CLEAN], 10))
        await rig.until(stop.incidents)
        stop.close(fix)
        await rig.settled(done)
        assert stop.delivered() == delivered
        assert [each.offset for each in rig.rejected] == rejected


async def test_a_restart_stays_held_while_the_incident_is_open(stop: Stop) -> None:
    async with stop.sink() as rig:
        rig.delivery.offer(stop.chunk([CLEAN, LEAK], 10))
        await rig.until(stop.incidents)
    before = stop.incidents()
    async with stop.sink() as rig:
        assert stop.stop.on
        done = rig.delivery.offer(stop.chunk([CLEAN, LEAK], 10))
        await rig.until(lambda: stop.metric("leak_hits_total", kind="email") == 1)
        assert stop.incidents() == before  # the same batch again adds nothing
        stop.close()
        await rig.settled(done)
        assert stop.delivered() == [10]


async def test_further_batches_that_are_under_way_go_into_the_same_incident(stop: Stop) -> None:
    async with stop.sink(max_events=2, concurrency=4) as rig:
        done = rig.delivery.offer(stop.chunk([LEAK, CLEAN, CLEAN, LEAK, CLEAN, CLEAN], 10))
        await rig.until(lambda: stop.directory and len([f for each in stop.incidents() for f in each.found]) == 2)
        assert len(stop.incidents()) == 1
        stop.close()
        await rig.settled(done)
        assert stop.delivered() == [11, 12, 14, 15]


async def test_a_closed_incident_says_nothing_of_a_topic_that_was_made_anew(stop: Stop) -> None:
    async with stop.sink() as rig:
        rig.delivery.offer(stop.chunk([LEAK], 10))
        await rig.until(stop.incidents)
        stop.close(Fix.RESEND)
    async with stop.sink() as rig:
        again = stop.chunk([LEAK], 10)
        again.records[0].timestamp = NOW_MS + 60_000
        rig.delivery.offer(again)
        await rig.until(lambda: stop.stop.on)
        assert len(stop.incidents()) == 2


async def test_without_a_directory_it_is_held_until_the_process_ends_and_again_after_it(homeless: Stop) -> None:
    for _ in range(2):
        async with homeless.sink() as rig:
            rig.delivery.offer(homeless.chunk([CLEAN, LEAK], 10))
            await rig.until(lambda: homeless.stop.on)
            homeless.stop.refresh()
            assert homeless.stop.on
            assert homeless.metric("delivery_halted", why="leak") == 1
    assert homeless.delivered() == []


async def test_a_directory_that_cannot_be_used_holds_the_region(stop: Stop) -> None:
    assert stop.directory is not None
    (stop.directory / "broken.json").write_text("{")
    async with stop.sink():
        assert stop.stop.on
    (stop.directory / "broken.json").unlink()
    async with stop.sink() as rig:
        await rig.settled(rig.delivery.offer(stop.chunk([CLEAN])))
        stop.directory.rename(stop.directory.with_name("gone"))
        rig.delivery.offer(stop.chunk([LEAK], 10))
        await rig.until(lambda: stop.stop.on)
    assert stop.delivered() == [0]


async def test_a_directory_that_is_away_for_a_while_holds_the_region_for_that_while(stop: Stop) -> None:
    assert stop.directory is not None
    away = stop.directory.with_name("away")
    async with stop.sink() as rig:
        stop.directory.rename(away)
        stop.stop.refresh()
        done = rig.delivery.offer(stop.chunk([CLEAN]))
        assert stop.stop.on
        away.rename(stop.directory)
        stop.stop.refresh()
        await rig.settled(done)
    assert stop.delivered() == [0]


async def test_canaries_are_looked_at_and_never_sent(stop: Stop) -> None:
    mark = {"$app_version_string": VERSION}
    async with stop.sink() as rig:
        await rig.settled(rig.delivery.offer(stop.chunk([CLEAN, mark, CLEAN, mark | CLEAN])))
        assert stop.delivered() == [0, 2]
        assert stop.metric("canary_seen_timestamp_seconds") == NOW_MS / 1000
        assert not stop.stop.on
        rig.delivery.offer(stop.chunk([mark | {"comment": plants(SEED, "US/child").note}], 10))
        await rig.until(stop.incidents)
    (incident,) = stop.incidents()
    assert incident.kinds == ["canary"]


async def test_a_retry_is_looked_at_again_and_sends_the_same_bytes(stop: Stop) -> None:
    stop.standin.fail("unavailable", times=2)
    async with stop.sink() as rig:
        await rig.settled(rig.delivery.offer(stop.chunk([CLEAN, CLEAN])))
    assert stop.delivered() == [0, 1]


def test_the_file_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = msgspec.json.decode(EXAMPLE, type=Incident)
    path = IncidentFiles(tmp_path).write(incident)

    def full(*_: object) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr("os.fsync", full)
    incident.kinds = ["phone"]
    with pytest.raises(OSError, match="no space"):
        IncidentFiles(tmp_path).write(incident)
    assert read(path).kinds == ["email"]
    assert list(tmp_path.glob("*")) == [path]


EXAMPLE = b"""{"id":"leak-us-20261125T000000Z-abcdef","state":"open","opened_at":"2026-11-25T00:00:00Z","region":"us",
"topic":"events.clean.us","destination":{"host":"https://api.mixpanel.com","project_id":"1"},
"policy":{"version":"1","sha256":"a"},"window":["2026-11-25T00:00:00Z","2026-11-25T00:00:00Z"],"held":[],"found":[],
"kinds":["email"],"fields":[],"pseudonyms":[],"sent_before":[],"duties":[]}"""
