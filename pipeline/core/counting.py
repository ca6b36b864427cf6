"""Counts of Indian children's events, where the operator has asked for them (R11, J5, J19). DPDP Act s.9(2), s.9(3).

Nothing of a child in India leaves as an event of hers. What may leave is how often something happened in an hour or a
day, in a group of at least k children whose parents have consented under DPDP Rules r.10, by yes or no and listed
words. Here an event becomes a contribution to such a count, and a finished count becomes what Mixpanel gets. In
between, `pipeline.aggregate` collects.
"""

from collections.abc import Iterator
from uuid import UUID

import msgspec

from pipeline.core import evidence
from pipeline.core.case import Case
from pipeline.core.context import Context, Project
from pipeline.core.envelope import Envelope
from pipeline.core.identity import KeyRing
from pipeline.core.outcome import Cell, Counted, Dropped, DropReason
from pipeline.core.ruling import Ruling
from pipeline.policy.compiled import COUNTED, Counting, EventPlan
from pipeline.policy.vocabulary import Cohort, Purpose, Region, Space

HOUR_MS = 3_600_000
_INDIA, _SPACE = Region.IN, Space.ANALYTICS
_encoder = msgspec.json.Encoder()


def count(
    envelope: Envelope, source: bytes, case: Case, plan: EventPlan, ruling: Ruling, app_version: str, context: Context
) -> Counted | Dropped:
    """Say to which count an Indian child's event adds, or why it adds to none.

    source: what tells the event from every other. Only an event for analytics that the settings list is counted, with
    a parent's consent that holds for it (R08, R09), and while the document for such counts is in force (R37).
    """
    counting = context.policy.counting
    why = _closed(case, plan, counting, context)
    if why is None and ruling.drops_event:
        why = DropReason.CLASS
    if why is not None or counting is None:
        return Dropped(why or DropReason.INDIA_CHILD, case.standing.cohort, ruling, app_version)
    keys, time_ms, length_ms = context.keys, envelope.time_ms, counting.window_ms
    start_ms = time_ms - time_ms % length_ms
    if start_ms < keys.retired_until_ms and any(keys.retired(_INDIA, _SPACE, each) for each in (start_ms, time_ms)):
        return Dropped(DropReason.KEY_RETIRED, case.standing.cohort, ruling, app_version)
    cell = Cell(start_ms, length_ms, plan.name, tuple(_dimensions(envelope, plan, counting)))
    # the window is part of the name, so that a child's names in two windows cannot be joined
    who = keys.property_name(_INDIA, _SPACE, f"child, from {start_ms} for {length_ms} ms", envelope.profile, start_ms)
    # time and all: what a client sends twice is one event, and what it gives one id at two times is two
    event = keys.event_id(_INDIA, b"counted:%d:" % time_ms + source, time_ms)
    return Counted(case.standing.cohort, cell, who, event, ruling, app_version)


def _closed(case: Case, plan: EventPlan, counting: Counting | None, context: Context) -> DropReason | None:
    if counting is None or plan.purpose is not Purpose.ANALYTICS or plan.name not in counting.events:
        return DropReason.INDIA_CHILD
    end = context.policy.gates.get(Cohort.IN_CHILD)
    if end is None or case.now_ms >= end:
        return DropReason.VENDOR_GATE if end is None else DropReason.VENDOR_GATE_EXPIRED
    return evidence.rule_10(case, context.policy)


def _dimensions(envelope: Envelope, plan: EventPlan, counting: Counting) -> Iterator[tuple[str, str | bool]]:
    """Yield what the event says of the listed dimensions; a value that is not on the schema's list says nothing."""
    for name in counting.events[plan.name]:
        value = envelope.properties.get(name)
        if type(value) in {str, bool} and value in plan.countable.get(name, ()):  # 1 equals True, and is not a yes
            yield name, value  # type: ignore[misc]  # the set has just said so


def cell_bytes(cell: Cell) -> bytes:
    """Write a cell in its one form: UTF-8 JSON."""
    return _encoder.encode((cell.start_ms, cell.length_ms, cell.event, cell.dimensions))


def counted_event(
    cell: Cell, number: int, keys: KeyRing, project: Project, library: tuple[str, str]
) -> tuple[bytes, bytes]:
    """Return key and value of the record for `events.clean.in` that tells how many events a cell had.

    The same cell and number give the same bytes, and the same cell the same `$insert_id`: Mixpanel keeps one of what is
    sent twice (docs.mixpanel.com, Event Deduplication). To everybody without the keys both ids look random.
    `distinct_id` is "", which stands for nobody (docs.mixpanel.com, Import Events), and `time` the window's start.
    """
    written = b"cell:" + cell_bytes(cell)
    name, version = library
    properties = {
        "token": project.token,
        "distinct_id": "",
        "time": cell.start_ms,
        "$insert_id": keys.event_id(_INDIA, written, cell.start_ms),
        "mp_lib": name,
        "$lib_version": version,
        "ip": 0,  # or Mixpanel would place the children where the sink stands
        "count": number,
        "window_hours": cell.length_ms // HOUR_MS,
        **dict(cell.dimensions),
    }
    value = _encoder.encode({"event": cell.event + COUNTED, "properties": properties})
    key = keys.property_name(_INDIA, _SPACE, "cell", written.decode(), cell.start_ms)
    return str(UUID(hex=key, version=4)).encode(), value
