"""The policy as tables that a privacy officer reads: on the terminal, and as the page docs/policy.md."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel

from pipeline.core.words import COHORTS, DROPPED, PREDICATES, PURPOSES
from pipeline.policy.compiled import CompiledPolicy, EventPlan, PropertyRule, Registry
from pipeline.policy.compiling import DAY_MS
from pipeline.policy.counting import steps
from pipeline.policy.harm import LAW, NEVER_COUNTED, NEVER_OF_CHILDREN, NOT_MEANT
from pipeline.policy.model import PolicySettings
from pipeline.policy.registry import Schema, compile_registry
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Purpose

JUDGEMENT = re.compile(r"\bJ[0-9]{1,2}\b")
NEVER = "never"
EVENT_STAYS = "·"
STAYS = "–"
SHOWN = tuple(cohort for cohort in Cohort if cohort is not Cohort.XX)
LEGEND = (
    f"`{EVENT_STAYS}` the event itself never leaves for this cohort; `{STAYS}` the property stays behind; `leaves` it"
    " leaves if its schema allows the value; `coarse`, `scrubbed`, `digest`, `route` it leaves in that form only;"
    " `event stays` its presence keeps the whole event; `!` its presence is a defect of the app and raises an alarm."
)
FORMS = {
    Action.KEEP: "leaves",
    Action.GENERALIZE: "coarse",
    Action.SCRUB: "scrubbed",
    Action.PSEUDONYMIZE: "digest",
    Action.ROUTE: "route",
    Action.DROP_EVENT: "event stays",
    Action.DROP: STAYS,
}
PROBES: Mapping[str, Schema] = {
    "other": {"x-purpose": Purpose.ESSENTIAL, "x-operation": "none"},
    "marketing": {"x-purpose": Purpose.MARKETING},
}


class Section(NamedTuple):
    """One table. level: of its heading, 2 or 3."""

    title: str
    words: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    level: int = 2


def matrices(policy: CompiledPolicy) -> Iterator[Section]:
    """Yield cohort × purpose, what its predicates ask, and cohort × class."""
    yield Section(
        "Which events leave",
        "By whom an event is about and what it is for. Everything in a cell must hold; `or` begins another way.",
        ("Cohort", *(f"{purpose}: {PURPOSES[purpose]}" for purpose in Purpose)),
        tuple((f"{cohort}: {COHORTS[cohort]}", *(_ways(policy, cohort, p) for p in Purpose)) for cohort in Cohort),
    )
    yield Section(
        "What each condition asks",
        "The conditions of the table above, in words.",
        ("Condition", "It asks that", "Requirement", "Section"),
        tuple((_name(p.value), m.words, m.rule, m.law) for p, m in PREDICATES.items()),
    )
    yield Section(
        "What becomes of each class of data",
        f"Of an event that leaves; a property that no schema lists stays behind whatever it is. {LEGEND}",
        ("Class", *Cohort, "Requirement", "Section, US", "Section, India"),
        tuple(_class_row(policy, kind) for kind in PropertyClass),
    )
    identifier = {Action.DROP: "the property stays behind", Action.DROP_EVENT: "the event stays"}
    yield Section(
        "An identifier inside what would leave",
        "Every text that could hold one is searched for identifiers of both countries, whatever its schema allows"
        " (R12).",
        ("Cohort", "Then"),
        tuple((cohort, identifier[policy.identifier_in_kept[cohort]]) for cohort in SHOWN),
    )
    yield Section(
        "What no name may tell about a child",
        "An event with such a word in its name never leaves about anybody who gets the child's list, in either country"
        " (`harm_to_child`); a property with one cannot be registered for them (R11). A word counts in the plural, too,"
        " and in every way of writing names: self_harm, selfHarm, SELF-HARM. `*` stands for any ending, `|` parts words"
        " that may stand in one place. Values are not looked at: a schema lists them. Counts of Indian children may not"
        f" have the words of the third column either. Let through: {', '.join(NOT_MEANT)}.",
        ("It tells of", "Words", "In counts also", "Requirement", "Section"),
        tuple(
            (what, ", ".join(words), ", ".join(NEVER_COUNTED[what]), "R11", LAW)
            for what, words in NEVER_OF_CHILDREN.items()
        ),
    )


def added(policy: CompiledPolicy) -> Section:
    """Return what coppice itself writes into every event that leaves."""
    days = {cohort: policy.rotation_ms[cohort] // DAY_MS for cohort in Cohort}
    pseudonym = (
        "a pseudonym: a keyed digest of the profile, the act of consent and a period of time. It changes with every new"
        f" consent, and every {days[Cohort.US_CHILD]} days for minors and unknown ages, {days[Cohort.US_ADULT]} for"
        " adults"
    )
    if policy.kids_rules:
        pseudonym += ". Empty for US/child and US/unknown unless the platform is Android (J10, App Store 1.3)"
    person = "16 CFR 312.2 PI (7); DPDP Act s.2(t)"
    minimal = "16 CFR 312.7; DPDP Act s.6(1)"
    return Section(
        "What coppice adds",
        "To every event that leaves. The person's own id, her region, her age and her consent are"
        " used to decide and then left behind.",
        ("Name", "What it is", "Requirement", "Section"),
        (
            ("`distinct_id`", pseudonym, "R15, R16", person),
            ("`event`", "the name of the event, one that a schema lists", "R03", minimal),
            ("`time`", "when it happened, to the millisecond", "R03", minimal),
            ("`$insert_id`", "a keyed digest of the event, so that none counts twice", "R15", person),
            ("`token`", "of the Mixpanel project of the person's region", "R01", "16 CFR 312.8; DPDP Act s.8(4)"),
            ("`mp_lib`, `$lib_version`", "`python` and a version, the same for everybody", "R03", minimal),
            ("`ip`", "always 0, so that Mixpanel infers no place", "R17, R18", person),
        ),
    )


def properties(
    policy: CompiledPolicy, registry: Registry, schemas: Mapping[str, Schema], defaults: Schema, profile: EventPlan
) -> Iterator[Section]:
    """Yield what becomes of every registered property and of every one of Mixpanel's own, by cohort."""
    yield Section("Properties of the app's events", f"What no table lists stays behind (R03). {LEGEND}")
    for name, plan in registry.items():
        own = schemas[name].get("properties", {})
        operation = f", for the internal operation {plan.operation}" if plan.operation else ""
        yield Section(
            f"Event `{name}`",
            f"{schemas[name].get('description', '')} Purpose: {plan.purpose}{operation}.",
            ("Property", "Class", *SHOWN, "Requirement", "Section"),
            tuple(_property_row(policy, plan, prop, plan.purpose) for prop in own),
            level=3,
        )
    probes = compile_registry(PROBES, defaults, policy)
    other, marketing = probes["other"], probes["marketing"]
    names = [*defaults.get("properties", {}), *defaults.get("patternProperties", {})]
    rows = {prop: _property_row(policy, other, prop, Purpose.ESSENTIAL) for prop in names}
    yield Section(
        "Mixpanel's own properties",
        "What Mixpanel's SDKs and servers put on events, on events that are not for marketing; of US/unknown only"
        " essential events leave. A pattern stands for every name it fits that is not listed itself.",
        ("Property", "Class", *SHOWN, "Requirement", "Section"),
        tuple(rows.values()),
    )
    about = {prop: _property_row(policy, marketing, prop, Purpose.MARKETING) for prop in names}
    yield Section(
        "Mixpanel's own properties on events for marketing",
        "Those that stay behind on other events and leave on these (R06).",
        ("Property", "Class", *SHOWN, "Requirement", "Section"),
        tuple(row for prop, row in about.items() if _leaves_more(row, rows[prop])),
    )
    yield Section(
        "Profiles",
        "What updates of an adult's profile may hold. They need her consent; nobody else has a profile (R16)."
        " docs/profiles.md tells which operators may be used.",
        ("Property", "Class", *SHOWN, "Requirement", "Section"),
        tuple(
            _property_row(policy, profile, prop, Purpose.ANALYTICS)
            for prop, rule in profile.rules[Cohort.US_ADULT].items()
            if rule.stripped is None
        ),
    )


