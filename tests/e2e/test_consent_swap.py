"""The causal guarantee while partitions move between workers and consents change: nobody is judged by what was."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.policy.vocabulary import Region
from pipeline.publish import Publisher
from pipeline.sandbox.deployment import PARTITIONS, Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.scrape import readiness, scrape
from pipeline.sandbox.supervisor import SupervisedWorker

GROUP = 40
WITHDRAWN, GRANTED = 401, 402  # values of a property, by which the events are told apart

Make = Callable[..., dict[str, Any]]


class Changes:
    """Consents that change without end; each change is acknowledged before the events that depend on it."""

    def __init__(self, publisher: Publisher, adult: Make, level_event: Make) -> None:
        self._publisher = publisher
        self._adult = adult
        self._level_event = level_event
        self._stop = threading.Event()
        self._failures: list[BaseException] = []
        self._groups = 0

    @contextmanager
    def going_on(self) -> Iterator["Changes"]:
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    @property
    def groups(self) -> int:
        """Groups so far whose events are published."""
        if self._failures:
            raise self._failures[0]
        return self._groups

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._change(self._groups)
                self._groups += 1
        except BaseException as exc:  # noqa: BLE001 - raised where the test looks
            self._failures.append(exc)

    def _change(self, group: int) -> None:
        granting = [f"grants-{group}-{number}" for number in range(GROUP)]
        withdrawing = [f"withdraws-{group}-{number}" for number in range(GROUP)]
        self._acknowledged(self._adult(profile) for profile in withdrawing)
        now = int(time.time() * 1000)
        changes = [self._adult(profile) for profile in granting]
        changes += [self._adult(profile, withdrawn_at=now) for profile in withdrawing]
        self._acknowledged(iter(changes))
        for profile, level in [*((each, GRANTED) for each in granting), *((each, WITHDRAWN) for each in withdrawing)]:
            event = self._level_event(profile)
            event["properties"]["level"] = level
            self._publisher.publish(event)
        self._publisher.flush()

    def _acknowledged(self, records: Iterator[dict[str, Any]]) -> None:
        for future in [self._publisher.publish_consent(record) for record in records]:
            future.result(timeout=60)


def _owned(worker: SupervisedWorker) -> set[str]:
    """Partitions that a worker says it has."""
    samples = scrape(worker.port)
    return {labels["partition"] for labels, _ in samples.each("coppice_consumer_lag_records")} if samples else set()


def _ready(worker: SupervisedWorker) -> bool:
    return (readiness(worker.port) or {}).get("ready") is True


def _lag(workers: list[SupervisedWorker]) -> float:
    return sum(samples.total("coppice_consumer_lag_records") for each in workers if (samples := scrape(each.port)))


def test_two_workers_swap_partitions_while_consents_change(
    kafka: EmbeddedKafka, adult: Make, level_event: Make, wait_until: Callable[..., None]
) -> None:
    overrides = {"deliver": {"linger_s": 0.2}}
    with Deployment(broker=kafka, prefix=f"swap-{uuid.uuid4().hex[:8]}.", overrides=overrides) as deployment:
        pair = [deployment.add_worker("sanitize", "all", wait=False) for _ in range(2)]
        deliver = deployment.add_worker("deliver", "us", wait=False)
        deployment.wait_ready()
        us = deployment.standins[Region.US]

        def delivered(level: int) -> int:
            return sum(event["properties"]["level"] == level for event in us.events())

        with deployment.publisher() as publisher, Changes(publisher, adult, level_event).going_on() as changes:
            for leaving, staying in (pair, reversed(pair)):
                leaving.stop()  # and stays away: one that is back at once may never be seen to be away
                wait_until(
                    lambda staying=staying: len(_owned(staying)) == PARTITIONS, "the other worker has every partition"
                )
                at = changes.groups
                wait_until(lambda at=at: changes.groups > at + 3, "consents that change under one worker")
                leaving.start()
                wait_until(
                    lambda leaving=leaving: _ready(leaving) and _owned(leaving), "the worker back, with partitions"
                )
                at = changes.groups
                wait_until(lambda at=at: changes.groups > at + 3, "consents that change under both again")
        wait_until(lambda: all(map(_ready, pair)) and _lag(pair) == 0, "every event judged", 60.0)
        wait_until(lambda: delivered(GRANTED) >= changes.groups * GROUP, "every event after a grant delivered", 60.0)
        wait_until(lambda: _lag([deliver]) == 0, "every clean event accounted for", 60.0)
        assert delivered(GRANTED) == changes.groups * GROUP
        assert delivered(WITHDRAWN) == 0
