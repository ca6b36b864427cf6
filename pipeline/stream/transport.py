"""Faust's aiokafka transport, changed in five places: chunks, their records, the commit rule, the notes, the seek.

*Chunks.* Faust spends about 200 microseconds on each message that it hands to a stream. For the topics in
`app.chunk_topics` one message is a whole chunk, and the cost is paid once per chunk.

*Records.* Those of a chunk are what aiokafka has unpacked, not the copies that it makes of them.

*Commit rule.* Stock `_new_offset` guesses from acknowledged offsets which are contiguous, and commits over
unacknowledged ones (faust#606). Here the offsets that were delivered are kept, in order, and only an
acknowledged prefix of them is committed, whatever holes the log has. Stock Faust also remembers what it has
committed, even where that failed: if the answer comes when the partition has been assigned anew, it takes no
acknowledgement of what is delivered again, and never commits it. Nothing is remembered here to decide by; what the
broker has confirmed is kept apart, for lag and readiness.

*Notes.* A commit can carry a text beside the offset; stock Faust leaves it empty. Here it is what the role has left in
the note of the last chunk that the commit covers: offset and note change together or not at all. Each chunk tells what
was found committed when consumption of its partition was last begun.

*Seek.* When a rebalance stops the flow, Faust drops what a fetch in flight brings and seeks back to the
committed offsets, but aiokafka's `seek_to_committed` skips partitions that have no commit yet: their dropped
records would never return. Here those go back to the beginning of the partition.

Each override leans on a private name, so faust-streaming, mode-streaming and aiokafka are pinned exactly and
a test fails when one of the names disappears or changes its parameters.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Container, Iterable, Mapping
from typing import Any, Protocol, cast

from aiokafka.errors import CommitFailedError
from aiokafka.structs import OffsetAndMetadata
from aiokafka.structs import TopicPartition as Place
from faust.serializers.schemas import Schema
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from pipeline.ops.logging import get_logger
from pipeline.stream.chunk import Chunk, Note, Origin, TopicPartition
from pipeline.stream.fetched import leave_as_fetched
from pipeline.stream.group_errors import heed_group_errors

log = get_logger(__name__)

# Seconds between polls: an idle worker's CPU falls from 75 % of a core to 12 %, at no cost under load.
POLL_GAP_S = 0.02
COMMIT_ON_REVOKE_S = 5.0


class _HasChunkTopics(Protocol):
    chunk_topics: Container[str]


class ChunkConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that owns the aiokafka consumer, with a seek that forgets no partition."""

    async def on_start(self) -> None:
        """Start the consumer. A broker that cannot say what is committed must not look like one where nothing is."""
        await super().on_start()
        consumer = self._ensure_consumer()
        heed_group_errors(consumer._coordinator)  # noqa: SLF001 - aiokafka shows it nowhere
        leave_as_fetched(consumer._fetcher, cast("_HasChunkTopics", self.app).chunk_topics)  # noqa: SLF001

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Put every assigned partition on its committed offset, or on its beginning if it has none."""
        return cast("Mapping[TP, int]", await self.call_thread(self._seek_assigned))

    async def _seek_assigned(self) -> dict[Any, int | None]:
        consumer = self._ensure_consumer()
        origins = cast("ChunkConsumer", self.consumer).origins
        assigned = list(consumer.assignment())
        # One question for all partitions: the answer waits behind a fetch that is under way, on a quiet topic 1.5 s.
        found = await consumer._coordinator.fetch_committed_offsets(assigned)  # noqa: SLF001 - `committed` has no note
        committed = {tp: found[tp].offset if tp in found and found[tp].offset >= 0 else None for tp in assigned}
        new = [tp for tp, offset in committed.items() if offset is None]
        beginnings = await consumer.beginning_offsets(new) if new else {}
        for tp, offset in committed.items():
            consumer.seek(tp, beginnings[tp] if offset is None else offset)
            origins[TP(*tp)] = Origin(offset, found[tp].metadata if offset is not None else "")
        self._note({tp: offset for tp, offset in committed.items() if offset is not None})
        return committed

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        notes = cast("ChunkConsumer", self.consumer).notes
        assigned = self.assignment()
        noted = {
            Place(*tp): OffsetAndMetadata(offset, notes.pop((tp, offset), ""))
            for tp, offset in offsets.items()
            if tp in assigned
        }
        try:
            await self._ensure_consumer().commit(noted)
        except CommitFailedError:  # the partitions are somebody else's by now, who does the chunks again
            return False
        except Exception as exc:  # noqa: BLE001 - as stock Faust: whatever it is, the worker ends
            await self.crash(exc)
            return False
        self._note({tp: found.offset for tp, found in noted.items()})
        return True

    def _note(self, committed: Mapping[Any, int]) -> None:
        cast("ChunkConsumer", self.consumer).committed.update((TP(*tp), offset) for tp, offset in committed.items())

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Do nothing: the stock livelock detector compares two different clocks and can crash the app."""


