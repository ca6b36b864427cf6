"""Who is it? Youngest age and strictest region win, and no stricter signal ever lets more out (R01, R02)."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.outcome import Clean, Dropped, DropReason, Rejected
from pipeline.policy.vocabulary import Cohort
from tests.core.worlds import (
    DAY,
    GATES,
    GOOD,
    NOW,
    OPEN,
    PERMISSIVE,
    RECORDS,
    World,
    consents_of,
    context_of,
    fate,
    kept,
    merged,
    policy_of,
    raw_event,
    without,
    world,
)

BANDS = ["child", "teen", "adult", "unknown"]
ACCEPTED, DOUBTED = "id_document", "a_friend"
REVEALED = {"child": "2016-04-09", "teen": "2012-04-09", "adult": "1990-04-09"}


def cohort_by_the_rule(region: str, stated: Any, recorded: Any, revealed: str | None, audience: str) -> Cohort:
    """Resolve the cohort the way the requirement says it, from sets of signals."""
    signals = [signal for signal in (stated, recorded) if signal is not None]
    young = {band for band, _ in signals} | ({revealed} if revealed else set())
    proofs = {band for band, source in signals if source == ACCEPTED and band != "unknown"}
    if "child" in young:
        return Cohort.US_CHILD if region == "US" else Cohort.IN_CHILD
    if "teen" in young:
        if region == "IN":
            return Cohort.IN_CHILD
        if audience == "primary_child":
            return Cohort.US_CHILD
        return Cohort.US_TEEN if proofs else Cohort.US_UNKNOWN
    if "adult" in proofs:
        return Cohort.US_ADULT if region == "US" else Cohort.IN_ADULT
    return Cohort.US_UNKNOWN if region == "US" else Cohort.IN_UNKNOWN


def cohort_of(rules: World, event: dict[str, Any]) -> Cohort:
    outcome = rules.one(event)
    assert not isinstance(outcome, Rejected)
    return outcome.cohort


@pytest.mark.parametrize("region", ["US", "IN"])
@pytest.mark.parametrize("audience", ["mixed", "primary_child"])
def test_truth_table(audience: str, region: str) -> None:
    answers = {"coppa": {"audience": audience}, "age_sources": {"us": [ACCEPTED]}}
    context = context_of(policy_of(OPEN, answers))
    signals = [None, *product(BANDS, [ACCEPTED, DOUBTED])]
    seen = set()
    for stated, recorded, revealed in product(signals, signals, [None, *REVEALED]):
        record = None
        if recorded is not None:
            age = {"band": recorded[0], "source": recorded[1]}
            record = merged(RECORDS["US/adult"], {"region": region, "age": age})
        consents = consents_of(record) if record else {}
        event = raw_event(region=region, properties={"dob": REVEALED[revealed]} if revealed else {})
        if stated is not None:
            event["age"] = {"band": stated[0], "source": stated[1]}
        expected = cohort_by_the_rule(region, stated, recorded, revealed, audience)
        assert cohort_of(World(context, consents), event) == expected, (stated, recorded, revealed)
        seen.add(expected)
    assert len(seen) == {("US", "mixed"): 4, ("US", "primary_child"): 3}.get((region, audience), 3)


@pytest.mark.parametrize(("event_region", "record_region"), [("US", "IN"), ("IN", "US")])
@pytest.mark.parametrize("band", BANDS)
def test_two_regions_conflict(event_region: str, record_region: str, band: str) -> None:
    record = merged(RECORDS["US/adult"], {"region": record_region, "age": {"band": band}})
    outcome = world(PERMISSIVE, records=(record,)).one(raw_event(region=event_region))
    assert fate(outcome) == (DropReason.REGION_CONFLICT, Cohort.XX)


def test_what_the_client_says_of_its_place_decides_nothing() -> None:
    here = world(OPEN, records=(RECORDS["US/adult"],))
    event = raw_event()
    plain = here.one(event)
    for name in ("country", "mp_country_code", "$city", "region", "$region", "store_country"):
        event["properties"][name] = "IN"
        outcome = here.one(event)
        assert isinstance(outcome, Clean)
        assert isinstance(plain, Clean)
        assert outcome.value == plain.value


def test_shared_device_each_profile_stands_alone() -> None:
    parent = merged(RECORDS["US/adult"], {"profile_id": "parent"})
    shared = world(OPEN, records=(parent,))
    first = raw_event(profile_id="parent", device_id="tablet")
    child = raw_event(profile_id="child", device_id="tablet")
    before, between, after = (shared.one(event) for event in (first, child, first))
    assert isinstance(before, Clean)
    assert before == after
    assert fate(between) == (DropReason.NO_CONSENT, Cohort.US_UNKNOWN)


# --- monotonicity

AGE = st.fixed_dictionaries(
    {"band": st.sampled_from(BANDS), "source": st.sampled_from([ACCEPTED, DOUBTED, "age_screen", "parent_link"])}
)
RECORD = st.fixed_dictionaries(
    {
        "region": st.sampled_from(["US", "IN"]),
        "age": AGE,
        "grantor": st.fixed_dictionaries(
            {"role": st.sampled_from(["self", "parent"]), "adult_verified": st.booleans()}
        ),
        "method": st.sampled_from(["card_payment", "email_plus", "in_app", "digilocker"]),
        "purposes": st.fixed_dictionaries(
            {name: st.booleans() for name in ("analytics", "third_party_disclosure", "marketing")}
        ),
        "granted_at": st.sampled_from([NOW - DAY, NOW - 60_000]),
    },
    optional={"withdrawn_at": st.just(NOW - 1000), "expires_at": st.sampled_from([NOW - 1, NOW + DAY])},
)
MORE = {  # what leaves in a coarser form, for some cohorts only, or not with what it holds
    "$os_version": "17.2.1",
    "$model": "iPhone14,2",
    "mp_country_code": "US",
    "$region": "Karnataka",
    "$app_version_string": "3.1.4",
    "note": "mail to aarav@example.com",
    "page": "https://play.example.com/levels/7?u=1",
    "utm_source": "push",
    "phrase": "gems_9876543210",
}
PROPERTIES = st.dictionaries(st.sampled_from(sorted(GOOD | MORE)), st.none(), max_size=20).map(
    lambda names: {name: (GOOD | MORE)[name] for name in names}
)
EVENT = st.fixed_dictionaries(
    {
        "properties": st.just(GOOD | {n: v for n, v in MORE.items() if n != "phrase"}) | PROPERTIES,
        "event": st.sampled_from(["essential", "analytics", "marketing", "ai_training"]),
        "region": st.sampled_from(["US", "IN", "US", "IN", None]),
        "platform": st.sampled_from(["ios", "android"]),
    },
    optional={"age": AGE, "gpc": st.booleans()},
)
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "default, gates open": {"vendor_gate": PERMISSIVE["vendor_gate"], "consent": PERMISSIVE["consent"]},
    "open": OPEN,
    "permissive": PERMISSIVE,
    "permissive, opt-in": merged(PERMISSIVE, {"us_adult": {"analytics": "opt_in"}}),
    "permissive, third party": merged(PERMISSIVE, {"mixpanel": {"coppa_role": "third_party"}}),
    "permissive, for children": merged(
        PERMISSIVE, {"coppa": {"audience": "primary_child"}, "age_sources": {"us": [ACCEPTED]}}
    ),
    **{
        f"permissive, {cohort} stopped": merged(PERMISSIVE, {"kill_switch": {"cohorts": [cohort]}})
        for cohort in ("US/child", "US/teen", "US/adult", "US/unknown", "IN/adult")
    },
    **{f"permissive, {gate} closed": merged(PERMISSIVE, {"vendor_gate": {gate: None}}) for gate in GATES},
}


Judged = tuple[bool, dict[str, Any]]


def judged(answers: dict[str, Any], event: dict[str, Any], record: dict[str, Any] | None) -> Judged:
    consents = consents_of(RECORDS["US/adult"] | record) if record is not None else {}
    outcome = World(context_of(policy_of(answers)), consents).one(event)
    return isinstance(outcome, Clean), kept(outcome)


def lets_no_more_out(strict: Judged, loose: Judged) -> bool:
    """True if the one shows nothing that the other does not: an event, a property, a finer form of a value."""
    (leaves, shown), (may_leave, may_be_shown) = strict, loose
    if leaves and not may_leave:
        return False
    return all(
        name in may_be_shown and (value == may_be_shown[name] or str(may_be_shown[name]).startswith(f"{value}."))
        for name, value in shown.items()
    )


def stricter_events(event: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the event with one more signal of youth or strictness each."""
    found = [
        raw_event(**(event | {"properties": event["properties"] | {name: value}}))
        for name, value in [
            ("dob", "2016-04-09"),
            ("dob", "2012-04-09"),
            ("age", None),
            ("grade", 4),
            ("x", {"age": 9}),
        ]
    ]
    found += [raw_event(**event, birthday="2016-04-09"), raw_event(**(event | {"gpc": True}))]
    found += [without(raw_event(**event), "region"), raw_event(**(event | {"region": "FR"}))]
    if "age" not in event or event["age"]["band"] == "unknown":
        for band, source in product(["child", "teen"], [ACCEPTED, DOUBTED]):
            if band == "child" or source == DOUBTED:  # a teen's proof is also a proof that she is no child
                found.append(raw_event(**(event | {"age": {"band": band, "source": source}})))
        found.append(raw_event(**(event | {"age": "unreadable"})))
    else:
        found.append(raw_event(**(event | {"age": event["age"] | {"dob": "2016-04-09"}})))
    return found


