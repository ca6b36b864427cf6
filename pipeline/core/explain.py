"""Why one event leaves or not, step by step: signals, ways, properties, final bytes.

For whoever tries a policy on an event of her own. The verdict is the one of `sanitize`; what is told around it comes
from the same functions. An explanation holds values of the event: show it to whoever brought the event, never log it.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from pipeline.core.adapt import adapt, is_foreign, unwrap
from pipeline.core.case import case_of
from pipeline.core.cohort import region_of
from pipeline.core.consent import ConsentLookup
from pipeline.core.context import Context
from pipeline.core.decide import Tried, trace
from pipeline.core.decode import decode
from pipeline.core.envelope import Envelope, read_envelope
from pipeline.core.outcome import Clean, Counted, Dropped, Outcome, Rejected, RejectReason
from pipeline.core.profile_update import ITEMS, MAPPINGS, OPERATORS, UPDATE, ProfileUpdate
from pipeline.core.remarks import Remark, remark_on
from pipeline.core.sanitize import sanitize
from pipeline.core.signals import Signal, signals_of
from pipeline.policy.compiled import EventPlan
from pipeline.policy.vocabulary import Region

_GOES_TO = {"event": "event", "profile_id": "distinct_id", "event_id": "$insert_id", "time": "time"}


class Field(Struct, frozen=True):
    """One field of the envelope. goes_to: the name under which it leaves, None if it stays behind."""

    name: str
    before: Any
    goes_to: str | None
    after: Any


class Property(Struct, frozen=True):
    """One property. after: what leaves, UNSET where nothing does."""

    name: str
    before: Any
    after: Any
    remark: Remark


class Explanation(Struct, frozen=True):
    """An outcome and how it came about; only the outcome where the event cannot be judged.

    plan: None where no schema lists the event. ways: what the policy offers for cohort and purpose; none is never.
    added: what coppice writes into every event.
    """

    outcome: Outcome
    signals: tuple[Signal, ...] = ()
    plan: EventPlan | None = None
    ways: tuple[Tried, ...] = ()
    envelope: tuple[Field, ...] = ()
    properties: tuple[Property, ...] = ()
    added: tuple[tuple[str, Any], ...] = ()


def explain(raw: bytes, consents: ConsentLookup, context: Context) -> list[Explanation]:
    """Judge one record as `sanitize` does, and tell how each of its outcomes came about. Never raises."""
    value = decode(raw)
    if isinstance(value, Rejected) and value.reason is RejectReason.NOT_JSON and (inner := unwrap(raw)) is not None:
        raw, value = inner, decode(inner)
    outcomes = sanitize(raw, consents, context)
    events = value if type(value) is list else [value]
    if len(events) != len(outcomes):  # the record was rejected as a whole
        return [Explanation(outcome) for outcome in outcomes]
    return [_explain(event, outcome, consents, context) for event, outcome in zip(events, outcomes, strict=True)]


def _explain(event: Any, outcome: Outcome, consents: ConsentLookup, context: Context) -> Explanation:
    if type(event) is dict and "profile_id" not in event and is_foreign(event):
        event = adapt(event)
    envelope = read_envelope(event, context.now_ms) if type(event) is dict else None
    if not isinstance(outcome, Clean | Dropped | Counted) or not isinstance(envelope, Envelope):
        return Explanation(outcome)
    state = consents.get(envelope.profile)
    standing, signals = signals_of(event, envelope, state, context)
    left = msgspec.json.decode(outcome.value) if isinstance(outcome, Clean) else {}
    update = event.get(UPDATE)
    if isinstance(update, ProfileUpdate):
        after = written_by(left)
        left = {name: part for name, part in left.items() if name not in OPERATORS}
        fields = tuple(_fields_of_update(event, left))
    else:
        after = left.get("properties", {})
        fields = tuple(_fields(event, left | after))
    plan = context.profile if isinstance(update, ProfileUpdate) else context.registry.get(envelope.name)
    if plan is None:
        return Explanation(outcome, signals, envelope=fields)
    ways = trace(case_of(event, envelope, state, standing, context.now_ms), plan.purpose, context.policy)
    given = _touched(update) if isinstance(update, ProfileUpdate) else envelope.properties
    properties = tuple(_properties(given, plan, outcome, after, region_of(event), context))
    written = {each.name for each in properties if each.after is not UNSET}
    rest = left if isinstance(update, ProfileUpdate) else after
    added = tuple((name, value) for name, value in rest.items() if name not in written)
    return Explanation(outcome, signals, plan, ways, fields, properties, added)


def _fields(event: dict[str, Any], after: dict[str, Any]) -> Iterator[Field]:
    for name, value in event.items():
        if name not in {"properties", UPDATE}:
            place = _GOES_TO.get(name) if after else None
            yield Field(name, value, place, after[place] if place is not None else UNSET)


def _fields_of_update(event: dict[str, Any], left: dict[str, Any]) -> Iterator[Field]:
    """Yield the fields beside an update's operators. left: those that leave, none where it stays."""
    goes_to = {"profile_id": "$distinct_id", "time": "$time"}
    for name, value in event.items():
        if name not in {"event", "properties", UPDATE}:
            place = goes_to.get(name)
            place = place if place in left else None
            yield Field(name, value, place, left[place] if place is not None else UNSET)


def written_by(update: dict[str, Any]) -> dict[str, Any]:
    """Return what a clean update says of each property, by name, in the form of `_touched`."""
    found: dict[str, Any] = {}
    for operator, operand in update.items():
        if operator in MAPPINGS:
            found |= {name: [value] if operator in ITEMS else value for name, value in operand.items()}
    return found


def _touched(update: ProfileUpdate) -> dict[str, Any]:
    """Return what an update writes, by name; items of lists as lists, as the registry knows them."""
    return {
        name: [value] if operator in ITEMS else value
        for operator, operand in update.operations.items()
        if operator in MAPPINGS
        for name, value in operand.items()
    }


def _properties(
    given: dict[str, Any],
    plan: EventPlan,
    outcome: Clean | Dropped | Counted,
    after: dict[str, Any],
    region: Region | None,
    context: Context,
) -> Iterator[Property]:
    # a remark never tells the form in which a value leaves, so no key is needed, which may have been destroyed
    remarks = remark_on(given, plan, outcome.cohort, region, context.policy, lambda _rule, _value: "")
    for name, value in given.items():
        remark = remarks[name]
        yield Property(name, value, after.get(name, UNSET) if remark.stripped is None else UNSET, remark)
