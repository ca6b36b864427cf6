"""The aggregate role: contributions of Indian children's events become counts, when their window is over (R11, J5)."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from pipeline.aggregate.closer import Closer, Terms, Topics, overdue_ms
from pipeline.aggregate.emission import Emission, Sender
from pipeline.aggregate.windows import Windows
from pipeline.core.context import Project
from pipeline.core.identity import KeyRing
from pipeline.ops import metric_table as table
from pipeline.ops.logging import get_logger
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.vocabulary import Cohort, Region
from pipeline.stream.admin import require_topics
from pipeline.stream.chunk import Chunk
from pipeline.stream.client_config import client_config
from pipeline.stream.follower import Follower
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.topics import AGGREGATES, clean_topic
from pipeline.workers.context import LIBRARY, load_rules, now_ms, projects
from pipeline.workers.keys import load_key_ring
from pipeline.workers.labels import LABEL_VALUES
from pipeline.workers.rules import Rules
from pipeline.workers.runtime import Runtime, endless

CONFIRM_S = 2.0  # a worker has 10 s to stop

log = get_logger(__name__)


class AggregateRules(NamedTuple):
    """What counting needs of the rules."""

    policy: CompiledPolicy
    keys: KeyRing
    project: Project

    def terms(self, at_ms: int) -> Terms | None:
        """Return the terms on which counts may leave at this moment, None if they may not (R37, R38)."""
        policy, counting = self.policy, self.policy.counting
        closed = Cohort.IN_CHILD in policy.killed or at_ms >= policy.gates.get(Cohort.IN_CHILD, 0)
        if counting is None or closed:
            return None
        return Terms(counting.k, counting.grace_ms, Sender(self.keys, self.project, LIBRARY))


class AggregateRole:
    """Acknowledges everything: the group is there for its assignment, and the log itself is read by the follower."""

    async def prepare(self, chunk: Chunk) -> None:
        """Wait for nothing."""

    def begin(self, chunk: Chunk) -> "asyncio.Future[None]":  # noqa: ARG002  # the role's form
        """Return a future that is done: nothing rests on what is committed."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


class AggregateRoom:
    """The follower of the assigned partitions, and a closer for each of them."""

    window = 1

    def __init__(self, settings: Settings, rules: Rules[AggregateRules], metrics: Metrics) -> None:
        kafka = settings.kafka
        self._rules = rules
        self._metrics = metrics
        self._max_age_s = settings.consent.max_lag_s
        self._partitions: frozenset[int] = frozenset()
        self._closing: dict[int, asyncio.Task[None]] = {}
        self._unreadable = 0
        self._follower = Follower(
            client_config(kafka),
            kafka.topic_prefix + AGGREGATES,
            Windows,
            name="aggregates-follower",
            poll_s=settings.consent.poll_s,
        )
        self._producer = ConfirmedProducer(kafka.bootstrap, client_config=client_config(kafka))
        self._closer = Closer(
            self._follower,
            self._producer,
            Topics(kafka.topic_prefix + AGGREGATES, kafka.topic_prefix + clean_topic(Region.IN)),
            terms=lambda: rules.current.terms(now_ms()),
            emitted=self._emitted,
            now_ms=now_ms,
        )
        self.role = AggregateRole()

    async def start(self) -> None:
        """Start following, collecting the broker's confirmations, and looking for changed rules."""
        await self._follower.start()
        self._confirming = endless(self._producer.run())
        self._watching = endless(self._rules.watch())

    async def finish(self) -> bool:
        """Let windows that are being sent get their marks, or their counts would be sent once more."""
        await self._closer.finish()
        return True

    async def close(self) -> None:
        """Stop. Whatever was not sent is sent by whoever comes next, in the same bytes."""
        self.assigned(frozenset())
        self._watching.cancel()
        self._confirming.cancel()
        await self._producer.close(CONFIRM_S)
        await self._follower.stop()

    def assigned(self, partitions: frozenset[int]) -> None:
        """Follow and close exactly these partitions."""
        self._partitions = partitions
        self._follower.follow(partitions)
        for partition in self._closing.keys() - partitions:
            self._closing.pop(partition).cancel()
        for partition in partitions - self._closing.keys():
            self._closing[partition] = endless(self._closer.watch(partition))

    def checks(self) -> Mapping[str, bool]:
        """Every contribution so far is known, and the broker has said lately that there is no more."""
        return {
            "contributions_complete": self._follower.complete(self._partitions),
            "contributions_fresh": self._follower.age_of_last_answer() <= self._max_age_s,
        }

    def unknown(self) -> Mapping[str, int]:
        """Return nothing: this role sees no properties but dimensions."""
        return {}

    def publish(self) -> None:
        """Show what waits, and what came in vain."""
        states, at_ms = list(self._follower.states()), now_ms()
        unreadable = sum(state.unreadable for state in states)
        if unreadable > self._unreadable:
            log.error("records on the topic of counts are none of ours", count=unreadable)
        self._unreadable = unreadable
        terms = self._rules.current.terms(at_ms)
        overdue = overdue_ms(states, at_ms, terms.grace_ms) if terms is not None else 0
        self._metrics.set(table.AGGREGATE_IGNORED_RECORDS, sum(state.late for state in states), why="late")
        self._metrics.set(table.AGGREGATE_IGNORED_RECORDS, unreadable, why="unreadable")
        self._metrics.set(table.AGGREGATE_WINDOWS_OPEN, sum(state.open for state in states))
        self._metrics.set(table.AGGREGATE_OVERDUE_SECONDS, overdue / 1000)

    def _emitted(self, made: Emission) -> None:
        self._metrics.add(table.AGGREGATE_CELLS, len(made.records), fate="emitted")
        self._metrics.add(table.AGGREGATE_CELLS, made.below_k, fate="below_k")


def run_aggregate(settings: Settings) -> int:
    """Run an aggregate worker until a signal or a crash; return the exit status.

    With `india_child.mode: drop` it has nothing to do, and begins when that changes. Raise ConfigError before anything
    is consumed when settings, policy, keys or topics do not fit.
    """
    metrics = Metrics(LABEL_VALUES)
    also = (settings.keys_file,) if settings.keys_file is not None else ()
    rules = Rules(settings, lambda: load_aggregate_rules(settings), metrics, also=also)
    require_topics(settings)
    topic = settings.kafka.topic_prefix + AGGREGATES
    return Runtime(
        settings, "aggregate", topic, "aggregate", metrics, lambda: AggregateRoom(settings, rules, metrics)
    ).run()


def load_aggregate_rules(settings: Settings) -> AggregateRules:
    """Load what counting needs. Raise ConfigError for anything that is missing or contradicts itself."""
    policy, _ = load_rules(settings)
    return AggregateRules(policy, load_key_ring(settings), projects(settings, (Region.IN,))[Region.IN])
