"""The deliver role: one region's clean events to its Mixpanel project, acknowledged when Mixpanel has them."""

from collections.abc import Mapping
from typing import NamedTuple

from pipeline.deliver.batch import Batch
from pipeline.deliver.event_limits import EventLimits
from pipeline.deliver.expired import Expired
from pipeline.deliver.hot_shard import HotShard
from pipeline.deliver.pipeline import Delivery
from pipeline.deliver.stopped import Stopped
from pipeline.deliver.suppressions import Suppressions
from pipeline.ops.account import ServiceAccount
from pipeline.ops.credentials import MixpanelProject, require_mixpanel
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import CompiledPolicy, EventPlan, Registry
from pipeline.policy.vocabulary import Region
from pipeline.stream.admin import require_topics
from pipeline.stream.client_config import client_config
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.rejection import Rejection
from pipeline.stream.topics import REJECTED, SUPPRESSIONS, TOPICS, clean_topic
from pipeline.workers.accounted import CODES, Accounted
from pipeline.workers.context import load_profile, load_rules, now_ms
from pipeline.workers.labels import LABEL_VALUES
from pipeline.workers.leaks import leak_scan, leak_stop, require_incident_dir, written
from pipeline.workers.receipts import Receipts
from pipeline.workers.residency import Check, admitted_at_start
from pipeline.workers.rules import Rules, region_stopped
from pipeline.workers.runtime import Runtime, endless

CONFIRM_S = 1.0  # a worker has 10 s to stop


class DeliverRules(NamedTuple):
    """What delivery needs of the rules: the kill switch, the version, and the names that may leave.

    profile: those of profiles; without it each of them is looked at as if nobody knew it.
    """

    policy: CompiledPolicy
    registry: Registry
    profile: EventPlan | None = None