def reasons() -> Section:
    """Return why events stay, in words."""
    return Section(
        "Why an event stays",
        "Every event that stays has one of these reasons; workers count them.",
        ("Reason", "In words", "Requirement", "Section"),
        tuple((reason, m.words, m.rule, m.law) for reason, m in DROPPED.items()),
    )


def judgements(shipped: Mapping[str, Any]) -> Section:
    """Return the questions the law leaves open. shipped: the settings file as it is shipped."""
    rows = sorted(_settings(PolicySettings, shipped, ()), key=lambda row: int(row[0][1:].partition(",")[0]))
    return Section(
        "What the law leaves open",
        "Questions for counsel, each a setting at its conservative value. A setting with one value offers no other.",
        ("Question", "Setting", "Shipped value", "Valid", "What it changes"),
        tuple(rows),
    )


def _ways(policy: CompiledPolicy, cohort: Cohort, purpose: Purpose) -> str:
    if cohort in policy.killed:
        return "stopped by the kill switch (R38)"
    ways = policy.decisions.get((cohort, purpose), ())
    if cohort is Cohort.IN_CHILD and purpose is Purpose.ANALYTICS and policy.counting is not None:
        return "; ".join(("as counts only, with a parent's consent (DPDP Act s.9(3), R11)", *steps(policy.counting)))
    return "; or: ".join(f"{', '.join(_name(p.value) for p in w.require)} ({w.law})" for w in ways) or NEVER


