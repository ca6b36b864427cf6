"""How much may be looked at for one record, so that none holds up everybody else's events for long.

Everything is counted by what the record holds: not by time, and not by what is remembered from records before it. A
record that is delivered again is judged the same.
"""

from typing import Final

from pipeline.detect.meter import charged

MOST_SCANNING: Final = 20_000  # units of `detect.meter`: 130 comments of 120 signs, 50 of them if full of identifiers
MOST_NAMES: Final = 2048  # different names of properties in an array; as many as one event may have
MOST_PLACES: Final = 16_384  # names in all sets of names that an array's objects have
MOST_SIGNS: Final = 32_768  # characters of those names
MOST_AGES: Final = 4096  # properties that are named like an age


class Work:
    """What has been looked at for the events of one array, or for one event that is large."""

    __slots__ = ("_ages", "_names", "_places", "_sets", "_signs", "scanned_at_most")

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._sets: set[tuple[str, ...]] = set()
        self._places = self._ages = self._signs = 0
        self.scanned_at_most = scanned_at_most()

    def may_read(self, names: tuple[str, ...]) -> bool:
        """Note the names of an object, and say whether all so far are few enough to be judged."""
        if names not in self._sets:
            self._sets.add(names)
            self._names.update(names)
            self._places += len(names)
            self._signs += sum(map(len, names))
        return len(self._names) <= MOST_NAMES and self._places <= MOST_PLACES and self._signs <= MOST_SIGNS

    def may_tell(self, ages: int) -> bool:
        """Note how many values are read for somebody's age, and say whether all so far are few enough."""
        self._ages += ages
        return self._ages <= MOST_AGES


def scanned_at_most() -> int:
    """Return the count of `detect.meter` at which no more text is scanned for what begins now."""
    return charged() + MOST_SCANNING
