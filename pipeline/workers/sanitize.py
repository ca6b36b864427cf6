"""The sanitize role: raw events in, clean events and rejections out, each chunk confirmed before it is acknowledged."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping

import msgspec

from pipeline.consent.lookup import PartitionLookup
from pipeline.consent.reader import ConsentReader
from pipeline.core.context import Context
from pipeline.core.outcome import Clean, Dropped, DropReason, Rejected, RejectReason
from pipeline.core.sanitize import sanitize
from pipeline.ops import metric_table as table
from pipeline.ops.logging import get_logger
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.policy.vocabulary import Cohort, Region, StripReason
from pipeline.stream.admin import require_topics
from pipeline.stream.agent import WINDOW
from pipeline.stream.chunk import Chunk
from pipeline.stream.client_config import client_config
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.topics import CONSENT, RAW, REJECTED, clean_topic
from pipeline.workers.context import load_context, now_ms
from pipeline.workers.keys import load_key_ring
from pipeline.workers.labels import LABEL_VALUES
from pipeline.workers.runtime import Runtime, endless

log = get_logger(__name__)

STRIP_REASONS = tuple(StripReason)
NOBODY = (0,) * len(STRIP_REASONS)


class Rejection(msgspec.Struct, frozen=True, omit_defaults=True):
    """Coordinates of a raw event that cannot be judged (schemas/rejection.json). index: place in an array record."""

    topic: str
    partition: int
    offset: int
    reason: RejectReason
    path: str | None
    policy: str
    index: int | None = None


class Tally:
    """Counts of one chunk, published once."""

    __slots__ = ("dropped", "kept", "rejected", "stripped")

    def __init__(self) -> None:
        self.kept: Counter[tuple[Region, Cohort]] = Counter()
        self.dropped: Counter[tuple[DropReason, Cohort]] = Counter()
        self.rejected: Counter[RejectReason] = Counter()
        self.stripped = list(NOBODY)

    def publish(self, metrics: Metrics) -> None:
        """Add the chunk to the process's counters."""
        seen: Counter[str] = Counter()
        for (region, cohort), count in self.kept.items():
            metrics.add(table.EVENTS_KEPT, count, region=region, cohort=cohort)
            seen[region] += count
        for (reason, cohort), count in self.dropped.items():
            metrics.add(table.EVENTS_DROPPED, count, reason=reason, cohort=cohort)
            seen[{"US": "us", "IN": "in"}.get(cohort[:2], "none")] += count
        for why, count in self.rejected.items():
            metrics.add(table.EVENTS_REJECTED, count, reason=why)
            seen["none"] += count
        for region_name, count in seen.items():
            metrics.add(table.EVENTS_IN, count, region=region_name)
        for strip, count in zip(STRIP_REASONS, self.stripped, strict=True):
            if count:
                metrics.add(table.PROPERTIES_STRIPPED, count, **{"class": strip})
        if misrouted := self.rejected[RejectReason.MISROUTED_KEY]:
            metrics.add(table.MISROUTED_KEYS, misrouted)


class SanitizeRole:
    """Judges chunks of `events.raw` with the consent of their partition."""

    def __init__(
        self,
        context: Context,
        reader: ConsentReader,
        producer: ConfirmedProducer,
        metrics: Metrics,
        prefix: str,
    ) -> None:
        self._context = context
        self._reader = reader
        self._producer = producer
        self._metrics = metrics
        self._clean = {region: prefix + clean_topic(region) for region in Region}
        self._rejected = prefix + REJECTED

    async def prepare(self, chunk: Chunk) -> None:
        """Wait until every consent change that was acknowledged before now is known (R25, R36)."""
        chunk.prepared = await self._reader.barrier(chunk.tp.partition)

    def begin(self, chunk: Chunk) -> "asyncio.Future[None]":
        """Judge the chunk and hand its results to the producer."""
        lookup = chunk.prepared
        assert isinstance(lookup, PartitionLookup)
        started = time.perf_counter()
        tally = Tally()
        batch = self._producer.batch()
        context = self._context.at(now_ms())
        partition, clean, kept, dropped = chunk.tp.partition, self._clean, tally.kept, tally.dropped
        stripped: Counter[tuple[int, ...]] = Counter()
        for record in chunk.records:
            outcomes = sanitize(record.value, lookup, context)
            for index, outcome in enumerate(outcomes):
                if isinstance(outcome, Dropped):
                    dropped[outcome.reason, outcome.cohort] += 1
                elif isinstance(outcome, Clean):
                    # the same partition number keeps the order of a person's events
                    batch.add(clean[outcome.region], outcome.value, outcome.key, partition)
                    kept[outcome.region, outcome.cohort] += 1
                    stripped[outcome.stripped] += 1
                else:
                    tally.rejected[outcome.reason] += 1
                    place = index if len(outcomes) > 1 else None
                    batch.add(self._rejected, self._rejection(chunk, record.offset, outcome, place))
        for counts, times in stripped.items():
            tally.stripped = [total + count * times for total, count in zip(tally.stripped, counts, strict=True)]
        judged = time.perf_counter()
        tally.publish(self._metrics)
        if tally.rejected:
            log.warning("events rejected", topic=chunk.tp.topic, partition=partition, count=tally.rejected.total())
        self._metrics.observe(table.CHUNK_RECORDS, len(chunk))
        self._metrics.observe(table.SANITIZE_SECONDS, judged - started)
        done = batch.done()
        done.add_done_callback(lambda _: self._metrics.observe(table.PRODUCE_SECONDS, time.perf_counter() - judged))
        return done

    def _rejection(self, chunk: Chunk, offset: int, outcome: Rejected, index: int | None) -> bytes:
        topic, partition = chunk.tp
        version = self._context.policy.version
        return msgspec.json.encode(Rejection(topic, partition, offset, outcome.reason, outcome.path, version, index))


