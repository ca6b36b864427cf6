"""Withdrawal reaches the queue: events of suppressed pseudonyms are taken out before every attempt to send them.

R25: COPPA 16 CFR 312.6(a)(2), DPDP Act s.6(6). The sanitizer judges with the consent of its moment; an event may then
wait in Kafka or in a back-off for days.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pipeline.deliver.batch import Batch
from pipeline.deliver.reasons import Fate
from pipeline.deliver.suppressed import SuppressedPartition, compact
from pipeline.ops import metric_table as table
from pipeline.ops.metrics import Metrics
from pipeline.stream.agent import fail_stop
from pipeline.stream.clean_headers import is_for_marketing, with_more
from pipeline.stream.follower import KEEP_ALIVE_S, POLL_S, Follower
from pipeline.stream.suppression import SuppressWhy, key_for_marketing


class Suppressions:
    """Follows all of `suppressions`, and answers for a batch at a given moment.

    A pseudonym tells nothing about the region or the partition of its events, so every worker knows all of them.
    """

    def __init__(
        self,
        client_config: Mapping[str, Any],
        topic: str,
        partitions: int,
        *,
        region: str,
        metrics: Metrics,
        now_ms: Callable[[], int],
        poll_s: float = POLL_S,
        keep_alive_s: float = KEEP_ALIVE_S,
        fail_stop: Callable[[BaseException], object] = fail_stop,
    ) -> None:
        """Describe what to follow; nothing is contacted before `start`. For the parameters see `Follower`.

        partitions: number of the topic's partitions. region: of the events. now_ms: the time, milliseconds since the
        epoch.
        """
        self._every = range(partitions)
        self._region = region
        self._metrics = metrics
        self._follower = Follower(
            client_config,
            topic,
            lambda partition: SuppressedPartition(partition, now_ms),
            name="suppressions",
            poll_s=poll_s,
            keep_alive_s=keep_alive_s,
            fail_stop=fail_stop,
        )
        self._unreadable = 0

    async def start(self) -> None:
        """Start reading, from the beginning."""
        await self._follower.start()
        self._follower.follow(self._every)

    async def stop(self) -> None:
        """Stop reading. Whoever waits in `take_out` goes on waiting."""
        await self._follower.stop()

    async def take_out(self, batch: Batch) -> Batch:
        """Return what of the batch may leave now; what may not is settled. The same batch if all may.

        Every suppression that was acknowledged before this call is known to it. It waits until it is: without end
        while the broker does not answer, since nothing may leave unchecked.
        """
        await asyncio.gather(*[self._follower.barrier(partition) for partition in self._every])
        whys = self._suppressed(batch)
        if not whys:
            return batch
        left, gone = batch.apart(whys.keys())
        gone.settle(Fate.SUPPRESSED)
        for why, count in Counter(whys.values()).items():
            self._metrics.add(table.SUPPRESSED_EVENTS, count, region=self._region, why=why)
        return left

    def complete(self) -> bool:
        """True once everything has been read that was there at the start."""
        return self._follower.complete(self._every)

    def age_of_last_answer(self) -> float:
        """Seconds since the broker last answered."""
        return self._follower.age_of_last_answer()

    def publish(self) -> None:
        """Show how much is known, and how well."""
        states = self._follower.states()
        unreadable = sum(state.unreadable for state in states)
        self._metrics.set(table.SUPPRESSIONS_HELD, sum(map(len, states)))
        self._metrics.set(table.SUPPRESSIONS_FRESH_AGE_SECONDS, self.age_of_last_answer())
        self._metrics.add(table.SUPPRESSIONS_UNREADABLE, unreadable - self._unreadable)
        self._unreadable = unreadable

    def _suppressed(self, batch: Batch) -> dict[int, SuppressWhy]:
        """Return the places of what is suppressed, and why. Most people have several events in a batch."""
        states = [state for state in self._follower.states() if len(state)]
        if not states:
            return {}
        keys = [record.key for record in batch.records]
        assert all(keys), "records without a key were set aside"
        narrowed = {
            place: key_for_marketing(keys[place] or b"")
            for place in with_more(batch.records)
            if is_for_marketing(batch.records[place])
        }
        whys = _whys(states, {*keys, *narrowed.values()})
        if not whys:
            return {}
        found = {place: whys[key] for place, key in narrowed.items() if key in whys}
        return found | {place: whys[key] for place, key in enumerate(keys) if key in whys}


def _whys(states: Sequence[SuppressedPartition], keys: Iterable[bytes | None]) -> dict[bytes | None, SuppressWhy]:
    """Return the keys under which something is suppressed, and why."""
    found: dict[bytes | None, SuppressWhy] = {}
    for key in keys:
        name = compact(key or b"")
        for state in states:
            if why := state.why(name):
                found[key] = why
    return found
