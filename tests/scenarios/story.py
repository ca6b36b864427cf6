"""What a story is told with: people who grant and withdraw, events they cause, and what arrives at Mixpanel.

    def test_a_grant_does_not_reach_back(story: Story) -> None:
        anna = story.person()
        before = anna.event()
        anna.grant()
        after = anna.event()
        story.until_received(after)
        story.settle()
        assert not story.received(before)

An event is told apart from all others by its time, which is unique and reaches Mixpanel as it is.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from ruamel.yaml import YAML

from pipeline.policy.compiling import load_policy
from pipeline.policy.vocabulary import Region
from pipeline.publish import Published, Publisher
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.scrape import Samples, scrape
from pipeline.sandbox.supervisor import SupervisedWorker

WAIT_S = 120.0
POLL_S = 0.02
_moment = [0]


def now_ms() -> int:
    """Return the time of day in milliseconds, never the same twice: no two events or grants have one time."""
    _moment[0] = max(time.time_ns() // 1_000_000, _moment[0] + 1)
    return _moment[0]


@dataclass(frozen=True, slots=True)
class Sent:
    """An event that was published. time_ms: its time, unique."""

    profile_id: str
    event_id: str
    time_ms: int


@dataclass(slots=True)
class Person:
    """Somebody with a profile. record: the consent record that was published last."""

    story: "Story"
    profile_id: str
    region: str
    band: str
    record: dict[str, Any] = field(default_factory=dict)

    def grant(self, **changes: Any) -> Published:
        """Publish a new grant, acknowledged: a new consent id and time, unless `changes` say otherwise."""
        child = self.band == "child"
        record: dict[str, Any] = {
            "profile_id": self.profile_id,
            "consent_id": str(uuid.uuid4()),
            "region": self.region,
            "age": {"band": self.band, "source": "id_document"},
            "grantor": {"role": "parent" if child else "self", "adult_verified": child},
            "method": "card_payment" if child else "in_app",
            "purposes": {"analytics": True, "third_party_disclosure": True, "marketing": False},
            "notice_version": "2026-04",
            "language": "en",
            "granted_at": now_ms(),
        }
        self.record = record | changes
        return self._publish()

    def change(self, **changes: Any) -> Published:
        """Publish the last record again with other fields, acknowledged: the same grant."""
        self.record |= changes
        return self._publish()

    def withdraw(self) -> Published:
        """Publish the withdrawal of the last record, acknowledged."""
        return self.change(withdrawn_at=now_ms())

    def move(self, region: str) -> None:
        """Live in another region from now on; consent under its law has to be granted there."""
        self.region = region

    def tombstone(self) -> Published:
        """Let the consent service erase the profile's record, acknowledged."""
        return self.story.publisher.tombstone(self.profile_id).result(WAIT_S)

    def event(self, **changes: Any) -> Sent:
        """Publish an event of this moment, acknowledged. `changes` are fields of the envelope."""
        event: dict[str, Any] = {
            "event": "level_started",
            "event_id": uuid.uuid4().hex,
            "profile_id": self.profile_id,
            "region": self.region,
            "platform": "android",
            "properties": {"level": 3, "world": "ocean", "difficulty": "easy"},
        } | changes
        event.setdefault("time", now_ms())
        event.setdefault("received_at", event["time"])
        self.story.publisher.publish(event).result(WAIT_S)
        return Sent(self.profile_id, event["event_id"], event["time"])

    def update(self, **operators: Any) -> None:
        """Publish an update of her profile of this moment, acknowledged; operators without their sign."""
        about = {"profile_id": self.profile_id, "region": self.region, "received_at": now_ms(), "platform": "android"}
        record = {"$distinct_id": "raw-id", "coppice": about} | {f"${name}": each for name, each in operators.items()}
        self.story.publisher.publish_raw(json.dumps(record).encode(), self.profile_id.encode()).result(WAIT_S)

    def _publish(self) -> Published:
        return self.story.publisher.publish_consent(self.record).result(WAIT_S)