def _name(word: str) -> str:
    return word.replace("_", " ")


def _class_row(policy: CompiledPolicy, kind: PropertyClass) -> tuple[str, ...]:
    rules = {cohort: policy.classes[cohort, kind] for cohort in Cohort}
    cells = (FORMS[rules[c].action] + (" !" if rules[c].alarm else "") for c in Cohort)
    us, india = rules[Cohort.US_ADULT], rules[Cohort.IN_ADULT]
    rule = us.rule if us.rule == india.rule else f"{us.rule}, {india.rule}"
    return (_name(kind), *cells, rule, us.law, india.law)


def _property_row(policy: CompiledPolicy, plan: EventPlan, name: str, purpose: Purpose) -> tuple[str, ...]:
    rules = {cohort: _rule(plan, cohort, name) for cohort in SHOWN}
    us, india = rules[Cohort.US_ADULT], rules[Cohort.IN_ADULT]
    cells = (_cell(policy, plan, cohort, purpose, rules[cohort]) for cohort in SHOWN)
    law = us.law if us.law == india.law else f"{us.law}; {india.law}"
    return (f"`{name}`", _name(us.kind), *cells, us.rule, law)


def _rule(plan: EventPlan, cohort: Cohort, name: str) -> PropertyRule:
    found = plan.rules[cohort].get(name)
    return found or next(rule for pattern, rule in plan.families[cohort] if pattern.pattern == name)


def _cell(policy: CompiledPolicy, plan: EventPlan, cohort: Cohort, purpose: Purpose, rule: PropertyRule) -> str:
    alarm = " !" if rule.alarm else ""
    if not policy.decisions.get((cohort, purpose)) or cohort in policy.killed or cohort in plan.never:
        return EVENT_STAYS + alarm
    if rule.stripped is not None:
        return STAYS + alarm
    generalized = rule.action is Action.KEEP and rule.transform is not None
    return (FORMS[Action.GENERALIZE] if generalized else FORMS[rule.action]) + alarm


def _leaves_more(row: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return any(
        now[0] not in {STAYS, EVENT_STAYS} and now != was for now, was in zip(row[2:-2], other[2:-2], strict=True)
    )


def _settings(
    model: type[BaseModel], shipped: Mapping[str, Any], above: tuple[str, ...], asked: str = ""
) -> Iterator[tuple[str, ...]]:
    """Yield a row for every setting that answers a question; one below a setting that does answers it, too."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        value, words = shipped.get(key), field.description or ""
        question = ", ".join(JUDGEMENT.findall(words)) or asked
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            question = question or ", ".join(JUDGEMENT.findall(inner.__doc__ or ""))
            yield from _settings(inner, value or {}, (*above, key), question)
        elif question:
            told = JUDGEMENT.sub("", words).lstrip(":, ").strip()
            yield question, f"`{'.'.join((*above, key))}`", f"`{_value(value)}`", _valid(inner), told


def _value(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _valid(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return ", ".join(f"`{_value(each)}`" for each in get_args(kind))
    return {bool: "`true`, `false`", int: "a number"}.get(kind, "")


def markdown(found: Iterator[Section] | list[Section]) -> str:
    """Return sections as Markdown."""
    parts = []
    for section in found:
        parts.append(f"{'#' * section.level} {section.title}\n\n{section.words}\n")
        if section.header:
            parts.append("\n".join(map(_line, (section.header, ("---",) * len(section.header), *section.rows))) + "\n")
    return "\n".join(parts)


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
