"""The consent reader: the present consent state of every profile whose events this worker may get.

It follows the `consent` partitions that match the raw partitions of the worker.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka.admin import AdminClient

from pipeline.consent.errors import ConsentNotReady
from pipeline.consent.lookup import PartitionLookup
from pipeline.consent.state import PartitionState, Shapes
from pipeline.stream.agent import fail_stop
from pipeline.stream.follower import KEEP_ALIVE_S, POLL_S, Follower, FollowerSnapshot
from pipeline.stream.follower_client import OffsetLister


@dataclass(frozen=True, slots=True)
class ConsentSnapshot(FollowerSnapshot):
    """Figures of the reader at one moment, for metrics and readiness.

    Attributes:
        records: profiles with a state, unreadable ones included.
        unreadable: records since the start that could not be read; they grant nothing.
        misplaced: records found since the start on a partition that is not their key's.

    """

    records: int
    unreadable: int
    misplaced: int


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
        poll_s: float = POLL_S,
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
        self._partitions = partitions
        self._shapes = Shapes()
        self._follower = Follower(
            client_config,
            topic,
            self._new_state,
            name="consent-reader",
            poll_s=poll_s,
            keep_alive_s=keep_alive_s,
            fail_stop=fail_stop,
            admin=admin,
        )
        self._forgotten_unreadable = 0
        self._forgotten_misplaced = 0

    async def start(self) -> None:
        """Start reading.

        Raises:
            confluent_kafka.KafkaException: librdkafka refuses the settings.

        """
        await self._follower.start()

    async def stop(self) -> None:
        """Stop reading. Waits for barriers stay as they are: what waits has not been judged."""
        await self._follower.stop()

    def follow(self, partitions: Collection[int]) -> None:
        """Follow exactly these partitions; call it with the whole assignment after every rebalance.

        Partitions that stay keep state and position. The state of those that leave is dropped; one that comes
        back is read from the beginning again.
        """
        gone = self._follower.follow(partitions)
        self._forgotten_unreadable += sum(state.unreadable for state in gone)
        self._forgotten_misplaced += sum(state.misplaced for state in gone)

    async def barrier(self, partition: int) -> PartitionLookup:
        """Wait until every consent change that was acknowledged before this call is applied.

        Returns the lookup to judge with. Keep it with the chunk: it stays good for it whatever happens to the
        assignment until the chunk's turn comes.

        A broker that does not answer makes this wait without end, and so does a partition that is not
        followed, until it is followed (again) and read to its end. Whoever gives the chunk up, because its
        partition was revoked, cancels the wait and neither judges nor acknowledges the chunk.
        """
        return self._lookup(await self._follower.barrier(partition))

    def lookup(self, partition: int) -> PartitionLookup:
        """Return the lookup of a partition, as far as it was read. To judge events, use `barrier`.

        Raises:
            ConsentNotReady: it is not followed, or not read to its end yet.

        """
        state = self._follower.state(partition)
        if state is None or not state.complete:
            raise ConsentNotReady
        return self._lookup(state)

    def complete(self, partitions: Collection[int]) -> bool:
        """True if each of these partitions is followed and was read to the end it had when that began."""
        return self._follower.complete(partitions)

    def age_of_last_answer(self) -> float:
        """Seconds since the broker last answered, with records, an end of partition or an end offset."""
        return self._follower.age_of_last_answer()

    def snapshot(self) -> ConsentSnapshot:
        """Return the figures of this moment."""
        states, seen = self._follower.states(), self._follower.snapshot()
        return ConsentSnapshot(
            partitions=seen.partitions,
            complete=seen.complete,
            lag=seen.lag,
            answer_age_s=seen.answer_age_s,
            transient_errors=seen.transient_errors,
            records=sum(len(state.held) for state in states),
            unreadable=self._forgotten_unreadable + sum(state.unreadable for state in states),
            misplaced=self._forgotten_misplaced + sum(state.misplaced for state in states),
        )

    def _new_state(self, partition: int) -> PartitionState:
        return PartitionState(partition, self._shapes, self._partitions)

    def _lookup(self, state: PartitionState) -> PartitionLookup:
        return PartitionLookup(state, self._shapes, self._partitions)
