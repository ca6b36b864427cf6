"""The deliver role: one region's clean events to its Mixpanel project, acknowledged when Mixpanel has them."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from pipeline.deliver.pipeline import Delivery
from pipeline.deliver.rejections import Rejection
from pipeline.ops.credentials import MixpanelProject, require_mixpanel
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import CompiledPolicy, Registry
from pipeline.policy.vocabulary import Region
from pipeline.stream.admin import require_topics
from pipeline.stream.chunk import Chunk
from pipeline.stream.client_config import client_config
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.topics import REJECTED, clean_topic
from pipeline.workers.context import load_rules
from pipeline.workers.labels import LABEL_VALUES
from pipeline.workers.rules import Rules, region_stopped
from pipeline.workers.runtime import Runtime, endless

SEND_S, CONFIRM_S = 6.0, 2.0  # a worker has 10 s to stop


class DeliverRules(NamedTuple):
    """What delivery needs of the rules: the kill switch and the version. The registry is loaded to be checked."""

    policy: CompiledPolicy
    registry: Registry


class DeliverRole:
    """Hands chunks of `events.clean.<region>` to the delivery."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery

    async def prepare(self, chunk: Chunk) -> None:  # noqa: ARG002  # the role's form
        """Wait until what is held leaves room for more."""
        await self._delivery.room()

    def begin(self, chunk: Chunk) -> "asyncio.Future[None]":
        """Queue the chunk; the future resolves when Mixpanel has it, or its refusal is on record."""
        return self._delivery.offer(chunk)


class DeliverRoom:
    """The deliver role with its delivery, and the producer that records refusals."""

    window = 64  # batches wait up to a second for more; the bytes that are held have a bound of their own

    def __init__(
        self, settings: Settings, project: MixpanelProject, rules: Rules[DeliverRules], metrics: Metrics
    ) -> None:
        kafka = settings.kafka
        self._rules = rules
        self._region = Region(project.region)
        self._topic = kafka.topic_prefix + REJECTED
        self._producer = ConfirmedProducer(kafka.bootstrap, client_config=client_config(kafka))
        self._delivery = Delivery(
            project,
            settings.deliver,
            record_rejections=self._record,
            metrics=metrics,
            policy=rules.current.policy.version,
            topic_prefix=kafka.topic_prefix,
        )
        self.role = DeliverRole(self._delivery)
        self._under(rules.current)
        rules.swapped = self._under

    async def start(self) -> None:
        """Start sending, collecting the broker's confirmations, and looking for changed rules."""
        self._confirming = endless(self._producer.run())
        self._watching = endless(self._rules.watch())
        self._delivery.start()

    async def close(self) -> None:
        """Send what is held if that is quick, then stop."""
        await self._delivery.close(SEND_S)
        self._watching.cancel()
        self._confirming.cancel()
        await self._producer.close(CONFIRM_S)

    def assigned(self, partitions: frozenset[int]) -> None:
        """Nothing here depends on which partitions are assigned."""

    def checks(self) -> Mapping[str, bool]:
        """Ready as long as Mixpanel accepts the credentials, and the kill switch does not hold the region."""
        return {"not_halted": self._delivery.halted is None, "kill_switch_off": not self._delivery.pause.on}

    def unknown(self) -> Mapping[str, int]:
        """Nothing: what is delivered holds registered properties only."""
        return {}

    def publish(self) -> None:
        """The delivery publishes its own figures."""

    def _under(self, rules: DeliverRules) -> None:
        """Work under the policy that is in force from now on."""
        self._delivery.under(rules.policy.version)
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
