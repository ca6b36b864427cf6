"""Which properties leave with an event: the registry's list for its cohort, and nothing else (R03)."""

from typing import Any

from pipeline.policy.compiled import EventPlan
from pipeline.policy.vocabulary import Cohort, StripReason

REASONS = tuple(StripReason)

_MISSING = object()
_UNREGISTERED = REASONS.index(StripReason.UNREGISTERED)
_INVALID = REASONS.index(StripReason.INVALID)
_NOTHING_STRIPPED = [0] * len(REASONS)


def select(given: dict[str, Any], plan: EventPlan, cohort: Cohort, kept: dict[str, Any]) -> tuple[int, ...]:
    """Copy what the cohort may keep from given to kept.

    Return how many properties stay behind, by reason, in the order of `StripReason`.
    """
    allowed = plan.properties[cohort]
    counts = _NOTHING_STRIPPED.copy()
    known = 0
    for name, check in allowed.keep:
        value = given.get(name, _MISSING)
        if value is _MISSING:
            continue
        known += 1
        if check(value):
            kept[name] = value
        else:
            counts[_INVALID] += 1
    for name, why in allowed.withheld:
        if name in given:
            known += 1
            counts[why] += 1
    counts[_UNREGISTERED] = len(given) - known
    return tuple(counts)


def reasons(given: dict[str, Any], plan: EventPlan, cohort: Cohort) -> dict[str, StripReason]:
    """Say for each property that `select` leaves behind why it does. For people, not for the hot path."""
    allowed = plan.properties[cohort]
    checks, withheld = dict(allowed.keep), dict(allowed.withheld)
    found = {}
    for name, value in given.items():
        if name in withheld:
            found[name] = REASONS[withheld[name]]
        elif name not in checks:
            found[name] = StripReason.UNREGISTERED
        elif not checks[name](value):
            found[name] = StripReason.INVALID
    return found
