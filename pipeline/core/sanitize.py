"""The heart: one raw record and the consent of its profiles in, one outcome per event out.

Pure: no clock, file, network, metric or log. Steps: decode → envelope → cohort (R01) → decision (R02–R11, R37) →
properties by the registry (R03) → identity (R15, R16) → encode.
"""

from typing import Any

import msgspec

from pipeline.core.cohort import region_of, resolve
from pipeline.core.consent import ConsentFault, ConsentLookup, ConsentRecord
from pipeline.core.context import Context
from pipeline.core.decide import Case, decide
from pipeline.core.decode import decode, decode_leniently
from pipeline.core.envelope import Envelope, read_envelope
from pipeline.core.identity import FORBIDDEN_IDS
from pipeline.core.outcome import Clean, Dropped, DropReason, Outcome, Rejected, RejectReason
from pipeline.core.select import select
from pipeline.core.survey import survey
from pipeline.policy.compiled import EventPlan, Way
from pipeline.policy.vocabulary import Age, Cohort, Region

_encoder = msgspec.json.Encoder()
_sorted_encoder = msgspec.json.Encoder(order="sorted", enc_hook=lambda _: None)  # NaN is nothing here
_KIDS_RULES_COHORTS = frozenset({Cohort.US_CHILD, Cohort.US_UNKNOWN})


def sanitize(raw: bytes | None, consents: ConsentLookup, context: Context) -> list[Outcome]:
    """Judge one record of `events.raw`: a JSON object, or an array of them, each judged alone.

    Return one outcome per event, in order; a record that cannot be decoded is one outcome. Never raises for
    anything a record can hold: a defect in here sets that event aside as `internal_error`.
    """
    value = decode(raw)
    if type(value) is dict:
        return [_guarded(value, raw, consents, context)]
    if isinstance(value, Rejected):
        return [value]
    if type(value) is not list:
        return [Rejected(RejectReason.NOT_AN_OBJECT)]
    if not value:
        return [Rejected(RejectReason.EMPTY)]
    assert raw is not None  # decode has rejected it
    if raw.count(b'"') > 1:  # any key at all: elements share the bytes, so the whole record is read again, strictly
        value = decode_leniently(raw)
        if isinstance(value, Rejected):
            return [value]
    return [_guarded(element, None, consents, context) for element in value]


def _guarded(event: Any, raw: bytes | None, consents: ConsentLookup, context: Context) -> Outcome:
    try:
        return _judge(event, raw, consents, context)
    except Exception:  # noqa: BLE001  # one event's defect must not stop its neighbours; the shell counts it
        return Rejected(RejectReason.INTERNAL_ERROR)


def _judge(event: Any, raw: bytes | None, consents: ConsentLookup, context: Context) -> Outcome:
    if type(event) is not dict:
        return Rejected(RejectReason.NOT_AN_OBJECT)
    envelope = read_envelope(event, context.now_ms)
    if not isinstance(envelope, Envelope):
        return envelope
    seen = survey(event, raw, context.now_ms)
    if seen is None:
        return Rejected(RejectReason.TOO_DEEP)
    may_repeat, revealed = seen
    if may_repeat and raw is not None:
        strict = decode_leniently(raw)
        if isinstance(strict, Rejected):
            return strict
    region = region_of(event)
    if context.only is not None and region is not None and region is not context.only:
        return Rejected(RejectReason.WRONG_REGION, "region")
    return _decided(event, envelope, region, revealed, consents, context)


def _decided(
    event: dict[str, Any],
    envelope: Envelope,
    region: Region | None,
    revealed: Age | None,
    consents: ConsentLookup,
    context: Context,
) -> Outcome:
    policy = context.policy
    state = consents.get(envelope.profile)
    record = state if isinstance(state, ConsentRecord) else None
    if record is None and state is ConsentFault.MISROUTED:
        return Rejected(RejectReason.MISROUTED_KEY, "profile_id")
    standing = resolve(region, event.get("age"), revealed, record, policy)
    plan = context.registry.get(envelope.name)
    if plan is None:
        return Dropped(DropReason.UNKNOWN_EVENT, standing.cohort)
    case = Case(
        standing,
        record,
        record is None and state is ConsentFault.UNREADABLE,
        "gpc" in event and event["gpc"] is not False,
        min(envelope.received_ms, envelope.time_ms),
        context.now_ms,
    )
    way = decide(case, plan.purpose, policy)
    if not isinstance(way, Way):
        return Dropped(way, standing.cohort)
    assert region is not None  # decide never opens a way for an unknown region
    return _clean(event, envelope, region, standing.cohort, record, way, plan, context)


def _clean(
    event: dict[str, Any],
    envelope: Envelope,
    region: Region,
    cohort: Cohort,
    record: ConsentRecord | None,
    way: Way,
    plan: EventPlan,
    context: Context,
) -> Clean:
    consent = record.consent_id if record is not None else ""
    epoch = envelope.time_ms // context.policy.rotation_ms[cohort]
    pseudonym = context.keys.pseudonym(region, way.space, envelope.profile, consent, epoch)
    anonymous = (
        context.policy.kids_rules and cohort in _KIDS_RULES_COHORTS and event.get("platform") != "android"
    )  # J10; a platform that is not stated may be iOS
    name, version = context.library
    properties: dict[str, Any] = {
        "token": context.projects[region].token,
        "distinct_id": "" if anonymous else pseudonym,
        "time": envelope.time_ms,
        "$insert_id": context.keys.event_id(region, _source(event, envelope)),
        "mp_lib": name,
        "$lib_version": version,
        "ip": 0,  # or Mixpanel would place every user where the sink stands
    }
    stripped = select(envelope.properties, plan, cohort, properties)
    value = _encoder.encode({"event": envelope.name, "properties": properties})
    return Clean(region, cohort, pseudonym.encode(), value, stripped)


def _source(event: dict[str, Any], envelope: Envelope) -> bytes:
    """Return what tells this event from every other: the client's id, else its content (without the receipt time)."""
    given = event.get("event_id")
    if type(given) is int:
        given = str(given)
    if type(given) is str:
        given = given.strip()
        if given.lower() not in FORBIDDEN_IDS:
            return b"id:" + given.encode()
    content = (envelope.name, envelope.profile, envelope.time_ms, envelope.properties)
    return b"content:" + _sorted_encoder.encode(content)
