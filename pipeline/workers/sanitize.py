"""The sanitize role: raw events in, clean events and rejections out, each chunk confirmed before it is acknowledged."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping

from pipeline.aggregate.records import contribution
from pipeline.consent.lookup import PartitionLookup
from pipeline.consent.reader import ConsentReader
from pipeline.core.context import Context
from pipeline.core.outcome import Rejected
from pipeline.core.ruling import UNREGISTERED, Ruling
from pipeline.core.session import Step
from pipeline.detect.engine import warm
from pipeline.ledger.outcomes import CODES
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
from pipeline.stream.rejection import Rejection
from pipeline.stream.topics import AGGREGATES, CONSENT, RAW, REJECTED, clean_topic
from pipeline.workers.context import load_context, now_ms
from pipeline.workers.judging import Judged, judge
from pipeline.workers.keys import load_key_ring
from pipeline.workers.labels import LABEL_VALUES
from pipeline.workers.receipts import Receipts
from pipeline.workers.rules import Rules
from pipeline.workers.runtime import Runtime, endless
from pipeline.workers.session_gaps import SessionGaps
from pipeline.workers.tally import Counts, rulings_of

CONFIRM_S = 2.0  # a worker has 10 s to stop

log = get_logger(__name__)


class SanitizeRole:
    """Judges chunks of `events.raw` with the consent of their partition."""

    def __init__(
        self,
        rules: Rules[Context],
        reader: ConsentReader,
        producer: ConfirmedProducer,
        metrics: Metrics,
        prefix: str,
        receipts: Receipts,
        gaps: SessionGaps | None = None,
    ) -> None:
        self._rules = rules
        self._reader = reader
        self._producer = producer
        self._metrics = metrics
        self._counts = Counts(metrics)
        self._clean = {region: prefix + clean_topic(region) for region in Region}
        self._rejected = prefix + REJECTED
        self._aggregates = prefix + AGGREGATES
        self._receipts = receipts
        self._gaps = gaps

    async def prepare(self, chunk: Chunk) -> None:
        """Wait until every consent change that was acknowledged before now is known (R25, R36)."""
        chunk.prepared = await self._reader.barrier(chunk.tp.partition)

    def begin(self, chunk: Chunk) -> "asyncio.Future[None]":
        """Judge the chunk and hand its results to the producer."""
        lookup = chunk.prepared
        assert isinstance(lookup, PartitionLookup)
        started = time.perf_counter()
        steps: list[Step] = []
        batch = self._producer.batch()
        context = self._rules.current.at(now_ms(), steps)
        judged = judge(chunk.records, lookup, context, self._clean, chunk.tp.partition)
        batch.add_all(judged.rows)
        for outcome in judged.counted:
            cell, value = contribution(outcome)
            batch.add(self._aggregates, value, cell)  # the key decides where: a cell has one partition
        for offset, place, rejected in judged.rejected:
            batch.add(self._rejected, _rejection(chunk, offset, rejected, place, context.policy.version))
        rulings = rulings_of(judged)
        self._receipts.add(
            chunk,
            judged.decisions,
            context.policy,
            batch,
            stripped=stripped_names(rulings),
            lost={str(kind): count for kind, count in Counter(judged.lost).items()},
        )
        ready = time.perf_counter()
        self._counts.publish(judged, rulings)
        self._publish(chunk, judged, steps, ready - started)
        done = batch.done()
        done.add_done_callback(lambda _: self._metrics.observe(table.PRODUCE_SECONDS, time.perf_counter() - ready))
        return done

    def _publish(self, chunk: Chunk, judged: Judged, steps: list[Step], seconds: float) -> None:
        if steps and self._gaps is not None:
            self._gaps.take(chunk.tp.partition, steps)
        if judged.rejected:
            topic, partition = chunk.tp
            log.warning("events rejected", topic=topic, partition=partition, count=len(judged.rejected))
        self._metrics.observe(table.CHUNK_RECORDS, len(chunk))
        self._metrics.observe(table.SANITIZE_SECONDS, seconds)

    def unknown(self) -> Mapping[str, int]:
        """Return the names of properties that no schema lists, and how many events had them."""
        return self._counts.unknown


def _rejection(chunk: Chunk, offset: int, outcome: Rejected, index: int | None, policy: str) -> bytes:
    topic, partition = chunk.tp
    return Rejection(topic, partition, offset, outcome.reason, outcome.path, policy, index).encode()


def stripped_names(rulings: Mapping[tuple[Ruling | None, str], int]) -> Counter[str]:
    """Return how often each registered property was held back by its name, and how often unregistered ones were."""
    found: Counter[str] = Counter()
    for (ruling, _), count in rulings.items():
        if ruling is not None:
            for name in ruling.withheld:
                found[name] += count
            if ruling.unregistered:
                found[UNREGISTERED] += ruling.unregistered * count
    return found


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
        receipts = Receipts(kafka.topic_prefix, CODES)
        self._gaps = SessionGaps(metrics)
        self.role = SanitizeRole(rules, self._reader, self._producer, metrics, kafka.topic_prefix, receipts, self._gaps)

    async def start(self) -> None:
        """Start reading consent, collecting the broker's confirmations, and looking for changed rules."""
        await self._reader.start()
        self._confirming = endless(self._producer.run())
        self._watching = endless(self._rules.watch())

    async def finish(self) -> bool:
        """Nothing is held here but what the producer has sent."""
        return True

    async def close(self) -> None:
        """Let records under way be confirmed, then stop reading consent."""
        self._watching.cancel()
        self._confirming.cancel()
        await self._producer.close(CONFIRM_S)
        await self._reader.stop()

    def assigned(self, partitions: frozenset[int]) -> None:
        """Follow the consent of exactly the profiles whose events may arrive here."""
        self._partitions = partitions
        self._reader.follow(partitions)
        self._gaps.keep(partitions)

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
        """Show the consent reader's figures and the ages of the keys in force; count gaps of sessions that ended."""
        self._gaps.settle()
        for (region, name), age_ms in self._rules.current.keys.ages_ms(now_ms()).items():
            self._metrics.set(table.KEY_AGE_SECONDS, age_ms / 1000, region=region, name=name)
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
    metrics = Metrics(LABEL_VALUES)
    also = (settings.keys_file,) if settings.keys_file is not None else ()
    rules = Rules(settings, lambda: load_context(settings, only, load_key_ring(settings)), metrics, also=also)
    require_topics(settings)
    warm()  # or the first events would wait for the detectors' matchers to be built
    topic = settings.kafka.topic_prefix + RAW
    return Runtime(
        settings, "sanitize", topic, "sanitize", metrics, lambda: SanitizeRoom(settings, rules, metrics)
    ).run()
