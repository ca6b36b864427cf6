"""One event's claim to leave: all that a decision may ask about."""

from typing import Any

from msgspec import Struct

from pipeline.core.cohort import Standing
from pipeline.core.consent import ConsentFault, ConsentRecord
from pipeline.core.envelope import Envelope


class Case(Struct, frozen=True, gc=False):
    """An event, its person's standing and consent. earliest_ms: the earlier of event time and receipt; now_ms: today.

    unreadable: there is a consent on record that cannot be read. opted_out: the device sends a privacy signal.
    """

    standing: Standing
    record: ConsentRecord | None
    unreadable: bool
    opted_out: bool
    earliest_ms: int
    now_ms: int


def case_of(
    event: dict[str, Any],
    envelope: Envelope,
    state: ConsentRecord | ConsentFault | None,
    standing: Standing,
    now_ms: int,
) -> Case:
    """Gather what a decision may ask about an event whose envelope has been read."""
    record = state if isinstance(state, ConsentRecord) else None
    return Case(
        standing,
        record,
        record is None and state is ConsentFault.UNREADABLE,
        "gpc" in event and event["gpc"] is not False,
        min(envelope.received_ms, envelope.time_ms),
        now_ms,
    )
