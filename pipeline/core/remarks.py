"""What became of each property of an event and why: class, action, requirement, law. Never the value.

Built only when somebody asks (explain, tests, the demo); the hot path counts instead.
"""

from typing import Any

from msgspec import Struct

from pipeline.core.ruling import may_be_shown, rule_of, unregistered_kind
from pipeline.core.select import Pseudonymize, change, holds_identifier
from pipeline.policy.compiled import UNSAFE, CompiledPolicy, EventPlan, PropertyRule
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Region, StripReason

UNREGISTERED_RULE, UNREGISTERED_LAW = "R03", "16 CFR 312.7; DPDP Act s.6(1)"
HIDDEN_NAME = "[a name that may be personal]"


class Remark(Struct, frozen=True):
    """One property. path: its name, hidden where the name itself may be personal; stripped: None if it left."""

    path: str
    kind: PropertyClass | None
    action: Action
    rule: str
    law: str
    stripped: StripReason | None
    alarm: bool


def remark_on(
    properties: dict[str, Any],
    plan: EventPlan,
    cohort: Cohort,
    region: Region | None,
    policy: CompiledPolicy,
    pseudonymize: Pseudonymize,
) -> dict[str, Remark]:
    """Return a remark for every property, by its name as the client wrote it."""
    return {
        name: _remark(name, value, rule_of(name, plan, cohort), cohort, region, policy, pseudonymize)
        for name, value in properties.items()
    }


def _remark(
    name: str,
    value: Any,
    rule: PropertyRule | None,
    cohort: Cohort,
    region: Region | None,
    policy: CompiledPolicy,
    pseudonymize: Pseudonymize,
) -> Remark:
    path = name if may_be_shown(name) else HIDDEN_NAME
    if rule is None:
        kind = unregistered_kind(name)
        ruled = policy.classes[cohort, kind] if kind is not None else None
        why, law = (ruled.rule, ruled.law) if ruled is not None else (UNREGISTERED_RULE, UNREGISTERED_LAW)
        alarm = ruled is not None and ruled.alarm
        return Remark(path, kind, Action.DROP, why, law, StripReason.UNREGISTERED, alarm)
    stripped = rule.stripped or _by_value(name, value, rule, region, pseudonymize)
    action = rule.action if stripped is None else Action.DROP
    return Remark(path, rule.kind, action, rule.rule, rule.law, stripped, rule.alarm)


def _by_value(
    name: str, value: Any, rule: PropertyRule, region: Region | None, pseudonymize: Pseudonymize
) -> StripReason | None:
    if rule.check is not None and not rule.check.allows(value):
        return StripReason.INVALID
    if rule.scan and holds_identifier(name, value, rule.kind):
        return StripReason.IDENTIFIER
    if rule.transform is not None and (region is None or change(value, rule, region, pseudonymize) is UNSAFE):
        return StripReason.UNSAFE
    return None
