"""Turn the written policy into the one the core reads, or say everything that is wrong with it."""

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from pipeline.policy.compiled import ClassRule, CompiledPolicy, Hold, Way
from pipeline.policy.counting import compile_counting, harmful_counts
from pipeline.policy.documents import Document, validate
from pipeline.policy.errors import PolicyError
from pipeline.policy.model import AgeGroup, PolicySettings, RegionPolicy
from pipeline.policy.model import Hold as WrittenHold
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Purpose, Region

SHIPPED = Path(__file__).parent.parent / "policies"
DAY_MS = 86_400_000
INDIA_AHEAD_MS = 19_800_000  # UTC+5:30, all year round

# 312.5(b)(2): these two prove a parent only to an operator that does not disclose
NEVER_FOR_DISCLOSURE = {"email_plus", "text_plus"}
# J1: an audience of children screens nobody out on her own word
VERIFIED_SOURCES = {"id_document", "verified_parent", "virtual_token"}


def load_policy(
    settings_file: Path | None = None, *, directory: Path = SHIPPED, last: Document | None = None
) -> CompiledPolicy:
    """Load the shipped policy with the operator's settings over it.

    directory: another place that holds `us.yaml`, `india.yaml` and `settings.yaml`. last: settings over all others.
    Raise PolicyError with every problem, each with file, line and what would be valid.
    """
    own = [Document(settings_file)] if settings_file is not None else []
    settings_documents = [Document(directory / "settings.yaml"), *own, *([last] if last is not None else [])]
    region_documents = [Document(directory / name) for name in ("us.yaml", "india.yaml")]
    problems: list[str] = []
    regions: list[RegionPolicy] = []
    settings: PolicySettings | None = None
    try:
        settings = validate(PolicySettings, settings_documents)
    except PolicyError as exc:
        problems += exc.problems
    for document in region_documents:
        try:
            regions.append(validate(RegionPolicy, [document]))
        except PolicyError as exc:
            problems += exc.problems
    if settings is not None:
        problems += _contradictions(settings, settings_documents)
    for region in regions:
        missing = [kind for kind in PropertyClass if kind not in region.classes]
        if missing:
            problems.append(f"policy of region {region.region}: classes: {', '.join(missing)} must have a rule")
    if problems or settings is None:
        raise PolicyError(problems)
    digest = hashlib.sha256()
    for document in [*settings_documents, *region_documents]:
        digest.update(document.text.encode())
    return _compile(settings, regions, digest.hexdigest())


def _contradictions(settings: PolicySettings, documents: list[Document]) -> list[str]:
    """Find what each key allows and the keys together do not."""
    problems = []

    def at(*loc: str) -> str:
        for document in reversed(documents):
            if (line := document.line(loc)) is not None:
                return f"{document.path.name}:{line}: {'.'.join(loc)}"
        return ".".join(loc)

    void = NEVER_FOR_DISCLOSURE & set(settings.consent.parental_methods.with_disclosure)
    if void:
        problems.append(
            f"{at('consent', 'parental_methods', 'with_disclosure')}: {', '.join(sorted(void))} never proves consent"
            " to disclosure (16 CFR 312.5(b)(2)); list it under without_disclosure"
        )
    versions = settings.consent.notice_versions
    in_force = {*versions.us_child, *versions.us_teen, *versions.us_adult, *versions.in_child, *versions.in_adult}
    for version in sorted(settings.consent.notice_hashes.keys() - in_force):
        problems.append(
            f"{at('consent', 'notice_hashes', version)}: no cohort has this version under consent.notice_versions, so"
            " nobody would be held to its hashes"
        )
    weak = set(settings.age_sources.us) - VERIFIED_SOURCES
    if settings.coppa.audience == "primary_child" and weak:
        problems.append(
            f"{at('age_sources', 'us')}: {', '.join(sorted(weak))} cannot screen users out while coppa.audience is"
            f" primary_child; valid: {', '.join(sorted(VERIFIED_SOURCES))}"
        )
    return problems + harmful_counts(settings, at)


def _end_of(day: date) -> int:
    """Return the first millisecond after a day, UTC."""
    return (day.toordinal() + 1 - date(1970, 1, 1).toordinal()) * DAY_MS


