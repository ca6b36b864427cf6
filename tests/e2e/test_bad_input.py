"""Records that nobody should publish, through the real workers: each has its reason, and its neighbours arrive."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from pipeline.policy.vocabulary import Region
from pipeline.sandbox.accounts import read_rejections
from pipeline.sandbox.deployment import Deployment

Make = Callable[..., dict[str, Any]]

BAD: dict[bytes, str] = {
    b"not json": "not_json",
    b"\xff\xfe\xfa": "not_utf8",
    b"": "empty",
    b"x" * 1_000_001: "too_large",
    b"[" * 5_000: "too_deep",
    b"7": "not_an_object",
    b'{"event":"level_started","event":"crash"}': "missing_field",
    b'{"event":5}': "wrong_type",
}


def test_bad_records_are_rejected_with_a_reason_and_neighbours_are_delivered(
    deployment: Deployment, adult: Make, level_event: Make, wait_until: Callable[..., None]
) -> None:
    profile = f"bad-{uuid.uuid4().hex}"
    marker = 433
    with deployment.publisher() as publisher:
        publisher.publish_consent(adult(profile)).result()
        for record in BAD:
            for value in (record, _event(level_event, profile, marker)):
                publisher.publish_raw(value, profile.encode())
        repeated = _event(level_event, profile, marker)[:-1] + b',"region":"US"}'
        publisher.publish_raw(repeated, profile.encode())
        publisher.publish_raw(_event(level_event, profile, marker), b"another key")  # may land where its consent is not
        publisher.flush()

    def delivered() -> int:
        events = deployment.standins[Region.US].events()
        return sum(event["properties"].get("level") == marker for event in events)

    wait_until(lambda: delivered() >= len(BAD), "the good neighbours delivered")
    reasons = {*BAD.values(), "duplicate_key"}
    wait_until(lambda: reasons <= read_rejections(deployment).keys(), "a rejection for each of the reasons")
    assert sum(read_rejections(deployment).values()) >= len(BAD) + 1


def _event(level_event: Make, profile: str, marker: int) -> bytes:
    event = level_event(profile)
    event["properties"]["level"] = marker
    return json.dumps(event).encode()


def test_a_record_on_the_wrong_partition_is_rejected_and_not_silently_dropped(
    deployment: Deployment, adult: Make, level_event: Make, wait_until: Callable[..., None]
) -> None:
    profiles = [f"lost-{number}" for number in range(8)]
    with deployment.publisher() as publisher:
        for profile in profiles:
            publisher.publish_consent(adult(profile)).result()
        for profile in profiles:  # all under one key: most of them are not at home there
            publisher.publish_raw(json.dumps(level_event(profile)).encode(), b"one key for all")
        publisher.flush()
    wait_until(lambda: read_rejections(deployment).get("misrouted_key", 0) >= 1, "misrouted keys recorded")