@settings(max_examples=1_200)  # the cases that matter need several of these parts at once
@given(st.sampled_from(sorted(SETTINGS)), EVENT, st.none() | RECORD)
def test_one_more_strict_signal_never_lets_more_out(
    chosen: str, event: dict[str, Any], record: dict[str, Any] | None
) -> None:
    before = judged(SETTINGS[chosen], raw_event(**event), record)
    for stricter in stricter_events(event):
        assert lets_no_more_out(judged(SETTINGS[chosen], stricter, record), before), stricter


@settings(max_examples=600)
@given(st.sampled_from(sorted(SETTINGS)), EVENT, RECORD)
def test_stricter_record_never_lets_more_out(chosen: str, event: dict[str, Any], record: dict[str, Any]) -> None:
    before = judged(SETTINGS[chosen], raw_event(**event), record)
    purposes = record["purposes"]
    for change in (
        {"withdrawn_at": NOW - 1},
        {"expires_at": NOW},
        {"region": "IN" if event["region"] == "US" else "US"},
        {"granted_at": NOW + 1},
        {"purposes": purposes | {"marketing": False}},
        {"purposes": purposes | {"third_party_disclosure": False}},
    ):
        assert lets_no_more_out(judged(SETTINGS[chosen], raw_event(**event), record | change), before), change


