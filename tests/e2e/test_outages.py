"""What workers do while something they need is away: they wait, say so, and lose nothing."""

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipeline.policy.vocabulary import Region
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.scrape import readiness, scrape
from pipeline.sandbox.supervisor import SupervisedWorker

Make = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def alone() -> Iterator[Deployment]:
    """A deployment with a broker of its own, which may be frozen; consent counts as stale after 2 s."""
    overrides = {
        "consent": {"max_lag_s": 2.0},
        "deliver": {"linger_s": 0.1, "retry_base_s": 0.1, "retry_cap_s": 0.3, "retry_jitter_s": 0.05},
    }
    with Deployment(overrides=overrides) as deployment:
        deployment.add_worker("sanitize", "all", wait=False)
        deployment.add_worker("deliver", "us", wait=False)
        deployment.wait_ready()
        yield deployment


def _checks(worker: SupervisedWorker) -> dict[str, bool]:
    return dict((readiness(worker.port) or {}).get("checks", {}))


def _metric(worker: SupervisedWorker, name: str, **labels: str) -> float | None:
    samples = scrape(worker.port)
    return None if samples is None else samples.total(f"coppice_{name}", **labels)


def test_a_silent_broker_makes_the_worker_not_ready_and_chunks_wait(
    alone: Deployment, adult: Make, level_event: Make, wait_until: Callable[..., None]
) -> None:
    sanitize = alone.workers[0]
    us = alone.standins[Region.US]
    with alone.publisher() as publisher:
        publisher.publish_consent(adult("silent")).result()
        alone.broker.pause()
        try:
            wait_until(lambda: _checks(sanitize).get("consent_fresh") is False, "consent reported as stale")
            pending = publisher.publish(level_event("silent"))
        finally:
            alone.broker.resume()
        pending.result(timeout=60)
    wait_until(lambda: len(us.events()) == 1, "the event delivered after the silence")
    wait_until(lambda: (readiness(sanitize.port) or {}).get("ready") is True, "ready again")


def test_refused_credentials_stop_the_region_and_keep_every_event(
    alone: Deployment, adult: Make, level_event: Make, wait_until: Callable[..., None]
) -> None:
    deliver = alone.workers[1]
    us = alone.standins[Region.US]
    before = len(us.events())
    us.fail("unauthorized", times=None)
    with alone.publisher() as publisher:
        publisher.publish_consent(adult("refused")).result()
        for _ in range(20):
            publisher.publish(level_event("refused"))
        publisher.flush()
    wait_until(lambda: _checks(deliver).get("not_halted") is False, "the region halted")
    wait_until(lambda: _metric(deliver, "delivery_halted", region="us", why="unauthorized") == 1, "and it is shown")
    wait_until(lambda: _metric(deliver, "in_flight_requests") == 0, "the answers to what was under way")
    attempts = len(us.requests)
    us.clear_faults()
    assert len(us.requests) == attempts  # it does not try again by itself
    assert len(us.events()) == before
    deliver.send(signal.SIGTERM)  # what an operator does once the credentials are right again
    wait_until(lambda: len(us.events()) == before + 20, "every event delivered after the restart")
