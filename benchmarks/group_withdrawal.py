"""From a withdrawal to the last request that carries the person: in a steady stream, and wherever events may wait.

People withdraw while thousands of events a second flow, theirs among them before and after. A stand-in notes when
each of them was last in a request, whatever it answered.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from signal import SIGCONT, SIGSTOP
from typing import Any, Final

from confluent_kafka import Consumer, TopicPartition

from benchmarks.figures import Figure, NotMeasuredError
from benchmarks.leavers import Leaver, Load, Stream, make_leaver, mixed
from benchmarks.site import Site, standin
from benchmarks.topics import Ends
from pipeline.policy.compiling import load_policy
from pipeline.policy.vocabulary import Region
from pipeline.sandbox.deployment import PARTITIONS, Deployment
from pipeline.sandbox.mixpanel import sandbox_project
from pipeline.sandbox.mixpanel_client import StandInClient
from pipeline.stream.topics import CLEAN_US, CONSENT, RAW
from pipeline.workers.keys import load_key_ring

NAME: Final = "withdrawal_to_last_request_s"
NAMES: Final = (NAME,)
PREFIX: Final = "bench-withdrawal-"
FLOW_S: Final = 60.0  # until the events of everybody who is going to withdraw are seen at Mixpanel
QUIET_S: Final = 6.0  # longer than the target: what comes later would be seen
DRAIN_S: Final = 180.0
OUTAGE_S: Final = 4.0
STEP_S: Final = 0.17  # between two withdrawals: no whole part of a second, for batches leave once a second
GAP_S: Final = 0.43  # the same where a moment has to be hit that comes seldom
POLL_S: Final = 0.05


class Stage:
    """The deployment with its stream, and what the situations do to it."""

    def __init__(self, site: Site, deployment: Deployment, client: StandInClient, load: Load) -> None:
        self.site, self.deployment, self.client, self.load = site, deployment, client, load
        self.backlogs: list[int] = []
        self._keys = load_key_ring(deployment.settings)
        self._policy = load_policy(deployment.policy_settings)
        self._number = 0

    def people(self) -> list[Leaver]:
        """Return people who are in the stream from now on, once Mixpanel has had an event of each."""
        first, self._number = self._number, self._number + self.site.scale.leavers
        names = [f"leaver-{time.time_ns()}-{number}" for number in range(first, self._number)]
        leavers = [make_leaver(name, self._keys, self._policy) for name in names]
        self.site.feeder.feed(PREFIX + CONSENT, [leaver.grant for leaver in leavers])
        self.load.leavers = leavers
        wait(lambda: {each.pseudonym for each in leavers} <= self.noted().keys(), FLOW_S, "everybody's events flow")
        return leavers

    def withdraw(self, leavers: Sequence[Leaver], gap_s: float = STEP_S) -> dict[str, float]:
        """Produce the withdrawals, one after the other; return when, by pseudonym."""
        when = {}
        for leaver in leavers:
            when[leaver.pseudonym] = time.time()
            self.site.feeder.feed(PREFIX + CONSENT, [leaver.withdrawal])
            time.sleep(gap_s)
        return when

    def noted(self) -> dict[str, float]:
        """Return when each pseudonym was last seen in a request."""
        noted: dict[str, float] = self.client.call("GET", "/_noted").json
        return noted

    def longest(self, when: dict[str, float]) -> float:
        """Wait until nothing of before is under way any more; return the longest time from a withdrawal on."""
        time.sleep(QUIET_S)
        self.drain()
        noted = self.noted()
        return max(max(0.0, noted[name] - at) for name, at in when.items())

    def drain(self) -> None:
        """Wait until everything that has been produced by now has left."""
        self._until_done("sanitize", RAW)
        self._until_done("deliver-us", CLEAN_US)

    def _until_done(self, group: str, topic: str) -> None:
        target = self.end(topic)
        wait(lambda: self.done(group, topic) >= target, DRAIN_S, f"{topic} drained")

    def end(self, topic: str) -> int:
        """Return how many records have been written to a topic."""
        return Ends(self.site.broker.bootstrap, [PREFIX + topic], PARTITIONS).total()

    def done(self, group: str, topic: str) -> int:
        """Return how many records of a topic a group of workers has committed."""
        kafka = self.deployment.settings.kafka
        name = f"{kafka.group_prefix}-{group}"
        consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": name, "log_level": 0})
        try:
            places = [TopicPartition(PREFIX + topic, partition) for partition in range(PARTITIONS)]
            return sum(max(0, each.offset) for each in consumer.committed(places, timeout=10))
        finally:
            consumer.close()


def steady(stage: Stage) -> float:
    """Nothing special."""
    return stage.longest(stage.withdraw(stage.people()))


def back_off(stage: Stage) -> float:
    """Mixpanel answers 503; the events are in batches that have been tried already, and are tried again."""
    leavers = stage.people()
    stage.client.control("faults", fault="unavailable", times=None)
    try:
        time.sleep(OUTAGE_S)
        when = stage.withdraw(leavers)
        time.sleep(OUTAGE_S)
    finally:
        stage.client.control("clear")
    return stage.longest(when)


def deliver_rebalance(stage: Stage) -> float:
    """A second deliver worker comes and goes meanwhile."""
    return _rebalance(stage, "deliver", "us")


def sanitize_rebalance(stage: Stage) -> float:
    """A second sanitize worker comes and goes meanwhile."""
    return _rebalance(stage, "sanitize", "all")


def _rebalance(stage: Stage, role: str, region: str) -> float:
    when: dict[str, float] = {}
    second = stage.deployment.add_worker(role, region, wait=False)
    try:
        when |= stage.withdraw(stage.people(), GAP_S)  # while it starts and joins
        stage.deployment.wait_ready(second)
        going = stage.people()
    finally:
        leaving = threading.Thread(target=second.stop)
        leaving.start()
    when |= stage.withdraw(going, GAP_S)  # while its partitions are given back
    leaving.join()
    stage.deployment.workers.remove(second)
    return stage.longest(when)


def lag(stage: Stage) -> float:
    """So many events wait in the raw topic, the people's among them, when they withdraw."""
    leavers, (sanitize, *_) = stage.people(), stage.deployment.workers
    sanitize.send(SIGSTOP)  # for less than its group gives it up
    try:
        stage.site.feeder.feed(PREFIX + RAW, mixed(leavers, stage.load.events, stage.site.scale.backlog))
        when = stage.withdraw(leavers)
        stage.backlogs.append(stage.end(RAW) - stage.done("sanitize", RAW))
    finally:
        sanitize.send(SIGCONT)
    return stage.longest(when)


