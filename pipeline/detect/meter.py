"""How much looking has been done: a count that depends on the texts alone, never on time or on what is remembered.

A unit is about a microsecond. Whoever has to keep an answer within bounds reads the count before and after. There is
one count for the process, since all of a worker's events are judged in one thread.
"""

from typing import Final

LOOK: Final = 4  # for one pass over a text, and one for each of its signs, as if none like it had been seen before
SIGNS_MORE: Final = 4  # of which each so many take one unit more
READING: Final = 8  # for undoing disguises, with SIGNS_READ of all readings to the unit
SIGNS_READ: Final = 8
UNREAD: Final = 16  # readings of a text that has too many
SEARCH: Final = 1  # for one detector's first search
MATCH: Final = 4  # for judging one match


_done: Final = [0]


def charge(work: int) -> None:
    """Count work."""
    _done[0] += work


def charged() -> int:
    """Return the work so far."""
    return _done[0]
