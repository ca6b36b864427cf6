"""A real deliver worker and its access to Mixpanel: asked for at the start, lost and regained while it runs (T37)."""

import json
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from pipeline.deliver.residency import CANARY_EVENT
from pipeline.policy.vocabulary import Cohort, Region
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.mixpanel import MixpanelStandIn, sandbox_project
from pipeline.sandbox.scrape import readiness, scrape
from pipeline.sandbox.supervisor import SupervisedWorker
from pipeline.stream.clean_headers import HEADERS
from pipeline.stream.topics import CLEAN_US

PROJECT = sandbox_project("us")
DEADLINE_S = 120.0
PACE = {"linger_s": 0.1, "max_events": 50, "retry_base_s": 0.1, "retry_cap_s": 0.3, "retry_jitter_s": 0.0}


def wait_until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.1)


class World:
    """A broker's topics, a stand-in, a secret in a file as Kubernetes mounts it, and one deliver worker at most."""

    def __init__(self, deployment: Deployment, directory: Path) -> None:
        self.deployment = deployment
        self.us: MixpanelStandIn = deployment.standins[Region.US]
        self._producer = Producer({"bootstrap.servers": deployment.broker.bootstrap, "linger.ms": 5})
        self._directory = directory
        self.secret_file = directory / "mixpanel-us"
        self.published = 0
        self.mount(PROJECT.secret)

    def mount(self, secret: str) -> None:
        """Put a secret in place by swapping the link that the file's path leads through."""
        version = self._directory / uuid.uuid4().hex
        version.mkdir()
        (version / "mixpanel-us").write_text(secret, encoding="utf-8")
        new = self._directory / "..new"
        new.symlink_to(version.name)
        new.replace(self._directory / "..data")
        if not self.secret_file.is_symlink():
            self.secret_file.symlink_to("..data/mixpanel-us")

    def worker(self, *, wait: bool = True, **changes: Any) -> SupervisedWorker:
        mixpanel = {
            "host": self.us.url,
            "export_host": self.us.url,
            "project_id": PROJECT.project_id,
            "token": PROJECT.token,
            "service_account_user": PROJECT.service_account_user,
            "service_account_secret_file": str(self.secret_file),
            **changes,
        }
        return self.deployment.add_worker("deliver", "us", wait=wait, overrides={"mixpanel": {"us": mixpanel}})

    def publish(self, count: int) -> None:
        topic = self.deployment.topic(CLEAN_US)
        for number in range(self.published, self.published + count):
            properties = {
                "token": PROJECT.token,
                "distinct_id": str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))),
                "time": int(time.time() * 1000),
                "$insert_id": f"event-{number}",
                "ip": 0,
            }
            value = json.dumps({"event": "level_completed", "properties": properties}).encode()
            key = properties["distinct_id"].encode()  # type: ignore[attr-defined]
            self._producer.produce(topic, value, key, number % 4, headers=HEADERS[Cohort.US_ADULT])
        assert self._producer.flush(60) == 0
        self.published += count

    def arrived(self) -> list[str]:
        return [each["properties"]["$insert_id"] for each in self.us.events() if each["event"] != CANARY_EVENT]

    def everything_arrived(self) -> None:
        """Wait for every published event, once, and for every offset to be committed."""
        wait_until(lambda: len(self.arrived()) == self.published, "every event delivered")
        assert sorted(self.arrived()) == sorted(f"event-{number}" for number in range(self.published))
        wait_until(lambda: self.metric("consumer_lag_records") == 0, "every offset committed")

    def metric(self, name: str, **labels: str) -> float:
        samples = scrape(self.deployment.workers[-1].port)
        return samples.total(f"coppice_{name}", **labels) if samples is not None else float("nan")

    def failing(self) -> list[str]:
        state = readiness(self.deployment.workers[-1].port)
        return list(state["why"]) if state is not None else []


@pytest.fixture
def world(kafka: EmbeddedKafka, tmp_path: Path) -> Iterator[World]:
    alone = {"instance_id": "sink"}  # as in Kubernetes: a restart waits for no group
    overrides: dict[str, dict[str, Any]] = {"deliver": PACE, "kafka": alone}
    with Deployment(broker=kafka, prefix=f"access-{uuid.uuid4().hex[:8]}.", overrides=overrides) as deployment:
        yield World(deployment, tmp_path)


