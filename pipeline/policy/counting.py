"""Which events of Indian children may be counted, and by what (R11, J5). DPDP Act s.9(2), s.9(3).

Counts are for numbers that say nothing about anybody: by a yes or no, or by the words of a list, of classes of data
that a child's event may hold. What could be used to harm a child is never counted, however many children there are:
s.9(2) has no exception.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline.policy.compiled import COUNTED, Counting, EventPlan, Registry
from pipeline.policy.errors import PolicyError
from pipeline.policy.harm import LAW, harm_in
from pipeline.policy.model import PolicySettings
from pipeline.policy.vocabulary import PropertyClass, Purpose

WINDOWS_MS = {"hour": 3_600_000, "day": 86_400_000}
MINUTE_MS = 60_000
CLASSES = frozenset({PropertyClass.OPERATIONAL, PropertyClass.GAMEPLAY})
ADDED = frozenset({"count", "window_hours"})  # what a count says of itself

At = Callable[..., str]
"""Says where a setting stands: file, line and key."""


def compile_counting(settings: PolicySettings) -> Counting | None:
    """Return what may be counted, None in mode drop."""
    written = settings.india_child
    if written.mode == "drop":
        return None
    aggregates = written.aggregates
    events = {name: tuple(sorted(set(dimensions))) for name, dimensions in aggregates.events.items()}
    return Counting(WINDOWS_MS[aggregates.window], aggregates.grace_minutes * MINUTE_MS, settings.anon.k, events)


def steps(counting: Counting) -> list[str]:
    """Say in words what is counted, so that any change of it shows as one (R38)."""
    how = f"in windows of {counting.window_ms // MINUTE_MS} minutes, from {counting.k} children on"
    return [f"{event} by {', '.join(names) or 'nothing'}, {how}" for event, names in counting.events.items()]


def harmful_counts(settings: PolicySettings, at: At) -> list[str]:
    """Return what the settings list and may never be counted, also while nothing is counted."""
    problems = []
    for event, dimensions in settings.india_child.aggregates.events.items():
        for name in (event, *dimensions):
            if (what := harm_in(name, counted=True)) is not None:
                where = at("india_child", "aggregates", "events", event)
                problems.append(f"{where}: {name} tells of {what}, and is never counted ({LAW}, R11)")
    return problems


def countable(schema: Mapping[str, Any]) -> dict[str, frozenset[str | bool]]:
    """Return the properties of an event by which a child's events may be counted, each with all its values.

    schema: one that has no problems. Only what is on the child's own list counts (R03).
    """
    found: dict[str, frozenset[str | bool]] = {}
    for name, spec in schema.get("properties", {}).items():
        if spec.get("x-class") not in CLASSES or "child" not in spec.get("x-cohorts", ("child",)):
            continue
        if "enum" in spec:
            found[name] = frozenset(spec["enum"])
        elif spec.get("type") == "boolean":
            found[name] = frozenset({True, False})
    return found


def check_counting(counting: Counting | None, registry: Registry) -> None:
    """Raise PolicyError when settings ask for counts of what the registry does not have in a form to be counted by."""
    problems = [] if counting is None else list(_unknown(counting, registry))
    if problems:
        raise PolicyError([f"india_child.aggregates.events.{problem}" for problem in problems])


def _unknown(counting: Counting, registry: Registry) -> Iterator[str]:
    for event, dimensions in counting.events.items():
        plan = registry.get(event)
        if plan is None:
            yield f"{event}: no schema lists this event"
            continue
        if plan.purpose is not Purpose.ANALYTICS:
            yield f"{event}: is for {plan.purpose}; only events for {Purpose.ANALYTICS} are counted (DPDP Act s.9(3))"
        if event + COUNTED in registry:
            yield f"{event}: its counts would be called {event}{COUNTED}, which is an event of the app"
        for name in dimensions:
            if (why := _no_dimension(name, plan)) is not None:
                yield f"{event}: {name} {why}"


def _no_dimension(name: str, plan: EventPlan) -> str | None:
    values = plan.countable.get(name)
    if values is None:
        kinds = " and ".join(sorted(CLASSES))
        return f"must be a property with an enum, or a boolean, of class {kinds}, on the child's list"
    if name in ADDED:
        return "is a name that counts have themselves"
    harm = next((value for value in sorted(map(str, values)) if harm_in(value, counted=True) is not None), None)
    return None if harm is None else f"has the value {harm}, which is never counted ({LAW})"
