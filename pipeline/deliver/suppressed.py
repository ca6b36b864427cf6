"""The suppressed pseudonyms of one partition, kept small: a million take some 110 MB."""

from binascii import Error, unhexlify
from collections.abc import Callable
from typing import Final

from pipeline.stream.followed import Followed
from pipeline.stream.suppression import Suppression, SuppressWhy, parse_suppression
from pipeline.stream.topics import DAY_MS

LIFE_MS: Final = 30 * DAY_MS
"""How long a suppression counts. Clean events are queued for a week at most, so none is left to be suppressed."""

_WHYS: Final = tuple(SuppressWhy)
_UUID_LENGTH: Final = 36


def compact(pseudonym: bytes) -> bytes:
    """Return the 16 bytes that a UUID stands for; anything else as it is.

    Two keys that differ in letter case or dashes only become the same: too much is suppressed then, never too little.
    """
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
        held: by compact pseudonym, a number that stands for the day of the suppression and its cause; see `why`.
        unreadable: records so far that cannot be read.

    """

    __slots__ = ("_now_ms", "_numbers", "_swept", "held", "unreadable")

    def __init__(self, partition: int, now_ms: Callable[[], int]) -> None:
        """now_ms: the time, milliseconds since the epoch."""
        super().__init__(partition)
        self.held: dict[bytes, int] = {}
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
        name = compact(key)
        if value is None:
            self.held.pop(name, None)
            return
        suppression = parse_suppression(value)
        if suppression is None:
            self.unreadable += 1
            suppression = Suppression(timestamp_ms, SuppressWhy.UNREADABLE)
        # The later of both: who made it may have a clock of his own, or tell when consent ended.
        since_ms = max(suppression.since, timestamp_ms)
        if since_ms >= now_ms - LIFE_MS:
            number = since_ms // DAY_MS * len(_WHYS) + _WHYS.index(suppression.why)
            self.held[name] = self._numbers.setdefault(number, number)

    def why(self, name: bytes) -> SuppressWhy | None:
        """Return why this compact pseudonym is suppressed, None if it is not."""
        number = self.held.get(name)
        return None if number is None else _WHYS[number % len(_WHYS)]

    def _sweep(self, now_ms: int) -> None:
        """Forget what counts no more; once a day, so that a worker that runs for months does not grow."""
        self._swept = now_ms // DAY_MS
        first = (now_ms - LIFE_MS) // DAY_MS * len(_WHYS)
        self.held = {name: number for name, number in self.held.items() if number >= first}