@given(EVENT, st.none() | RECORD)
def test_by_default_nothing_leaves(event: dict[str, Any], record: dict[str, Any] | None) -> None:
    assert judged({}, raw_event(**event), record) == (False, {})


@given(st.sampled_from(sorted(SETTINGS)), EVENT, st.none() | RECORD, st.sampled_from(["event", "record", "reveal"]))
def test_child_in_india_never_leaves(
    chosen: str, event: dict[str, Any], record: dict[str, Any] | None, who: str
) -> None:
    event = event | {"region": "IN"}
    properties = dict(event["properties"])
    if who == "event":
        event["age"] = {"band": "child", "source": ACCEPTED}
    elif who == "reveal":
        properties["dob"] = "2012-04-09"  # under 18 is a child there
    elif record is not None:
        record = record | {"region": "IN", "age": {"band": "teen", "source": ACCEPTED}}
    else:
        return
    assert judged(SETTINGS[chosen], raw_event(**(event | {"properties": properties})), record) == (False, {})


@pytest.mark.parametrize("foreign", [True, False])
@pytest.mark.parametrize("event", ["essential", "analytics", "marketing", "ai_training"])
def test_child_in_india_with_the_best_consent_there_is(event: str, foreign: bool) -> None:
    answers = {"coppa": {"apply_to_foreign_children": foreign}}
    outcome = world(PERMISSIVE, answers, records=(RECORDS["IN/child"],)).one(raw_event(event=event, region="IN"))
    assert fate(outcome) == (DropReason.INDIA_CHILD, Cohort.IN_CHILD)


def test_refused_by_an_adult_stays_refused_when_a_child_is_claimed() -> None:
    refused = merged(RECORDS["US/adult"], {"purposes": {"analytics": False}})
    here = world(PERMISSIVE, records=(refused,))
    for age in ({"band": "child", "source": ACCEPTED}, "unreadable", {"band": "child", "source": DOUBTED}):
        assert isinstance(here.one(raw_event(event="essential", age=age)), Dropped)
