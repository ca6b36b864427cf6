"""Policy and settings as a person writes them. `pipeline.policy.compiling` turns them into lookups."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.policy.compiled import Predicate
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Purpose, Region, Space

Word = Annotated[str, Field(pattern="^[a-z0-9_.-]{1,64}$")]
Words = list[Word]
Name = Annotated[str, Field(min_length=1, max_length=128)]


AgeGroup = Literal["child", "teen", "adult", "unknown"]


class Written(BaseModel):
    """Base of every part: unknown keys are errors, so that a misspelt rule cannot be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WrittenWay(Written):
    """One way for an event to leave, with the law that allows it."""

    law: str = Field(min_length=3, description="section that this way rests on")
    space: Space = Field(default=Space.ANALYTICS, description="pseudonym space of events that leave this way")
    require: list[Predicate] = Field(min_length=1, description="all must hold; the first that fails is the reason")


class WrittenClass(Written):
    """What becomes of one class of data, with the law that asks for it."""

    law: str = Field(min_length=3, description="section that this rests on")
    rule: str = Field(pattern="^R[0-9]{2}$", description="requirement of the data policy")
    action: Action | dict[AgeGroup, Action] = Field(description="one for all ages, or by age group; unlisted: drop")
    alarm: list[AgeGroup] = Field(default=[], description="ages for which its presence is a defect of the app")


class RegionPolicy(Written):
    """One file per region: age group × purpose → ways out; class of data × age group → action."""

    region: Region
    decisions: dict[AgeGroup, dict[Purpose, list[WrittenWay]]] = Field(
        description="ways out by age group and purpose; a purpose that is not listed never leaves"
    )
    classes: dict[PropertyClass, WrittenClass] = Field(description="what becomes of each class of data")
    identifier_in_kept: dict[AgeGroup, Literal[Action.DROP, Action.DROP_EVENT]] = Field(
        description="R12: what a direct identifier inside a property that would be kept does"
    )


class Coppa(Written):
    """Who the app is for, under 16 CFR 312.2."""

    audience: Literal["primary_child", "mixed"] = Field(
        description="J1: who the app is for. primary_child: every US user counts as a child unless a verified source"
        " says adult; mixed: an age screen counts, so teens and adults are judged as such"
    )
    apply_to_foreign_children: bool = Field(
        description="J2: true: under-13s in India get the US child's limits, too; false: India's only. Nothing of a"
        " child in India leaves either way"
    )


class UsChild(Written):
    """Under 13 in the United States."""

    internal_ops_to_mixpanel: bool = Field(
        description="J3: true: essential events of children and unknown ages leave without consent, under 312.5(c)(7),"
        " in a pseudonym space of their own, if mixpanel.coppa_role allows it; false: that path is closed"
    )
    geo: Literal["country"] = Field(
        description="J11: finest place of a US child that leaves; a ZIP code is not offered"
    )


class UsTeen(Written):
    """13 to 17 in the United States."""

    profile: Literal["child", "teen"] = Field(
        description="J16: whose property list US teens get. child: the shortest; teen: also what schemas list for teens"
    )


class UsAdult(Written):
    """Adults in the United States."""

    analytics: Literal["opt_in", "opt_out"] = Field(
        description="J7: opt_in: an adult's event needs her consent; opt_out: none in the US, unless the privacy signal"
        " or a record objects"
    )


class Adult(Written):
    """Adults anywhere."""

    ad_ids: Literal["strip"] = Field(description="J9: advertising ids of adults stay behind; no other value is offered")


class Hold(Written):
    """DPDP Rules r.8(3): what is kept a year against erasure."""

    scope: Literal["logs_only", "sent_payload", "full_raw"] = Field(
        description="J8: what is kept a year: logs, also what was sent, or also the raw events"
    )
    from_: date = Field(alias="from", description="J8: the day the duty begins")
    mixpanel_copy: Literal["erase_now", "hold_365"] = Field(
        description="J8: erase_now: an erasure reaches Mixpanel at once; hold_365: its copy stays for the year"
    )


