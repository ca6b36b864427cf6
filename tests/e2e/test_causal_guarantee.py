"""An event that was published after a consent change was acknowledged is judged with that change, also under load."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from pipeline.policy.vocabulary import Region
from pipeline.publish import Publisher
from pipeline.sandbox.accounts import scrapes
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.generate import Generator, encode

PROFILES = 1_000
Make = Callable[..., dict[str, Any]]


def _drained(deployment: Deployment) -> bool:
    topic = deployment.topic("events.raw")
    consumer = Consumer({"bootstrap.servers": deployment.broker.bootstrap, "group.id": "ends"})
    partitions = consumer.list_topics(topic, timeout=60).topics[topic].partitions
    ends = (consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=60)[1] for p in partitions)
    published = sum(ends)
    consumer.close()
    workers = scrapes(deployment, "sanitize")
    kept = sum(s.total("coppice_events_kept_total") for s in workers)
    delivered = sum(standin.stored_count for standin in deployment.standins.values())
    return sum(s.total("coppice_events_in_total") for s in workers) >= published and delivered >= kept


def _delivered(deployment: Deployment, marker: int) -> int:
    events = deployment.standins[Region.US].events()
    return sum(event["properties"].get("level") == marker for event in events)


@contextmanager
def load(deployment: Deployment) -> Iterator[None]:
    """1,500 other events a second."""
    stop = threading.Event()
    with deployment.publisher() as publisher:
        thread = threading.Thread(target=_publish, args=(publisher, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _publish(publisher: Publisher, stop: threading.Event) -> None:
    generator = Generator(seed=5, profiles=200)
    for record in generator.consents():
        publisher.publish_consent(record)
    for event in generator.stream(1_500):
        if stop.is_set():
            return
        publisher.publish_raw(encode(event), str(event["profile_id"]).encode())


def test_no_event_published_after_a_withdrawal_leaves(
    deployment: Deployment, adult: Make, level_event: Make, wait_until: Callable[..., None]
) -> None:
    with load(deployment), deployment.publisher() as publisher:
        for number in range(PROFILES):
            publisher.publish_consent(adult(f"w-{number}"))
        publisher.flush()
        for start in range(0, PROFILES, 50):  # acknowledged withdrawals, then at once the events
            group = [f"w-{number}" for number in range(start, start + 50)]
            now = int(time.time() * 1000)
            for future in [publisher.publish_consent(adult(profile, withdrawn_at=now)) for profile in group]:
                future.result()
            for profile in group:
                event = level_event(profile)
                event["properties"]["level"] = 401
                publisher.publish(event)
        publisher.flush()
    wait_until(lambda: _drained(deployment), "every event judged, and what was kept delivered")
    assert _delivered(deployment, 401) == 0


def test_every_event_published_after_a_grant_leaves(
    deployment: Deployment, adult: Make, level_event: Make, wait_until: Callable[..., None]
) -> None:
    with load(deployment), deployment.publisher() as publisher:
        for start in range(0, PROFILES, 50):
            group = [f"g-{number}" for number in range(start, start + 50)]
            for future in [publisher.publish_consent(adult(profile)) for profile in group]:
                future.result()
            for profile in group:
                event = level_event(profile)
                event["properties"]["level"] = 402
                publisher.publish(event)
        publisher.flush()
    wait_until(lambda: _delivered(deployment, 402) >= PROFILES, "every event after a grant delivered")
    assert _delivered(deployment, 402) == PROFILES
