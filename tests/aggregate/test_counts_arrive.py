"""Raw events of Indian children through every worker to Mixpanel: exact counts and nothing else (R11)."""

import json
import re
import time
from pathlib import Path
from typing import Any

from pipeline.policy.vocabulary import Region
from pipeline.sandbox.accounts import scrapes
from pipeline.sandbox.deployment import Deployment
from tests.aggregate.counts import PARENT
from tests.aggregate.running import (
    arrived,
    past_window,
    read_topic,
    run_to_death,
    wait_until,
    write_settings,
)
from tests.core.worlds import FIXED_KEYS, HOUR

DAY = 24 * HOUR
CHILDREN = [f"asha-{number}" for number in range(25)]
FEW = [f"ravi-{number}" for number in range(19)]


def consent(profile: str, **changes: Any) -> dict[str, Any]:
    now = int(time.time() * 1000)
    return PARENT | {"profile_id": profile, "consent_id": f"c-{profile}", "granted_at": now - 30 * DAY} | changes


def event(profile: str, at_ms: int, world: str, number: int) -> dict[str, Any]:
    return {
        "event": "level_completed",
        "event_id": f"{profile}-{world}-{number}",
        "time": at_ms + number,
        "received_at": at_ms + number + 900,
        "profile_id": profile,
        "device_id": "device-of-one",
        "region": "IN",
        "platform": "ios",
        "properties": {"level": 7, "world": world, "score": 100 + number},
    }


def test_exact_counts_arrive_although_a_sanitiser_is_killed_and_its_chunk_is_judged_again(
    counting: Deployment, settings_file: Path
) -> None:
    write_settings(settings_file)
    window = past_window(1)
    events = [event(child, window.start_ms, "ocean", at) for child in CHILDREN for at in range(3)]
    events += [event(child, window.start_ms, "jungle", at) for child in FEW for at in range(40)]
    with counting.publisher() as publisher:
        for profile in (*CHILDREN, *FEW):
            publisher.publish_consent(consent(profile))
        for profile in (f"nobody-{number}" for number in range(30)):
            publisher.publish_consent(consent(profile, relation=None))
            events.append(event(profile, window.start_ms, "space", 0))
        publisher.flush()
        for each in events:
            publisher.publish(each)
        publisher.publish(events[0])  # what a client sends twice
        publisher.flush()
    run_to_death(counting, "dying-sanitizer", "sanitize", "confirmed")
    repeated = len(_contributions(counting, window.start_ms))
    assert repeated > 0
    sanitizer = counting.add_worker("sanitize", "all")
    aggregator = None
    try:
        wait_until(lambda: _judged(counting) >= len(events) + 1, "every event judged, those of the dead one again")
        ids = _contributions(counting, window.start_ms)
        assert len(ids) > len(set(ids)) == len(CHILDREN) * 3 + len(FEW) * 40
        aggregator = counting.add_worker("aggregate", "all")
        wait_until(lambda: arrived(counting, window) == {"ocean": len(CHILDREN) * 3}, "the exact count, and no other")
    finally:
        for worker in (sanitizer, aggregator):
            if worker is not None:
                counting.workers.remove(worker)
                worker.stop()
    _nothing_of_a_child(counting)


def _judged(deployment: Deployment) -> float:
    return sum(samples.total("coppice_events_in_total") for samples in scrapes(deployment, "sanitize"))


def _contributions(deployment: Deployment, start_ms: int) -> list[str]:
    known = [json.loads(value) for _, value in read_topic(deployment, "aggregates.in")]
    return [each["id"] for each in known if each["kind"] == "contribution" and each["window_start"] == start_ms]


def _nothing_of_a_child(deployment: Deployment) -> None:
    events = deployment.standins[Region.IN].events()
    assert events
    for each in events:
        properties = each["properties"]
        assert set(properties) == FIXED_KEYS | {"count", "window_hours", "world"}
        assert properties["distinct_id"] == ""
        assert properties["time"] % HOUR == 0
        assert properties["count"] >= 20
    written = json.dumps(events)
    assert not re.search(r"asha|ravi|nobody|device-of-one", written)
    assert deployment.standins[Region.US].events() == []