class India(Written):
    """What the operator answers about India."""

    dpdp_in_force: Literal[True] = Field(description="J21: the DPDP Act's duties are met before they begin")
    fourth_schedule_a3: Literal[False] = Field(
        description="J4: true would claim the exemption of an educational institution; not offered, no event needs it"
    )
    third_schedule_class: Literal["none", "ecommerce", "online_gaming", "social_media"] = Field(
        description="J20: class of the Third Schedule; any but none brings erasure after three years without a visit"
    )
    adult_sources: Words = Field(
        description="J6: whose word makes an Indian user an adult; without one of them her age is unknown and"
        " nothing leaves"
    )
    hold: Hold


class Aggregates(Written):
    """What counts of Indian children's events tell in mode aggregate_only, and never more (R11)."""

    window: Literal["day", "hour"] = Field(description="J5: the stretch of time, in UTC, whose events are one count")
    grace_minutes: int = Field(
        ge=1, le=1440, description="J5: how long after its end a window is counted; events that come later are not"
    )
    events: dict[Name, list[Name]] = Field(
        description="J5: the events that are counted, each with the properties by whose values; such a property is a"
        " yes or no, or one of a list of words, and nothing that may harm a child is ever counted (DPDP Act s.9(2))"
    )


class IndiaChild(Written):
    """Under 18 in India."""

    mode: Literal["drop", "aggregate_only"] = Field(
        description="J5: drop: nothing of an Indian child leaves, not even counts; aggregate_only: counts leave,"
        " without any id, of groups of at least anon.k children whose parents have consented"
    )
    aggregates: Aggregates


class Apple(Written):
    """App Store guideline 1.3."""

    kids_rules: bool = Field(
        description="J10: true: events of children and unknown ages on iOS, or on no stated platform, leave without a"
        " pseudonym; false: with one"
    )


class Withdrawal(Written):
    """What a withdrawal does to what is queued."""

    queued_events: Literal["drop"] = Field(
        description="J13: what is not yet sent when consent is withdrawn stays behind"
    )


class Processing(Written):
    """Where a region's events may be processed."""

    processing_location: Literal["own_region", "shared"] = Field(
        description="J14: own_region: a worker takes the events of one region; shared: of all, in one cluster"
    )


class Retention(Written):
    """How long copies in Mixpanel live (R29); the topics carry their own limits."""

    mixpanel_minor_days: int = Field(ge=1, le=365, description="J17: of minors and unknown ages, in days")
    mixpanel_adult_days: int = Field(ge=1, le=730, description="J17: of adults, in days")


class Vendor(Written):
    """What Mixpanel is under 16 CFR 312.2."""

    coppa_role: Literal["third_party", "internal_ops_provider"] = Field(
        description="J18: third_party: a child's event needs the parent's separate consent to disclosure;"
        " internal_ops_provider: a contract binds Mixpanel to internal operations, and it does not"
    )


class SignedDocument(Written):
    """A signed document that opens the vendor gate for one cohort."""

    document: str = Field(min_length=1, max_length=128, pattern=r"\S", description="its id in the contract store")
    until: date = Field(description="last day it is in force")


class VendorGate(Written):
    """R37, J18: closed (null) until somebody files the document; nothing of the cohort leaves before."""

    us_child: SignedDocument | None = Field(description="under 13 in the United States (312.8(c))")
    us_teen: SignedDocument | None = Field(description="13 to 17 in the United States")
    us_adult: SignedDocument | None = Field(description="adults in the United States")
    us_unknown: SignedDocument | None = Field(description="US users whose age nobody knows (312.5(c)(7))")
    in_adult: SignedDocument | None = Field(description="adults in India (DPDP Act s.8(2))")
    in_child_counts: SignedDocument | None = Field(
        description="counts of children in India (J5); it opens nothing else of them, for nothing else can leave"
    )


