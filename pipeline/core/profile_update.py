"""Updates of profiles and groups (Mixpanel's /engage and /groups): for adults who agreed, and none is delivered yet.

R16: no profile of anybody who is or may be a minor (16 CFR 312.2, support for internal operations (2)). An adult's
update is cut to what schemas/profile.json allows.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from pipeline.core.case import Case
from pipeline.core.context import Context
from pipeline.core.decide import decide
from pipeline.core.outcome import Dropped, DropReason, Rejected, RejectReason
from pipeline.core.ruling import Names, Ruling, rule_of, ruling_for
from pipeline.core.select import Pseudonymize, select
from pipeline.core.work import Work
from pipeline.policy.compiled import EventPlan, PropertyRule, Way
from pipeline.policy.vocabulary import Action, Cohort, Purpose, Region

UPDATE = "profile_update"  # where an adapted update stands beside its envelope
OPERATOR = "operator"  # what a rejection names: operators are words that clients choose

MAPPINGS = frozenset({"$set", "$set_once", "$add", "$union", "$append", "$remove"})
OPERATORS = MAPPINGS | {"$unset", "$delete"}
ITEMS = frozenset({"$append", "$remove"})  # their values are items of a list
NAMING = frozenset({"$token", "$distinct_id", "$group_key", "$group_id"})
ROOT = NAMING | {
    "$ip", "$time", "$ignore_time", "$ignore_alias", "$latitude", "$longitude", "$device_id", "$user_id",
    "$had_persisted_distinct_id", "$mp_metadata", "coppice",
}  # fmt: skip

_ADULTS = frozenset({Cohort.US_ADULT, Cohort.IN_ADULT})


class ProfileUpdate(Struct, frozen=True):
    """What an update asks for. operations: operator → operand; group: it is about a group, not a person."""

    operations: dict[str, Any]
    group: bool


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
    return ProfileUpdate(operations, "$group_key" in event or "$group_id" in event)


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


def judge_update(update: ProfileUpdate, case: Case, region: Region | None, context: Context) -> Dropped:
    """Say why an update stays behind. One that may leave is cut to the registry, and waits for a delivery to exist."""
    policy, plan, cohort = context.policy, context.profile, case.standing.cohort

    def rules(names: Names) -> Ruling:
        assert plan is not None
        return ruling_for(names, plan, cohort, policy, context.rulings)

    ruling = rules(_names(update.operations)) if plan is not None else None
    way = decide(case, Purpose.ANALYTICS, policy)
    if cohort not in _ADULTS and cohort is not Cohort.XX and way is not DropReason.KILL_SWITCH:
        return Dropped(DropReason.PROFILE_NEVER, cohort, ruling)
    if not isinstance(way, Way):
        return Dropped(way, cohort, ruling)
    if case.record is None:  # J7 lets an adult's events leave without one, but nobody's profile
        return Dropped(DropReason.NO_CONSENT, cohort, ruling)
    if plan is None:
        return Dropped(DropReason.UNKNOWN_EVENT, cohort)
    if ruling is not None and ruling.drops_event:
        return Dropped(DropReason.CLASS, cohort, ruling)
    assert region is not None  # decide never opens a way for an unknown region
    keys = context.keys
    if keys.retired(region, way.space, case.earliest_ms):
        return Dropped(DropReason.KEY_RETIRED, cohort, ruling)

    def pseudonymize(rule: PropertyRule, value: Any) -> str:
        return keys.property_name(region, way.space, rule.name, str(value), case.earliest_ms)

    _, found = permitted(update, plan, cohort, region, rules, pseudonymize, context.work)
    if found and policy.identifier_in_kept[cohort] is Action.DROP_EVENT:
        return Dropped(DropReason.IDENTIFIER, cohort, ruling)
    return Dropped(DropReason.PROFILE_NOT_DELIVERED, cohort, ruling)


def permitted(
    update: ProfileUpdate,
    plan: EventPlan,
    cohort: Cohort,
    region: Region,
    rules: Callable[[Names], Ruling],
    pseudonymize: Pseudonymize,
    work: Work | None = None,
) -> tuple[dict[str, Any], bool]:
    """Return the operations cut to what the registry allows the cohort, and whether an identifier was found (R12).

    An operation of which nothing is left is left out. The value of `$add` is held to the property's own range.
    """
    kept: dict[str, Any] = {}
    found = False
    for operator, operand in update.operations.items():
        allowed: Any
        if operator == "$delete":
            kept[operator] = ""  # JavaScript puts the raw id here
            continue
        if operator == "$unset":
            allowed = [name for name in operand if _is_allowed(rule_of(name, plan, cohort))]
        else:
            given = {name: [value] for name, value in operand.items()} if operator in ITEMS else operand
            allowed = {}
            lost = select(given, rules(tuple(given)), region, pseudonymize, allowed, work)
            found = found or any(identifier for _, identifier in lost)
            if operator in ITEMS:
                allowed = {name: value[0] for name, value in allowed.items()}
        if allowed:
            kept[operator] = allowed
    return kept, found


def _is_allowed(rule: PropertyRule | None) -> bool:
    return rule is not None and rule.stripped is None


def _names(operations: Mapping[str, Any]) -> Names:
    """Return the names of all properties that the operations touch, each once; what $delete is given has none."""
    return tuple(
        dict.fromkeys(name for operator, operand in operations.items() if operator != "$delete" for name in operand)
    )
