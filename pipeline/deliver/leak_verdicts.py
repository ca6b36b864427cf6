"""What closed incidents say should become of events, by their coordinates (R35)."""

from collections.abc import Iterable
from enum import Enum
from typing import Final

from pipeline.deliver.incident import Fix, Incident, Span, to_ms

_SECOND_MS: Final = 1000  # times in incidents are written to the second
Place = tuple[int, int]
"""Partition and offset."""


class Verdict(Enum):
    """What becomes of an event."""

    REJECT = "reject"
    PASS = "pass"  # noqa: S105 - whatever is found in it


class Verdicts:
    """The verdicts of these incidents, all closed.

    None holds for a record that Kafka got after its incident: the topic was made anew, and this is another event.
    """

    def __init__(self, incidents: Iterable[Incident]) -> None:
        self._found: dict[Place, tuple[Verdict, int]] = {}  # and until when the verdict holds, ms
        self._discarded: list[tuple[Span, int]] = []
        for incident in incidents:
            if incident.closing is not None:
                self._take(incident, incident.closing.held_events)

    def _take(self, incident: Incident, fix: Fix) -> None:
        until_ms = max(incident.opened_ms, to_ms(incident.window[1])) + _SECOND_MS
        verdict = Verdict.PASS if fix is Fix.RESEND else Verdict.REJECT
        self._found.update(((each.partition, each.offset), (verdict, until_ms)) for each in incident.found)
        if fix is Fix.DISCARD:
            self._discarded += [(span, until_ms) for span in incident.held]

    @property
    def discards(self) -> bool:
        """True if events may have a verdict in which nothing was found."""
        return bool(self._discarded)

    def on(self, place: Place, arrived_ms: int) -> Verdict | None:
        """Return the verdict on an event, None if there is none. arrived_ms: when Kafka got it."""
        verdict, until_ms = self._found.get(place, (None, 0))
        if verdict is not None and arrived_ms < until_ms:
            return verdict
        partition, offset = place
        for span, end_ms in self._discarded:
            inside = span.partition == partition and span.first_offset <= offset <= span.last_offset
            if inside and arrived_ms < end_ms:
                return Verdict.REJECT
        return None
