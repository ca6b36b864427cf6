"""A month of birth on the record only ever closes: adding one never lets more out (R01, R28)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.age_transition import growth_of, outgrown_at, was_too_young
from pipeline.core.consent import ConsentRecord
from pipeline.core.outcome import Clean, DropReason
from pipeline.policy.vocabulary import Age, Cohort
from tests.core.worlds import (
    DAY,
    HOUR,
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
    record_of,
    world,
)

BANDS = ["child", "teen", "adult", "unknown"]
SOURCES = ["id_document", "a_friend"]
MONTHS = ["1990-01", "2008-10", "2008-11", "2010-06", "2013-10", "2013-11", "2016-02", "2099-12"]
AGE = st.fixed_dictionaries({"band": st.sampled_from(BANDS), "source": st.sampled_from(SOURCES)})
RECORD = st.fixed_dictionaries(
    {
        "region": st.sampled_from(["US", "IN"]),
        "age": AGE,
        "grantor": st.fixed_dictionaries(
            {"role": st.sampled_from(["self", "parent"]), "adult_verified": st.just(True)}
        ),
        "method": st.sampled_from(["card_payment", "in_app"]),
        "notice_version": st.sampled_from(["for-adults", "for-teens", "for-children", "2026-04"]),
        "granted_at": st.sampled_from([NOW - 2000 * DAY, NOW - 60 * DAY, NOW - HOUR]),
    },
    optional={"withdrawn_at": st.just(NOW - 1)},
)
EVENT = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["essential", "analytics", "marketing"]),
        "time": st.sampled_from([NOW, NOW - HOUR, NOW - 45 * DAY, NOW - 1500 * DAY]),
        "received_at": st.sampled_from([NOW, NOW - 45 * DAY]),
    },
    optional={"age": AGE, "gpc": st.booleans()},
)
NOTICES = {
    "us_child": ["for-children", "2026-04"],
    "us_teen": ["for-teens", "2026-04"],
    "us_adult": ["for-adults", "2026-04"],
    "in_adult": ["for-adults", "2026-04"],
}
SETTINGS: dict[str, dict[str, Any]] = {
    name: merged(base, {"consent": {"notice_versions": NOTICES}})
    for name, base in {
        "open": OPEN,
        "permissive": PERMISSIVE,
        "permissive, opt-in": merged(PERMISSIVE, {"us_adult": {"analytics": "opt_in"}}),
        "permissive, for children": merged(
            PERMISSIVE, {"coppa": {"audience": "primary_child"}, "age_sources": {"us": ["id_document"]}}
        ),
        "permissive, unknown closed": merged(PERMISSIVE, {"vendor_gate": {"us_unknown": None}}),
        "permissive, adults closed": merged(PERMISSIVE, {"vendor_gate": {"us_adult": None}}),
        "permissive, children stopped": merged(PERMISSIVE, {"kill_switch": {"cohorts": ["US/child"]}}),
        "permissive, unknown stopped": merged(PERMISSIVE, {"kill_switch": {"cohorts": ["US/unknown"]}}),
        "permissive, adults stopped": merged(PERMISSIVE, {"kill_switch": {"cohorts": ["US/adult"]}}),
    }.items()
}


def shown(answers: dict[str, Any], record: dict[str, Any], event: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    here = World(context_of(policy_of(answers)), consents_of(RECORDS["US/adult"] | record))
    outcome = here.one(raw_event(region=record["region"], **event))
    return isinstance(outcome, Clean), kept(outcome)


@settings(max_examples=1_500)
@given(st.sampled_from(sorted(SETTINGS)), RECORD, EVENT, st.sampled_from(MONTHS))
def test_adding_a_month_of_birth_never_lets_more_out(
    chosen: str, record: dict[str, Any], event: dict[str, Any], month: str
) -> None:
    left, properties = shown(SETTINGS[chosen], record, event)
    leaves, now = shown(SETTINGS[chosen], record | {"birth_month": month}, event)
    assert left or not leaves
    assert now.items() <= properties.items()


@given(RECORD, st.sampled_from(MONTHS), st.integers(NOW - 9000 * DAY, NOW), st.integers(NOW - 9000 * DAY, NOW))
def test_what_the_parts_say_agrees(record: dict[str, Any], month: str, time_ms: int, received_ms: int) -> None:
    (state,) = consents_of(RECORDS["US/adult"] | record | {"birth_month": month}).values()
    assert isinstance(state, ConsentRecord)
    growth, end = growth_of(state, time_ms, received_ms, NOW), outgrown_at(state)
    assert growth is not None
    assert growth.outgrown == (end is not None and end <= NOW)
    needed = {"US": {Age.CHILD}, "IN": {Age.CHILD, Age.TEEN}}[state.region]
    granted = growth_of(state, state.granted_at, state.granted_at, state.granted_at)
    assert granted is not None
    assert was_too_young(state) == (granted.age in needed)


def test_record_without_a_month_of_birth_is_not_looked_at() -> None:
    (state,) = consents_of(RECORDS["US/child"]).values()
    assert isinstance(state, ConsentRecord)
    assert growth_of(state, NOW, NOW, NOW) is None
    assert outgrown_at(state) is None
    assert not was_too_young(state)


@pytest.mark.parametrize(
    ("month", "stated"),
    [("2008-11", {}), (None, {"age": {"band": "teen", "source": "age_screen"}})],
)
def test_younger_signal_does_not_revive_an_adults_consent_to_the_teens_notice(
    month: str | None, stated: dict[str, Any]
) -> None:
    record = record_of("US/adult", notice_version="for-teens")
    here = world(SETTINGS["open"], records=(record,))
    assert fate(here.one(raw_event()))[0] is DropReason.CONSENT_NOTICE
    younger = world(SETTINGS["open"], records=(record | {"birth_month": month},))
    assert fate(younger.one(raw_event(**stated))) == (DropReason.CONSENT_NOTICE, Cohort.US_TEEN)
    both = world(SETTINGS["open"], records=(record | {"birth_month": month, "notice_version": "2026-04"},))
    assert isinstance(both.one(raw_event(**stated)), Clean)
