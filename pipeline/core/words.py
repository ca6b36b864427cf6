"""What every reason, predicate, action and cohort means, in words for whoever has to answer for it.

`coppice explain` and the page about the policy read from here, so that both say the same.
"""

from collections.abc import Mapping
from typing import NamedTuple

from pipeline.core.outcome import DropReason, RejectReason
from pipeline.policy.compiled import Predicate
from pipeline.policy.vocabulary import Action, Cohort, Purpose, StripReason


class Meaning(NamedTuple):
    """rule: requirements of the data policy; law: what they rest on; words: one sentence."""

    rule: str
    law: str
    words: str


COHORTS: Mapping[Cohort, str] = {
    Cohort.US_CHILD: "Child in the US, under 13",
    Cohort.US_TEEN: "Teen in the US, 13 to 17",
    Cohort.US_ADULT: "Adult in the US",
    Cohort.US_UNKNOWN: "In the US, age unknown",
    Cohort.IN_CHILD: "Child in India, under 18",
    Cohort.IN_ADULT: "Adult in India",
    Cohort.IN_UNKNOWN: "In India, age unknown",
    Cohort.XX: "Region unknown or contradicted",
}

PURPOSES: Mapping[Purpose, str] = {
    Purpose.ESSENTIAL: "keep the app running (crashes, loading times)",
    Purpose.ANALYTICS: "understand how the app is used",
    Purpose.MARKETING: "advertising, attribution, winning people back",
    Purpose.AI_TRAINING: "train or develop AI",
}

PREDICATES: Mapping[Predicate, Meaning] = {
    Predicate.VENDOR_GATE: Meaning(
        "R37",
        "16 CFR 312.8(c); DPDP Act s.8(2)",
        "a signed document with Mixpanel is on file and in force for the cohort",
    ),
    Predicate.PARENTAL_CONSENT: Meaning(
        "R04, R08, R09",
        "16 CFR 312.5(a)(1), (b)",
        "an adult consented for the child to analytics, by a listed method, to a notice in force, before the event, and"
        " has not withdrawn",
    ),
    Predicate.DISCLOSURE_OR_PROVIDER: Meaning(
        "R05",
        "16 CFR 312.5(a)(2)",
        "the parent also consented to disclosure to third parties, by a method that can carry it, or Mixpanel is bound"
        " to internal operations only (J18)",
    ),
    Predicate.OWN_ANALYTICS_CONSENT: Meaning(
        "R04, R08, R09",
        "DPDP Act s.6(1); NY GBL art. 39-FF; App Store 5.1.1(ii)",
        "the person consented to analytics herself, by a listed method, to a notice in force, before the event, has not"
        " withdrawn, and sends no privacy signal",
    ),
    Predicate.OWN_MARKETING_CONSENT: Meaning(
        "R06", "16 CFR 312.2 internal operations (2); DPDP Act s.6(1)", "the person consented to marketing separately"
    ),
    Predicate.INTERNAL_OPS_ALLOWED: Meaning(
        "R10",
        "16 CFR 312.5(c)(7)",
        "the path without consent is switched on (J3), Mixpanel is bound to internal operations only (J18), nobody"
        " refused, and nothing says that the person is older",
    ),
}

