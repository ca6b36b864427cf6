"""Waiting that all requests of a region share: while one was told to wait, none starts.

Figures: https://docs.mixpanel.com/reference/import-events (2 s doubling to 60 s, with 1 to 5 s of jitter).
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

_LOWEST_JITTER = 0.2  # of the highest: 1 s where it is 5 s
_MOST_DOUBLINGS = 32  # beyond any cap, and far from where a float overflows


class Backoff:
    """The back-off of one region.

    base_s doubles with each round up to cap_s; jitter_s is the most that is added by chance. A round begins
    with the first failure of a request that had seen the previous round end: requests that were in flight
    together and fail together count once.
    """

    def __init__(
        self,
        base_s: float,
        cap_s: float,
        jitter_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._base_s = base_s
        self._cap_s = cap_s
        self._jitter_s = jitter_s
        self._clock = clock
        self._sleep = sleep
        self._uniform = uniform
        self._failures = 0
        self._until = 0.0
        self.round = 0

    async def ready(self) -> int:
        """Wait until a request may start; return the round, to be handed to `failed` or `succeeded`."""
        while (wait := self._until - self._clock()) > 0:
            await self._sleep(wait)
        return self.round

    def failed(self, began_in: int, retry_after: float | None = None) -> None:
        """Note that a request got no result. retry_after: seconds that the answer asked to wait at least."""
        delay = retry_after or 0.0
        if began_in == self.round:
            delay = max(delay, min(self._cap_s, self._base_s * 2.0 ** min(self._failures, _MOST_DOUBLINGS)))
            self._failures += 1
        until = self._clock() + delay + self._uniform(self._jitter_s * _LOWEST_JITTER, self._jitter_s)
        if began_in == self.round or (retry_after is not None and until > self._until):
            self._until = max(self._until, until)
            self.round += 1

    def succeeded(self, began_in: int) -> None:
        """Note that a request got a result. One that began before the last failure proves nothing."""
        if began_in == self.round:
            self._failures = 0
