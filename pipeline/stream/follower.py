"""Following a topic: every record of some partitions, from their beginning, in memory, by a thread of its own.

It belongs to no consumer group and commits nothing: what it knows is read again at each start. (Not a Faust
table: one recovers some thousand keys a second, this takes over some hundred thousand.)
"""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline.stream.agent import fail_stop
from pipeline.stream.barrier import Barrier
from pipeline.stream.errors import FollowError
from pipeline.stream.followed import FollowedState
from pipeline.stream.follower_client import (
    OffsetLister,
    consumer_config,
    end_offsets,
    is_transient,
    quiet,
    refresh_leaders,
)

POLL_S = 0.05
KEEP_ALIVE_S = 2.0
BATCH = 2_000  # records taken over before the position is published
# A client of librdkafka whose question is answered by a broker that knows of no broker at that moment, not even itself,
# forgets all it knew and never connects again: https://github.com/confluentinc/librdkafka/issues/5301
RENEW_S = 30.0

S = TypeVar("S", bound=FollowedState)


@dataclass(frozen=True, slots=True)
class FollowerSnapshot:
    """Figures of a follower at one moment, for metrics and readiness.

    Attributes:
        partitions: followed at the moment; complete: those of them that were read to their end once.
        lag: records known to the broker and not applied yet.
        answer_age_s: seconds since the broker last answered anything.
        transient_errors: troubles since the start that librdkafka goes on after by itself.

    """

    partitions: int
    complete: int
    lag: int
    answer_age_s: float
    transient_errors: int