class DeliverRoom:
    """The deliver role with its delivery, what it must not deliver, and the producer that records refusals."""

    window = 64  # batches wait up to a second for more; the bytes that are held have a bound of their own

    def __init__(
        self,
        settings: Settings,
        project: MixpanelProject,
        rules: Rules[DeliverRules],
        metrics: Metrics,
        *,
        admitted: bool = True,
    ) -> None:
        kafka = settings.kafka
        self._rules = rules
        self._region = Region(project.region)
        self._topic = kafka.topic_prefix + REJECTED
        self._producer = ConfirmedProducer(kafka.bootstrap, client_config=client_config(kafka))
        self._max_age_s = settings.consent.max_lag_s
        self._suppressions = Suppressions(
            client_config(kafka),
            kafka.topic_prefix + SUPPRESSIONS,
            next(topic for topic in TOPICS if topic.name == SUPPRESSIONS).partition_count(kafka.partitions),
            region=project.region,
            metrics=metrics,
            now_ms=now_ms,
            poll_s=settings.consent.poll_s,
        )
        self._settings = settings
        self._expired = Expired(project.region, metrics, now_ms)
        self._stopped = Stopped(
            Region(project.region),
            rules.current.policy,
            metrics,
            now_ms,
            later=lambda decide: self._delivery.later(settings.deliver.stop_after_s, decide),
            again=self._again,
        )
        self._leaks = leak_stop(settings, project, *rules.current, metrics=metrics)
        self._account = ServiceAccount(project, metrics)
        self._check = Check(settings, project, metrics, account=self._account, answered=admitted)
        self._delivery = Delivery(
            project,
            settings.deliver,
            account=self._account,
            record_rejections=self._record,
            before_attempt=self._may_leave,
            metrics=metrics,
            policy=rules.current.policy.version,
            leaks=self._leaks,
            checks=EventLimits(now_ms),
            hot_shard=HotShard(settings.deliver.hot_shard_limit, now_ms),
            topic_prefix=kafka.topic_prefix,
        )
        if not self._check.residency.checked:
            self._delivery.gate.shut()
        receipts = Receipts(kafka.topic_prefix, CODES)
        self.role = Accounted(self._delivery, receipts, self._producer, lambda: rules.current.policy)
        self._under(rules.current)
        rules.swapped = self._under

    async def start(self) -> None:
        """Start reading suppressions, sending, collecting confirmations, and looking for changed rules."""
        await self._suppressions.start()
        self._confirming = endless(self._producer.run())
        self._watching = endless(self._rules.watch())
        self._incidents = endless(self._leaks.watch())
        self._check.client.open()
        self._asking = [
            endless(self._account.watch()),
            endless(self._check.residency.keep(self._delivery.gate)),
        ]
        self._delivery.start()

    async def finish(self) -> bool:
        """Send what is held, as long as Mixpanel answers and nothing keeps the region."""
        return await self._delivery.finish()

    async def close(self) -> None:
        """Stop; what would be sent now could not be acknowledged any more."""
        await self._delivery.close(0)
        self.role.close()
        self._watching.cancel()
        self._incidents.cancel()
        for task in self._asking:
            task.cancel()
        await self._check.client.close()
        self._confirming.cancel()
        await self._producer.close(CONFIRM_S)
        await self._suppressions.stop()

    def assigned(self, partitions: frozenset[int]) -> None:
        """Nothing here depends on which partitions are assigned."""

    def checks(self) -> Mapping[str, bool]:
        """Mixpanel accepts the credentials, nothing holds the region, and who is suppressed is known by now."""
        return {
            "mixpanel_answers": self._check.residency.answers,
            "residency_checked": self._check.residency.checked,
            "not_halted": self._delivery.halted is None,
            "kill_switch_off": not self._delivery.pause.on,
            "no_incident_open": not self._leaks.on,
            "suppressions_complete": self._suppressions.complete(),
            "suppressions_fresh": self._suppressions.age_of_last_answer() <= self._max_age_s,
        }

    def unknown(self) -> Mapping[str, int]:
        """Nothing: what is delivered holds registered properties only."""
        return {}

    def publish(self) -> None:
        """Show what is known of suppressions; the delivery publishes its own figures."""
        self._suppressions.publish()

    def _under(self, rules: DeliverRules) -> None:
        """Work under the policy that is in force from now on."""
        self._delivery.under(rules.policy.version)
        self._stopped.policy = rules.policy
        self._leaks.policy = written(rules.policy)
        self._leaks.scan = leak_scan(rules.registry, self._settings, rules.profile)
        self._delivery.pause.switch(on=region_stopped(rules.policy, self._region))

    def _again(self, batch: Batch) -> None:
        self._delivery.again(batch)

    async def _may_leave(self, batch: Batch) -> Batch:
        """Take out who is suppressed, then what ran out or is stopped; nothing is waited for after the first."""
        return self._stopped.take_out(self._expired.take_out(await self._suppressions.take_out(batch)))

    async def _record(self, rejections: list[Rejection]) -> None:
        batch = self._producer.batch()
        for rejection in rejections:
            batch.add(self._topic, rejection.encode())
        await batch.done()


def _load(settings: Settings) -> DeliverRules:
    policy, registry = load_rules(settings)
    return DeliverRules(policy, registry, load_profile(policy))


def run_deliver(settings: Settings, region: Region) -> int:
    """Run a deliver worker of one region until a signal or a crash; return the exit status.

    Raise ConfigError before anything is consumed when settings or topics do not fit, and when Mixpanel says that
    credentials, token and project do not.
    """
    project = require_mixpanel(settings, region)
    require_incident_dir(settings)
    metrics = Metrics(LABEL_VALUES)
    rules = Rules(settings, lambda: _load(settings), metrics)
    require_topics(settings)
    admitted = admitted_at_start(settings, project)
    topic = settings.kafka.topic_prefix + clean_topic(region)
    return Runtime(
        settings,
        "deliver",
        topic,
        f"deliver-{region}",
        metrics,
        lambda: DeliverRoom(settings, project, rules, metrics, admitted=admitted),
    ).run()
