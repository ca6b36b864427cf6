"""The heart: one raw record and the consent of its profiles in, one outcome per event out.

Pure: no clock, file, network, metric or log. Steps: decode → envelope → cohort (R01) → decision (R02–R11, R37) →
properties by the registry (R03, R12–R24) → identity (R15, R16) → encode.
"""

import re
from functools import partial
from typing import Any, Final

import msgspec

from pipeline.core.adapt import Headers, adapt, count_keys, is_foreign, unwrap
from pipeline.core.age_transition import growth_of
from pipeline.core.case import case_of
from pipeline.core.cohort import region_of, resolve
from pipeline.core.consent import ConsentFault, ConsentLookup, ConsentRecord
from pipeline.core.context import Context
from pipeline.core.counting import count
from pipeline.core.decide import decide
from pipeline.core.decode import decode, decode_leniently, may_repeat_keys
from pipeline.core.defect import place_of
from pipeline.core.envelope import Envelope, read_envelope
from pipeline.core.evidence import over_while_queued
from pipeline.core.grant_name import NO_GRANT, grant_name
from pipeline.core.identity import FORBIDDEN_IDS, KeyRing
from pipeline.core.outcome import Clean, Dropped, DropReason, Outcome, Rejected, RejectReason
from pipeline.core.profile_update import UPDATE, ProfileUpdate, judge_update
from pipeline.core.ruling import Ruling, ruling_for
from pipeline.core.select import SHORTEST_ID, may_hold_own_id, select, take_own_ids
from pipeline.core.session import step_of
from pipeline.core.survey import survey
from pipeline.policy.compiled import PropertyRule, Way
from pipeline.policy.vocabulary import IDENTITY_EVENTS, Action, Age, Cohort, Purpose, Region, Space

_encoder: Final = msgspec.json.Encoder()
_sorted_encoder: Final = msgspec.json.Encoder(order="sorted", enc_hook=lambda _: None)  # NaN is nothing here
_DROP_EVENT: Final = Action.DROP_EVENT
_INDIA_CHILD: Final = DropReason.INDIA_CHILD
_MARKETING: Final = Purpose.MARKETING
_RECORD: Final = ConsentRecord  # compiled code looks a name of a module that is not compiled up each time
_CLEAN: Final = Clean
MOST_EVENTS: Final = 1000  # in one record; more would hold up everybody else
APP_VERSIONS: Final = 1024  # kept at hand
_versions: Final[set[str]] = set()
APP_VERSION: Final = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3}){0,2}")  # four numbers would be an IP address
_KIDS_RULES_COHORTS: Final = frozenset({Cohort.US_CHILD, Cohort.US_UNKNOWN})


def sanitize(raw: bytes | None, consents: ConsentLookup, context: Context, headers: Headers = ()) -> list[Outcome]:
    """Judge one record of `events.raw`: a JSON object, or an array of them, each judged alone.

    It may also be what Mixpanel's SDKs send. headers: those of the Kafka record, read for such events only.
    Return one outcome per event, in order; a record that cannot be decoded is one outcome. Never raises for
    anything a record can hold: a defect in here sets that event aside as `internal_error`.
    """
    value = decode(raw)
    if type(value) is dict:
        return [_guarded(value, raw, consents, context, headers)]
    if isinstance(value, Rejected):
        inner = unwrap(raw) if raw is not None and value.reason is RejectReason.NOT_JSON else None
        return [value] if inner is None else sanitize(inner, consents, context, headers)
    if type(value) is not list:
        return [Rejected(RejectReason.NOT_AN_OBJECT)]
    if not value:
        return [Rejected(RejectReason.EMPTY)]
    if len(value) > MOST_EVENTS:
        return [Rejected(RejectReason.TOO_COMPLEX)]
    assert raw is not None  # decode has rejected it
    if may_repeat_keys(raw, count_keys(value)):
        value = decode_leniently(raw)
        if isinstance(value, Rejected):
            return [value]
    shared = context.for_array()
    return [_guarded(element, None, consents, shared, headers) for element in value]


