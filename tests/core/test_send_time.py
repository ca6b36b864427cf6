"""What an event takes along so that it can be judged once more when it is sent (R04): its purpose, and its end."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.age_transition import birthdays
from pipeline.core.evidence import QUEUED_MS
from pipeline.core.outcome import Clean, Outcome
from pipeline.policy.registry import compile_profile
from pipeline.schemas import load_schema
from pipeline.stream.topics import SUPPRESSIONS, TOPICS, clean_topic
from tests.core.worlds import (
    DAY,
    DEFAULTS,
    HOUR,
    NOW,
    OPEN,
    PERMISSIVE,
    RECORDS,
    World,
    consents_of,
    context_of,
    policy_of,
    raw_event,
    record_of,
)

WORLDS = {"open": context_of(policy_of(OPEN)), "permissive": context_of(policy_of(PERMISSIVE))}
COHORTS = ["US/child", "US/teen", "US/adult", "IN/adult"]


def judged(record: dict[str, Any], now_ms: int = NOW, world: str = "open", **event: Any) -> Outcome:
    context = WORLDS[world].at(now_ms)
    return World(context, consents_of(record)).one(raw_event(region=record["region"], **event))


def until(record: dict[str, Any], **event: Any) -> int:
    outcome = judged(record, **event)
    assert isinstance(outcome, Clean), outcome
    return outcome.until


@settings(max_examples=400)
@given(
    cohort=st.sampled_from(COHORTS),
    world=st.sampled_from(sorted(WORLDS)),
    end=st.none()
    | st.integers(NOW - 2 * DAY, NOW + QUEUED_MS + DAY)
    | st.sampled_from([NOW, NOW + 1, NOW + QUEUED_MS]),
    month=st.none() | st.sampled_from(["2013-10", "2013-11", "2013-12", "2008-11", "2012-12", "1990-01"]),
    event=st.sampled_from(["essential", "analytics", "marketing"]),
    later=st.integers(0, QUEUED_MS - 1),
)
def test_it_leaves_for_as_long_as_it_would_be_let_out_again(
    cohort: str, world: str, end: int | None, month: str | None, event: str, later: int
) -> None:
    """Whoever waits, and looks at nothing but `until`, sends what would be judged alike then, and nothing else."""
    record = record_of(cohort)
    record |= {name: value for name, value in (("expires_at", end), ("birth_month", month)) if value is not None}
    first = judged(record, world=world, event=event)
    if not isinstance(first, Clean):
        return
    moments = [NOW + later, *(first.until + step for step in (-1, 0) if first.until)]
    for moment in (each for each in moments if each >= NOW):
        again = judged(record, moment, world=world, event=event)
        alike = isinstance(again, Clean) and (again.key, again.value) == (first.key, first.value)
        assert alike == (first.until == 0 or moment < first.until)


@pytest.mark.parametrize("cohort", COHORTS)
def test_only_an_end_that_may_come_while_it_waits_is_taken_along(cohort: str) -> None:
    assert until(RECORDS[cohort]) == 0
    assert until(record_of(cohort, expires_at=NOW + QUEUED_MS)) == 0
    assert until(record_of(cohort, expires_at=NOW + QUEUED_MS - 1)) == NOW + QUEUED_MS - 1
    assert until(record_of(cohort, expires_at=NOW + 1)) == NOW + 1


def test_what_she_outgrows_ends_on_the_day_and_an_earlier_end_counts_before_it() -> None:
    month = "2013-11"
    grown = birthdays(month)[0]
    assert NOW < grown < NOW + QUEUED_MS
    assert until(record_of("US/child", birth_month=month)) == grown
    assert until(record_of("US/child", birth_month=month, expires_at=grown + 1)) == grown
    assert until(record_of("US/child", birth_month=month, expires_at=grown - 1)) == grown - 1
    assert until(record_of("US/child", birth_month="2015-01")) == 0


def test_what_leaves_without_consent_does_not_end_with_it() -> None:
    """312.5(c)(7): for internal operations, whatever has become of a consent."""
    ended = judged(record_of("US/child", expires_at=NOW - 1), world="permissive", event="essential")
    assert isinstance(ended, Clean)
    assert ended.until == 0
    nobody = World(WORLDS["permissive"], {}).one(raw_event(age={"band": "adult", "source": "id_document"}))
    assert isinstance(nobody, Clean)
    assert nobody.until == 0


@pytest.mark.parametrize("event", ["essential", "analytics", "marketing"])
def test_marketing_is_told_from_everything_else(event: str) -> None:
    outcome = judged(RECORDS["US/adult"], event=event)
    assert isinstance(outcome, Clean)
    assert outcome.marketing == (event == "marketing")


def test_an_update_of_a_profile_has_its_end_too() -> None:
    context = WORLDS["open"]
    plan = compile_profile(load_schema("profile"), DEFAULTS, context.policy)
    about = {"profile_id": "profile-0001", "region": "US", "received_at": NOW - HOUR, "platform": "android"}
    update = {"$distinct_id": "raw", "$time": (NOW - HOUR) // 1000, "coppice": about, "$set": {"plan": "free"}}
    ending = consents_of(record_of("US/adult", expires_at=NOW + DAY))
    outcome = World(dataclasses.replace(context, profile=plan), ending).one(update)
    assert isinstance(outcome, Clean), outcome
    assert outcome.is_update
    assert (outcome.until, outcome.marketing) == (NOW + DAY, False)


def test_nothing_waits_for_longer_than_an_end_is_looked_at() -> None:
    kept = {topic.name: topic.retention_ms for topic in TOPICS}
    assert max(kept[clean_topic(region)] for region in ("us", "in")) < QUEUED_MS == kept[SUPPRESSIONS]
