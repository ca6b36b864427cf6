"""A rights agent on real topics and a stand-in for each region, and what the privacy desk can see of its work.

The watch is not here: what it would know of a profile is put into `Desk.identities`.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from confluent_kafka import Producer

from pipeline.core.grants import Grant
from pipeline.core.identity import KeyRing, KeyVersion, RegionKeys
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.compiling import load_policy
from pipeline.policy.vocabulary import Region, Space
from pipeline.rights.agent import RightsAgent
from pipeline.rights.identities import Identity, Last
from pipeline.rights.requests import Kind, Request, encode_request
from pipeline.rights.results import Accepted, Result, parse_result
from pipeline.sandbox.mixpanel import MixpanelStandIn, sandbox_project
from pipeline.stream.admin import create_topics
from pipeline.stream.client_config import client_config, producer_config
from pipeline.stream.followed import Followed
from pipeline.stream.follower import Follower
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.topics import (
    CONSENT,
    IDENTITIES,
    PRIVACY_REQUESTS,
    PRIVACY_RESULTS,
    SUPPRESSIONS,
    TOPICS,
)
from pipeline.workers.labels import LABEL_VALUES

PARTITIONS = 2
DEADLINE_S = 90.0
DAY = 86_400_000
QUICK = {
    "poll_s": 0.01,
    "call_gap_s": 0.001,
    "settle_s": 0,
    "retry_base_s": 0.01,
    "retry_cap_s": 0.05,
    "request_timeout_s": 20,
}
NAMES = (CONSENT, IDENTITIES, SUPPRESSIONS, PRIVACY_REQUESTS, PRIVACY_RESULTS)

R = TypeVar("R")


class Lines(Followed):
    """Every record of a partition: key and value."""

    def __init__(self, partition: int) -> None:
        super().__init__(partition)
        self.records: list[tuple[bytes | None, bytes | None]] = []

    def apply(self, key: bytes | None, value: bytes | None, timestamp_ms: int) -> None:  # noqa: ARG002
        self.records.append((key, value))


class Clock:
    """The time of day, and whatever a test adds to it; milliseconds."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead


def secret(*parts: object) -> bytes:
    """Make a key of 32 bytes that no other parts give."""
    return "/".join(map(str, parts)).encode().ljust(32, b"=")


def key_ring(*starts: int) -> KeyRing:
    """Make a key ring whose keys have a version from the beginning and one from each of `starts`."""

    def versions(*parts: object) -> tuple[KeyVersion, ...]:
        return tuple(
            KeyVersion(str(number), secret(number, *parts), start) for number, start in enumerate((0, *starts))
        )

    return KeyRing({
        region: RegionKeys({space: versions(region, space) for space in Space}, versions(region, "event_ids"))
        for region in Region
    })  # fmt: skip


