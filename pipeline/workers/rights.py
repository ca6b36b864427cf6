"""The rights worker: what people decide about their data reaches what is queued, and what Mixpanel has (R25, R26)."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from pipeline.core.identity import KeyRing
from pipeline.ops.errors import ConfigError
from pipeline.ops.logging import get_logger
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import CompiledPolicy, Registry
from pipeline.policy.vocabulary import Region
from pipeline.rights.agent import RightsAgent
from pipeline.rights.caught_up import CaughtUp
from pipeline.rights.findings import Terms
from pipeline.rights.identities import Identity, IdentityState
from pipeline.rights.reach import DAY_MS, without_record
from pipeline.rights.watch import ConsentWatch
from pipeline.stream.admin import require_topics
from pipeline.stream.client_config import client_config
from pipeline.stream.follower import Follower
from pipeline.stream.log_reader import LogReader
from pipeline.stream.partition import murmur2_partition
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.topics import CONSENT, IDENTITIES
from pipeline.workers.context import load_rules, now_ms
from pipeline.workers.keys import load_key_ring
from pipeline.workers.labels import LABEL_VALUES
from pipeline.workers.rules import Rules
from pipeline.workers.runtime import Runtime, endless

ROLE = "rights"
MEND_S = 1.0
CONFIRM_S = 2.0  # a worker has 10 s to stop

log = get_logger(__name__)


class RightsRules(NamedTuple):
    """What the watch and the agent need of the rules."""

    policy: CompiledPolicy
    registry: Registry
    keys: KeyRing


def load_rights_rules(settings: Settings) -> RightsRules:
    """Load policy, registry and keys. Raise ConfigError with every problem of their files."""
    policy, registry = load_rules(settings)
    return RightsRules(policy, registry, load_key_ring(settings))


class RightsRoom:
    """The consent watch with the identities it keeps, and the agent that carries requests out."""

    window = 1  # the next chunk is judged with the identities that this one wrote

    def __init__(self, settings: Settings, rules: Rules[RightsRules], metrics: Metrics) -> None:
        kafka = settings.kafka
        self._rules = rules
        self._max_age_s = settings.consent.max_lag_s
        self._topic_partitions = kafka.partitions
        self._rotations: set[int] = set()
        self._recordless = False
        self._identities = Follower(
            client_config(kafka),
            kafka.topic_prefix + IDENTITIES,
            IdentityState,
            name="identities",
            poll_s=settings.consent.poll_s,
        )
        self._producer = ConfirmedProducer(kafka.bootstrap, client_config=client_config(kafka))
        group = f"{kafka.group_prefix}-{ROLE}"
        self._caught_up = CaughtUp(LogReader(kafka, kafka.topic_prefix + CONSENT, group), kafka.partitions)
        self.role = ConsentWatch(self._identities, self._terms, self._producer, metrics, kafka.topic_prefix, now_ms)
        self._agent = RightsAgent(
            settings,
            lambda: rules.current.policy,
            lambda: rules.current.keys,
            self.identity,
            self.caught_up,
            self._producer,
            metrics,
            now_ms,
        )
        self._partitions: frozenset[int] = frozenset()
        self._unreadable = 0

    async def start(self) -> None:
        """Start reading identities, collecting confirmations, looking for changed rules, and carrying requests out."""
        await self._identities.start()
        self._confirming = endless(self._producer.run())
        self._watching = endless(self._rules.watch())
        self._mending = endless(self._mend())
        await self._agent.start()

    async def finish(self) -> bool:
        """Let calls to Mixpanel end, so that what they led to is on record."""
        await self._agent.finish()
        return True

    async def close(self) -> None:
        """Stop the agent, let records under way be confirmed, then stop the rest."""
        await self._agent.close()
        self._mending.cancel()
        self._watching.cancel()
        self._confirming.cancel()
        await self._producer.close(CONFIRM_S)
        await self._identities.stop()
        await self._caught_up.close()

    def assigned(self, partitions: frozenset[int]) -> None:
        """Follow the identities of exactly the profiles whose consent and requests are for this worker."""
        self._partitions = partitions
        self._identities.follow(partitions)
        self._agent.assigned(partitions)

    def checks(self) -> Mapping[str, bool]:
        """Every identity of the assignment is known, and the broker has said lately that there is no more."""
        return {
            "identities_complete": self._identities.complete(self._partitions),
            "identities_fresh": self._identities.age_of_last_answer() <= self._max_age_s,
            "identities_readable": not any(state.unreadable for state in self._identities.states()),
            **self._agent.checks(),
        }

    def unknown(self) -> Mapping[str, int]:
        """Nothing: no event passes here."""
        return {}

    def publish(self) -> None:
        """Show the agent's figures, and tell when identities cannot be read."""
        self._agent.publish()
        unreadable = sum(state.unreadable for state in self._identities.states())
        if unreadable > self._unreadable:
            log.error("identities cannot be read: what they hold cannot be suppressed or erased", count=unreadable)
        self._unreadable = unreadable

    def identity(self, profile: str) -> Identity | None:
        """Return what is known of a profile; None also where its partition is another worker's."""
        home = murmur2_partition(profile.encode("utf-8", "surrogatepass"), self._topic_partitions)
        state = self._identities.state(home)
        return state.get(profile) if state is not None else None

    async def caught_up(self, partition: int) -> None:
        """Wait until all that was on a partition of consent is dealt with, and the identities tell of it."""
        await self._caught_up.wait(partition)
        await self._identities.barrier(partition)

    async def _mend(self) -> None:
        """Mend what a worker has overwritten that had lost its partition; it is rare, and nobody waits for it."""
        while True:
            await asyncio.sleep(MEND_S)
            for state in tuple(self._identities.states()):
                await self.role.repair(state)

    def _terms(self) -> Terms:
        """Read the rules in force. What left under those of lately may be queued still, so they count as well."""
        policy, _, keys = self._rules.current
        self._rotations.update(policy.rotation_ms.values())
        self._recordless |= without_record(policy)
        kept_ms = policy.mixpanel_days * DAY_MS + max(self._rotations)
        return Terms(keys, policy.provider, self._recordless, tuple(self._rotations), kept_ms)


def require_projects(settings: Settings, policy: CompiledPolicy) -> None:
    """Refuse to go on without the ids of the projects, which pseudonyms are computed with. Raise ConfigError."""
    ids = {Region.US: settings.mixpanel.us.project_id, Region.IN: settings.mixpanel.in_.project_id}
    missing = [f"COPPICE_MIXPANEL__{region.upper()}__PROJECT_ID" for region, found in ids.items() if not found]
    allowed = len(ids) - 1 if policy.own_region_only else 0
    if len(missing) > allowed:
        raise ConfigError(
            f"set {' and '.join(missing)} as for the sanitize workers: no pseudonym of a person can be found without"
        )


def run_rights(settings: Settings) -> int:
    """Run a rights worker until a signal or a crash; return the exit status.

    Raise ConfigError before anything is consumed when settings, policy, keys or topics do not fit.
    """
    metrics = Metrics(LABEL_VALUES)
    also = (settings.keys_file,) if settings.keys_file is not None else ()
    rules = Rules(settings, lambda: load_rights_rules(settings), metrics, also=also)
    require_projects(settings, rules.current.policy)
    require_topics(settings)
    topic = settings.kafka.topic_prefix + CONSENT
    return Runtime(settings, ROLE, topic, ROLE, metrics, lambda: RightsRoom(settings, rules, metrics)).run()
