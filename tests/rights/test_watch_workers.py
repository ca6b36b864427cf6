"""Two rights workers as static members: whichever dies, restarts or leaves, no withdrawal stays without suppression."""

import signal
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from pipeline.core.grants import grant_name
from pipeline.ops.errors import ConfigError
from pipeline.policy.compiling import load_policy
from pipeline.policy.vocabulary import Region, Space
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.scrape import readiness
from pipeline.stream.log_reader import LogReader
from pipeline.stream.topics import SUPPRESSIONS
from pipeline.workers.keys import load_key_ring
from pipeline.workers.rights import require_projects
from tests.rights.consents import document

PEOPLE = 240
WAIT_S = 120.0


@pytest.fixture(scope="module")
def pair(kafka: EmbeddedKafka) -> Iterator[Deployment]:
    """Two rights workers, each with an instance id of its own."""
    with Deployment(broker=kafka, prefix=f"pair-{uuid.uuid4().hex[:8]}.") as deployment:
        for name in ("rights-0", "rights-1"):
            deployment.add_worker("rights", "all", wait=False, overrides={"kafka": {"instance_id": name}})
        deployment.wait_ready()
        yield deployment


def until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {WAIT_S} s: {what}")
        time.sleep(0.05)


def lag(deployment: Deployment) -> int:
    """Return how many consent records are not dealt with."""
    kafka = deployment.settings.kafka
    config = {"bootstrap.servers": kafka.bootstrap, "group.id": f"{kafka.group_prefix}-rights", "log_level": 2}
    consumer = Consumer(config)
    try:
        places = [TopicPartition(deployment.topic("consent"), partition) for partition in range(kafka.partitions)]
        committed = consumer.committed(places, timeout=60)
        return sum(consumer.get_watermark_offsets(at, timeout=60)[1] - max(0, at.offset) for at in committed)
    finally:
        consumer.close()


def suppressed(deployment: Deployment) -> set[str]:
    reader = LogReader(deployment.settings.kafka, deployment.topic(SUPPRESSIONS), "tests")
    try:
        places = [(partition, *reader.bounds(partition)) for partition in range(reader.partitions())]
        return {(each.key or b"").decode() for place in places for each in reader.read(*place)}
    finally:
        reader.close()


def test_no_withdrawal_is_missed_while_workers_come_and_go(pair: Deployment) -> None:
    first, second = pair.workers
    keys, policy = load_key_ring(pair.settings), load_policy(pair.policy_settings)
    granted = time.time_ns() // 1_000_000 - 1_000
    people = [f"pair-{number}" for number in range(PEOPLE)]
    with pair.publisher() as publisher:
        for each in people:
            publisher.publish_consent(document(each, granted_at=granted))
        publisher.flush()
        until(lambda: lag(pair) == 0, "every grant known")
        for number, each in enumerate(people):
            publisher.publish_consent(document(each, granted_at=granted, withdrawn_at=granted + 1)).result(WAIT_S)
            if number == PEOPLE // 3:
                first.send(signal.SIGKILL)  # a static member: its partitions wait for it to come back
            if number == 2 * PEOPLE // 3:
                second.send(signal.SIGTERM)
    until(lambda: lag(pair) == 0, "every withdrawal dealt with")
    found, now_ms = suppressed(pair), time.time_ns() // 1_000_000
    for each in people:
        name = grant_name(f"c-{each}", granted)
        wanted = {
            keys.pseudonym(Region.US, space, each, name, now_ms, rotation)
            for space in Space
            for rotation in policy.rotation_ms.values()
        }
        assert wanted <= found
    until(lambda: (first.restarts, second.restarts) == (1, 1), "both started again, once")
    pair.wait_ready()
    until(
        lambda: (readiness(first.port) or {}).get("checks", {}).get("identities_complete") is True, "it knows everybody"
    )
    assert (first.restarts, second.restarts) == (1, 1)


def test_it_refuses_to_go_on_without_the_projects_that_pseudonyms_depend_on(pair: Deployment) -> None:
    policy = load_policy(pair.policy_settings)
    require_projects(pair.settings, policy)
    us = pair.settings.mixpanel.us.model_copy(update={"project_id": None})
    without = pair.settings.model_copy(update={"mixpanel": pair.settings.mixpanel.model_copy(update={"us": us})})
    with pytest.raises(ConfigError, match="COPPICE_MIXPANEL__US__PROJECT_ID"):
        require_projects(without, policy)
    require_projects(without, replace(policy, own_region_only=True))  # a cluster of one region has one project
