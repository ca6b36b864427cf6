"""Withdrawal reaches the queue of a real deliver worker (R25): over its restart, and with a broker that is silent."""

import json
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from pipeline.policy.vocabulary import Cohort, Region
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.mixpanel import sandbox_project
from pipeline.sandbox.scrape import readiness, scrape
from pipeline.sandbox.supervisor import SupervisedWorker
from pipeline.stream.clean_headers import HEADERS
from pipeline.stream.suppression import Suppression, SuppressWhy, encode_suppression
from pipeline.stream.topics import CLEAN_US, SUPPRESSIONS

PEOPLE = 100
EVENTS = 1_000


@pytest.fixture(scope="module")
def sink() -> Iterator[Deployment]:
    """One deliver worker, and a broker that may be frozen; what the broker said counts for 2 s."""
    overrides: dict[str, dict[str, Any]] = {
        "kafka": {"instance_id": "sink"},  # as in Kubernetes: a restart waits for no group
        "consent": {"max_lag_s": 2.0},
        "deliver": {
            "linger_s": 0.1,
            "max_events": 100,
            "retry_base_s": 0.1,
            "retry_cap_s": 0.3,
            "retry_jitter_s": 0.05,
        },
    }
    with Deployment(overrides=overrides) as deployment:
        deployment.add_worker("deliver", "us")
        yield deployment


class Queue:
    """Writes what the other workers would write; each call returns when the broker has acknowledged."""

    def __init__(self, deployment: Deployment, group: str) -> None:
        self._deployment = deployment
        self._producer = Producer({"bootstrap.servers": deployment.broker.bootstrap, "linger.ms": 5})
        self._people = [f"{uuid.uuid5(uuid.NAMESPACE_OID, f'{group}-{number}')}" for number in range(PEOPLE)]
        self._group = group

    def events(self, count: int) -> None:
        topic, token = self._deployment.topic(CLEAN_US), sandbox_project("us").token
        for number in range(count):
            person = self._people[number % PEOPLE]
            properties = {
                "token": token,
                "distinct_id": person,
                "time": int(time.time() * 1000),
                "$insert_id": f"{self._group}-{number}",
                "ip": 0,
            }
            value = json.dumps({"event": "level_completed", "properties": properties}).encode()
            self._producer.produce(topic, value, person.encode(), number % 4, headers=HEADERS[Cohort.US_ADULT])
        assert self._producer.flush(60) == 0

    def suppress(self, numbers: range) -> None:
        topic = self._deployment.topic(SUPPRESSIONS)
        value = encode_suppression(Suppression(int(time.time() * 1000), SuppressWhy.WITHDRAWN))
        for number in numbers:
            self._producer.produce(topic, value, self._people[number].encode())
        assert self._producer.flush(60) == 0

    def delivered(self) -> list[int]:
        ids = [event["properties"]["$insert_id"] for event in self._deployment.standins[Region.US].events()]
        return sorted(int(each.rpartition("-")[2]) for each in ids if each.startswith(self._group))


def _all_committed(worker: SupervisedWorker) -> bool:
    samples = scrape(worker.port)
    return (
        samples is not None
        and len(list(samples.each("coppice_consumer_lag_records"))) == 4
        and samples.total("coppice_consumer_lag_records") == 0
    )


def _withdrawn(worker: SupervisedWorker) -> float | None:
    samples = scrape(worker.port)
    return None if samples is None else samples.total("coppice_suppressed_events_total", region="us", why="withdrawn")


def test_a_restarted_sink_knows_every_suppression_before_it_sends_what_was_queued(
    sink: Deployment, wait_until: Callable[..., None]
) -> None:
    (worker,), us, queue = sink.workers, sink.standins[Region.US], Queue(sink, "restart")
    us.fail("unavailable", None)
    queue.events(EVENTS)
    wait_until(lambda: us.requests, "an attempt to deliver")
    queue.suppress(range(30))
    worker.send(signal.SIGKILL)
    queue.suppress(range(30, 50))
    wait_until(lambda: worker.restarts == 1, "the worker started again")
    us.clear_faults()
    expected = [number for number in range(EVENTS) if number % PEOPLE >= 50]
    wait_until(lambda: len(queue.delivered()) >= len(expected), "everybody else's events delivered")
    wait_until(lambda: _all_committed(worker), "every event accounted for")
    assert queue.delivered() == expected
    assert us.duplicates == 0
    wait_until(lambda: _withdrawn(worker) == EVENTS // 2, "as many counted as were taken out")


def test_a_silent_broker_makes_the_sink_not_ready_and_nothing_is_sent(
    sink: Deployment, wait_until: Callable[..., None]
) -> None:
    (worker,), us, queue = sink.workers, sink.standins[Region.US], Queue(sink, "silent")

    def checks() -> dict[str, Any]:
        return dict((readiness(worker.port) or {}).get("checks", {}))

    wait_until(lambda: checks().get("suppressions_complete") and checks().get("suppressions_fresh"), "ready")
    us.fail("unavailable", None)
    before = len(us.requests)
    queue.events(EVENTS)
    wait_until(lambda: len(us.requests) > before, "an attempt to deliver")
    sink.broker.pause()
    try:
        wait_until(lambda: checks().get("suppressions_fresh") is False, "suppressions reported as out of date")
        silent = len(us.requests)
        us.clear_faults()
        wait_until(lambda: _back_off_is_over(worker), "a batch that waits although Mixpanel would take it")
        assert len(us.requests) == silent
        assert queue.delivered() == []
    finally:
        sink.broker.resume()
    queue.suppress(range(10, 20))
    wait_until(lambda: _all_committed(worker), "every event accounted for")
    missing = set(range(EVENTS)) - set(queue.delivered())
    assert {number % PEOPLE for number in missing} <= set(range(10, 20))
    wait_until(lambda: (readiness(worker.port) or {}).get("ready") is True, "ready again")


def _back_off_is_over(worker: SupervisedWorker) -> bool:
    samples = scrape(worker.port)
    return samples is not None and samples.total("coppice_suppressions_fresh_age_seconds") > 4