DROPPED: Mapping[DropReason, Meaning] = {
    DropReason.UNKNOWN_EVENT: Meaning("R03", "16 CFR 312.7; DPDP Act s.6(1)", "no schema lists this event"),
    DropReason.UNKNOWN_REGION: Meaning("R02", "16 CFR 312.8; DPDP Act s.8(4)", "no known region is stated"),
    DropReason.REGION_CONFLICT: Meaning(
        "R01, J14", "16 CFR 312.3; DPDP Act s.3", "event and consent state two regions"
    ),
    DropReason.UNKNOWN_AGE: Meaning(
        "R02", "16 CFR 312.2; DPDP Act s.9", "no accepted source says how old the person is, so she may be a child"
    ),
    DropReason.INDIA_CHILD: Meaning(
        "R11", "DPDP Act s.9(3)", "children in India may not be tracked; no consent changes that"
    ),
    DropReason.HARM_TO_CHILD: Meaning(
        "R11",
        "DPDP Act s.9(2); 16 CFR 312.2 internal operations (2)",
        "by its name the event tells of a child's mood, vulnerability, self-harm, compulsion or readiness to spend",
    ),
    DropReason.PURPOSE_NEVER: Meaning(
        "R06, R07", "16 CFR 312.2 internal operations (2); DPDP Act s.9(3)", "events for this purpose never leave"
    ),
    DropReason.VENDOR_GATE: Meaning(
        "R37", "16 CFR 312.8(c); DPDP Act s.8(2)", "no signed document with Mixpanel is on file for the cohort"
    ),
    DropReason.VENDOR_GATE_EXPIRED: Meaning(
        "R37",
        "16 CFR 312.8(c); DPDP Act s.8(2)",
        "the signed document with Mixpanel for the cohort is past its last day",
    ),
    DropReason.NO_CONSENT: Meaning("R04", "16 CFR 312.5(a)(1); DPDP Act s.6(1), s.9(1)", "there is no consent"),
    DropReason.CONSENT_UNREADABLE: Meaning(
        "R02", "16 CFR 312.8; DPDP Act s.8(4)", "the consent on record cannot be read, so it counts as none"
    ),
    DropReason.CONSENT_WITHDRAWN: Meaning("R25", "16 CFR 312.6(a)(2); DPDP Act s.6(4)-(6)", "consent was withdrawn"),
    DropReason.CONSENT_EXPIRED: Meaning("R08", "16 CFR 312.5(a)(1); DPDP Act s.6(10)", "consent has expired"),
    DropReason.CONSENT_OUTGROWN: Meaning(
        "R28, J15",
        "16 CFR 312.2 child; DPDP Act s.2(f)",
        "consent was given for a child who is 13 (US) or 18 (India) by now, and has to be given anew by herself",
    ),
    DropReason.CONSENT_IN_FUTURE: Meaning(
        "R08", "16 CFR 312.5(a)(1); DPDP Act s.6(10)", "consent begins at a time that has not come"
    ),
    DropReason.CONSENT_REGION: Meaning(
        "R08", "16 CFR 312.5(b); DPDP Act s.6(10)", "consent was given under another region's law"
    ),
    DropReason.CONSENT_AGE: Meaning(
        "R08", "16 CFR 312.5(b)", "the consent on record is not about a person of this age"
    ),
    DropReason.CONSENT_GRANTOR: Meaning(
        "R08", "16 CFR 312.5(b); DPDP Rules r.10", "consent was granted by somebody who cannot grant it"
    ),
    DropReason.CONSENT_UNVERIFIED: Meaning(
        "R08", "16 CFR 312.5(b); DPDP Rules r.10", "consent was granted by a parent who is not shown to be an adult"
    ),
    DropReason.CONSENT_RELATION: Meaning(
        "R08", "DPDP Rules r.10", "consent does not say how the parent is related to the child"
    ),
    DropReason.CONSENT_METHOD: Meaning(
        "R08", "16 CFR 312.5(b)(2); DPDP Rules r.10", "consent was given by a method that does not prove it"
    ),
    DropReason.CONSENT_NOTICE: Meaning(
        "R08", "16 CFR 312.5(a)(1); DPDP Act s.5", "consent answers a notice that is not in force"
    ),
    DropReason.CONSENT_NOTICE_HASH: Meaning(
        "R08", "16 CFR 312.5(a)(1); DPDP Act s.5, s.6(10)", "consent answers another text than the notice in force"
    ),
    DropReason.CONSENT_LANGUAGE: Meaning(
        "R08", "DPDP Act s.5(3), s.6(3); 16 CFR 312.4(a)", "there is no notice in the language of the consent"
    ),
    DropReason.NO_ANALYTICS_CONSENT: Meaning(
        "R04", "16 CFR 312.5(a)(1); DPDP Act s.6(1)", "consent does not cover analytics"
    ),
    DropReason.NO_DISCLOSURE_CONSENT: Meaning(
        "R05",
        "16 CFR 312.5(a)(2)",
        "the parent did not consent to disclosure to third parties, or not by a method for it",
    ),
    DropReason.NO_MARKETING_CONSENT: Meaning(
        "R06", "16 CFR 312.2 internal operations (2); DPDP Act s.6(1)", "consent does not cover marketing"
    ),
    DropReason.PRIVACY_SIGNAL: Meaning(
        "J7", "App Store 5.1.1(ii); state privacy laws", "the device sends a privacy signal, which objects"
    ),
    DropReason.BEFORE_CONSENT: Meaning(
        "R09", "16 CFR 312.5(a)(1); DPDP Act s.9(1)", "the event happened, or arrived, before consent was granted"
    ),
    DropReason.IDENTIFIER: Meaning(
        "R12", "16 CFR 312.2 PI (1)-(5); DPDP Act s.2(t)", "a property that would leave holds a direct identifier"
    ),
    DropReason.IDENTITY_EVENT: Meaning(
        "R16", "16 CFR 312.2 internal operations (2)", "the event would merge the ids of several people or devices"
    ),
    DropReason.PROFILE_NEVER: Meaning(
        "R16",
        "16 CFR 312.2 internal operations (2); DPDP Act s.9(3)",
        "no profile is kept of anybody who is, or may be, a minor",
    ),
    DropReason.PROFILE_NOT_REPEATABLE: Meaning(
        "R16",
        "16 CFR 312.8; DPDP Act s.8(3)",
        "a second delivery of $add or $append would add a second time; compute the value and $set it, and use $union"
        " for lists",
    ),
    DropReason.PROFILE_EMPTY: Meaning(
        "R03, R16", "16 CFR 312.7; DPDP Act s.6(1)", "nothing of the update is on the list of what a profile may hold"
    ),
    DropReason.GROUP_UNREGISTERED: Meaning(
        "R03, R16", "16 CFR 312.7; DPDP Act s.6(1)", "no schema lists groups of this kind, or it does not allow this id"
    ),
    DropReason.CLASS: Meaning(
        "R03", "16 CFR 312.7; DPDP Act s.6(1)", "the event holds data of a class for which whole events stay behind"
    ),
    DropReason.KILL_SWITCH: Meaning("R38", "DPDP Act s.8(4); 16 CFR 312.8(b)(5)", "the kill switch stops this cohort"),
    DropReason.KEY_RETIRED: Meaning(
        "R15, R26",
        "16 CFR 312.10; DPDP Act s.8(7)",
        "the key for events of this time has been destroyed, so nobody could erase it later",
    ),
}

