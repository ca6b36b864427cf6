"""From a closed window to what leaves: the cells of enough children, and nothing else (R11, J19).

A cell below k is left out without a trace: there is no rest, no total and no neighbour from which it could be told by
subtraction, since an event is in one cell only.
"""

from typing import NamedTuple

from pipeline.aggregate.windows import Closed
from pipeline.core.context import Project
from pipeline.core.counting import cell_bytes, counted_event
from pipeline.core.identity import KeyRing


class Sender(NamedTuple):
    """Who sends: the keys, India's project, and the package whose message form the events have."""

    keys: KeyRing
    project: Project
    library: tuple[str, str]


class Emission(NamedTuple):
    """Records for `events.clean.in` as key and value, and how many cells stay behind."""

    records: list[tuple[bytes, bytes]]
    below_k: int


def emission(closed: Closed, sender: Sender) -> Emission:
    """Return what leaves of a window: the same records in the same order whenever it is asked."""
    large = [(cell, tally) for cell, tally in closed.cells.items() if len(tally.children) >= closed.k]
    large.sort(key=lambda each: cell_bytes(each[0]))  # not in the order of arrival, which tells who was first
    records = [counted_event(cell, len(tally.events), *sender) for cell, tally in large]
    return Emission(records, len(closed.cells) - len(large))
