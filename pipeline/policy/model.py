"""Policy and settings as a person writes them. `pipeline.policy.compiling` turns them into lookups."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.policy.compiled import Predicate
from pipeline.policy.vocabulary import Purpose, Region, Space

Word = Annotated[str, Field(pattern="^[a-z0-9_.-]{1,64}$")]
Words = list[Word]


class Written(BaseModel):
    """Base of every part: unknown keys are errors, so that a misspelt rule cannot be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WrittenWay(Written):
    """One way for an event to leave, with the law that allows it."""

    law: str = Field(min_length=3, description="section that this way rests on")
    space: Space = Field(default=Space.ANALYTICS, description="pseudonym space of events that leave this way")
    require: list[Predicate] = Field(min_length=1, description="all must hold; the first that fails is the reason")


class RegionPolicy(Written):
    """One file per region: age group × purpose → ways out."""

    region: Region
    decisions: dict[Literal["child", "teen", "adult", "unknown"], dict[Purpose, list[WrittenWay]]]


class Coppa(Written):
    """Who the app is for, under 16 CFR 312.2."""

    audience: Literal["primary_child", "mixed"] = Field(description="J1: primary_child screens nobody out")
    apply_to_foreign_children: bool = Field(description="J2: under-13s in India also get the US child's limits")


class UsChild(Written):
    """Under 13 in the United States."""

    internal_ops_to_mixpanel: bool = Field(description="J3: open the path of 312.5(c)(7), without consent")
    geo: Literal["country"] = Field(description="J11")


class UsTeen(Written):
    """13 to 17 in the United States."""

    profile: Literal["child", "teen"] = Field(description="J16: whose property list applies")


class UsAdult(Written):
    """Adults in the United States."""

    analytics: Literal["opt_in", "opt_out"] = Field(
        description="J7: opt_out needs no record, honours the privacy signal"
    )


class Adult(Written):
    """Adults anywhere."""

    ad_ids: Literal["strip"] = Field(description="J9")


class Hold(Written):
    """DPDP Rules r.8(3): what is kept a year against erasure."""

    scope: Literal["logs_only", "sent_payload", "full_raw"] = Field(description="J8")
    from_: date = Field(alias="from", description="J8: the day the duty begins")
    mixpanel_copy: Literal["erase_now", "hold_365"] = Field(description="J8")


class India(Written):
    """What the operator answers about India."""

    dpdp_in_force: Literal[True] = Field(description="J21: build as if in force")
    fourth_schedule_a3: Literal[False] = Field(description="J4: no event needs this exemption")
    third_schedule_class: Literal["none", "ecommerce", "online_gaming", "social_media"] = Field(description="J20")
    adult_sources: Words = Field(description="J6: whose word makes an Indian user an adult")
    hold: Hold


class IndiaChild(Written):
    """Under 18 in India."""

    mode: Literal["drop"] = Field(description="J5: nothing leaves")


class Apple(Written):
    """App Store guideline 1.3."""

    kids_rules: bool = Field(description="J10: events of children on iOS leave without a pseudonym")


class Withdrawal(Written):
    """What a withdrawal does to what is queued."""

    queued_events: Literal["drop"] = Field(description="J13")


class Processing(Written):
    """Where a region's events may be processed."""

    processing_location: Literal["own_region", "shared"] = Field(
        description="J14: own_region lets a worker take one region only"
    )


class Retention(Written):
    """How long copies in Mixpanel live (R29); the topics carry their own limits."""

    mixpanel_minor_days: int = Field(ge=1, le=365)
    mixpanel_adult_days: int = Field(ge=1, le=730)


class Vendor(Written):
    """What Mixpanel is under 16 CFR 312.2."""

    coppa_role: Literal["third_party", "internal_ops_provider"] = Field(description="J18")


class SignedDocument(Written):
    """A signed document that opens the vendor gate for one cohort."""

    document: str = Field(min_length=1, max_length=128, description="its id in the contract store")
    until: date = Field(description="last day it is in force")


class VendorGate(Written):
    """R37: closed (null) until somebody files the document."""

    us_child: SignedDocument | None
    us_teen: SignedDocument | None
    us_adult: SignedDocument | None
    us_unknown: SignedDocument | None
    in_adult: SignedDocument | None


class Anonymity(Written):
    """The bar for counts."""

    k: int = Field(ge=20, description="J19: smallest group that is ever counted")


class RotationDays(Written):
    """How long a pseudonym lasts, in days."""

    minor: int = Field(ge=1, le=30)
    adult: int = Field(ge=1, le=365)


class Pseudonym(Written):
    """R15."""

    rotation_days: RotationDays = Field(description="J19")


class AgeSources(Written):
    """Accepted age sources outside India."""

    us: Words


class ParentalMethods(Written):
    """16 CFR 312.5(b)(2)."""

    with_disclosure: Words
    without_disclosure: Words


class OwnMethods(Written):
    """How a person consents for herself."""

    us: Words
    in_: Words = Field(alias="in")


class NoticeVersions(Written):
    """Notices in force; consent that answers another one is void (R08)."""

    us_child: list[str]
    us_teen: list[str]
    us_adult: list[str]
    in_adult: list[str]


class ConsentSettings(Written):
    """What counts as valid evidence (R08)."""

    parental_methods: ParentalMethods
    rule_10_methods: Words
    own_methods: OwnMethods
    notice_versions: NoticeVersions


class PolicySettings(Written):
    """J1–J21. Every key is required here; an operator's file lies over the shipped one."""

    version: str = Field(min_length=1, max_length=64, pattern="^[A-Za-z0-9._-]+$")
    coppa: Coppa
    us_child: UsChild
    us_teen: UsTeen
    us_adult: UsAdult
    adult: Adult
    india: India
    india_child: IndiaChild
    apple: Apple
    send_age_band: Literal[False] = Field(description="J12")
    withdrawal: Withdrawal
    region: Processing
    age_transition: Literal["re_consent"] = Field(description="J15")
    retention: Retention
    mixpanel: Vendor
    vendor_gate: VendorGate
    anon: Anonymity
    pseudonym: Pseudonym
    age_sources: AgeSources
    consent: ConsentSettings
