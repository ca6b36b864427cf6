"""No more events of one person on one day than Mixpanel keeps apart: 200,000.

What is beyond it Mixpanel renames `$hotshard_events` and takes from the person, without a word
(https://docs.mixpanel.com/docs/tracking-best-practices/hot-shard-limits). A person with so many is a defect of an app,
or somebody's test. A record's key is the pseudonym, so one key in eight is counted first, in C; only of the few who
have many is each event looked at, for its day.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from pipeline.stream.chunk import Record
from pipeline.stream.topics import DAY_MS

MOST_KEYS: Final = 100_000
"""People who are counted at the same time; some 20 MB. Those with the fewest events are forgotten then."""

_WATCHED_FROM: Final = 10  # a tenth of the limit makes a person one of those whose events are looked at
_CARRIED_FROM: Final = 200  # what is below this part of the limit at the end of a day is forgotten
_EVERY: Final = 8  # one record in so many is counted: of 200,000, 25,000 with a deviation of 150
_SURE: Final = 1.25  # more than chance can have left out
_DAYS: Final = 8  # clean events wait for a week at most
_TIME: Final = re.compile(rb'"time":([0-9]{13})[,}]')
_NOBODY: Final = b'"distinct_id":""'  # such events are on no shard


class HotShard:
    """Counts the events of one region, repeated ones too, as Mixpanel does. It begins with nothing at each start.

    limit: events of one person on one day, in UTC. clock: milliseconds since the epoch. every: of those who have few,
    one record in so many is counted; where to begin is drawn for each chunk.

    What arrives within a day is not counted too low. What arrived on the days before is, by under 1,000 events (of
    200,000) a day, or what somebody had before a day without any: so it stops 7,000 below the limit. A count is too
    high for somebody's second day by what came before the person was looked at closely, about a tenth of the limit.
    """

    def __init__(
        self,
        limit: int,
        clock: Callable[[], int],
        *,
        most_keys: int = MOST_KEYS,
        every: int = _EVERY,
        draw: Callable[[int], int] = random.randrange,
    ) -> None:
        self._limit = limit - (_DAYS - 1) * max(1, limit // _CARRIED_FROM)
        self._carried_from = max(1, limit // _CARRIED_FROM // every)
        self._watched_from = max(1, limit // _WATCHED_FROM // every)
        self._most_keys = most_keys
        self._clock = clock
        self._every = every
        self._draw = draw
        self._day = clock() // DAY_MS
        self._counts: Counter[bytes | None] = Counter()  # of the keys; too low by `_slack` at most
        self._slack = 0
        self._yesterday: Counter[bytes | None] = Counter()  # what the counts were when the day began
        self._before: dict[bytes | None, int] = {}  # what a watched person had at first, on whatever days
        self._by_day: Counter[tuple[bytes | None, int]] = Counter()  # of the watched; days since the epoch, in UTC

    def over(self, records: Sequence[Record]) -> list[int]:
        """Count these records; return the places of those that are beyond the limit."""
        if self._clock() // DAY_MS != self._day:
            self._next_day()
        some = [record.key for record in records[self._draw(self._every) :: self._every]]
        counts = self._counts
        counts.update(some)
        if len(counts) > self._most_keys:
            self._forget_few()
        if some and max(map(self._counts.__getitem__, some)) + self._slack >= self._watched_from:
            self._watch(some)
        if not self._before or self._before.keys().isdisjoint([record.key for record in records]):
            return []
        return [place for place, record in enumerate(records) if record.key in self._before and self._is_over(record)]

    def _watch(self, some: list[bytes | None]) -> None:
        """Look closely from here on at who has many; what came before may have been on any day."""
        for key, now in Counter(some).items():
            count = self._counts[key] + self._slack
            if count >= self._watched_from and key not in self._before:
                self._before[key] = int(max(0, count - now) * self._every * (_SURE if self._every > 1 else 1))

    def _is_over(self, record: Record) -> bool:
        value = record.value or b""
        found = _TIME.search(value)
        if found is None or _NOBODY in value:
            return False
        place = (record.key, int(found[1]) // DAY_MS)
        if self._before[record.key] + self._by_day[place] >= self._limit:
            return True
        self._by_day[place] += 1
        return False

    def _forget_few(self) -> None:
        """Keep the half with the most events (Misra and Gries 1982): what is taken from all is what may be missing."""
        fewest = sorted(self._counts.values())[len(self._counts) // 2]
        self._counts = Counter({key: count - fewest for key, count in self._counts.items() if count > fewest})
        self._slack += fewest

    def _next_day(self) -> None:
        """Forget who had few events on the day that is over or none at all, and the events of days long past."""
        self._day = self._clock() // DAY_MS
        first = self._day - 2 * _DAYS
        self._by_day = Counter({place: count for place, count in self._by_day.items() if place[1] >= first})
        watched = {key for key, _ in self._by_day}
        kept = {
            key: count
            for key, count in self._counts.items()
            if key in watched or (count >= self._carried_from and count > self._yesterday[key])
        }
        self._counts, self._yesterday, self._slack = Counter(kept), Counter(kept), 0
        self._before = {key: count for key, count in self._before.items() if key in kept}