def _guarded(event: Any, raw: bytes | None, consents: ConsentLookup, context: Context, headers: Headers) -> Outcome:
    try:
        return _judge(event, raw, consents, context, headers)
    except Exception as error:  # noqa: BLE001  # one event's defect must not stop its neighbours; the shell counts it
        return Rejected(RejectReason.INTERNAL_ERROR, place_of(error))


def _judge(event: Any, raw: bytes | None, consents: ConsentLookup, context: Context, headers: Headers = ()) -> Outcome:
    if type(event) is not dict:
        return event if isinstance(event, Rejected) else Rejected(RejectReason.NOT_AN_OBJECT)
    if "profile_id" not in event and is_foreign(event):
        return _judge_foreign(event, raw, consents, context, headers)
    envelope = read_envelope(event, context.now_ms)
    if not isinstance(envelope, Envelope):
        return envelope
    names = tuple(envelope.properties)
    seen = survey(event, raw, context.now_ms, context.work, names)
    if not isinstance(seen, tuple):
        return Rejected(seen)
    may_repeat, revealed = seen
    if may_repeat and raw is not None:
        strict = decode_leniently(raw)
        if isinstance(strict, Rejected):
            return strict
    region = region_of(event)
    if context.only is not None and region is not None and region is not context.only:
        return Rejected(RejectReason.WRONG_REGION, "region")
    return _decided(event, envelope, names, region, revealed, consents, context)


def _judge_foreign(
    event: dict[str, Any], raw: bytes | None, consents: ConsentLookup, context: Context, headers: Headers
) -> Outcome:
    """Judge an event or profile update in the form of Mixpanel's SDKs; note its step, even if it is rejected."""
    if context.steps is not None and (step := step_of(event)) is not None:
        context.steps.append(step)
    if raw is not None and may_repeat_keys(raw, count_keys(event)):  # counted before fields move
        strict = decode_leniently(raw)
        if isinstance(strict, Rejected):
            return strict
    adapted = adapt(event, headers)
    return adapted if isinstance(adapted, Rejected) else _judge(adapted, None, consents, context)


def _decided(
    event: dict[str, Any],
    envelope: Envelope,
    names: tuple[str, ...],
    region: Region | None,
    revealed: Age | None,
    consents: ConsentLookup,
    context: Context,
) -> Outcome:
    policy = context.policy
    state = consents.get(envelope.profile)
    record = state if isinstance(state, _RECORD) else None
    if record is None and state is ConsentFault.MISROUTED:
        return Rejected(RejectReason.MISROUTED_KEY, "profile_id")
    growth = None
    if record is not None and record.birth_month is not None:
        growth = growth_of(record, envelope.time_ms, envelope.received_ms, context.now_ms)
    standing = resolve(region, event.get("age"), revealed, record, growth, policy)
    plan = context.registry.get(envelope.name)
    if plan is None:
        update = event.get(UPDATE)
        if isinstance(update, ProfileUpdate):  # nothing that JSON can say
            case = case_of(event, envelope, state, standing, context.now_ms)
            return judge_update(update, envelope, case, region, context)
        known = envelope.name in IDENTITY_EVENTS
        return Dropped(DropReason.IDENTITY_EVENT if known else DropReason.UNKNOWN_EVENT, standing.cohort)
    case = case_of(event, envelope, state, standing, context.now_ms)
    ruling = ruling_for(names, plan, standing.cohort, policy, context.rulings)
    version = _app_version(envelope.properties) if ruling.alarms else ""
    way = decide(case, plan.purpose, policy)
    if not isinstance(way, Way):
        if way is _INDIA_CHILD and policy.counting is not None:
            return count(envelope, _source(event, envelope), case, plan, ruling, version, context)
        return Dropped(way, standing.cohort, ruling, version)
    if ruling.drops_event:
        never = standing.cohort in plan.never
        return Dropped(DropReason.HARM_TO_CHILD if never else DropReason.CLASS, standing.cohort, ruling, version)
    assert region is not None  # decide never opens a way for an unknown region
    marketing = plan.purpose is _MARKETING
    return _clean(event, envelope, region, standing.cohort, record, way, marketing, ruling, version, context)


