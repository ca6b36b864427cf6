"""Nothing from before a grant is ever sent later, whatever any clock says, and however often consent changes (R09)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.outcome import Clean, Dropped, DropReason
from tests.core.worlds import DAY, HOUR, NOW, OPEN, World, consents_of, context_of, policy_of, raw_event, record_of

COHORTS = ["US/child", "US/teen", "US/adult", "IN/adult"]
CONTEXT = context_of(policy_of(OPEN))
START = NOW - 60 * DAY
WITHIN = st.integers(START, NOW)
SKEW = st.integers(-40 * DAY, 40 * DAY) | st.sampled_from([-1, 0, 1])


def sent(record: dict[str, Any], now_ms: int = NOW, **event: Any) -> Clean | Dropped | None:
    """Judge an event; None where its clock is so wrong that it is rejected."""
    outcome = World(CONTEXT.at(now_ms), consents_of(record)).one(raw_event(region=record["region"], **event))
    return outcome if isinstance(outcome, Clean | Dropped) else None


@settings(max_examples=600)
@given(st.sampled_from(COHORTS), WITHIN, WITHIN, SKEW)
def test_event_leaves_only_if_it_happened_and_arrived_since_the_grant(
    cohort: str, granted: int, received: int, skew: int
) -> None:
    """The server's clock is right, the device's is off by `skew` in either direction."""
    outcome = sent(record_of(cohort, granted_at=granted), time=received + skew, received_at=received)
    if outcome is not None:
        assert isinstance(outcome, Clean) == (granted <= min(received, received + skew))


@settings(max_examples=300)
@given(st.sampled_from(COHORTS), WITHIN, st.lists(WITHIN, min_size=1, max_size=6), st.integers(0, 90 * DAY))
def test_buffered_events_do_not_leave_later_either(cohort: str, granted: int, happened: list[int], later: int) -> None:
    """A device that was offline hands over its buffer after the grant; each event is judged again, days later."""
    record = record_of(cohort, granted_at=granted)
    for time_ms in happened:
        for now in (NOW, NOW + later):
            outcome = sent(record, now, time=time_ms, received_at=NOW)
            assert outcome is None or isinstance(outcome, Clean) == (time_ms >= granted)


Changes = list[tuple[int, str]]
CHANGES = st.lists(
    st.tuples(WITHIN, st.sampled_from(["grant", "withdraw", "narrow", "expire"])), min_size=1, max_size=6
).map(sorted)


def record_after(cohort: str, changes: Changes) -> dict[str, Any] | None:
    """Return the record that the consent service has published last."""
    record: dict[str, Any] | None = None
    for at, what in changes:
        if what == "grant":
            record = record_of(cohort, granted_at=at, consent_id=f"consent-{at}")
        elif record is not None:
            change: dict[str, Any] = {"purposes": record["purposes"] | {"analytics": False}}
            change = {"withdrawn_at": at} if what == "withdraw" else change
            change = {"expires_at": at} if what == "expire" else change
            record = record | change
    return record


def covered(changes: Changes, moment: int) -> bool:
    """Say whether consent stood at a moment, by the history of changes alone."""
    standing = False
    for at, what in changes:
        if at <= moment:
            standing = what == "grant"
    return standing


@settings(max_examples=600)
@given(st.sampled_from(COHORTS), CHANGES, st.lists(st.tuples(WITHIN, WITHIN), min_size=1, max_size=8))
def test_a_gap_between_two_grants_stays_empty(cohort: str, changes: Changes, moments: list[tuple[int, int]]) -> None:
    """Whatever leaves, now or in a replay, happened and arrived while consent stood, and still has it (R36)."""
    record = record_after(cohort, changes)
    for time_ms, received_ms in moments:
        outcome = sent(record, time=time_ms, received_at=received_ms) if record is not None else None
        if isinstance(outcome, Clean):
            assert covered(changes, time_ms)
            assert covered(changes, received_ms)
            assert covered(changes, NOW)


@pytest.mark.parametrize("cohort", COHORTS)
def test_withdrawal_and_a_new_grant_leave_a_hole(cohort: str) -> None:
    again = record_of(cohort, granted_at=NOW - 2 * HOUR, consent_id="consent-0002")
    for time_ms, leaves in ((NOW - 9 * DAY, False), (NOW - 2 * HOUR - 1, False), (NOW - 2 * HOUR, True), (NOW, True)):
        outcome = sent(again, time=time_ms, received_at=time_ms)
        assert isinstance(outcome, Clean) == leaves
        assert leaves or (isinstance(outcome, Dropped) and outcome.reason is DropReason.BEFORE_CONSENT)


@pytest.mark.parametrize("cohort", COHORTS)
def test_expiry_is_exact(cohort: str) -> None:
    record = record_of(cohort, expires_at=NOW + HOUR)
    assert isinstance(sent(record, NOW + HOUR - 1, time=NOW), Clean)
    outcome = sent(record, NOW + HOUR, time=NOW)
    assert isinstance(outcome, Dropped)
    assert outcome.reason is DropReason.CONSENT_EXPIRED
