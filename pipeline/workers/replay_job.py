"""One run of a replay: stretch after stretch through the sanitize role, confirmed and kept chunk by chunk."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from pipeline.consent.reader import ConsentReader
from pipeline.core.context import Context
from pipeline.ledger.outcomes import CODES
from pipeline.ledger.receipt import NOTHING
from pipeline.ledger.writing import Head
from pipeline.ops.errors import ConfigError
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.stream.chunk import Chunk, TopicPartition
from pipeline.stream.client_config import client_config
from pipeline.stream.errors import DeliveryError
from pipeline.stream.log_reader import LogReader, Stored, Taken
from pipeline.stream.marked import REPLAY_HEADER, MarkedProducer, SilentProducer
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.topics import CONSENT
from pipeline.workers.receipts import Receipts
from pipeline.workers.replay_plan import Gone, Plan, Stretch
from pipeline.workers.rules import Rules
from pipeline.workers.runtime import endless
from pipeline.workers.sanitize import SanitizeRole

PATIENCE_S = 120.0  # for the consent of a partition to be read, and for the broker to confirm


class Summary(msgspec.Struct, kw_only=True):
    """What a run did. records: raw records judged, events by outcome; left and gone: what stayed undone.

    earlier: records that runs of the same name had done before. cut: partitions that begin later than was asked for.
    """

    id: str
    dry_run: bool
    policy: str
    records: int = 0
    earlier: int = 0
    left: int = 0
    kept: dict[str, int] = msgspec.field(default_factory=dict)
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    rejected: dict[str, int] = msgspec.field(default_factory=dict)
    counted: dict[str, int] = msgspec.field(default_factory=dict)
    gone: list[Gone] = msgspec.field(default_factory=list)
    cut: list[int] = msgspec.field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Say whether everything that was asked for has been judged."""
        return not (self.left or self.gone or self.cut)


Advance = Callable[[int, int], object]
"""Called with the records done and the records there are, at the start and after each chunk."""


class Job:
    """One run. It judges chunk after chunk, each confirmed before the next, and keeps its place after each."""

    def __init__(
        self,
        settings: Settings,
        rules: Rules[Context],
        metrics: Metrics,
        raw: LogReader,
        ends: LogReader,
        summary: Summary,
        advance: Advance,
    ) -> None:
        self._settings = settings
        self._rules = rules
        self._metrics = metrics
        self._raw = raw
        self._ends = ends
        self._summary = summary
        self._advance = advance
        self._total = 0
        self._digests: dict[int, str] = {}
        self._stopping = asyncio.Event()

    async def run(self, plan: Plan) -> None:
        """Work through a plan."""
        kafka = self._settings.kafka
        config = client_config(kafka)
        reader = ConsentReader(
            config, kafka.topic_prefix + CONSENT, kafka.partitions, poll_s=self._settings.consent.poll_s
        )
        producer: ConfirmedProducer
        if self._summary.dry_run:
            producer = SilentProducer(kafka.bootstrap, client_config=config)
        else:
            mark = {REPLAY_HEADER: self._summary.id.encode()}
            producer = MarkedProducer(kafka.bootstrap, mark, client_config=config)
        receipts = Receipts(kafka.topic_prefix, CODES, replay=self._summary.id)
        for partition, digest in plan.heads.items():
            receipts.continue_from(partition, Head(None, digest))
        self._digests = dict(plan.heads)
        role = SanitizeRole(self._rules, reader, producer, self._metrics, kafka.topic_prefix, receipts)
        await reader.start()
        background = [endless(producer.run()), endless(self._rules.watch())]
        try:
            with self._signals():
                await self._through(plan, role, reader)
        finally:
            for task in background:
                task.cancel()
            await producer.close()
            await reader.stop()

    async def _through(self, plan: Plan, role: SanitizeRole, reader: ConsentReader) -> None:
        self._total = self._summary.left = len(plan)
        self._advance(0, self._total)
        await self._pin(plan)
        for stretch in plan.stretches:
            reader.follow({stretch.partition})  # one at a time: the consent of all of them might not fit into memory
            await self._over(stretch, role)

    async def _over(self, stretch: Stretch, role: SanitizeRole) -> None:
        """Work through one stretch, until its end or a signal."""
        await asyncio.to_thread(self._raw.open, stretch.partition, stretch.start)
        reached = stretch.start
        while reached < stretch.end and not self._stopping.is_set():
            taken = await asyncio.to_thread(self._raw.take, stretch.end)
            if taken.position == reached:
                continue
            here = range(reached, taken.position)
            records, missing = _sift(stretch, here, taken)
            self._summary.gone += [Gone(stretch.partition, each[0], each[-1]) for each in missing]
            if records:
                chunk = Chunk(TopicPartition(self._raw.topic, stretch.partition), records)
                await self._judge(chunk, role)
                self._digests[stretch.partition] = chunk.note.text
            reached = taken.position
            await self._keep(stretch, reached)
            self._summary.records += len(records)
            self._summary.left -= len(here) if stretch.only is None else len(stretch.only.intersection(here))
            self._advance(self._total - self._summary.left, self._total)

    async def _judge(self, chunk: Chunk, role: SanitizeRole) -> None:
        """Judge a chunk exactly as a worker does; return when its results are confirmed."""
        again = f"nothing is lost: give the same command again, or --id {self._summary.id}"
        try:
            await asyncio.wait_for(role.prepare(chunk), PATIENCE_S)
            await asyncio.wait_for(role.begin(chunk), PATIENCE_S)
        except TimeoutError:
            raise ConfigError(
                f"the broker does not answer, or does not confirm, for {PATIENCE_S:g} s; {again}"
            ) from None
        except DeliveryError as exc:
            raise ConfigError(f"the broker does not take the results ({exc}); {again}") from None

    async def _pin(self, plan: Plan) -> None:
        """Keep where each partition begins and ends, before any is worked on: a later run ends where this one would."""
        if self._summary.dry_run:
            return
        for stretch in plan.stretches:
            await asyncio.to_thread(self._ends.save, stretch.partition, stretch.end)
        for stretch in reversed(plan.stretches):  # the first one of a partition has the last word
            await self._keep(stretch, stretch.start)

    async def _keep(self, stretch: Stretch, offset: int) -> None:
        if not self._summary.dry_run:
            await asyncio.to_thread(
                self._raw.save, stretch.partition, offset, self._digests.get(stretch.partition, NOTHING)
            )

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Let the first Ctrl-C or SIGTERM stop the job after the chunk at hand; the second is as ever."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM)

        def stop() -> None:
            self._stopping.set()
            for number in numbers:
                loop.remove_signal_handler(number)

        for number in numbers:
            loop.add_signal_handler(number, stop)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)


def _sift(stretch: Stretch, here: range, taken: Taken) -> tuple[list[Stored], list[range]]:
    """Return the wanted records of what was taken, and the wanted offsets of which there is no record any more."""
    if stretch.only is None:
        return taken.records, [taken.lost] if taken.lost else []
    records = [record for record in taken.records if record.offset in stretch.only]
    missing = stretch.only.intersection(here) - {record.offset for record in records}
    return records, [range(each, each + 1) for each in sorted(missing)]
