"""May it leave? Every cohort × purpose × predicate, against the table as the requirements print it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from pipeline.core.grants import grant_name
from pipeline.core.outcome import Clean, Dropped, DropReason
from pipeline.policy.vocabulary import Cohort, Region, Space
from tests.core.worlds import (
    DAY,
    GATES,
    HOUR,
    KEPT,
    KEYS,
    NOW,
    OPEN,
    PERMISSIVE,
    RECORDS,
    World,
    consents_of,
    context_of,
    fate,
    kept_names,
    merged,
    policy_of,
    raw_event,
    record_of,
    without,
    world,
)

PURPOSES = ["essential", "analytics", "marketing", "ai_training"]


@dataclass(frozen=True)
class Facts:
    """Predicates: consent (VU or OA), disclosure (VD), marketing (OM), gate (G), provider (SP), path (J3)."""

    consent: bool
    disclosure: bool
    marketing: bool
    gate: bool
    provider: bool
    path: bool


def space_by_the_table(cohort: str, purpose: str, f: Facts) -> Space | None:
    """Return the pseudonym space in which the table lets the event leave, None for "drop"."""
    linked = purpose in {"essential", "analytics"}
    match cohort:
        case "US/child":
            if linked and f.consent and (f.provider or f.disclosure) and f.gate:
                return Space.ANALYTICS
            internal = purpose == "essential" and not f.consent and f.path and f.provider and f.gate
            return Space.INTERNAL_OPS if internal else None
        case "US/unknown":
            internal = purpose == "essential" and f.path and f.provider and f.gate
            return Space.INTERNAL_OPS if internal else None
        case "US/teen":
            return Space.ANALYTICS if linked and f.consent and f.gate else None
        case "US/adult" | "IN/adult":
            granted = linked or (purpose == "marketing" and f.marketing)
            return Space.ANALYTICS if granted and f.consent and f.gate else None
        case _:  # children and unknown ages in India, unknown and contradicted regions
            return None


# cohort → (its record, what the event changes); several ways to be of a cohort
MEMBERS: list[tuple[str, dict[str, Any] | None, dict[str, Any]]] = [
    ("US/child", RECORDS["US/child"], {}),
    ("US/child", RECORDS["US/child"], {"properties": {"level": 7, "grade": 4}}),
    ("US/child", RECORDS["US/child"], {"age": {"band": "child", "source": "age_screen"}}),
    ("US/unknown", None, {}),
    ("US/unknown", None, {"age": {"band": "unknown", "source": "age_screen"}}),
    ("US/unknown", record_of("US/teen", age={"band": "unknown"}), {}),
    ("US/teen", RECORDS["US/teen"], {}),
    ("US/teen", RECORDS["US/adult"], {"properties": {"level": 7, "dob": "2012-04-09"}}),
    ("US/adult", RECORDS["US/adult"], {}),
    ("US/adult", RECORDS["US/adult"], {"age": {"band": "adult", "source": "age_screen"}}),
    ("IN/child", RECORDS["IN/child"], {"region": "IN"}),
    ("IN/child", RECORDS["IN/adult"], {"region": "IN", "age": {"band": "teen", "source": "age_screen"}}),
    ("IN/unknown", None, {"region": "IN"}),
    ("IN/unknown", record_of("IN/adult", age={"source": "a_friend"}), {"region": "IN"}),
    ("IN/adult", RECORDS["IN/adult"], {"region": "IN"}),
    ("XX/unknown", RECORDS["US/adult"], {"region": "GB"}),
    ("XX/unknown", RECORDS["US/adult"], {"region": "IN"}),
    ("XX/unknown", RECORDS["IN/adult"], {}),
]


def facts() -> Iterator[Facts]:
    return (Facts(*values) for values in product([True, False], repeat=6))


def rules(f: Facts) -> World:
    answers = {
        "vendor_gate": PERMISSIVE["vendor_gate"] if f.gate else dict.fromkeys(GATES),
        "mixpanel": {"coppa_role": "internal_ops_provider" if f.provider else "third_party"},
        "us_child": {"internal_ops_to_mixpanel": f.path},
    }
    settings = merged(OPEN, {}) | answers
    return World(context_of(policy_of(settings)), {})


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize(("cohort", "record", "changes"), MEMBERS)
def test_table(cohort: str, record: dict[str, Any] | None, changes: dict[str, Any], purpose: str) -> None:
    event = raw_event(event=purpose, **changes)
    for f in facts():
        granted = {
            "analytics": f.consent,
            "third_party_disclosure": f.disclosure,
            "marketing": f.marketing,
            "ai_training": True,
        }
        consents = consents_of(record | {"purposes": granted}) if record else {}
        outcome = World(rules(f).context, consents).one(event)
        space = space_by_the_table(cohort, purpose, f)
        assert isinstance(outcome, Clean | Dropped)
        assert outcome.cohort == cohort, f
        if space is None:
            assert isinstance(outcome, Dropped), f
        else:
            assert isinstance(outcome, Clean), (f, outcome)
            region = Region.US if cohort.startswith("US") else Region.IN
            rotation = (365 if cohort.endswith("adult") else 30) * DAY
            grant = grant_name(record["consent_id"], record["granted_at"]) if record else ""
            name = KEYS.pseudonym(region, space, "profile-0001", grant, event["time"], rotation)
            assert outcome.key.decode() == name, f
            assert outcome.region is region


# --- every setting that changes a decision


def outcome_of(cohort: str, *answers: dict[str, Any], **changes: Any) -> Clean | Dropped:
    outcome = world(*answers, records=(RECORDS[cohort],)).one(raw_event(region=cohort[:2], **changes))
    assert isinstance(outcome, Clean | Dropped)
    return outcome


def why(outcome: Any) -> DropReason | None:
    return outcome.reason if isinstance(outcome, Dropped) else None


@pytest.mark.parametrize("cohort", ["US/child", "US/teen", "US/adult", "IN/adult"])
@pytest.mark.parametrize("event", ["essential", "analytics"])
def test_valid_consent_and_open_gates_let_it_leave(cohort: str, event: str) -> None:
    assert isinstance(outcome_of(cohort, OPEN, event=event), Clean)


@pytest.mark.parametrize("cohort", ["US/child", "US/teen", "US/adult", "IN/adult"])
def test_default_settings_close_the_gate(cohort: str) -> None:
    assert isinstance(outcome_of(cohort), Dropped)
    only_gate = merged(OPEN, {"vendor_gate": dict.fromkeys(GATES)})
    assert why(outcome_of(cohort, only_gate)) is DropReason.VENDOR_GATE


@pytest.mark.parametrize(
    ("cohort", "gate"),
    [("US/child", "us_child"), ("US/teen", "us_teen"), ("US/adult", "us_adult"), ("IN/adult", "in_adult")],
)
def test_each_cohort_has_its_own_gate(cohort: str, gate: str) -> None:
    others = merged(OPEN, {"vendor_gate": {gate: None}})
    assert why(outcome_of(cohort, others)) is DropReason.VENDOR_GATE
    alone = merged(OPEN, {"vendor_gate": dict.fromkeys(GATES) | {gate: OPEN["vendor_gate"][gate]}})
    assert isinstance(outcome_of(cohort, alone), Clean)


def test_gate_closes_after_its_documents_last_day() -> None:
    answers = merged(OPEN, {"vendor_gate": {"us_adult": {"document": "D", "until": "2026-11-25"}}})
    last = 1_795_651_200_000  # 2026-11-26T00:00:00Z
    policy = policy_of(answers)
    consents = consents_of(RECORDS["US/adult"])
    assert isinstance(World(context_of(policy, now_ms=last - 1), consents).one(raw_event()), Clean)
    assert why(World(context_of(policy, now_ms=last), consents).one(raw_event())) is DropReason.VENDOR_GATE_EXPIRED


def test_gate_may_stay_open_to_the_end_of_the_calendar() -> None:
    assert isinstance(
        outcome_of("US/adult", merged(OPEN, {"vendor_gate": {"us_adult": {"document": "D", "until": "9999-12-31"}}})),
        Clean,
    )


def test_j1_audience_of_children_screens_nobody_out() -> None:
    answers = merged(OPEN, {"coppa": {"audience": "primary_child"}, "age_sources": {"us": ["id_document"]}})
    assert outcome_of("US/teen", OPEN).cohort == Cohort.US_TEEN
    assert fate(outcome_of("US/teen", answers)) == (DropReason.CONSENT_AGE, Cohort.US_CHILD)
    assert isinstance(outcome_of("US/adult", answers), Clean)
    assert isinstance(outcome_of("US/child", answers), Clean)


def test_j3_path_without_consent_needs_every_answer() -> None:
    event = raw_event(event="essential")
    assert isinstance(world(PERMISSIVE).one(event), Clean)
    for answer in (
        {"us_child": {"internal_ops_to_mixpanel": False}},
        {"mixpanel": {"coppa_role": "third_party"}},
        {"vendor_gate": {"us_unknown": None}},
    ):
        assert isinstance(world(PERMISSIVE, answer).one(event), Dropped), answer
    assert isinstance(world(PERMISSIVE).one(raw_event(event="analytics")), Dropped)


def test_closed_j3_path_says_whether_consent_or_age_is_missing() -> None:
    record = record_of("US/child", profile_id="known", age={"band": "unknown"})
    closed = world(PERMISSIVE, {"us_child": {"internal_ops_to_mixpanel": False}}, records=(record,))
    fates = [closed.one(raw_event(event="essential", profile_id=profile)) for profile in ("somebody else", "known")]
    assert all(isinstance(each, Dropped) for each in fates)
    assert [each.reason for each in fates if isinstance(each, Dropped)] == [
        DropReason.NO_CONSENT,
        DropReason.UNKNOWN_AGE,
    ]


@pytest.mark.parametrize("age", [{"band": "adult", "source": "id_document"}, {"band": "teen", "source": "age_screen"}])
def test_j3_path_is_closed_to_whoever_is_no_child(age: dict[str, Any]) -> None:
    opt_in = merged(PERMISSIVE, {"us_adult": {"analytics": "opt_in"}})
    assert isinstance(world(opt_in).one(raw_event(event="essential", age=age)), Dropped)
    doubtful = raw_event(event="essential", age={"band": "adult", "source": "a_friend"})
    assert isinstance(world(opt_in).one(doubtful), Clean)


def test_j3_path_is_closed_by_a_withdrawal() -> None:
    withdrawn = record_of("US/child", withdrawn_at=NOW - 1)
    outcome = world(PERMISSIVE, records=(withdrawn,)).one(raw_event(event="essential"))
    assert why(outcome) is DropReason.CONSENT_WITHDRAWN


def test_j7_adult_may_be_counted_until_she_objects() -> None:
    opt_out = merged(OPEN, {"us_adult": {"analytics": "opt_out"}})
    adult = {"age": {"band": "adult", "source": "id_document"}}
    assert why(world(OPEN).one(raw_event(**adult))) is DropReason.NO_CONSENT
    assert isinstance(world(opt_out).one(raw_event(**adult)), Clean)
    assert why(world(opt_out).one(raw_event(**adult, gpc=True))) is DropReason.PRIVACY_SIGNAL
    assert why(world(opt_out).one(raw_event(event="marketing", **adult))) is DropReason.NO_MARKETING_CONSENT
    for change in ({"withdrawn_at": NOW - 1}, {"purposes": {"analytics": False}}, {"expires_at": NOW}):
        record = record_of("US/adult", **change)
        assert isinstance(world(opt_out, records=(record,)).one(raw_event(**adult)), Dropped)
    unreadable = World(world(opt_out).context, consents_of(RECORDS["US/adult"] | {"granted_at": "today"}))
    assert why(unreadable.one(raw_event(**adult))) is DropReason.CONSENT_UNREADABLE
    assert isinstance(world(opt_out).one(raw_event(region="IN", **adult)), Dropped)
    teen = {"age": {"band": "teen", "source": "id_document"}}
    assert isinstance(world(opt_out).one(raw_event(**teen)), Dropped)


def test_privacy_signal_is_honoured_from_teens_and_adults() -> None:
    for cohort in ("US/teen", "US/adult", "IN/adult"):
        assert why(outcome_of(cohort, OPEN, gpc=True)) is DropReason.PRIVACY_SIGNAL


def test_j6_whose_word_makes_an_adult_in_india() -> None:
    event = raw_event(region="IN", age={"band": "adult", "source": "self_declared"})
    record = record_of("IN/adult", age={"band": "adult", "source": "self_declared"})
    assert fate(world(OPEN, records=(record,)).one(event)) == (DropReason.UNKNOWN_AGE, Cohort.IN_UNKNOWN)
    trusting = merged(OPEN, {"india": {"adult_sources": ["self_declared"]}})
    assert isinstance(world(trusting, records=(record,)).one(event), Clean)
    # the sources of one region are not those of the other
    assert isinstance(world(OPEN, {"age_sources": {"us": ["self_declared"]}}, records=(record,)).one(event), Dropped)


def test_j10_children_on_ios_leave_without_a_name() -> None:
    kids = merged(OPEN, {"apple": {"kids_rules": True}})
    for platform in ("ios", "ipados", "web", None, 5):
        here = world(kids, records=(RECORDS["US/child"],))
        assert here.clean(raw_event(platform=platform))["distinct_id"] == ""
    assert world(kids, records=(RECORDS["US/child"],)).clean(without(raw_event(), "platform"))["distinct_id"] == ""
    assert world(kids, records=(RECORDS["US/child"],)).clean(raw_event(platform="android"))["distinct_id"] != ""
    assert world(kids, records=(RECORDS["US/adult"],)).clean(raw_event(platform="ios"))["distinct_id"] != ""
    assert world(OPEN, records=(RECORDS["US/child"],)).clean(raw_event(platform="ios"))["distinct_id"] != ""
    internal = world(merged(PERMISSIVE, {"apple": {"kids_rules": True}}))
    assert internal.clean(raw_event(event="essential", platform="ios"))["distinct_id"] == ""


@pytest.mark.parametrize(("profile", "names"), [("child", KEPT["child"]), ("teen", KEPT["teen"])])
def test_j16_whose_list_teens_get(profile: str, names: set[str]) -> None:
    outcome = outcome_of("US/teen", merged(OPEN, {"us_teen": {"profile": profile}}))
    assert kept_names(outcome) == names


@pytest.mark.parametrize(("cohort", "names"), [("US/child", "child"), ("US/adult", "adult"), ("IN/adult", "adult")])
def test_list_of_each_cohort(cohort: str, names: str) -> None:
    assert kept_names(outcome_of(cohort, OPEN)) == KEPT[names]


def test_unknown_age_gets_the_childs_list() -> None:
    assert kept_names(world(PERMISSIVE).one(raw_event(event="essential"))) == KEPT["child"]


def test_j18_role_decides_whether_disclosure_needs_its_own_consent() -> None:
    record = record_of("US/child", purposes={"third_party_disclosure": False})
    provider = merged(OPEN, {"mixpanel": {"coppa_role": "internal_ops_provider"}})
    assert why(world(OPEN, records=(record,)).one(raw_event())) is DropReason.NO_DISCLOSURE_CONSENT
    assert isinstance(world(provider, records=(record,)).one(raw_event()), Clean)
    # teens and adults: the vendor is named in their notice, no disclosure flag is asked for
    for cohort in ("US/teen", "US/adult", "IN/adult"):
        own = record_of(cohort, purposes={"third_party_disclosure": False})
        assert isinstance(world(OPEN, records=(own,)).one(raw_event(region=cohort[:2])), Clean)


@pytest.mark.parametrize(
    ("cohort", "group", "days"), [("US/child", "minor", 30), ("US/teen", "minor", 30), ("US/adult", "adult", 365)]
)
def test_j19_pseudonym_lasts_as_long_as_the_policy_says(cohort: str, group: str, days: int) -> None:
    record = record_of(cohort, granted_at=NOW - 2_000 * DAY)
    for length in (days, 7):
        policy = policy_of(OPEN, {"pseudonym": {"rotation_days": {group: length}}})
        here = World(context_of(policy), consents_of(record))
        border = (NOW // (length * DAY)) * length * DAY
        last, first, same = (
            here.clean(raw_event(time=at, received_at=NOW))["distinct_id"] for at in (border - 1, border, border + HOUR)
        )
        assert last != first
        assert first == same


@pytest.mark.parametrize("cohort", ["US/teen", "US/adult"])
def test_age_source_that_is_not_accepted(cohort: str) -> None:
    narrow = merged(OPEN, {"age_sources": {"us": ["verified_parent"]}})
    assert outcome_of(cohort, narrow).cohort == Cohort.US_UNKNOWN
    assert outcome_of("US/child", narrow).cohort == Cohort.US_CHILD  # a young age counts whoever says it


@pytest.mark.parametrize(
    ("cohort", "answer"),
    [
        ("US/child", {"parental_methods": {"with_disclosure": ["video_call"]}}),
        ("US/teen", {"own_methods": {"us": ["web_form"]}}),
        ("US/adult", {"own_methods": {"us": ["web_form"]}}),
        ("IN/adult", {"own_methods": {"in": ["in_app"]}}),
    ],
)
def test_method_that_is_not_accepted(cohort: str, answer: dict[str, Any]) -> None:
    assert why(outcome_of(cohort, merged(OPEN, {"consent": answer}))) is DropReason.CONSENT_METHOD


@pytest.mark.parametrize(
    ("cohort", "notice"),
    [("US/child", "us_child"), ("US/teen", "us_teen"), ("US/adult", "us_adult"), ("IN/adult", "in_adult")],
)
def test_new_notice_needs_a_new_consent(cohort: str, notice: str) -> None:
    bumped = merged(OPEN, {"consent": {"notice_versions": {notice: ["2026-12"]}}})
    assert why(outcome_of(cohort, bumped)) is DropReason.CONSENT_NOTICE
    again = record_of(cohort, notice_version="2026-12")
    assert isinstance(world(bumped, records=(again,)).one(raw_event(region=cohort[:2])), Clean)
    both = merged(OPEN, {"consent": {"notice_versions": {notice: ["2026-04", "2026-12"]}}})
    assert isinstance(outcome_of(cohort, both), Clean)
    none = merged(OPEN, {"consent": {"notice_versions": {notice: []}}})
    assert why(outcome_of(cohort, none)) is DropReason.CONSENT_NOTICE
