"""One event's claim to leave: all that a decision may ask about."""

from typing import Any, Final

from pipeline.core.cohort import Standing
from pipeline.core.consent import ConsentFault, ConsentRecord
from pipeline.core.envelope import Envelope

# compiled code looks up what comes from a module that is not compiled by its name, each time, unless it is final
_RECORD: Final = ConsentRecord
_UNREADABLE: Final = ConsentFault.UNREADABLE


class Case:
    """An event, its person's standing and consent. earliest_ms: the earlier of event time and receipt; now_ms: today.

    unreadable: there is a consent on record that cannot be read. opted_out: the device sends a privacy signal.
    """

    __slots__ = ("earliest_ms", "now_ms", "opted_out", "record", "standing", "unreadable")

    def __init__(
        self,
        standing: Standing,
        record: ConsentRecord | None,
        unreadable: bool,
        opted_out: bool,
        earliest_ms: int,
        now_ms: int,
    ) -> None:
        self.standing: Final = standing
        self.record: Final = record
        self.unreadable: Final = unreadable
        self.opted_out: Final = opted_out
        self.earliest_ms: Final = earliest_ms
        self.now_ms: Final = now_ms


def case_of(
    event: dict[str, Any],
    envelope: Envelope,
    state: ConsentRecord | ConsentFault | None,
    standing: Standing,
    now_ms: int,
) -> Case:
    """Gather what a decision may ask about an event whose envelope has been read."""
    record = state if isinstance(state, _RECORD) else None
    return Case(
        standing,
        record,
        record is None and state is _UNREADABLE,
        "gpc" in event and event["gpc"] is not False,
        min(envelope.received_ms, envelope.time_ms),
        now_ms,
    )