class SanitizeRoom:
    """The sanitize role with its consent reader and producer."""

    window = WINDOW

    def __init__(self, settings: Settings, context: Context, metrics: Metrics) -> None:
        kafka = settings.kafka
        self._metrics = metrics
        self._max_age_s = settings.consent.max_lag_s
        self._reader = ConsentReader(
            client_config(kafka),
            kafka.topic_prefix + CONSENT,
            kafka.partitions,
            poll_s=settings.consent.poll_s,
        )
        self._producer = ConfirmedProducer(kafka.bootstrap, client_config=client_config(kafka))
        self._partitions: frozenset[int] = frozenset()
        self._unreadable = 0
        self._misplaced = 0
        self.role = SanitizeRole(context, self._reader, self._producer, metrics, kafka.topic_prefix)

    async def start(self) -> None:
        """Start reading consent, and collecting the broker's confirmations."""
        await self._reader.start()
        self._confirming = endless(self._producer.run())

    async def close(self) -> None:
        """Let records under way be confirmed, then stop reading consent."""
        self._confirming.cancel()
        await self._producer.close()
        await self._reader.stop()

    def assigned(self, partitions: frozenset[int]) -> None:
        """Follow the consent of exactly the profiles whose events may arrive here."""
        self._partitions = partitions
        self._reader.follow(partitions)

    def checks(self) -> Mapping[str, bool]:
        """Consent is complete for the assignment, and the broker has said lately that there is no more."""
        return {
            "consent_complete": self._reader.complete(self._partitions),
            "consent_fresh": self._reader.age_of_last_answer() <= self._max_age_s,
        }

    def publish(self) -> None:
        """Show the consent reader's figures."""
        seen = self._reader.snapshot()
        self._metrics.set(table.CONSENT_RECORDS, seen.records)
        self._metrics.set(table.CONSENT_LAG_RECORDS, seen.lag)
        self._metrics.set(table.CONSENT_FRESH_AGE_SECONDS, seen.answer_age_s)
        unreadable, misplaced = seen.unreadable - self._unreadable, seen.misplaced - self._misplaced
        self._unreadable, self._misplaced = seen.unreadable, seen.misplaced
        if unreadable > 0:
            self._metrics.add(table.CONSENT_UNREADABLE, unreadable)
            log.error("consent records cannot be read and grant nothing", count=unreadable)
        if misplaced > 0:
            self._metrics.add(table.MISROUTED_KEYS, misplaced)
            log.error("consent records are on a partition where nobody looks for them", count=misplaced)


def run_sanitize(settings: Settings, only: Region | None) -> int:
    """Run a sanitize worker until a signal or a crash; return the exit status.

    only: the one region whose events it may process, None for all (J14). Raise ConfigError before anything is
    consumed when settings, policy, keys or topics do not fit.
    """
    context = load_context(settings, only, load_key_ring(settings.keys_file))
    require_topics(settings)
    metrics = Metrics(LABEL_VALUES)
    metrics.set(table.POLICY_INFO, 1, version=context.policy.version, sha256=context.policy.sha256)
    topic = settings.kafka.topic_prefix + RAW
    return Runtime(
        settings, "sanitize", topic, "sanitize", metrics, lambda: SanitizeRoom(settings, context, metrics)
    ).run()
