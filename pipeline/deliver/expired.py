"""Time reaches the queue, too: a consent that ran out, or was outgrown, while its event waited (R04, R08, R28).

The sanitizer writes beside an event from when on that is so. The event is looked at again before each attempt to send
it, by this worker's clock: it stays from the millisecond on in which the sanitizer would drop it. A clock that is ahead
gives up events too early by as much, one that is behind sends them too late by as much.
"""

from collections.abc import Callable

from pipeline.deliver.batch import Batch
from pipeline.deliver.reasons import Fate
from pipeline.ops import metric_table as table
from pipeline.ops.metrics import Metrics
from pipeline.stream.clean_headers import until_of, with_more


class Expired:
    """Takes out the events whose consent is over by itself."""

    def __init__(self, region: str, metrics: Metrics, now_ms: Callable[[], int]) -> None:
        """now_ms: the time, milliseconds since the epoch."""
        self._region = region
        self._metrics = metrics
        self._now_ms = now_ms

    def take_out(self, batch: Batch) -> Batch:
        """Return what of the batch may leave now; what may not is settled. The same batch if all may."""
        over = self._over(batch)
        if not over:
            return batch
        left, gone = batch.apart(over)
        gone.settle(Fate.EXPIRED)
        self._metrics.add(table.EXPIRED_EVENTS, len(over), region=self._region)
        return left

    def _over(self, batch: Batch) -> set[int]:
        places = with_more(batch.records)
        if not places:
            return set()
        now_ms = self._now_ms()
        ends = {place: until_of(batch.records[place]) for place in places}
        return {place for place, end in ends.items() if end is not None and end <= now_ms}