@dataclass
class Desk:
    """Everything around one agent, which may be killed and started again."""

    bootstrap: str
    prefix: str
    standins: dict[Region, MixpanelStandIn]
    token_file: Path
    rights: dict[str, Any]
    clock: Clock = field(default_factory=Clock)
    policy: CompiledPolicy = field(default_factory=load_policy)
    keys: KeyRing = field(default_factory=key_ring)
    identities: dict[str, Identity] = field(default_factory=dict)
    regions: frozenset[Region] = frozenset(Region)
    producer: Producer = field(init=False, repr=False)
    failures: list[BaseException] = field(default_factory=list)
    caught_up: list[int] = field(default_factory=list)
    wait_for: Callable[[int], Awaitable[None]] | None = None
    app_host: str | None = None
    topics: dict[str, Follower[Lines]] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=lambda: Metrics(LABEL_VALUES))

    def __post_init__(self) -> None:
        quick = {"linger.ms": 0, "enable.idempotence": False, "log_level": 2}
        self.producer = Producer({**producer_config(), **quick, "bootstrap.servers": self.bootstrap})

    @property
    def settings(self) -> Settings:
        """The settings of the deployment."""
        projects = {
            region.value: {
                "token": standin.project.token,
                "app_host": self.app_host or standin.url,
                "privacy_token_file": str(self.token_file),
            }
            for region, standin in self.standins.items()
            if region in self.regions
        }
        kafka = {"bootstrap": self.bootstrap, "topic_prefix": self.prefix, "partitions": PARTITIONS}
        return Settings.model_validate({"kafka": kafka, "mixpanel": projects, "rights": self.rights})

    @property
    def us(self) -> MixpanelStandIn:
        """The stand-in of the US."""
        return self.standins[Region.US]

    @property
    def india(self) -> MixpanelStandIn:
        """The stand-in of India."""
        return self.standins[Region.IN]

    @asynccontextmanager
    async def agent(self, partitions: Iterable[int] = range(PARTITIONS)) -> AsyncIterator[RightsAgent]:
        """Run an agent; leaving the block is as abrupt for it as a kill, since nothing is written at the end."""
        settings = self.settings
        producer = ConfirmedProducer(self.bootstrap, client_config=client_config(settings.kafka))

        async def caught_up(partition: int) -> None:
            self.caught_up.append(partition)
            if self.wait_for is not None:
                await self.wait_for(partition)

        agent = RightsAgent(
            settings,
            lambda: self.policy,
            lambda: self.keys,
            self.identities.get,
            caught_up,
            producer,
            self.metrics,
            self.clock,
            fail_stop=self.failures.append,
        )
        polling = asyncio.create_task(producer.run())
        await agent.start()
        agent.assigned(frozenset(partitions))
        try:
            yield agent
        finally:
            await agent.close()
            polling.cancel()
            await producer.close(0)
            assert self.failures == []

    # People

    def person(self, *regions: Region, since_days: int = 40, grants: int = 1, profile: str | None = None) -> str:
        """Make somebody who has had consents in these regions (the US if none is named); return the profile's id."""
        profile = profile or f"profile-{uuid.uuid4().hex}"
        start = self.clock() - since_days * DAY
        where = regions or (Region.US,)
        given = tuple(
            Grant(f"consent-{number}", start + number * DAY, where[number % len(where)])
            for number in range(grants * len(where))
        )
        purposes = {"analytics": True, "third_party_disclosure": True, "marketing": False}
        last = Last(**purposes, withdrawn=False, region=given[-1].region, band="adult")
        ended = tuple(grant.granted_at for grant in given[1:])
        self.identities[profile] = Identity(given, start, last, ended)
        return profile

    def hold(self, *, from_ms: int) -> None:
        """Let India's copy be kept a year from a moment on."""
        assert self.policy.hold is not None
        self.policy = replace(self.policy, hold=replace(self.policy.hold, from_ms=from_ms, mixpanel_copy=True))

    # The topics

    def produce(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Write one record, acknowledged."""
        self.producer.produce(self.prefix + topic, value, key)
        assert self.producer.flush(60) == 0

    def file(self, kind: Kind | str, profile: str, **changes: Any) -> str:
        """File a request; return its id."""
        request = Request(str(uuid.uuid4()), profile, Kind(kind), "privacy_desk", self.clock())
        request = Request(**{name: getattr(request, name) for name in request.__struct_fields__} | changes)
        self.produce(PRIVACY_REQUESTS, *encode_request(request))
        return request.request_id

    async def records(self, topic: str) -> list[tuple[bytes | None, bytes | None]]:
        """Return key and value of everything that is on a topic now."""
        follower = self.topics[topic]
        states = await asyncio.gather(*(follower.barrier(state.partition) for state in follower.states()))
        return [record for state in states for record in state.records]

    def results(self, request_id: str) -> list[Result]:
        """Return the results on record of a request, in order, as far as they have been read."""
        lines = [line for state in self.topics[PRIVACY_RESULTS].states() for line in state.records]
        found = [parse_result(value) for key, value in lines if key == request_id.encode()]
        return [result for result in found if result is not None and result.request_id == request_id]

    def states(self, request_id: str) -> list[str]:
        """Return the states on record of a request, in order."""
        return [str(type(result).__struct_config__.tag) for result in self.results(request_id)]

    def ids(self, request_id: str) -> dict[Region, set[str]]:
        """Return the ids that a request is about, by region."""
        found: dict[Region, set[str]] = {}
        for result in self.results(request_id):
            if isinstance(result, Accepted) and result.region is not None:
                found.setdefault(result.region, set()).update(result.ids)
        return found

    async def suppressed(self) -> set[str]:
        """Return every pseudonym on `suppressions`."""
        return {key.decode() for key, _ in await self.records(SUPPRESSIONS) if key is not None}

    def metric(self, name: str, **labels: str) -> float:
        """Return a metric's value."""
        return self.metrics.registry.get_sample_value(f"coppice_{name}", labels) or 0.0

    # Waiting

    async def until(self, condition: Callable[[], R], what: str = "") -> R:
        """Wait for a condition; return what it said."""
        deadline = time.monotonic() + DEADLINE_S
        while not (found := condition()):
            assert self.failures == []
            assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what or condition}; {self.failures}"
            await asyncio.sleep(0.005)
        return found

    async def until_state(self, request_id: str, state: str, times: int = 1) -> list[str]:
        """Wait until a state is on record of a request so many times; return all states."""
        await self.until(lambda: self.states(request_id).count(state) >= times, f"{state} of a request")
        return self.states(request_id)


@asynccontextmanager
async def open_desk(bootstrap: str, directory: Path) -> AsyncIterator[Desk]:
    """Make topics and follow them, and start a stand-in for each region."""
    made = {region: MixpanelStandIn(sandbox_project(region), region=region) for region in Region}
    token_file = directory / "privacy-token"
    token_file.write_text(made[Region.US].project.privacy_token, encoding="utf-8")
    desk = Desk(bootstrap, f"rights-{uuid.uuid4().hex[:8]}.", made, token_file, dict(QUICK))
    kafka = desk.settings.kafka
    topics = [topic for topic in TOPICS if topic.name in NAMES]
    await asyncio.to_thread(create_topics, desk.settings, topics)
    with ExitStack() as stack:
        for standin in made.values():
            stack.enter_context(standin)
            standin.privacy.options.gap_s = 0.0
        for topic in topics:
            name = topic.full_name(desk.prefix)
            follower = Follower(client_config(kafka), name, Lines, name="desk", poll_s=0.02)
            await follower.start()
            follower.follow(range(topic.partition_count(PARTITIONS)))
            desk.topics[topic.name] = follower
        try:
            yield desk
        finally:
            await asyncio.gather(*(follower.stop() for follower in desk.topics.values()))