REJECTED: Mapping[RejectReason, str] = {
    RejectReason.EMPTY: "the record is empty",
    RejectReason.TOO_LARGE: "the record is larger than a message may be",
    RejectReason.NOT_UTF8: "the record is not UTF-8",
    RejectReason.NOT_JSON: "the record is not JSON",
    RejectReason.TOO_DEEP: "values are nested too deep",
    RejectReason.TOO_COMPLEX: "it has more parts than are looked at",
    RejectReason.DUPLICATE_KEY: "an object names a key twice, and nobody can say which value counts",
    RejectReason.NOT_AN_OBJECT: "an event has to be a JSON object",
    RejectReason.MISSING_FIELD: "a field of the envelope is missing",
    RejectReason.WRONG_TYPE: "a field of the envelope has the wrong type",
    RejectReason.FORBIDDEN_ID: "the id is one that stands for nobody",
    RejectReason.TIME_TOO_OLD: "the time is too far in the past",
    RejectReason.TIME_IN_FUTURE: "the time is in the future",
    RejectReason.MISROUTED_KEY: "the event was published to a partition where its consent cannot be",
    RejectReason.WRONG_REGION: "this worker is for another region",
    RejectReason.INTERNAL_ERROR: "a defect of coppice; please report it",
}

STRIPPED: Mapping[StripReason, str] = {
    StripReason.UNREGISTERED: "no schema lists it",
    StripReason.INVALID: "its schema does not allow the value",
    StripReason.COHORT: "its schema does not list it for this cohort",
    StripReason.CLASS: "the policy drops its class for this cohort",
    StripReason.IDENTIFIER: "a direct identifier was found in it",
    StripReason.UNSAFE: "it could not be made safe",
}

ACTIONS: Mapping[Action, str] = {
    Action.KEEP: "leaves",
    Action.DROP: "stays behind",
    Action.GENERALIZE: "leaves in coarse form",
    Action.SCRUB: "leaves scrubbed",
    Action.PSEUDONYMIZE: "a keyed digest leaves",
    Action.ROUTE: "the route leaves",
    Action.DROP_EVENT: "the event stays behind",
}