def test_halted_by_401_goes_on_with_a_new_secret_and_loses_nothing(world: World) -> None:
    worker = world.worker()
    world.publish(100)
    world.everything_arrived()
    world.us.change_secret("rotated-4711")
    world.publish(300)
    wait_until(lambda: "not_halted" in world.failing(), "halted")
    wait_until(lambda: world.metric("delivery_halted", region="us", why="unauthorized") == 1, "and it is shown")
    world.publish(100)
    world.mount("")  # somebody slips: the last good secret stays, and it is said
    wait_until(lambda: world.metric("credentials_unreadable", region="us") == 1, "the empty file noticed")
    assert len(world.arrived()) == 100
    wait_until(lambda: world.metric("consumer_lag_records") == 400, "no offset committed meanwhile")
    world.mount("rotated-4711")
    world.everything_arrived()
    assert world.us.duplicates == 0
    wait_until(lambda: world.metric("delivery_halted") == 0, "halted no more")
    wait_until(lambda: world.metric("credentials_unreadable") == 0, "the file is readable again")
    world.deployment.wait_ready()
    assert worker.restarts == 0
    world.us.change_secret("rotated-4711-2", "robot-2")  # a new account, as Mixpanel renews secrets
    world.mount("robot-2\nrotated-4711-2")
    world.publish(50)
    world.everything_arrived()
    log = worker.log.read_text(encoding="utf-8")
    assert not any(secret in log for secret in ("4711", f'"{PROJECT.secret}"', PROJECT.token))


def test_killed_while_halted_it_refuses_to_start_until_the_secret_is_right(world: World) -> None:
    worker = world.worker()
    world.us.change_secret("rotated-4711")
    world.publish(50)
    wait_until(lambda: "not_halted" in world.failing(), "halted")
    worker.send(signal.SIGKILL)
    wait_until(lambda: worker.last_exit == 2, "refused to start")
    world.mount("rotated-4711")
    world.everything_arrived()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"service_account_secret_file": None, "service_account_secret": "wrong-4712"}, "SERVICE_ACCOUNT_SECRET"),
        ({"token": "wrong-4712"}, "COPPICE_MIXPANEL__US__TOKEN"),
    ],
)
def test_t37_a_wrong_pair_does_not_start(world: World, changes: dict[str, Any], named: str) -> None:
    worker = world.worker(wait=False, **changes)
    wait_until(lambda: worker.last_exit is not None, "the worker has ended")
    assert worker.last_exit == 2
    log = worker.log.read_text(encoding="utf-8")
    assert named in log
    assert "Traceback" not in log
    assert "4712" not in log
    assert world.us.stored_count == 0


def test_without_an_answer_it_starts_is_not_ready_and_sends_nothing(world: World) -> None:
    world.us.fail("unavailable", None)
    worker = world.worker(wait=False)
    world.publish(50)
    wait_until(lambda: "mixpanel_answers" in world.failing(), "not ready for want of an answer")
    wait_until(lambda: world.metric("oldest_unsent_event_age_seconds") > 0, "events held")
    wait_until(lambda: world.us.requests, "a question")
    assert max(request.events for request in world.us.requests) <= 1  # and nothing else
    world.us.clear_faults()
    world.everything_arrived()
    world.deployment.wait_ready()
    assert worker.restarts == 0


def test_t37_what_does_not_arrive_halts_the_region_until_it_does(world: World) -> None:
    """Mixpanel confirms every import and keeps none, as for a project of another residency; a canary tells."""
    world.us.fail("lost", None)
    world.us.export.options.a_second = world.us.export.options.an_hour = 1000
    worker = world.worker(wait=False, residency_check="canary", residency_wait_s=2)
    world.publish(50)
    wait_until(lambda: world.metric("delivery_halted", region="us", why="residency") == 1, "halted")
    wait_until(lambda: {"not_halted", "residency_checked"} <= set(world.failing()), "and not ready because of it")
    assert world.arrived() == []
    wait_until(lambda: world.metric("delivered_events_total") == 0, "an answer which says that nothing was delivered")
    world.us.clear_faults()
    worker.send(signal.SIGTERM)  # what an operator does who has corrected the project; it would also find out by itself
    world.everything_arrived()
    world.deployment.wait_ready()
    wait_until(lambda: world.metric("delivery_halted") == 0, "halted no more")
    (canary,) = [each for each in world.us.events() if each["event"] == CANARY_EVENT]
    assert canary["properties"]["distinct_id"] == ""