class Follower(Generic[S]):
    """Follows partitions of one topic, each with a state of its own, and answers for them.

    All methods are for the event loop that started it; none of them blocks.
    """

    def __init__(
        self,
        client_config: Mapping[str, Any],
        topic: str,
        make_state: Callable[[int], S],
        *,
        name: str,
        poll_s: float = POLL_S,
        keep_alive_s: float = KEEP_ALIVE_S,
        renew_s: float = RENEW_S,
        fail_stop: Callable[[BaseException], object] = fail_stop,
        admin: Callable[[dict[str, Any]], OffsetLister] = AdminClient,
    ) -> None:
        """Describe what to read; nothing is contacted before `start`.

        Args:
            client_config: librdkafka settings of the deployment, `bootstrap.servers` at least.
            topic: full name of the topic.
            make_state: makes the empty state of a partition, which `pipeline.stream.followed` describes.
            name: of the follower, for its thread and for the broker's log.
            poll_s: longest wait for a record, in seconds; a new assignment is noticed after at most this.
            keep_alive_s: how often, in seconds, the ends are asked for when nobody waits.
            renew_s: how long, in seconds, a client may be without an answer before another takes its place.
            fail_stop: called with what made going on impossible, in any thread; it must end the process.
            admin: makes the client that asks for end offsets.

        """
        self._client_config = dict(client_config)
        self._topic = topic
        self._make_state = make_state
        self._name = name
        self._poll_s = poll_s
        self._renew_s = renew_s
        self._fail_stop = fail_stop
        self._make_admin = admin
        # The thread reads it: `follow` replaces it, nobody edits it.
        self._followed: dict[int, S] = {}
        self._following = asyncio.Event()
        self._barrier = Barrier(self._ask, self._followed_partitions, keep_alive_s, topic)
        self._read_at = self._asked_well_at = self._level_at = time.monotonic()
        self._transient_errors = 0
        self._stopping = threading.Event()

    async def start(self) -> None:
        """Start the thread and the asking.

        Raises:
            confluent_kafka.KafkaException: librdkafka refuses the settings.

        """
        self._loop = asyncio.get_running_loop()
        self._admin = self._make_admin({**self._client_config, **quiet()})
        consumer = self._make_consumer()
        self._thread = threading.Thread(target=self._read, args=(consumer,), name=self._name, daemon=True)
        self._thread.start()
        self._asking = asyncio.create_task(self._barrier.run())
        self._asking.add_done_callback(self._asking_ended)

    async def stop(self) -> None:
        """Stop reading. Waits for barriers stay as they are: what waits does not go on."""
        self._stopping.set()
        self._asking.cancel()
        await asyncio.wait((self._asking,))
        await asyncio.to_thread(self._thread.join)

    def follow(self, partitions: Collection[int]) -> list[S]:
        """Follow exactly these partitions; call it with the whole assignment after every rebalance.

        Partitions that stay keep state and position. The states of those that leave are dropped, and returned
        for a last look; a partition that comes back is read from the beginning again.
        """
        wanted = set(partitions)
        before = self._followed
        gone = [state for partition, state in before.items() if partition not in wanted]
        new = {partition: self._make_state(partition) for partition in wanted - before.keys()}
        self._followed = {p: state for p, state in before.items() if p in wanted} | new
        self._barrier.give_up(gone)
        for state in new.values():
            self._barrier.enter(state).add_done_callback(_mark_complete(state))
        following, self._following = self._following, asyncio.Event()
        following.set()
        return gone

    async def barrier(self, partition: int) -> S:
        """Wait until every record that was acknowledged before this call is taken over; return the state.

        A state that was returned stays good for what it was asked for, whatever happens to the assignment
        after. A broker that does not answer makes this wait without end, and so does a partition that is not
        followed, until it is followed (again) and read to its end. Who gives up cancels the wait.

        Waits that begin in the same step of the event loop share one request, those for different partitions too.
        """
        while True:
            following, state = self._following, self._followed.get(partition)
            if state is None:
                await following.wait()
                continue
            if await self._barrier.enter(state):
                return state

    def state(self, partition: int) -> S | None:
        """Return the state of a partition as far as it was read, complete or not; None if it is not followed."""
        return self._followed.get(partition)

    def states(self) -> Collection[S]:
        """Return the states of all partitions that are followed."""
        return self._followed.values()

    def complete(self, partitions: Collection[int]) -> bool:
        """True if each of these partitions is followed and was read to the end it had when that began."""
        states = [self._followed.get(partition) for partition in partitions]
        return all(state is not None and state.complete for state in states)

    def age_of_last_answer(self) -> float:
        """Seconds since the broker last answered, with records, an end of partition or an end offset."""
        return time.monotonic() - max(self._read_at, self._barrier.answered_at)

    def snapshot(self) -> FollowerSnapshot:
        """Return the figures of this moment."""
        states, ends = self._followed.values(), self._barrier.ends
        return FollowerSnapshot(
            partitions=len(states),
            complete=sum(state.complete for state in states),
            lag=sum(max(0, ends.get(state.partition, 0) - state.applied) for state in states),
            answer_age_s=self.age_of_last_answer(),
            transient_errors=self._transient_errors,
        )

    def _followed_partitions(self) -> Collection[int]:
        return self._followed.keys()

    async def _ask(self, partitions: Collection[int]) -> Mapping[int, int]:
        ends = await end_offsets(self._admin, self._topic, partitions)
        if len(ends) < len(partitions):
            await refresh_leaders(self._admin)
        if ends:
            self._asked_well_at = time.monotonic()
        elif time.monotonic() - self._asked_well_at > self._renew_s:
            await self._renew_admin()
        return ends

    async def _renew_admin(self) -> None:
        """Ask with another client from now on."""
        self._asked_well_at = time.monotonic()
        old = [self._admin]
        self._admin = self._make_admin({**self._client_config, **quiet()})
        await asyncio.to_thread(old.clear)  # letting go of one takes a while

    def _make_consumer(self) -> Consumer:
        return Consumer({**self._client_config, **consumer_config(self._name), "error_cb": self._trouble})

    def _asking_ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            self._fail_stop(task.exception() or RuntimeError("the barrier ended"))

    def _read(self, consumer: Consumer) -> None:
        """Body of the thread."""
        try:
            assigned: dict[int, S] = {}
            while not self._stopping.is_set():
                assigned = self._reassign(consumer, assigned)
                self._take_batch(consumer, assigned)
                if self._is_stuck(assigned):
                    consumer.close()
                    consumer = self._make_consumer()
                    places = [TopicPartition(self._topic, p, state.applied) for p, state in assigned.items()]
                    consumer.incremental_assign(places)
            consumer.close()
        except BaseException as exc:  # noqa: BLE001 - a silently dead follower would freeze all states
            self._fail_stop(exc)

    def _is_stuck(self, assigned: Mapping[int, S]) -> bool:
        """Say whether records are known to be there, and none has come for long."""
        now, ends = time.monotonic(), self._barrier.ends
        if all(state.applied >= ends.get(partition, 0) for partition, state in assigned.items()):
            self._level_at = now
        if now - max(self._level_at, self._read_at) <= self._renew_s:
            return False
        self._level_at = now
        return True

    def _reassign(self, consumer: Consumer, assigned: dict[int, S]) -> dict[int, S]:
        """Make the consumer follow what `follow` last asked for; return it."""
        followed = self._followed
        if followed is assigned:
            return assigned
        if gone := [p for p, state in assigned.items() if followed.get(p) is not state]:
            consumer.incremental_unassign([TopicPartition(self._topic, p) for p in gone])
        if new := [p for p, state in followed.items() if assigned.get(p) is not state]:
            consumer.incremental_assign([TopicPartition(self._topic, p, OFFSET_BEGINNING) for p in new])
        return followed

    def _take_batch(self, consumer: Consumer, assigned: dict[int, S]) -> None:
        """Take over what has arrived. `consume` would wait for a full batch, so `poll` does the waiting."""
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
                state.apply(message.key(), message.value(), message.timestamp()[1])
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
            raise FollowError(error.name())
        self._transient_errors += 1


def _mark_complete(state: FollowedState) -> Callable[[asyncio.Future[bool]], None]:
    def mark(passed: asyncio.Future[bool]) -> None:
        state.complete = state.complete or (not passed.cancelled() and passed.result())

    return mark
