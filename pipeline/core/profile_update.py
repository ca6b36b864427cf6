"""Updates of profiles and groups (Mixpanel's /engage and /groups): of adults who agreed, and of nobody else.

R16: no profile of anybody who is or may be a minor (16 CFR 312.2, support for internal operations (2)). An adult's
update is cut to what schemas/profile.json allows, and leaves only if doing it twice is the same as doing it once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.core.case import Case
from pipeline.core.consent import ConsentRecord
from pipeline.core.context import Context
from pipeline.core.decide import decide
from pipeline.core.envelope import Envelope
from pipeline.core.evidence import over_while_queued
from pipeline.core.grants import grant_name
from pipeline.core.outcome import Clean, Dropped, DropReason, Rejected, RejectReason
from pipeline.core.ruling import Names, Ruling, ruling_for
from pipeline.core.select import SHORTEST_ID, Lost, Pseudonymize, select, take_own_ids
from pipeline.core.work import Work
from pipeline.policy.compiled import EventPlan, PropertyRule, Way
from pipeline.policy.vocabulary import Action, Cohort, Purpose, Region

UPDATE = "profile_update"  # where an adapted update stands beside its envelope
OPERATOR = "operator"  # what a rejection names: operators are words that clients choose

MAPPINGS = frozenset({"$set", "$set_once", "$add", "$union", "$append", "$remove"})
OPERATORS = MAPPINGS | {"$unset", "$delete"}
ITEMS = frozenset({"$append", "$remove"})  # their values are items of a list
NOT_REPEATABLE = frozenset({"$add", "$append"})  # a second delivery would add a second time; /engage keeps no ids
NAMING = frozenset({"$token", "$distinct_id", "$group_key", "$group_id"})
ROOT = NAMING | {
    "$ip", "$time", "$ignore_time", "$ignore_alias", "$latitude", "$longitude", "$device_id", "$user_id",
    "$had_persisted_distinct_id", "$mp_metadata", "coppice",
}  # fmt: skip

ADULTS = frozenset({Cohort.US_ADULT, Cohort.IN_ADULT})
_IDS = ("$distinct_id", "$device_id", "$user_id")
_encoder = msgspec.json.Encoder()


class Group(Struct, frozen=True):
    """The group that an update is about, as the client names it: anything at all."""

    key: Any
    id: Any


class ProfileUpdate(Struct, frozen=True):
    """What an update asks for. operations: operator → operand, in the client's order; group: None for a person's.

    ids: those of the person that the client has put beside them.
    """

    operations: dict[str, Any]
    group: Group | None = None
    ids: tuple[str, ...] = ()


def is_profile_update(event: Mapping[str, Any]) -> bool:
    """Say whether something that is no event has the root keys of an update."""
    return not (event.keys().isdisjoint(NAMING) and event.keys().isdisjoint(OPERATORS))


def read_update(event: Mapping[str, Any]) -> ProfileUpdate | Rejected:
    """Read an update, or say that it asks for something that is not known."""
    operations = {name: operand for name, operand in event.items() if name in OPERATORS}
    if len(operations) < len(event.keys() - ROOT) or not all(_is_operand(*each) for each in operations.items()):
        return Rejected(RejectReason.WRONG_TYPE, OPERATOR)
    if not operations:
        return Rejected(RejectReason.MISSING_FIELD, OPERATOR)
    about_group = "$group_key" in event or "$group_id" in event
    group = Group(event.get("$group_key"), event.get("$group_id")) if about_group else None
    return ProfileUpdate(operations, group, tuple(event[name] for name in _IDS if type(event.get(name)) is str))


def _is_operand(operator: str, operand: Any) -> bool:
    if operator == "$unset":
        return type(operand) is list and all(type(name) is str for name in operand)
    if operator not in MAPPINGS:
        return True  # Mixpanel ignores what $delete is given, and nothing of it is kept here
    if type(operand) is not dict:
        return False
    values = operand.values()
    if operator == "$add":
        return all(type(value) is int or type(value) is float for value in values)
    return operator != "$union" or all(type(value) is list for value in values)


def judge_update(
    update: ProfileUpdate, envelope: Envelope, case: Case, region: Region | None, context: Context
) -> Clean | Dropped:
    """Say why an update stays behind, or what leaves of it: under the pseudonym that the person's events have."""
    policy, plan, cohort = context.policy, context.profile, case.standing.cohort
    ruling = ruling_for(_names(update.operations), plan, cohort, policy, context.rulings) if plan is not None else None
    way = decide(case, Purpose.ANALYTICS, policy)
    if cohort not in ADULTS and cohort is not Cohort.XX and way is not DropReason.KILL_SWITCH:
        return Dropped(DropReason.PROFILE_NEVER, cohort, ruling)
    if not isinstance(way, Way):
        return Dropped(way, cohort, ruling)
    if case.record is None:  # J7 lets an adult's events leave without one, but nobody's profile
        return Dropped(DropReason.NO_CONSENT, cohort, ruling)
    if case.earliest_ms < case.record.granted_at:  # no way that asks for consent lets it come this far
        return Dropped(DropReason.BEFORE_CONSENT, cohort, ruling)
    if plan is None or ruling is None:
        return Dropped(DropReason.UNKNOWN_EVENT, cohort)
    if ruling.drops_event:
        return Dropped(DropReason.CLASS, cohort, ruling)
    if not NOT_REPEATABLE.isdisjoint(update.operations):
        return Dropped(DropReason.PROFILE_NOT_REPEATABLE, cohort, ruling)
    assert region is not None  # decide never opens a way for an unknown region
    if context.keys.retired(region, way.space, envelope.time_ms):
        return Dropped(DropReason.KEY_RETIRED, cohort, ruling)
    return _leaving(update, envelope, case.record, way, ruling, plan, cohort, region, context)


