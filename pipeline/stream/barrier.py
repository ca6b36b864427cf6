"""The causal barrier: nothing goes on before every record acknowledged until then has been taken over.

A publisher that has the acknowledgement of a consent change and then publishes an event must see that event
judged with the change. So the end of the consent partition is asked for *after* the event has arrived, and
the event waits until the follower has come that far. The same holds for whatever else is followed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from pipeline.ops.logging import get_logger
from pipeline.stream.errors import LogRewound
from pipeline.stream.followed import FollowedState

RETRY_S = 0.2

Ask = Callable[[Collection[int]], Awaitable[Mapping[int, int]]]
"""Asks the broker for the end offsets of partitions; leaves out those it got no answer for."""

log = get_logger(__name__)


class _Waiter(NamedTuple):
    state: FollowedState
    applied: int  # at its arrival; no end that is asked for later can be lower
    passed: "asyncio.Future[bool]"


class Barrier:
    """Waits of the event loop for the follower's thread to reach the end of partitions.

    One request at a time goes to the broker, for all that arrived before it was sent. A request that is under
    way when somebody arrives says nothing about what was acknowledged since, so it does not count for them.

    Attributes:
        answered_at: `time.monotonic` of the last answer to any request.
        ends: the last end offset heard of each partition.

    """

    def __init__(self, ask: Ask, followed: Callable[[], Collection[int]], keep_alive_s: float, topic: str) -> None:
        """`followed` are the partitions to ask about every `keep_alive_s` seconds, also when nobody waits.

        topic: its name, for the log.
        """
        self._topic = topic
        self._ask = ask
        self._followed = followed
        self._keep_alive_s = keep_alive_s
        self._arrived: list[_Waiter] = []
        self._asked: list[_Waiter] = []
        self._wake = asyncio.Event()
        self._waiting: dict[FollowedState, list[tuple[int, asyncio.Future[bool]]]] = {}
        self._silent_since: float | None = None
        self.answered_at = time.monotonic()
        self.ends: dict[int, int] = {}

    def enter(self, state: FollowedState) -> "asyncio.Future[bool]":
        """Return a future that becomes True when `state` has reached the end that its partition has by then.

        It becomes False if the partition is given up before that. Who stops waiting cancels it.
        """
        passed = asyncio.get_running_loop().create_future()
        self._arrived.append(_Waiter(state, state.applied, passed))
        self._wake.set()
        return passed

    def advance(self, state: FollowedState) -> None:
        """Let those pass whose offset is reached. For when `applied` moved while `watched`."""
        waiting = self._waiting.get(state)
        if waiting is None:
            return
        applied = state.applied
        left = [wait for wait in waiting if not wait[1].done() and wait[0] > applied]
        for end, passed in waiting:
            if end <= applied and not passed.done():
                passed.set_result(True)
        self._expect(state, left)

    def give_up(self, states: Iterable[FollowedState]) -> None:
        """End every wait for states that are not kept up to date any more."""
        gone = set(states)
        lost = [waiter.passed for waiter in (*self._arrived, *self._asked) if waiter.state in gone]
        for state in gone:
            lost += [passed for _, passed in self._waiting.get(state, ())]
            self._expect(state, [])
            self.ends.pop(state.partition, None)
        for passed in lost:
            if not passed.done():
                passed.set_result(False)

    async def run(self) -> None:
        """Ask for ends, for as long as it takes: a silent broker makes everybody wait and nobody pass.

        Raises:
            LogRewound: a partition ends before what was read of it already.

        """
        kept_alive_at = time.monotonic()
        while True:
            due = kept_alive_at + self._keep_alive_s
            await self._awaken(due - time.monotonic())
            asked_at = time.monotonic()
            self._asked = [waiter for waiter in self._arrived if not waiter.passed.done()]
            self._arrived = []
            partitions = {waiter.state.partition for waiter in self._asked}
            if asked_at >= due:
                kept_alive_at = asked_at
                partitions.update(self._followed())
            if partitions:
                ends = await self._ask(partitions)
                self._take(ends)
                if len(ends) < len(partitions):
                    await asyncio.sleep(RETRY_S)

    async def _awaken(self, timeout_s: float) -> None:
        """Wait for an arrival, at most until the keep-alive is due."""
        if timeout_s > 0:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._wake.wait()
            except TimeoutError:
                return
        self._wake.clear()

    def _take(self, ends: Mapping[int, int]) -> None:
        self._note(answered=bool(ends))
        followed = self._followed()
        self.ends.update((partition, end) for partition, end in ends.items() if partition in followed)
        for waiter in self._asked:
            if waiter.passed.done():
                continue
            end = ends.get(waiter.state.partition)
            if end is None:
                self._arrived.append(waiter)
                self._wake.set()
            elif end < waiter.applied:
                raise LogRewound
            else:
                self._expect(waiter.state, [*self._waiting.get(waiter.state, ()), (end, waiter.passed)])
                self.advance(waiter.state)

    def _expect(self, state: FollowedState, waiting: "list[tuple[int, asyncio.Future[bool]]]") -> None:
        """Replace the waits of a state. `watched` goes up before `applied` is read: no move is missed."""
        if waiting:
            self._waiting[state] = waiting
        else:
            self._waiting.pop(state, None)
        state.watched = bool(waiting)

    def _note(self, *, answered: bool) -> None:
        """Keep the time of the last answer; log when the broker falls silent and when it is back, only."""
        now = time.monotonic()
        if answered:
            self.answered_at = now
            if self._silent_since is not None:
                waited_s = round(now - self._silent_since, 1)
                log.warning("broker answers again, what waited goes on", topic=self._topic, waited_s=waited_s)
                self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = now
            log.warning("broker does not tell the end, what depends on it waits", topic=self._topic)
