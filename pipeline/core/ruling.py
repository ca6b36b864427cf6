"""What the policy says about one set of property names, worked out once for all events that have these names.

Events of one kind and app version have the same properties, so most of what has to be known about them is known after
the first: which may leave, which stay behind, which are a defect of the app.
"""

from collections import Counter
from typing import Any, Final

from pipeline.detect.engine import names as named_identifier
from pipeline.detect.engine import scan
from pipeline.policy.compiled import Check, CompiledPolicy, EventPlan, PropertyRule
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass

Names = tuple[str, ...]

UNREGISTERED: Final = "unregistered"
HARDWARE: Final = frozenset(
    {"device_serial", "iccid", "imei", "imsi", "mac"}
)  # R14: as much of a defect as advertising ids
MOST_DIGITS: Final = 6  # of a name that may be shown; more make it somebody's number or a random id
RULINGS: Final = 8192  # kept at hand; clients choose property names, so the store is bounded in number and in width
WIDEST, LONGEST = 128, 8192


class Ruling:
    """One event, cohort and set of property names. Compared by identity, so that it can be counted cheaply.

    keep: what leaves as it is if its check allows; scanned: the same for text that an identifier fits into, with the
    values that were found to hold none; changed: what leaves in another form, with the forms of late; scrubs: free text
    is among it; pseudonymizes: a keyed digest is; texts: the properties of scanned and changed. stripped: classes of
    what stays behind whatever its value, and how many each; withheld: their names, as the registry has them; unknown:
    names of those that no schema lists, and unregistered: how many of what stays behind no schema lists. alarms:
    classes whose presence is a defect of the app. drops_event: there is data of a class of which the policy drops the
    whole event, or the event must not be about this cohort.
    """

    __slots__ = (
        "alarms", "changed", "drops_event", "keep", "pseudonymizes", "scanned", "scrubs", "stripped", "texts",
        "unknown", "unregistered", "withheld",
    )  # fmt: skip

    def __init__(self, names: Names, plan: EventPlan, cohort: Cohort, policy: CompiledPolicy) -> None:
        keep: list[tuple[str, Check, PropertyRule]] = []
        scanned: list[tuple[str, Check, PropertyRule, dict[str, Any]]] = []
        changed: list[tuple[str, PropertyRule, dict[str, Any]]] = []
        stripped: Counter[str] = Counter()
        unknown: list[str] = []
        withheld: list[str] = []
        unregistered = 0
        kinds: set[PropertyClass | None] = set()
        for name in names:
            rule = rule_of(name, plan, cohort)
            kind = unregistered_kind(name) if rule is None else rule.kind
            kinds.add(kind)
            if rule is None:
                unregistered += 1
                stripped[UNREGISTERED if kind is None else kind] += 1
                if kind is None:
                    unknown.append(name)
            elif rule.stripped is not None:
                stripped[rule.kind] += 1
                withheld.append(rule.name)
            elif rule.transform is not None or rule.check is None or rule.action is Action.PSEUDONYMIZE:
                changed.append((name, rule, rule.memo))
            elif rule.scan:
                scanned.append((name, rule.check, rule, rule.memo))
            else:
                keep.append((name, rule.check, rule))
        self.keep = tuple(keep)
        self.scanned = tuple(scanned)
        self.changed = tuple(changed)
        self.texts = tuple((n, r) for n, _, r, _ in scanned) + tuple((n, r) for n, r, _ in changed)
        self.scrubs = any(rule.action is Action.SCRUB for _, rule, _ in changed)
        self.pseudonymizes = any(rule.action is Action.PSEUDONYMIZE for _, rule, _ in changed)
        self.stripped = tuple(stripped.items())
        self.unknown = tuple(unknown)
        self.withheld = tuple(withheld)
        self.unregistered = unregistered
        ruled = [(kind, policy.classes[cohort, kind]) for kind in kinds if kind is not None]
        self.alarms = tuple(sorted(kind for kind, each in ruled if each.alarm))
        self.drops_event = cohort in plan.never or any(each.action is Action.DROP_EVENT for _, each in ruled)


Rulings = dict[tuple[str, Cohort, Names], Ruling]


def ruling_for(names: Names, plan: EventPlan, cohort: Cohort, policy: CompiledPolicy, known: Rulings) -> Ruling:
    """Return the ruling for these names. known: those of the same policy and registry, to which it is added."""
    key = (plan.name, cohort, names)
    found = known.get(key)
    if found is None:
        found = Ruling(names, plan, cohort, policy)
        if len(names) <= WIDEST and sum(map(len, names)) <= LONGEST:
            if len(known) >= RULINGS:
                known.clear()
            known[key] = found
    return found


def rule_of(name: str, plan: EventPlan, cohort: Cohort) -> PropertyRule | None:
    """Return the rule of a property by its name or by the family it belongs to, None when no schema knows it."""
    rule = plan.rules[cohort].get(name)
    if rule is not None:
        return rule
    return next((family for pattern, family in plan.families[cohort] if pattern.match(name)), None)


def may_be_shown(name: str) -> bool:
    """Say whether a name that a client chose may stand in a report: it is no identifier, and no disguise of one."""
    return sum(map(str.isdigit, name)) <= MOST_DIGITS and not scan(name).findings


def unregistered_kind(name: str) -> PropertyClass | None:
    """Say what an unregistered property is by its name alone: an `idfa` is an advertising id wherever it stands."""
    detector = named_identifier(name)
    if detector is None:
        return None
    return PropertyClass.ADVERTISING_ID if detector.name in HARDWARE else PropertyClass(detector.kind)