def _leaving(  # a step of `judge_update`, with all that it has found
    update: ProfileUpdate,
    envelope: Envelope,
    record: ConsentRecord,
    way: Way,
    ruling: Ruling,
    plan: EventPlan,
    cohort: Cohort,
    region: Region,
    context: Context,
) -> Clean | Dropped:
    policy, keys, time_ms = context.policy, context.keys, envelope.time_ms

    def rules(names: Names) -> Ruling:
        return ruling_for(names, plan, cohort, policy, context.rulings)

    def pseudonymize(rule: PropertyRule, value: Any) -> str:
        return keys.property_name(region, way.space, rule.name, str(value), time_ms)

    own = [each for each in (envelope.profile, *update.ids) if len(each) >= SHORTEST_ID]
    kept, lost = permitted(update, plan, cohort, region, rules, pseudonymize, context.work, own=own)
    grant = grant_name(record.consent_id, record.granted_at)
    pseudonym = keys.pseudonym(region, way.space, envelope.profile, grant, time_ms, policy.rotation_ms[cohort])
    # or Mixpanel would place the person where the sink stands (T48), and see her whenever an update comes again
    head: dict[str, Any] | None = {"$distinct_id": pseudonym, "$ip": "0", "$ignore_time": True}
    if update.group is not None:
        head, further = _group_head(update.group, plan, rules, region, pseudonymize, own, context.work)
        lost += further
    if any(identifier for _, identifier in lost) and policy.identifier_in_kept[cohort] is Action.DROP_EVENT:
        return Dropped(DropReason.IDENTIFIER, cohort, ruling)
    if head is None:
        return Dropped(DropReason.GROUP_UNREGISTERED, cohort, ruling)
    if not kept:
        return Dropped(DropReason.PROFILE_EMPTY, cohort, ruling)
    value = _encoder.encode(head | {"$time": time_ms // 1000} | kept)
    kinds = tuple(rule.kind for rule, _ in lost)
    until = over_while_queued(record, way, context.now_ms)
    return Clean(region, cohort, pseudonym.encode(), value, ruling, kinds, until=until)


def _group_head(  # a step of `_leaving`
    group: Group,
    plan: EventPlan,
    rules: Callable[[Names], Ruling],
    region: Region,
    pseudonymize: Pseudonymize,
    own: list[str],
    work: Work | None,
) -> tuple[dict[str, Any] | None, Lost]:
    """Return how an object for a group begins; None where its key is not registered, or does not allow the id."""
    if type(group.key) is not str or group.key not in plan.group_keys or type(group.id) is not str:
        return None, []
    kept: dict[str, Any] = {}
    ruling = rules((group.key,))
    lost = select({group.key: group.id}, ruling, region, pseudonymize, kept, work)
    take_own_ids(own, ruling, kept, lost)
    name = kept.get(group.key)
    return ({"$group_key": group.key, "$group_id": name} if type(name) is str else None), lost


def permitted(
    update: ProfileUpdate,
    plan: EventPlan,
    cohort: Cohort,
    region: Region,
    rules: Callable[[Names], Ruling],
    pseudonymize: Pseudonymize,
    work: Work | None = None,
    *,
    own: Sequence[str] = (),
) -> tuple[dict[str, Any], Lost]:
    """Return the operations cut to what the registry allows the cohort, and what stays behind because of its value.

    own: ids of the person, which stand in no text that leaves (R15). An operation of which nothing is left is left
    out. The value of `$add` is held to the property's own range.
    """
    kept: dict[str, Any] = {}
    lost: Lost = []
    for operator, operand in update.operations.items():
        allowed: Any
        if operator == "$delete":
            kept[operator] = ""  # JavaScript puts the raw id here
            continue
        if operator == "$unset":  # a name by its family alone might be any text
            allowed = [name for name in operand if _is_allowed(plan.rules[cohort].get(name))]
        else:
            given = {name: [value] for name, value in operand.items()} if operator in ITEMS else operand
            allowed, ruling = {}, rules(tuple(given))
            lost += select(given, ruling, region, pseudonymize, allowed, work)
            take_own_ids(list(own), ruling, allowed, lost)
            if operator in ITEMS:
                allowed = {name: value[0] for name, value in allowed.items()}
        if allowed:
            kept[operator] = allowed
    return kept, lost


def _is_allowed(rule: PropertyRule | None) -> bool:
    return rule is not None and rule.stripped is None


def _names(operations: Mapping[str, Any]) -> Names:
    """Return the names of all properties that the operations touch, each once; what $delete is given has none."""
    return tuple(
        dict.fromkeys(name for operator, operand in operations.items() if operator != "$delete" for name in operand)
    )