class _Forgetful(dict[TP, int | None]):
    """Stands where Faust remembers offsets, and holds none."""

    def __missing__(self, _tp: TP) -> None:
        return None

    def update(self, *_args: Any, **_more: Any) -> None:
        """Remember nothing."""


class ChunkConsumer(driver.Consumer):
    """Delivers chunks and commits only what was delivered and then acknowledged without a gap."""

    logger = driver.logger  # or its records would count as our own

    poll_gap_s = POLL_GAP_S

    def __init__(self, *args: Any, **options: Any) -> None:
        # (first, last) offset and note of everything handed to the streams and not yet committed, in delivery order
        self._inflight: defaultdict[TP, deque[tuple[int, int, Note | None]]] = defaultdict(deque)
        self.origins: dict[TP, Origin] = {}  # of the present assignment
        self.notes: dict[tuple[TP, int], str] = {}  # of offsets that are about to be committed; two threads use it
        self.committed: dict[TP, int] = {}  # what the broker has by its own word, to be shown; nothing is decided by it
        self._last_poll = 0.0
        self.ending = False  # nothing is handed out any more
        super().__init__(*args, **options)
        self._committed_offset = _Forgetful()

    def _new_consumer_thread(self) -> ChunkConsumerThread:
        return ChunkConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109
        gap = self.poll_gap_s - (time.monotonic() - self._last_poll)
        if gap > 0:
            await asyncio.sleep(gap)
        self._last_poll = time.monotonic()
        if self.ending:
            return {}
        fetched = await super()._getmany(active_partitions, timeout)
        if self.ending:  # while it was on its way
            return {}
        chunked = cast("_HasChunkTopics", self.app).chunk_topics
        return {
            tp: [Chunk(TopicPartition(*tp), records, self.origins.get(TP(*tp)))] if tp.topic in chunked else records
            for tp, records in fetched.items()
            if records
        }

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        note = None
        if type(record) is Chunk:
            first, note = record.first_offset, record.note
            message = self._chunk_message(tp, record)
        else:
            first = record.offset
            message = super()._to_message(tp, record)
        if self.app.topics.acks_enabled_for(tp.topic):
            delivered = self._inflight[TP(*tp)]
            if not delivered or message.offset > delivered[-1][1]:
                delivered.append((first, message.offset, note))
        return message

    def _chunk_message(self, tp: TP, chunk: Chunk) -> ConsumerMessage:
        """One message for the whole chunk, at its last offset: acknowledging it acknowledges all."""
        newest = cast("Any", chunk.records[-1])
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            chunk.last_offset,
            newest.timestamp / 1000.0,
            newest.timestamp_type,
            [],  # headers
            None,  # key
            cast("Any", chunk),  # value
            None,  # checksum
            0,  # size of the key
            0,  # size of the value
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: the commit rule goes by what was delivered, so holes in the log need no bookkeeping."""

    def _new_offset(self, tp: TP) -> int | None:
        """Return the offset to commit: one past the longest acknowledged prefix of what was delivered."""
        delivered = self._inflight.get(tp)
        if not delivered:
            return None
        acked = self._acked_index[tp]
        last, note = None, None
        while delivered and delivered[0][1] in acked:
            _, last, note = delivered.popleft()
            acked.discard(last)
        if last is None:
            return None
        if note is not None and note.text:
            self.notes[tp, last + 1] = note.text
        self._acked[tp] = [offset for offset in self._acked[tp] if offset > last]
        acked.intersection_update(self._acked[tp])  # what was delivered twice was acknowledged twice
        return last + 1

    async def commit_all(self) -> None:
        """Commit what is acknowledged by now, also while a commit of less is under way."""
        while not await self.commit() and self._acknowledged():
            continue

    def _acknowledged(self) -> bool:
        return any(delivered and delivered[0][1] in self._acked_index[tp] for tp, delivered in self._inflight.items())

    def _forget(self, partitions: Iterable[TP]) -> None:
        """Drop the books of partitions whose uncommitted records will be delivered again."""
        for partition in partitions:
            tp = TP(*partition)
            self._inflight.pop(tp, None)
            self._acked.pop(tp, None)
            self._acked_index.pop(tp, None)
            self.committed.pop(tp, None)

    async def perform_seek(self) -> None:
        """Go back to the committed offsets; everything after them is delivered again."""
        self._forget({*self._inflight, *self._acked, *self.committed})
        await super().perform_seek()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Commit what is done before the partitions go, so that less is repeated; failing is harmless."""
        try:
            await asyncio.wait_for(self.commit(), COMMIT_ON_REVOKE_S)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the records will just come again
            log.warning("commit on revoke failed", error_type=type(exc).__name__)
        await super().on_partitions_revoked(revoked)
        self._forget(revoked)


class ChunkTransport(driver.Transport):
    """The transport an app must use before it declares any topic or agent."""

    Consumer = ChunkConsumer


class ChunkSchema(Schema[Any, Any]):
    """Hands a chunk to the agent as it is; for use with `app.topic(name, schema=ChunkSchema())`."""

    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> None:
        """No key: a chunk's records have theirs."""

    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:  # noqa: ARG002
        """Return the chunk."""
        return message.value
