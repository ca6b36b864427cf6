"""The real worker hands a record's Kafka headers to the core, and counts gaps in what devices sent (T41)."""

import base64
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from pipeline.policy.vocabulary import Region
from pipeline.sandbox.accounts import read_rejections, scrapes
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.client_config import producer_config
from pipeline.stream.topics import RAW
from pipeline.workers.session_gaps import HOLES

MARKER = 431
PATIENCE_S = 120.0


@pytest.fixture
def deployment(kafka: EmbeddedKafka) -> Iterator[Deployment]:
    """One sanitize worker and the deliver worker of the United States."""
    overrides = {"deliver": {"linger_s": 0.2}}
    with Deployment(broker=kafka, prefix=f"sdk-{uuid.uuid4().hex[:8]}.", overrides=overrides) as running:
        running.add_worker("sanitize", "all", wait=False)
        running.add_worker("deliver", Region.US.value, wait=False)
        running.wait_ready()
        yield running


def consent(profile: str) -> dict[str, Any]:
    return {
        "profile_id": profile,
        "consent_id": f"consent-{profile}",
        "region": "US",
        "age": {"band": "adult", "source": "id_document"},
        "grantor": {"role": "self", "adult_verified": False},
        "method": "in_app",
        "purposes": {"analytics": True, "third_party_disclosure": True, "marketing": True},
        "notice_version": "2026-04",
        "language": "en",
        "granted_at": int(time.time() * 1000) - 86_400_000,
    }


def step(number: int) -> dict[str, Any]:
    return {"$mp_event_id": f"raw-{number}", "$mp_session_id": "raw-session", "$mp_session_seq_id": number}


def test_event_of_an_sdk_reaches_mixpanel_with_the_profile_of_its_headers(deployment: Deployment) -> None:
    profile = f"sdk-{uuid.uuid4().hex}"
    now = int(time.time() * 1000)
    properties = {"level": MARKER, "world": "ocean", "difficulty": "easy", "time": now / 1000, "token": "client"}
    event = {"event": "level_started", "properties": properties | {"distinct_id": "raw-id", "$device_id": "raw-id"}}
    others = [
        {"event": "$identify", "properties": properties, "$mp_metadata": step(number)}  # dropped, and all the same seen
        for number in range(0, 2 * (HOLES + 2) + 1, 2)
    ]
    body = base64.b64encode(json.dumps([event, *others]).encode())
    headers: list[tuple[str, str | bytes | None]] = [
        ("profile-id", profile.encode()),
        ("region", b"US"),
        ("received-at", str(now).encode()),
    ]
    with deployment.publisher() as publisher:
        publisher.publish_consent(consent(profile)).result()
    producer = Producer(producer_config() | {"bootstrap.servers": deployment.broker.bootstrap})
    topic = deployment.topic(RAW)
    producer.produce(topic, body, profile.encode(), headers=headers)
    producer.produce(topic, body, profile.encode())  # without headers nobody knows whose they are
    assert producer.flush(PATIENCE_S) == 0

    def delivered() -> list[dict[str, Any]]:
        events = [event["properties"] for event in deployment.standins[Region.US].events()]
        return [each for each in events if each.get("level") == MARKER]

    deadline = time.monotonic() + PATIENCE_S
    refused = 1 + len(others)
    while not (delivered() and read_rejections(deployment).get("missing_field", 0) == refused):
        assert time.monotonic() < deadline, "one event delivered, the others dropped; all set aside without a profile"
        time.sleep(0.05)
    (arrived,) = delivered()
    assert arrived["time"] == now
    assert uuid.UUID(arrived["distinct_id"])
    assert not {"$device_id", "profile-id", "coppice"} & arrived.keys()
    (samples,) = scrapes(deployment, "sanitize")
    assert samples.total("coppice_session_gaps_total") == 2  # the oldest ones: HOLES are open, and nothing counts twice
    assert samples.total("coppice_session_events_missing_total") == 2