class Anonymity(Written):
    """The bar for counts."""

    k: int = Field(ge=20, description="J19: smallest group that is ever counted")


class RotationDays(Written):
    """How long a pseudonym lasts, in days."""

    minor: int = Field(ge=1, le=30, description="of minors and unknown ages; 30 at most")
    adult: int = Field(ge=1, le=365, description="of adults; 365 at most")


class Pseudonym(Written):
    """R15."""

    rotation_days: RotationDays = Field(description="J19: after so many days a person gets another pseudonym")


class AgeSources(Written):
    """Accepted age sources outside India."""

    us: Words = Field(description="J1: whose word makes a US user a teen or an adult; everybody else's age is unknown")


class ParentalMethods(Written):
    """16 CFR 312.5(b)(2)."""

    with_disclosure: Words = Field(description="prove a parent's consent, also to disclosure to third parties")
    without_disclosure: Words = Field(description="prove a parent's consent, but never to disclosure")


class OwnMethods(Written):
    """How a person consents for herself."""

    us: Words = Field(description="of teens and adults in the United States")
    in_: Words = Field(alias="in", description="of adults in India (DPDP Act s.6)")


class NoticeVersions(Written):
    """Notices in force; consent that answers another one is void (R08)."""

    us_child: list[str] = Field(description="for parents of US children (312.4)")
    us_teen: list[str] = Field(description="for US teens")
    us_adult: list[str] = Field(description="for US adults")
    in_child: list[str] = Field(description="for parents of children in India, about counts (DPDP Act s.5)")
    in_adult: list[str] = Field(description="for adults in India (DPDP Act s.5)")


class NoticeLanguages(Written):
    """Languages of the notices, as consent records write them; of an empty list any counts."""

    us: list[str] = Field(description="in the United States (312.4(a): clearly understandable)")
    in_: list[str] = Field(
        alias="in", description="in India (DPDP Act s.5(3), s.6(3): English or a language of the Eighth Schedule)"
    )


class ConsentSettings(Written):
    """What counts as valid evidence (R08)."""

    parental_methods: ParentalMethods
    rule_10_methods: Words = Field(description="DPDP Rules r.10(1): how a parent in India is verified")
    own_methods: OwnMethods
    notice_versions: NoticeVersions
    notice_hashes: dict[str, Annotated[list[str], Field(min_length=1)]] = Field(
        description="the hashes of a version's texts, one for each language; consent to a version that is listed must"
        " carry one of them, consent to one that is not may carry any or none"
    )
    notice_languages: NoticeLanguages


class KillSwitch(Written):
    """R38: what must stop now. Effective in every worker within seconds of the file's change."""

    all: bool = Field(description="nothing leaves")
    regions: list[Region] = Field(description="nothing of these regions leaves")
    cohorts: list[Cohort] = Field(description="nothing of these cohorts leaves")


class PolicySettings(Written):
    """J1–J21. Every key is required here; an operator's file lies over the shipped one."""

    version: str = Field(
        min_length=1, max_length=64, pattern="^[A-Za-z0-9._-]+$", description="name of this state of the settings"
    )
    coppa: Coppa
    us_child: UsChild
    us_teen: UsTeen
    us_adult: UsAdult
    adult: Adult
    india: India
    india_child: IndiaChild
    apple: Apple
    send_age_band: Literal[False] = Field(description="J12: true would tell Mixpanel who is a child; not offered")
    withdrawal: Withdrawal
    region: Processing
    age_transition: Literal["re_consent"] = Field(
        description="J15: at 13 (US) and 18 (India) a parent's consent ends, and the person gets another pseudonym"
    )
    retention: Retention
    mixpanel: Vendor
    vendor_gate: VendorGate
    kill_switch: KillSwitch
    anon: Anonymity
    pseudonym: Pseudonym
    age_sources: AgeSources
    consent: ConsentSettings
