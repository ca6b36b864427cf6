"""What a policy lets out and its predecessor did not: any cohort keeps more, or more is decided to leave (R38).

What got stricter is no concern here. Where it cannot be told which of two is looser, the new one counts as looser.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from pipeline.policy.facts import (
    NOTICES,
    OF_CHILDREN,
    ON_MARKETING,
    ON_OTHERS,
    TEXTS,
    EventFacts,
    Facts,
    PropertyFacts,
    WayFacts,
)
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Purpose
from pipeline.policy.widening import more_routes, wider

DAY_MS = 86_400_000
ID_LENGTH = 10
LOOSE_FLAGS = {  # the value that lets more out
    "primary_child": False,
    "provider": True,
    "internal_ops": True,
    "us_adult_opt_out": True,
    "kids_rules": False,
    "own_region_only": False,
}
TEXT_FORMS = {Action.SCRUB, Action.ROUTE}


class Loosening(NamedTuple):
    """One thing that a policy lets out and its predecessor did not.

    what, where: in words. id: the same for the same step, whatever else has changed, so that an acknowledgement can
    name it; another step at the same place has another id.
    """

    what: str
    where: str
    id: str


def loosenings(old: Facts, new: Facts) -> list[Loosening]:
    """Return everything in which `new` is looser than `old`, sorted by place."""
    found = [
        *_decisions(old, new),
        *_evidence(old, new),
        *_words(old, new),
        *_classes(old, new),
        *_registry(old, new),
    ]
    return sorted(found, key=lambda each: (each.where, each.what))


def _step(where: str, what: str, old: Any, new: Any) -> Loosening:
    """Make a loosening; old and new are what its id stands for."""
    told = json.dumps([where, msgspec.to_builtins([old, new])], sort_keys=True)
    return Loosening(what, where, hashlib.sha256(told.encode()).hexdigest()[:ID_LENGTH])


def _decisions(old: Facts, new: Facts) -> Iterator[Loosening]:
    for cohort, purposes in new.ways.items():
        for purpose, ways in purposes.items():
            before = old.ways.get(cohort, {}).get(purpose, ())
            for way in ways:
                if not any(_covers(each, way) for each in before):
                    what = f"a way out that needs only {', '.join(way.require)} (pseudonym space {way.space})"
                    yield _step(f"decisions: {cohort}, {purpose}", what, before, way)
    for cohort in sorted(set(old.killed) - set(new.killed)):
        yield _step(f"kill switch: {cohort}", "lifted", True, False)
    for cohort, end in new.gates.items():
        opened = old.gates.get(cohort)
        if opened is None or end > opened:
            until = "was closed" if opened is None else f"before: to the end of {_last_day(opened)}"
            yield _step(f"vendor gate: {cohort}", f"open to the end of {_last_day(end)} ({until})", opened, end)


def _covers(old: WayFacts, new: WayFacts) -> bool:
    """True if whatever leaves by the new way could leave by the old one, under a pseudonym of the same space."""
    return old.space == new.space and set(old.require) <= set(new.require)


def _last_day(end_ms: int) -> str:
    return datetime.fromtimestamp((end_ms - DAY_MS) / 1000, UTC).date().isoformat()


def _evidence(old: Facts, new: Facts) -> Iterator[Loosening]:
    yield from _accepted(old, new)
    for name, loose in LOOSE_FLAGS.items():
        if new.flags[name] is loose and old.flags.get(name) is not loose:
            what = f"{str(loose).lower()} in place of {str(not loose).lower()}"
            yield _step(f"setting: {name}", what, not loose, loose)
    if new.teen_list not in {old.teen_list, "child"}:
        yield _step("setting: us_teen.profile", "teens get the list of older people", old.teen_list, new.teen_list)
    for cohort, ms in new.rotation_ms.items():
        before = old.rotation_ms.get(cohort, 0)
        if ms > before:
            what = f"a pseudonym lasts {ms // DAY_MS} days in place of {before // DAY_MS}"
            yield _step(f"pseudonym: {cohort}", what, before, ms)


def _accepted(old: Facts, new: Facts) -> Iterator[Loosening]:
    for name, values in new.accepted.items():
        for value in sorted(set(values) - set(old.accepted.get(name, ()))):
            yield _step(name, f"{value} is accepted", None, value)
    for name, values in old.held_to.items():
        now = new.held_to.get(name)
        if now is None and not _of_retired_notice(name, new):
            yield _step(name, "any is accepted", values, None)
        for value in sorted(set(now or ()) - set(values)):
            yield _step(name, f"{value} is accepted", None, value)


def _of_retired_notice(name: str, new: Facts) -> bool:
    """True for the texts of a notice that nobody's consent may answer any more: nothing can leave by them."""
    version = name.removeprefix(TEXTS)
    in_force = (value for place, values in new.accepted.items() if place.startswith(NOTICES) for value in values)
    return version != name and version not in in_force


def _words(old: Facts, new: Facts) -> Iterator[Loosening]:
    """Yield what a name about a child may say now (R11). A baseline without words is older than the list of them."""
    for place, words in old.words.items():
        now = new.words.get(place, ())
        for word in words:
            if word not in now and not any(each[-1] == "*" and word.startswith(each[:-1]) for each in now):
                yield _step(place, f"{word} is no longer on the list", True, False)
    if old.words:
        for word in sorted(set(new.not_meant) - set(old.not_meant)):
            yield _step(OF_CHILDREN, f"{word} is let through", False, True)


