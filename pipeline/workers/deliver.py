"""The deliver role: one region's clean events to its Mixpanel project, acknowledged when Mixpanel has them."""

from collections.abc import Mapping
from typing import NamedTuple

from pipeline.deliver.pipeline import Delivery
from pipeline.deliver.suppressions import Suppressions
from pipeline.ops.credentials import MixpanelProject, require_mixpanel
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import CompiledPolicy, Registry
from pipeline.policy.vocabulary import Region
from pipeline.stream.admin import require_topics
from pipeline.stream.client_config import client_config
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.rejection import Rejection
from pipeline.stream.topics import REJECTED, SUPPRESSIONS, TOPICS, clean_topic
from pipeline.workers.accounted import CODES, Accounted
from pipeline.workers.context import load_rules, now_ms
from pipeline.workers.labels import LABEL_VALUES
from pipeline.workers.leaks import leak_scan, leak_stop, require_incident_dir, written
from pipeline.workers.receipts import Receipts
from pipeline.workers.rules import Rules, region_stopped
from pipeline.workers.runtime import Runtime, endless

SEND_S, CONFIRM_S = 6.0, 2.0  # a worker has 10 s to stop


class DeliverRules(NamedTuple):
    """What delivery needs of the rules: the kill switch, the version, and the names that may leave."""

    policy: CompiledPolicy
    registry: Registry


class DeliverRoom:
    """The deliver role with its delivery, what it must not deliver, and the producer that records refusals."""

    window = 64  # batches wait up to a second for more; the bytes that are held have a bound of their own

    def __init__(
        self, settings: Settings, project: MixpanelProject, rules: Rules[DeliverRules], metrics: Metrics
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
        self._leaks = leak_stop(settings, project, *rules.current, metrics)
        self._delivery = Delivery(
            project,
            settings.deliver,
            record_rejections=self._record,
            before_attempt=self._suppressions.take_out,
            metrics=metrics,
            policy=rules.current.policy.version,
            leaks=self._leaks,
            topic_prefix=kafka.topic_prefix,
        )
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
        self._delivery.start()

    async def close(self) -> None:
        """Send what is held if that is quick, then stop."""
        await self._delivery.close(SEND_S)
        self.role.close()
        self._watching.cancel()
        self._incidents.cancel()
        self._confirming.cancel()
        await self._producer.close(CONFIRM_S)
        await self._suppressions.stop()

    def assigned(self, partitions: frozenset[int]) -> None:
        """Nothing here depends on which partitions are assigned."""

    def checks(self) -> Mapping[str, bool]:
        """Mixpanel accepts the credentials, nothing holds the region, and who is suppressed is known by now."""
        return {
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
        self._leaks.policy = written(rules.policy)
        self._leaks.scan = leak_scan(rules.registry, self._settings)
        self._delivery.pause.switch(on=region_stopped(rules.policy, self._region))

    async def _record(self, rejections: list[Rejection]) -> None:
        batch = self._producer.batch()
        for rejection in rejections:
            batch.add(self._topic, rejection.encode())
        await batch.done()


def run_deliver(settings: Settings, region: Region) -> int:
    """Run a deliver worker of one region until a signal or a crash; return the exit status.

    Raise ConfigError before anything is consumed when settings, credentials or topics do not fit.
    """
    project = require_mixpanel(settings, region)
    require_incident_dir(settings)
    metrics = Metrics(LABEL_VALUES)
    rules = Rules(settings, lambda: DeliverRules(*load_rules(settings)), metrics)
    require_topics(settings)
    topic = settings.kafka.topic_prefix + clean_topic(region)
    return Runtime(
        settings,
        "deliver",
        topic,
        f"deliver-{region}",
        metrics,
        lambda: DeliverRoom(settings, project, rules, metrics),
    ).run()
