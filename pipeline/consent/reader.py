"""The consent reader: the present consent state of every profile whose events this worker may get.

It follows the `consent` partitions that match the raw partitions of the worker, from their beginning, in a
thread of its own. It belongs to no consumer group and commits nothing: the state is in memory, read again at
each start.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline.consent.barrier import Barrier
from pipeline.consent.client import OffsetLister, consumer_config, end_offsets, is_transient, quiet, refresh_leaders
from pipeline.consent.errors import ConsentNotReady, ConsentReadError
from pipeline.consent.lookup import PartitionLookup
from pipeline.consent.state import PartitionState, Shapes
from pipeline.stream.agent import fail_stop

KEEP_ALIVE_S = 2.0
BATCH = 2_000  # records applied before the position is published


@dataclass(frozen=True, slots=True)
class ConsentSnapshot:
    """Figures of the reader at one moment, for metrics and readiness.

    Attributes:
        partitions: followed at the moment; complete: those of them that were read to their end once.
        records: profiles with a state, unreadable ones included.
        lag: records known to the broker and not applied yet.
        answer_age_s: seconds since the broker last answered anything.
        unreadable: records since the start that could not be read; they grant nothing.
        misplaced: records found since the start on a partition that is not their key's.
        transient_errors: troubles since the start that librdkafka goes on after by itself.

    """

    partitions: int
    complete: int
    records: int
    lag: int
    answer_age_s: float
    unreadable: int
    misplaced: int
    transient_errors: int


class ConsentReader:
    """Follows consent partitions and answers for them.

    All methods are for the event loop that started it; none of them blocks.
    """

    def __init__(
        self,
        client_config: Mapping[str, Any],
        topic: str,
        partitions: int,
        *,
        poll_s: float = 0.05,
        keep_alive_s: float = KEEP_ALIVE_S,
        fail_stop: Callable[[BaseException], object] = fail_stop,
        admin: Callable[[dict[str, Any]], OffsetLister] = AdminClient,
    ) -> None:
        """Describe what to read; nothing is contacted before `start`.

        Args:
            client_config: librdkafka settings of the deployment, `bootstrap.servers` at least.
            topic: full name of the consent topic.
            partitions: number of its partitions, the same as of the raw topic.
            poll_s: longest wait for a record, in seconds; a new assignment is noticed after at most this.
            keep_alive_s: how often, in seconds, the ends are asked for when no chunk asks.
            fail_stop: called with what made going on impossible, in any thread; it must end the process.
            admin: makes the client that asks for end offsets.

        """
        self._client_config = dict(client_config)
        self._topic = topic
        self._partitions = partitions
        self._poll_s = poll_s
        self._fail_stop = fail_stop
        self._make_admin = admin
        self._shapes = Shapes()
        # The thread reads it: `follow` replaces it, nobody edits it.
        self._followed: dict[int, PartitionState] = {}
        self._following = asyncio.Event()
        self._barrier = Barrier(self._ask, self._followed_partitions, keep_alive_s)
        self._read_at = time.monotonic()
        self._forgotten_unreadable = 0
        self._forgotten_misplaced = 0
        self._transient_errors = 0
        self._stopping = threading.Event()

    async def start(self) -> None:
        """Start the thread and the asking.

        Raises:
            confluent_kafka.KafkaException: librdkafka refuses the settings.

        """
        self._loop = asyncio.get_running_loop()
        self._admin = self._make_admin({**self._client_config, **quiet()})
        consumer = Consumer({**self._client_config, **consumer_config(), "error_cb": self._trouble})
        self._thread = threading.Thread(target=self._read, args=(consumer,), name="consent-reader", daemon=True)
        self._thread.start()
        self._asking = asyncio.create_task(self._barrier.run())
        self._asking.add_done_callback(self._asking_ended)

    async def stop(self) -> None:
        """Stop reading. Waits for barriers stay as they are: what waits has not been judged."""
        self._stopping.set()
        self._asking.cancel()
        await asyncio.wait((self._asking,))
        await asyncio.to_thread(self._thread.join)

    def follow(self, partitions: Collection[int]) -> None:
        """Follow exactly these partitions; call it with the whole assignment after every rebalance.

        Partitions that stay keep state and position. The state of those that leave is dropped; one that comes
        back is read from the beginning again.
        """
        wanted = set(partitions)
        before = self._followed
        gone = [state for partition, state in before.items() if partition not in wanted]
        new = {
            partition: PartitionState(partition, self._shapes, self._partitions) for partition in wanted - before.keys()
        }
        self._followed = {p: state for p, state in before.items() if p in wanted} | new
        self._forgotten_unreadable += sum(state.unreadable for state in gone)
        self._forgotten_misplaced += sum(state.misplaced for state in gone)
        self._barrier.give_up(gone)
        for state in new.values():
            self._barrier.enter(state).add_done_callback(_mark_complete(state))
        following, self._following = self._following, asyncio.Event()
        following.set()

    async def barrier(self, partition: int) -> PartitionLookup:
        """Wait until every consent change that was acknowledged before this call is applied.

        Returns the lookup to judge with. Keep it with the chunk: it stays good for it whatever happens to the
        assignment until the chunk's turn comes.

        A broker that does not answer makes this wait without end, and so does a partition that is not
        followed, until it is followed (again) and read to its end. Whoever gives the chunk up, because its
        partition was revoked, cancels the wait and neither judges nor acknowledges the chunk.
        """
        while True:
            following, state = self._following, self._followed.get(partition)
            if state is None:
                await following.wait()
                continue
            if await self._barrier.enter(state):
                return self._lookup(state)

    def lookup(self, partition: int) -> PartitionLookup:
        """Return the lookup of a partition, as far as it was read. To judge events, use `barrier`.

        Raises:
            ConsentNotReady: it is not followed, or not read to its end yet.

        """
        state = self._followed.get(partition)
        if state is None or not state.complete:
            raise ConsentNotReady
        return self._lookup(state)

    def complete(self, partitions: Collection[int]) -> bool:
        """True if each of these partitions is followed and was read to the end it had when that began."""
        states = [self._followed.get(partition) for partition in partitions]
        return all(state is not None and state.complete for state in states)

    def age_of_last_answer(self) -> float:
        """Seconds since the broker last answered, with records, an end of partition or an end offset."""
        return time.monotonic() - max(self._read_at, self._barrier.answered_at)

    def snapshot(self) -> ConsentSnapshot:
        """Return the figures of this moment."""
        states, ends = self._followed.values(), self._barrier.ends
        return ConsentSnapshot(
            partitions=len(states),
            complete=sum(state.complete for state in states),
            records=sum(len(state.held) for state in states),
            lag=sum(max(0, ends.get(state.partition, 0) - state.applied) for state in states),
            answer_age_s=self.age_of_last_answer(),
            unreadable=self._forgotten_unreadable + sum(state.unreadable for state in states),
            misplaced=self._forgotten_misplaced + sum(state.misplaced for state in states),
            transient_errors=self._transient_errors,
        )

    def _lookup(self, state: PartitionState) -> PartitionLookup:
        return PartitionLookup(state, self._shapes, self._partitions)

    def _followed_partitions(self) -> Collection[int]:
        return self._followed.keys()

    async def _ask(self, partitions: Collection[int]) -> Mapping[int, int]:
        ends = await end_offsets(self._admin, self._topic, partitions)
        if len(ends) < len(partitions):
            await refresh_leaders(self._admin)
        return ends

    def _asking_ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            self._fail_stop(task.exception() or RuntimeError("the consent barrier ended"))

    def _read(self, consumer: Consumer) -> None:
        """Body of the thread."""
        try:
            assigned: dict[int, PartitionState] = {}
            while not self._stopping.is_set():
                assigned = self._reassign(consumer, assigned)
                self._take_batch(consumer, assigned)
            consumer.close()
        except BaseException as exc:  # noqa: BLE001 - a silently dead reader would freeze all states
            self._fail_stop(exc)

    def _reassign(self, consumer: Consumer, assigned: dict[int, PartitionState]) -> dict[int, PartitionState]:
        """Make the consumer follow what `follow` last asked for; return it."""
        followed = self._followed
        if followed is assigned:
            return assigned
        if gone := [p for p, state in assigned.items() if followed.get(p) is not state]:
            consumer.incremental_unassign([TopicPartition(self._topic, p) for p in gone])
        if new := [p for p, state in followed.items() if assigned.get(p) is not state]:
            consumer.incremental_assign([TopicPartition(self._topic, p, OFFSET_BEGINNING) for p in new])
        return followed

    def _take_batch(self, consumer: Consumer, assigned: dict[int, PartitionState]) -> None:
        """Apply what has arrived. `consume` would wait for a full batch, so `poll` does the waiting."""
        first = consumer.poll(self._poll_s)
        if first is None:
            return
        # Any: the stubs also describe messages that were never sent, which have no partition and offset.
        batch: tuple[Any, ...] = (first, *consumer.consume(BATCH, 0))
        answered = False
        for message in batch:
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
                self._trouble(error)
                continue
            answered = True
            state = assigned.get(message.partition())
            if state is None:
                continue
            if error is None:
                state.apply(message.key(), message.value())
                state.advance(message.offset() + 1)
            else:
                state.advance(message.offset())
        if answered:
            self._read_at = time.monotonic()
        for state in assigned.values():
            if state.watched:
                self._loop.call_soon_threadsafe(self._barrier.advance, state)

    def _trouble(self, error: KafkaError) -> None:
        """Count what passes by itself; anything else ends the thread, and with it the process."""
        if not is_transient(error):
            raise ConsentReadError(error.name())
        self._transient_errors += 1


def _mark_complete(state: PartitionState) -> Callable[[asyncio.Future[bool]], None]:
    def mark(passed: asyncio.Future[bool]) -> None:
        state.complete = state.complete or (not passed.cancelled() and passed.result())

    return mark
