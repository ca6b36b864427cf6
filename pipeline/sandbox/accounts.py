"""What became of every event of a sandbox run, from the outside: metrics, the rejected topic, the stand-ins."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from pipeline.policy.vocabulary import Region
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.scrape import Samples, scrape
from pipeline.stream.client_config import LibrdkafkaLog
from pipeline.stream.topics import REJECTED

READ_S = 30.0


@dataclass(slots=True)
class Account:
    """Events by fate. unaccounted is what was published and has no fate yet."""

    published: int
    delivered: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)

    @property
    def unaccounted(self) -> int:
        """Return published minus everything that has a fate."""
        fates = (self.delivered, self.dropped, self.rejected)
        return self.published - sum(sum(fate.values()) for fate in fates)

    def document(self) -> dict[str, Any]:
        """Return the account as the report's JSON object."""
        return {
            "published": self.published,
            "delivered": self.delivered,
            "dropped": self.dropped,
            "rejected": self.rejected,
            "unaccounted": self.unaccounted,
        }


def scrapes(deployment: Deployment, role: str) -> list[Samples]:
    """Scrape every worker of a role that answers."""
    found = [scrape(worker.port) for worker in deployment.workers if worker.name.startswith(f"{role}-")]
    return [samples for samples in found if samples is not None]


def take_account(deployment: Deployment, published: int) -> Account:
    """Count every fate as it is now."""
    dropped: Counter[str] = Counter()
    for samples in scrapes(deployment, "sanitize"):
        dropped.update(samples.by("coppice_events_dropped_total", "reason"))
    for samples in scrapes(deployment, "deliver"):
        for fate in ("suppressed", "stopped", "expired"):
            if count := int(samples.total(f"coppice_{fate}_events_total")):
                dropped[fate] += count
    return Account(
        published,
        delivered={str(region): len(deployment.standins[region].events()) for region in Region},
        dropped=dict(sorted(dropped.items())),
        rejected=read_rejections(deployment),
    )


def settle(deployment: Deployment, published: int, timeout_s: float) -> Account:
    """Wait until every published event has a fate, at most timeout_s seconds; return the account."""
    deadline = time.monotonic() + timeout_s
    while True:
        account = take_account(deployment, published)
        if account.unaccounted == 0 or time.monotonic() > deadline:
            return account
        time.sleep(0.2)


def read_rejections(deployment: Deployment) -> dict[str, int]:
    """Read the rejected topic to its end and count by reason; a rejection that was written twice counts once."""
    topic = deployment.topic(REJECTED)
    consumer = Consumer(
        {
            "bootstrap.servers": deployment.broker.bootstrap,
            "group.id": "accounts",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        },
        logger=LibrdkafkaLog(),
    )
    seen: dict[tuple[Any, ...], str] = {}
    try:
        partitions = consumer.list_topics(topic, timeout=READ_S).topics[topic].partitions
        for partition in partitions:
            start, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=READ_S)
            consumer.assign([TopicPartition(topic, partition, start)])
            while start < end:
                message = consumer.poll(READ_S)
                if message is None or message.error():
                    break
                start = (message.offset() or 0) + 1
                value = json.loads(message.value() or b"{}")
                place = tuple(value.get(key) for key in ("topic", "partition", "offset", "index"))
                seen[place] = value["reason"]
    finally:
        consumer.close()
    return dict(sorted(Counter(seen.values()).items()))
