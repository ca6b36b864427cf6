"""The suppressed pseudonyms of one partition, kept small: a million take some 110 MB."""

from binascii import Error, unhexlify
from collections.abc import Callable
from typing import Final

from pipeline.stream.followed import Followed
from pipeline.stream.suppression import MARKETING_ONLY, Suppression, SuppressWhy, parse_from, parse_suppression
from pipeline.stream.topics import DAY_MS

LIFE_MS: Final = 30 * DAY_MS
"""How long a suppression counts. Clean events are queued for a week at most, so none is left to be suppressed."""

_WHYS: Final = tuple(SuppressWhy)
_UUID_LENGTH: Final = 36


def compact(pseudonym: bytes) -> bytes:
    """Return the 16 bytes that a UUID stands for; anything else as it is. What follows on it for marketing stays.

    Two keys that differ in letter case or dashes only become the same: too much is suppressed then, never too little.
    """
    if pseudonym.endswith(MARKETING_ONLY):
        return compact(pseudonym.removesuffix(MARKETING_ONLY)) + MARKETING_ONLY
    if len(pseudonym) == _UUID_LENGTH:
        try:
            raw = unhexlify(pseudonym.replace(b"-", b""))
        except Error:
            return pseudonym
        if len(raw) == 16:  # noqa: PLR2004 - as said
            return raw
    return pseudonym


class SuppressedPartition(Followed):
    """Which pseudonyms are suppressed, as far as one partition says so.

    Attributes:
        held: by compact key, a number that stands for the day of the suppression and its cause; see `why`.
        later: the same of what is suppressed from a moment on, by compact pseudonym and moment. There are few.
        unreadable: records so far that cannot be read.

    """

    __slots__ = ("_now_ms", "_numbers", "_swept", "held", "later", "unreadable")

    def __init__(self, partition: int, now_ms: Callable[[], int]) -> None:
        """now_ms: the time, milliseconds since the epoch."""
        super().__init__(partition)
        self.held: dict[bytes, int] = {}
        self.later: dict[bytes, dict[int, int]] = {}
        self.unreadable = 0
        self._now_ms = now_ms
        self._numbers: dict[int, int] = {}  # one object for each number, however many keys have it
        self._swept = now_ms() // DAY_MS

    def apply(self, key: bytes | None, value: bytes | None, timestamp_ms: int) -> None:
        """Take over one record. What cannot be read suppresses; no value (a tombstone) lifts a suppression."""
        now_ms = self._now_ms()
        if self._swept != now_ms // DAY_MS:
            self._sweep(now_ms)
        if key is None:
            self.unreadable += 1
            return
        if value is None:
            self._note(key, None)
            return
        suppression = parse_suppression(value)
        if suppression is None:
            self.unreadable += 1
            suppression = Suppression(timestamp_ms, SuppressWhy.UNREADABLE)
        # The later of both: who made it may have a clock of his own, or tell when consent ended.
        since_ms = max(suppression.since, timestamp_ms)
        if since_ms >= now_ms - LIFE_MS:
            number = since_ms // DAY_MS * len(_WHYS) + _WHYS.index(suppression.why)
            self._note(key, self._numbers.setdefault(number, number))

    def _note(self, key: bytes, number: int | None) -> None:
        """Keep the number of a key; None lifts what it suppresses, and nothing else."""
        starting = parse_from(key)
        if starting is not None:
            name, moment = compact(starting[0]), starting[1]
            moments = {each: held for each, held in self.later.pop(name, {}).items() if each != moment}
            if number is not None:
                moments[moment] = number
            if moments:
                self.later[name] = moments
        elif number is None:
            self.held.pop(compact(key), None)
        else:
            self.held[compact(key)] = number

    def why(self, name: bytes) -> SuppressWhy | None:
        """Return why what this compact key stands for is suppressed by now, None if it is not."""
        number = self.held.get(name)
        if number is None and name in self.later:
            now_ms = self._now_ms()
            number = next((each for moment, each in self.later[name].items() if moment <= now_ms), None)
        return None if number is None else _WHYS[number % len(_WHYS)]

    def _sweep(self, now_ms: int) -> None:
        """Forget what counts no more; once a day, so that a worker that runs for months does not grow."""
        self._swept = now_ms // DAY_MS
        first = (now_ms - LIFE_MS) // DAY_MS * len(_WHYS)
        self.held = {name: number for name, number in self.held.items() if number >= first}
        counting = {
            name: {moment: number for moment, number in moments.items() if number >= first}
            for name, moments in self.later.items()
        }
        self.later = {name: moments for name, moments in counting.items() if moments}

    def __len__(self) -> int:
        return len(self.held) + len(self.later)
