"""The records of `aggregates.in` (schemas/aggregate-contribution.json): contributions, and two marks for each window.

Contributions come from the sanitisers, marks from the aggregator. Which contributions a count has is told by their
order alone: those before the first `Close` of their window, in the log of their partition.
"""

from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from pipeline.core.counting import HOUR_MS, cell_bytes
from pipeline.core.outcome import Cell, Counted

DAY_MS = 24 * HOUR_MS
LENGTHS_MS = frozenset({HOUR_MS, DAY_MS})

Hex = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


class Window(NamedTuple):
    """A stretch of time, UTC, in milliseconds since the epoch."""

    start_ms: int
    length_ms: int

    @property
    def end_ms(self) -> int:
        """Return the first moment after it."""
        return self.start_ms + self.length_ms


class _Record(Struct, frozen=True, gc=False, tag_field="kind", forbid_unknown_fields=True):
    window_start: int
    window_ms: int

    @property
    def window(self) -> Window:
        """Return the window it is about."""
        return Window(self.window_start, self.window_ms)


class Contribution(_Record, frozen=True, gc=False, tag="contribution"):
    """One event. who, id: as in `pipeline.core.outcome.Counted`."""

    event: str
    dimensions: dict[str, str | bool]
    who: Hex
    id: Hex

    @property
    def cell(self) -> Cell:
        """Return the cell it belongs to."""
        return Cell(self.window_start, self.window_ms, self.event, tuple(sorted(self.dimensions.items())))


class Close(_Record, frozen=True, gc=False, tag="close"):
    """The window takes no more. k: how many children a cell must have at least; at: when, by the aggregator's clock."""

    k: Annotated[int, Meta(ge=20)]
    at: int


class Emitted(_Record, frozen=True, gc=False, tag="emitted"):
    """The broker has every count of the window."""


Record = Contribution | Close | Emitted

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)


def contribution(counted: Counted) -> tuple[bytes, bytes]:
    """Return key and value of the record for an event that is counted. A cell has one key, and so one partition."""
    cell = counted.cell
    record = Contribution(cell.start_ms, cell.length_ms, cell.event, dict(cell.dimensions), counted.who, counted.id)
    return cell_bytes(cell), _encoder.encode(record)


def mark(record: Close | Emitted) -> bytes:
    """Return the value of a mark. It has no key and is written to the partition it is about."""
    return _encoder.encode(record)


def parse_record(value: bytes | None) -> Record | None:
    """Read a record; None for anything else that somebody may have written there."""
    try:
        record: Record | None = _decoder.decode(value) if value is not None else None
    except ValueError:  # msgspec's and Unicode's errors are ValueErrors
        return None
    if record is None or record.window_ms not in LENGTHS_MS or record.window_start % record.window_ms:
        return None
    return record