def _classes(old: Facts, new: Facts) -> Iterator[Loosening]:
    for cohort in sorted(old.classes.keys() | new.classes.keys()):
        before, after = old.classes.get(cohort, {}), new.classes.get(cohort, {})
        for kind in sorted(before.keys() | after.keys()):
            was, now = before.get(kind, Action.DROP), after.get(kind, Action.DROP)
            if _looser_action(was, now):
                yield _step(f"class {kind}: {cohort}", f"{now} in place of {was}", was, now)
    for cohort, now in new.identifier_in_kept.items():
        was = old.identifier_in_kept.get(cohort, Action.DROP_EVENT)
        if was == Action.DROP_EVENT and now != was:
            yield _step(f"identifier in what is kept: {cohort}", "the event leaves without it", was, now)


def _looser_action(was: str, now: str) -> bool:
    return _looser_form(None if was == Action.DROP else was, None if now == Action.DROP else now)


def _looser_form(was: str | None, now: str | None) -> bool:
    """Compare what becomes of a property; None: it stays behind."""
    if now in {was, Action.DROP_EVENT}:
        return False
    if was == Action.DROP_EVENT:
        return True
    if now is None:
        return False
    # of a value that leaves as it is every other form says less, but for those that take any text at all
    return was != Action.KEEP or now in TEXT_FORMS


def _registry(old: Facts, new: Facts) -> Iterator[Loosening]:
    explained = _explained(old, new)
    for name, event in new.events.items():
        before = old.events.get(name)
        if before is None or before.purpose != event.purpose:
            if any(event.purpose in purposes for purposes in new.ways.values()):
                yield _new_purpose(name, before, event)
            if before is None:
                continue
        was, now = _own(before, old, event), _own(event, new, before)
        yield from _properties(f"event {name}", was, now, explained)
    yield from _properties("profile", old.profile, new.profile, explained)
    for name in sorted(set(new.group_keys) - set(old.group_keys)):
        yield _step(f"profile: {name}", "names groups, which have a profile", False, True)
    for name in new.defaults:
        yield from _properties(
            f"Mixpanel's properties {name}", _defaults_of(old, name), _defaults_of(new, name), explained
        )


def _new_purpose(name: str, before: EventFacts | None, event: EventFacts) -> Loosening:
    if before is None:
        what = f"registered, for {event.purpose}, with {len(event.properties)} properties of its own"
        return _step(f"event {name}", what, None, event)
    what = f"its purpose is {event.purpose} in place of {before.purpose}"
    return _step(f"event {name}", what, before.purpose, event.purpose)


def _own(event: EventFacts, of: Facts, other: EventFacts) -> Mapping[str, PropertyFacts]:
    """Return an event's own properties, and what Mixpanel's are there that only its other state has as its own."""
    defaults = of.defaults.get(ON_MARKETING if event.purpose == Purpose.MARKETING else ON_OTHERS, {})
    covered = {name: defaults[name] for name in other.properties.keys() & defaults.keys()}
    return covered | event.properties


def _defaults_of(facts: Facts, name: str) -> Mapping[str, PropertyFacts]:
    """Return Mixpanel's own properties on a kind of events; what is the same on all of them stands under one only."""
    found, others = facts.defaults.get(name, {}), facts.defaults.get(ON_OTHERS, {})
    if name == ON_OTHERS:
        return found
    return {prop: each for prop, each in found.items() if others.get(prop) != each}


Explained = set[tuple[str, str]]


def _explained(old: Facts, new: Facts) -> Explained:
    """Return cohorts and classes of which something looser is said already, so that properties need not repeat it."""
    teens = new.teen_list != old.teen_list
    return {
        (cohort, kind)
        for cohort in new.rotation_ms
        for kind in PropertyClass
        if (teens and cohort == Cohort.US_TEEN)
        or _looser_action(
            old.classes.get(cohort, {}).get(kind, Action.DROP), new.classes.get(cohort, {}).get(kind, Action.DROP)
        )
    }


def _properties(
    where: str, old: Mapping[str, PropertyFacts], new: Mapping[str, PropertyFacts], explained: Explained
) -> Iterator[Loosening]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        place = f"{where}: {name}"
        known = before is not None and (after is None or _spec(before) == _spec(after))
        was, now = (each.forms if each is not None else {} for each in (before, after))
        looser = {
            cohort: now.get(cohort, "leaves the event")
            for cohort in sorted(was.keys() | now.keys())
            if _looser_form(was.get(cohort), now.get(cohort))
            and not (known and before is not None and (cohort, before.kind) in explained)
        }
        if looser:
            what = "; ".join(f"{cohort}: {form}" for cohort, form in looser.items())
            limits = after.limits if after is not None else {}
            yield _step(place, what, {c: was.get(c) for c in looser}, [looser, limits])
        if before is not None and after is not None and (wide := _wider(before, after)) is not None:
            yield _step(place, wide, before.limits, after.limits)


def _spec(facts: PropertyFacts) -> tuple[Any, ...]:
    return facts.kind, facts.groups, facts.limits


def _wider(old: PropertyFacts, new: PropertyFacts) -> str | None:
    """Compare the limits for the cohorts that had the property already and keep it in the same form."""
    common = {form for cohort, form in new.forms.items() if cohort in old.forms}
    routes = more_routes(old.limits, new.limits) if Action.ROUTE in common else None
    checked = common - TEXT_FORMS - {Action.DROP_EVENT}
    values = wider(old.limits, new.limits) if checked else None
    return "; ".join(each for each in (routes, values) if each is not None) or None
