"""How many requests to one project may be under way: as many as it answers well, found out while sending.

After Vector's adaptive request concurrency (https://vector.dev/docs/architecture/arc/): one more for each window of
results in which every place was in use, a part less for an answer that asks for less (429), for none at all (5xx, a
broken connection), and for answers that take much longer than they used to. Mixpanel asks for 10 to 20 clients at
most (https://docs.mixpanel.com/reference/import-events#rate-limits); how many of them a project bears on a given day
is told nowhere.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

START: Final = 8
"""Requests at the same time to begin with, where that many are allowed: a restart has no time to learn anew."""

_PRESSED: Final = 0.5  # what is left after a refusal
_SLOWED: Final = 0.75  # what is left after answers that are slow
_RECENT: Final = 0.3  # weight of a result in the mean of the last few
_REMEMBERED: Final = 0.02  # weight of a result in the mean of long
_FEWEST: Final = 10  # results before anything can be called slow
_NOTICED_S: Final = 0.1  # a difference below this is our own busy loop as likely as Mixpanel
_DEVIATIONS: Final = 2.5


class Concurrency:
    """The places for requests of one project; each is taken with `async with places.permit()`.

    most: requests at the same time that are never exceeded. slow: how many times the remembered mean the mean of the
    last few answers must be to count as slow. clock: seconds, never going back. limit: places there are now, between 1
    and most.
    """

    def __init__(
        self,
        most: int,
        *,
        slow: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
        changed: Callable[[int], object] = lambda _limit: None,
    ) -> None:
        self.limit = min(START, most)
        self.taken = 0
        self._most = most
        self._slow = slow
        self.clock = clock
        self._changed = changed
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._full = False  # every place was in use in this window
        self._results = 0  # in this window
        self._lowered_at = float("-inf")
        self._known = 0
        self._recent = self._mean = self._deviation = 0.0
        changed(self.limit)

    def permit(self) -> "Permit":
        """Return what takes a place when it is entered, in the order of asking, and gives it back at its end."""
        return Permit(self)

    async def take(self) -> None:
        """Wait for a place and take it."""
        if self.taken >= self.limit or self._waiting:
            self._full = True
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn  # whoever resolves it takes the place for us
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self.give_back()
                raise
        else:
            self.taken += 1
            self._full = self._full or self.taken >= self.limit

    def give_back(self) -> None:
        """Give a place back that was taken."""
        self.taken -= 1
        self._wake()

    def answered(self, began: float) -> None:
        """Note a result, whatever it says of the events, of a request that began at that time of the clock."""
        now = self.clock()
        if self._is_slow(now - began):
            if began >= self._lowered_at:
                self._recent = self._mean  # it takes further slow answers to lower it again
                self._lower(_SLOWED, now)
            return
        self._results += 1
        if self._results >= self.limit:
            if self._full and self.limit < self._most:
                self._set(self.limit + 1)
            self._results, self._full = 0, False

    def refused(self, began: float) -> None:
        """Note that a request was refused for its pace, or brought no result. Those of one round trip count once."""
        if began >= self._lowered_at:
            self._lower(_PRESSED, self.clock())

    def _is_slow(self, took: float) -> bool:
        """Take in how long a result took; say whether the last ones are slow beside those before."""
        if self._known == 0:
            self._recent = self._mean = took
        self._known += 1
        self._recent += _RECENT * (took - self._recent)
        usual, spread = self._mean, self._deviation
        self._deviation += _REMEMBERED * (abs(took - usual) - spread)
        self._mean += _REMEMBERED * (took - usual)
        over = self._recent - usual
        return (
            self._known > _FEWEST
            and self._recent > usual * self._slow
            and over > _NOTICED_S
            and over > spread * _DEVIATIONS
        )

    def _lower(self, share: float, now: float) -> None:
        self._lowered_at = now
        self._results, self._full = 0, False
        self._set(max(1, int(self.limit * share)))

    def _set(self, limit: int) -> None:
        if limit != self.limit:
            self.limit = limit
            self._changed(limit)
            self._wake()

    def _wake(self) -> None:
        while self._waiting and self.taken < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self.taken += 1
                turn.set_result(None)


class Permit:
    """One place. Say how a request ended with `answered` or `refused`; without a word nothing was learned."""

    __slots__ = ("_began", "_places")

    def __init__(self, places: Concurrency) -> None:
        self._places = places
        self._began = 0.0

    async def __aenter__(self) -> Self:
        await self._places.take()
        self.starts()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._places.give_back()

    def starts(self) -> None:
        """Note that the request starts now."""
        self._began = self._places.clock()

    def answered(self) -> None:
        """Note that the request had a result."""
        self._places.answered(self._began)

    def refused(self) -> None:
        """Note that the request was refused for its pace, or brought no result."""
        self._places.refused(self._began)