SITUATIONS: Final[Mapping[str, Callable[[Stage], float]]] = {
    "steady": steady,
    "in_back_off": back_off,
    "deliver_group_rebalances": deliver_rebalance,
    "sanitize_group_rebalances": sanitize_rebalance,
    "behind_a_lag": lag,
}


def measure(site: Site, _wanted: set[str]) -> Iterator[Figure]:
    """Let people withdraw in each situation; the figure is the worst of them all."""
    with _staged(site) as stage:
        worst = []
        by_situation: dict[str, list[float]] = {name: [] for name in SITUATIONS}
        began, before = time.monotonic(), stage.load.produced
        for repeat in range(site.scale.repeats):
            for name, situation in SITUATIONS.items():
                site.say(f"withdrawals: {name.replace('_', ' ')}, {repeat + 1} of {site.scale.repeats}")
                by_situation[name].append(situation(stage))
            worst.append(max(found[-1] for found in by_situation.values()))
        rate = (stage.load.produced - before) / (time.monotonic() - began)
    yield Figure(
        NAME,
        tuple(worst),
        "The way of a withdrawal: Kafka to the rights worker (it polls every 20 ms), what it knows of the person made"
        " sure of at the broker, suppressions confirmed, and the sink's question before each request whether there are"
        " new ones. A request that has begun is not called back.",
        {
            "events_per_s": round(rate),
            "people_a_situation": site.scale.leavers,
            "records_behind_which": stage.backlogs,
            **{f"{name}_s": [round(value, 2) for value in found] for name, found in by_situation.items()},
        },
    )


@contextmanager
def _staged(site: Site) -> Iterator[Stage]:
    project = sandbox_project(Region.US)
    events = [pair for pair, clean in zip(site.pool.raw, site.pool.clean, strict=True) if clean.region is Region.US]
    with standin(Region.US, 0, "noting_standin.py") as (url, _):
        mixpanel: dict[str, Any] = {
            "us": {
                "host": url,
                "app_host": url,
                "project_id": project.project_id,
                "token": project.token,
                "service_account_user": project.service_account_user,
                "service_account_secret": project.secret,
            }
        }
        with site.deployment(PREFIX, mixpanel) as deployment:
            site.feeder.feed(PREFIX + CONSENT, site.pool.consent)
            deployment.add_worker("sanitize", "all", wait=False)
            deployment.add_worker("deliver", "us", wait=False)
            deployment.add_worker("rights", "all", wait=False)
            deployment.wait_ready()
            with Load(Stream(site.broker.bootstrap), PREFIX + RAW, events, site.scale.steady) as load:
                yield Stage(site, deployment, StandInClient(url, project), load)


def wait(condition: Callable[[], bool], limit_s: float, what: str) -> None:
    """Wait for a condition. Raise NotMeasuredError when it does not come."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise NotMeasuredError(f"not within {limit_s:.0f} s: {what}")
        time.sleep(POLL_S)