class Story:
    """A running deployment, seen by those who are in it. publisher: of the backend services."""

    def __init__(self, deployment: Deployment, publisher: Publisher) -> None:
        self.deployment = deployment
        self.publisher = publisher

    def person(self, *, region: str = "US", band: str = "adult", profile_id: str | None = None) -> Person:
        """Return somebody nobody knows yet, without consent."""
        return Person(self, profile_id or f"profile-{uuid.uuid4().hex}", region, band)

    # What arrives

    def received(self, *sent: Sent) -> bool:
        """Say whether one of these events is at Mixpanel, in any region."""
        return any(self.found(each) for each in sent)

    def found(self, sent: Sent) -> list[tuple[Region, dict[str, Any]]]:
        """Return an event as each region's project has it."""
        return [
            (region, event)
            for region, standin in self.deployment.standins.items()
            for event in standin.events()
            if event["properties"]["time"] == sent.time_ms
        ]

    def pseudonym(self, sent: Sent) -> str:
        """Return the distinct_id of an event that arrived, in one region."""
        ((_, event),) = self.found(sent)
        return str(event["properties"]["distinct_id"])

    def until_received(self, *sent: Sent) -> None:
        """Wait until each of these events is at Mixpanel."""
        self.until(lambda: all(map(self.found, sent)), "every expected event received")

    @contextmanager
    def outage(self, region: Region = Region.US) -> Iterator[None]:
        """Let Mixpanel answer 503 to everything in the block, so that batches are in back-off."""
        standin = self.deployment.standins[region]
        standin.fail("unavailable", times=None)
        try:
            yield
        finally:
            standin.clear_faults()

    def until_in_back_off(self, region: Region = Region.US) -> None:
        """Wait until everything is judged, and Mixpanel has refused a batch once more; in `outage` only.

        What is published afterwards, a withdrawal too, finds in the queue of the sink whatever came before.
        """
        self.until_judged()
        standin = self.deployment.standins[region]
        before = len(standin.requests)
        self.until(lambda: len(standin.requests) > before, "a batch refused")

    # What is done

    def settle(self) -> None:
        """Wait until everything that was published is dealt with to the end: judged, and delivered or dropped."""
        self.until_watched()
        self.until_judged()
        for region in Region:
            self._until_done(f"deliver-{region}", f"events.clean.{region}")

    def until_judged(self) -> None:
        """Wait until every event that was published has been judged."""
        self._until_done("sanitize", "events.raw")

    def until_watched(self) -> None:
        """Wait until every consent record that was published has been dealt with by the rights worker."""
        self._until_done("rights", "consent")

    def dropped(self, reason: str) -> int:
        """Return how many events the sanitizers dropped for a reason."""
        return int(sum(each.total("coppice_events_dropped_total", reason=reason) for each in self.scrapes("sanitize")))

    def suppressed(self, why: str) -> int:
        """Return how many queued events the sinks took out for a reason."""
        return int(sum(each.total("coppice_suppressed_events_total", why=why) for each in self.scrapes("deliver")))

    def expired(self) -> int:
        """Return how many queued events the sinks took out because consent had run out."""
        return int(sum(each.total("coppice_expired_events_total") for each in self.scrapes("deliver")))

    @contextmanager
    def settings(self, changes: dict[str, Any]) -> Iterator[None]:
        """Lay policy settings over the deployment's in the block; every worker has taken them over by then."""
        path = self.deployment.policy_settings
        before = path.read_text(encoding="utf-8")
        content = YAML(typ="safe").load(before)
        for group, values in changes.items():
            content[group] = {**content.get(group, {}), **values}
        try:
            with path.open("w", encoding="utf-8") as file:
                YAML(typ="safe").dump(content, file)
            self._until_reloaded()
            yield
        finally:
            path.write_text(before, encoding="utf-8")
            self._until_reloaded()

    def scrapes(self, role: str) -> list[Samples]:
        """Return the metrics of every worker of a role that answers."""
        found = [scrape(worker.port) for worker in self.workers(role)]
        return [samples for samples in found if samples is not None]

    def workers(self, role: str) -> list[SupervisedWorker]:
        """Return the workers of a role."""
        return [worker for worker in self.deployment.workers if worker.name.startswith(f"{role}-")]

    def until(self, condition: Callable[[], Any], what: str, timeout_s: float = WAIT_S) -> None:
        """Wait for a condition, and fail with what was not reached."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {timeout_s} s: {what}")
            time.sleep(POLL_S)

    def _until_reloaded(self) -> None:
        """Wait until every worker has the policy that the settings file makes."""
        policy = load_policy(self.deployment.policy_settings)

        def reloaded() -> bool:
            found = [samples for worker in self.deployment.workers if (samples := scrape(worker.port)) is not None]
            hashes = {labels["sha256"] for each in found for labels, _ in each.each("coppice_policy_info")}
            return len(found) == len(self.deployment.workers) and hashes == {policy.sha256}

        self.until(reloaded, "the changed policy in force everywhere")

    def _until_done(self, group: str, topic: str) -> None:
        self.until(lambda: self._lag(group, topic) == 0, f"everything on {topic} done by {group}")

    def _lag(self, group: str, topic: str) -> int:
        """Return how many records of a topic a consumer group has not committed yet."""
        kafka, name = self.deployment.settings.kafka, self.deployment.topic(topic)
        consumer = Consumer(
            {"bootstrap.servers": kafka.bootstrap, "group.id": f"{kafka.group_prefix}-{group}", "log_level": 2}
        )
        try:
            places = [TopicPartition(name, partition) for partition in range(kafka.partitions)]
            committed = {each.partition: max(0, each.offset) for each in consumer.committed(places, timeout=60)}
            ends = {each.partition: consumer.get_watermark_offsets(each, timeout=60)[1] for each in places}
        finally:
            consumer.close()
        return sum(ends[partition] - offset for partition, offset in committed.items())
