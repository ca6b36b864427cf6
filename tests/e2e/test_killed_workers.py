"""Workers are killed in the middle of their work; every event still arrives, once, or has a reason."""

import json
import signal
import uuid
from collections.abc import Callable
from typing import Any

from pipeline.policy.vocabulary import Region
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.kafka import EmbeddedKafka

EVENTS = 12_000
Make = Callable[..., dict[str, Any]]


def test_kill_9_of_each_worker_loses_nothing(
    kafka: EmbeddedKafka, adult: Make, level_event: Make, wait_until: Callable[..., None]
) -> None:
    overrides = {"deliver": {"linger_s": 0.1, "max_events": 200}}
    with Deployment(broker=kafka, prefix=f"kill-{uuid.uuid4().hex[:8]}.", overrides=overrides) as deployment:
        sanitize = deployment.add_worker("sanitize", "all", wait=False)
        deliver = deployment.add_worker("deliver", "us", wait=False)
        deployment.wait_ready()
        us = deployment.standins[Region.US]
        with deployment.publisher() as publisher:
            for number in range(100):
                publisher.publish_consent(adult(f"k-{number}"))
            publisher.flush()
            for number in range(EVENTS):
                event = level_event(f"k-{number % 100}", event_id=f"event-{number}")
                publisher.publish_raw(json.dumps(event).encode(), event["profile_id"].encode())
                if number == EVENTS // 3:
                    wait_until(lambda: us.stored_count > 0, "first events delivered")
                    sanitize.send(signal.SIGKILL)
                if number == 2 * EVENTS // 3:
                    deliver.send(signal.SIGKILL)
            publisher.flush()
        wait_until(lambda: len(us.events()) >= EVENTS, "every event delivered")
        assert sanitize.restarts == 1
        assert deliver.restarts == 1
        assert len(us.events()) == EVENTS
        assert len({event["properties"]["$insert_id"] for event in us.events()}) == EVENTS
        assert deployment.standins[Region.IN].requests == []
