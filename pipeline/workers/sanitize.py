"""The sanitize role: raw events in, clean events and rejections out, each chunk confirmed before it is acknowledged."""

import asyncio
import time
from collections.abc import Mapping

import msgspec

from pipeline.consent.lookup import PartitionLookup
from pipeline.consent.reader import ConsentReader
from pipeline.core.context import Context
from pipeline.core.outcome import Clean, Dropped, Rejected, RejectReason
from pipeline.core.sanitize import sanitize
from pipeline.detect.engine import warm
from pipeline.ops import metric_table as table
from pipeline.ops.logging import get_logger
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.policy.vocabulary import Region
from pipeline.stream.admin import require_topics
from pipeline.stream.agent import WINDOW
from pipeline.stream.chunk import Chunk
from pipeline.stream.client_config import client_config
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.topics import CONSENT, RAW, REJECTED, clean_topic
from pipeline.workers.context import load_context, now_ms
from pipeline.workers.keys import load_key_ring
from pipeline.workers.labels import LABEL_VALUES
from pipeline.workers.rules import Rules
from pipeline.workers.runtime import Runtime, endless
from pipeline.workers.tally import Counts, Tally

log = get_logger(__name__)


class Rejection(msgspec.Struct, frozen=True, omit_defaults=True):
    """Coordinates of a raw event that cannot be judged (schemas/rejection.json). index: place in an array record."""

    topic: str
    partition: int
    offset: int
    reason: RejectReason
    path: str | None
    policy: str
    index: int | None = None


class SanitizeRole:
    """Judges chunks of `events.raw` with the consent of their partition."""

    def __init__(
        self,
        rules: Rules[Context],
        reader: ConsentReader,
        producer: ConfirmedProducer,
        metrics: Metrics,
        prefix: str,
    ) -> None:
        self._rules = rules
        self._reader = reader
        self._producer = producer
        self._metrics = metrics
        self._counts = Counts(metrics)
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
        context = self._rules.current.at(now_ms())
        partition, clean = chunk.tp.partition, self._clean
        kept, dropped, rulings = tally.kept, tally.dropped, tally.rulings
        for record in chunk.records:
            outcomes = sanitize(record.value, lookup, context, record.headers)
            for index, outcome in enumerate(outcomes):
                if isinstance(outcome, Dropped):
                    dropped[outcome.reason, outcome.cohort] += 1
                    rulings[outcome.ruling, outcome.app_version] += 1
                elif isinstance(outcome, Clean):
                    # the same partition number keeps the order of a person's events
                    batch.add(clean[outcome.region], outcome.value, outcome.key, partition)
                    kept[outcome.region, outcome.cohort] += 1
                    rulings[outcome.ruling, outcome.app_version] += 1
                    if outcome.lost:
                        tally.lost.update(outcome.lost)
                else:
                    tally.rejected[outcome.reason] += 1
                    place = index if len(outcomes) > 1 else None
                    rejection = _rejection(chunk, record.offset, outcome, place, context.policy.version)
                    batch.add(self._rejected, rejection)
        judged = time.perf_counter()
        self._counts.publish(tally)
        if tally.rejected:
            log.warning("events rejected", topic=chunk.tp.topic, partition=partition, count=tally.rejected.total())
        self._metrics.observe(table.CHUNK_RECORDS, len(chunk))
        self._metrics.observe(table.SANITIZE_SECONDS, judged - started)
        done = batch.done()
        done.add_done_callback(lambda _: self._metrics.observe(table.PRODUCE_SECONDS, time.perf_counter() - judged))
        return done

    def unknown(self) -> Mapping[str, int]:
        """Return the names of properties that no schema lists, and how many events had them."""
        return self._counts.unknown


def _rejection(chunk: Chunk, offset: int, outcome: Rejected, index: int | None, policy: str) -> bytes:
    topic, partition = chunk.tp
    return msgspec.json.encode(Rejection(topic, partition, offset, outcome.reason, outcome.path, policy, index))


class SanitizeRoom:
    """The sanitize role with its consent reader and producer."""

    window = WINDOW

    def __init__(self, settings: Settings, rules: Rules[Context], metrics: Metrics) -> None:
        kafka = settings.kafka
        self._rules = rules
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
        self.role = SanitizeRole(rules, self._reader, self._producer, metrics, kafka.topic_prefix)

    async def start(self) -> None:
        """Start reading consent, collecting the broker's confirmations, and looking for changed rules."""
        await self._reader.start()
        self._confirming = endless(self._producer.run())
        self._watching = endless(self._rules.watch())

    async def close(self) -> None:
        """Let records under way be confirmed, then stop reading consent."""
        self._watching.cancel()
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

    def unknown(self) -> Mapping[str, int]:
        """Return the names of properties that no schema lists, and how many events had them."""
        return self.role.unknown()

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
    keys, metrics = load_key_ring(settings.keys_file), Metrics(LABEL_VALUES)
    rules = Rules(settings, lambda: load_context(settings, only, keys), metrics)
    require_topics(settings)
    warm()  # or the first events would wait for the detectors' matchers to be built
    topic = settings.kafka.topic_prefix + RAW
    return Runtime(
        settings, "sanitize", topic, "sanitize", metrics, lambda: SanitizeRoom(settings, rules, metrics)
    ).run()