def _compile(settings: PolicySettings, regions: list[RegionPolicy], sha256: str) -> CompiledPolicy:
    decisions: dict[tuple[Cohort, Purpose], tuple[Way, ...]] = {}
    for region in regions:
        for age, purposes in region.decisions.items():
            for purpose, ways in purposes.items():
                cohort = Cohort(f"{region.region.upper()}/{age}")
                decisions[cohort, purpose] = tuple(Way(way.space, tuple(way.require), way.law) for way in ways)
    gate = settings.vendor_gate
    gates = {
        Cohort.US_CHILD: gate.us_child,
        Cohort.US_TEEN: gate.us_teen,
        Cohort.US_ADULT: gate.us_adult,
        Cohort.US_UNKNOWN: gate.us_unknown,
        Cohort.IN_ADULT: gate.in_adult,
        Cohort.IN_CHILD: gate.in_child_counts,
    }
    notices, languages = settings.consent.notice_versions, settings.consent.notice_languages
    parental = settings.consent.parental_methods
    minor = settings.pseudonym.rotation_days.minor * DAY_MS
    adult = settings.pseudonym.rotation_days.adult * DAY_MS
    return CompiledPolicy(
        version=settings.version,
        sha256=sha256,
        decisions=decisions,
        classes={key: rule for region in regions for key, rule in _classes(region)} | _no_region(regions),
        identifier_in_kept=_identifiers(regions),
        killed=_killed(settings),
        gates={cohort: _end_of(signed.until) for cohort, signed in gates.items() if signed is not None},
        notices={
            Cohort.US_CHILD: frozenset(notices.us_child),
            Cohort.US_TEEN: frozenset(notices.us_teen),
            Cohort.US_ADULT: frozenset(notices.us_adult),
            Cohort.IN_CHILD: frozenset(notices.in_child),
            Cohort.IN_ADULT: frozenset(notices.in_adult),
        },
        notice_hashes={version: frozenset(texts) for version, texts in settings.consent.notice_hashes.items()},
        languages={Region.US: frozenset(languages.us), Region.IN: frozenset(languages.in_)},
        age_sources={
            Region.US: frozenset(settings.age_sources.us),
            Region.IN: frozenset(settings.india.adult_sources),
        },
        primary_child=settings.coppa.audience == "primary_child",
        parental_methods=frozenset(parental.with_disclosure) | frozenset(parental.without_disclosure),
        disclosure_methods=frozenset(parental.with_disclosure) - NEVER_FOR_DISCLOSURE,
        rule_10_methods=frozenset(settings.consent.rule_10_methods),
        own_methods={
            Region.US: frozenset(settings.consent.own_methods.us),
            Region.IN: frozenset(settings.consent.own_methods.in_),
        },
        provider=settings.mixpanel.coppa_role == "internal_ops_provider",
        internal_ops=settings.us_child.internal_ops_to_mixpanel,
        us_adult_opt_out=settings.us_adult.analytics == "opt_out",
        kids_rules=settings.apple.kids_rules,
        teen_list=settings.us_teen.profile,
        own_region_only=settings.region.processing_location == "own_region",
        rotation_ms={c: adult if c in {Cohort.US_ADULT, Cohort.IN_ADULT} else minor for c in Cohort},
        counting=compile_counting(settings),
        hold=_hold(settings.india.hold),
        mixpanel_days=max(settings.retention.mixpanel_minor_days, settings.retention.mixpanel_adult_days),
    )


def _hold(written: WrittenHold) -> Hold:
    """Return when the duty to keep begins: at the start of its day in India."""
    begins = (written.from_.toordinal() - date(1970, 1, 1).toordinal()) * DAY_MS - INDIA_AHEAD_MS
    return Hold(begins, written.mixpanel_copy == "hold_365")


Classes = dict[tuple[Cohort, PropertyClass], ClassRule]


def _classes(region: RegionPolicy) -> Iterator[tuple[tuple[Cohort, PropertyClass], ClassRule]]:
    """Yield what becomes of each class in each cohort of a region; an age that is not listed drops it."""
    for cohort, age in _cohorts(region.region):
        for kind, written in region.classes.items():
            action = written.action
            chosen = action if isinstance(action, Action) else action.get(age, Action.DROP)
            yield (cohort, kind), ClassRule(chosen, age in written.alarm, written.rule, written.law)


def _cohorts(region: Region) -> list[tuple[Cohort, AgeGroup]]:
    ages: tuple[AgeGroup, ...] = ("child", "teen", "adult", "unknown")
    named = [(f"{region.upper()}/{age}", age) for age in ages]
    return [(Cohort(name), age) for name, age in named if name in set(Cohort)]


def _no_region(regions: list[RegionPolicy]) -> Classes:
    """Nothing of an unknown region is kept; what is a defect of the app in any region is one here."""
    found: Classes = {}
    for region in regions:
        for kind, written in region.classes.items():
            alarm = bool(written.alarm) or (found[Cohort.XX, kind].alarm if (Cohort.XX, kind) in found else False)
            found[Cohort.XX, kind] = ClassRule(Action.DROP, alarm, written.rule, written.law)
    return found


def _identifiers(regions: list[RegionPolicy]) -> dict[Cohort, Action]:
    found = dict.fromkeys(Cohort, Action.DROP_EVENT)
    for region in regions:
        for cohort, age in _cohorts(region.region):
            found[cohort] = region.identifier_in_kept.get(age, Action.DROP_EVENT)
    return found


def _killed(settings: PolicySettings) -> frozenset[Cohort]:
    switch = settings.kill_switch
    if switch.all:
        return frozenset(Cohort)
    regions = {region.upper() for region in switch.regions}
    return frozenset(switch.cohorts) | {cohort for cohort in Cohort if cohort.partition("/")[0] in regions}