def _clean(
    event: dict[str, Any],
    envelope: Envelope,
    region: Region,
    cohort: Cohort,
    record: ConsentRecord | None,
    way: Way,
    marketing: bool,
    ruling: Ruling,
    app_version: str,
    context: Context,
) -> Outcome:
    space, policy, keys, time_ms = way.space, context.policy, context.keys, envelope.time_ms
    if time_ms < keys.retired_until_ms and keys.retired(region, space, time_ms):
        return Dropped(DropReason.KEY_RETIRED, cohort, ruling, app_version)
    if record is None or time_ms < record.granted_at or envelope.received_ms < record.granted_at:
        grant = NO_GRANT  # R16: what is older than the consent is never joined with what rests on it
    else:
        grant = grant_name(record.consent_id, record.granted_at)
    pseudonym = keys.pseudonym(region, space, envelope.profile, grant, time_ms, policy.rotation_ms[cohort])
    anonymous = (
        policy.kids_rules and cohort in _KIDS_RULES_COHORTS and event.get("platform") != "android"
    )  # J10; a platform that is not stated may be iOS
    name, version = context.library
    properties: dict[str, Any] = {
        "token": context.projects[region].token,
        "distinct_id": "" if anonymous else pseudonym,
        "time": time_ms,
        "$insert_id": keys.event_id(region, _source(event, envelope), time_ms),
        "mp_lib": name,
        "$lib_version": version,
        "ip": 0,  # or Mixpanel would place every user where the sink stands
    }
    pseudonymize = partial(_pseudonymize, keys, region, space, time_ms) if ruling.pseudonymizes else _none
    lost = select(envelope.properties, ruling, region, pseudonymize, properties, context.work)
    device = event.get("device_id")
    if ruling.texts and (ruling.scrubs or may_hold_own_id(ruling, properties, envelope.profile, device)):
        take_own_ids(_own_ids(envelope.profile, device), ruling, properties, lost)
    value = _encoder.encode({"event": envelope.name, "properties": properties})
    if lost and any(found for _, found in lost) and policy.identifier_in_kept[cohort] is _DROP_EVENT:
        return Dropped(DropReason.IDENTIFIER, cohort, ruling, app_version)
    kinds = tuple(rule.kind for rule, _ in lost) if lost else ()
    until = 0
    if record is not None and (record.expires_at is not None or record.birth_month is not None):
        until = over_while_queued(record, way, context.now_ms)
    return _CLEAN(region, cohort, pseudonym.encode(), value, ruling, kinds, app_version, marketing, until)


def _own_ids(profile: str, device: Any) -> list[str]:
    return [own for own in (profile, device) if type(own) is str and len(own) >= SHORTEST_ID]


def _pseudonymize(keys: KeyRing, region: Region, space: Space, time_ms: int, rule: PropertyRule, value: Any) -> str:
    return keys.property_name(region, space, rule.name, str(value), time_ms)


def _none(_rule: PropertyRule, _value: Any) -> str:
    raise AssertionError("no ruling without a property that is pseudonymized asks for this")


def _app_version(properties: dict[str, Any]) -> str:
    """Return the version of the app that sent the event, where it is one and not something else a client wrote."""
    version = properties.get("$app_version_string")
    if type(version) is not str:
        return ""
    if version in _versions:
        return version
    if not APP_VERSION.fullmatch(version):
        return ""
    if len(_versions) < APP_VERSIONS:
        _versions.add(version)
    return version


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
