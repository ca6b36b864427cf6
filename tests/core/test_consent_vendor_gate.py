"""The vendor gate: open by a signed document with an id, for a cohort, to the end of its last day (R37)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.outcome import Clean, Dropped, DropReason
from pipeline.policy.compiling import load_policy
from pipeline.policy.errors import PolicyError
from tests.core.worlds import (
    DAY,
    GATES,
    NOW,
    OPEN,
    PERMISSIVE,
    RECORDS,
    World,
    consents_of,
    context_of,
    merged,
    policy_of,
    raw_event,
)

COHORTS = [("US/child", "us_child"), ("US/teen", "us_teen"), ("US/adult", "us_adult"), ("IN/adult", "in_adult")]
LAST_DAY = "2027-02-28"
OVER = round(datetime(2027, 3, 1, tzinfo=UTC).timestamp() * 1000)


def gate(name: str, until: str | None) -> dict[str, Any]:
    return {"vendor_gate": {name: {"document": "D-1", "until": until} if until is not None else None}}


def judged(cohort: str, now_ms: int, *answers: dict[str, Any], **event: Any) -> Clean | DropReason:
    """Judge an event of this moment with the best consent there is."""
    here = World(context_of(policy_of(OPEN, *answers), now_ms=now_ms), consents_of(RECORDS[cohort]))
    outcome = here.one(raw_event(region=cohort[:2], time=now_ms, received_at=now_ms, **event))
    assert isinstance(outcome, Clean | Dropped)
    return outcome.reason if isinstance(outcome, Dropped) else outcome


@pytest.mark.parametrize(("cohort", "name"), COHORTS)
def test_it_closes_at_the_first_moment_after_the_last_day(cohort: str, name: str) -> None:
    for now, leaves in ((NOW, True), (OVER - DAY, True), (OVER - 1, True), (OVER, False), (OVER + 400 * DAY, False)):
        outcome = judged(cohort, now, gate(name, LAST_DAY))
        assert isinstance(outcome, Clean) if leaves else outcome is DropReason.VENDOR_GATE_EXPIRED


@pytest.mark.parametrize(("cohort", "name"), COHORTS)
def test_expired_and_never_opened_are_told_apart(cohort: str, name: str) -> None:
    assert judged(cohort, NOW, gate(name, None)) is DropReason.VENDOR_GATE
    assert judged(cohort, NOW, gate(name, "2026-11-24")) is DropReason.VENDOR_GATE_EXPIRED


@pytest.mark.parametrize(("cohort", "name"), COHORTS)
def test_document_of_another_cohort_opens_nothing(cohort: str, name: str) -> None:
    others: dict[str, Any] = {"vendor_gate": {each: None for each in GATES if each == name}}
    assert judged(cohort, NOW, others) is DropReason.VENDOR_GATE


def test_event_from_before_the_last_day_that_is_judged_after_it_stays() -> None:
    outcome = judged("US/adult", OVER, gate("us_adult", LAST_DAY))
    assert outcome is DropReason.VENDOR_GATE_EXPIRED
    here = World(context_of(policy_of(OPEN, gate("us_adult", LAST_DAY)), now_ms=OVER), consents_of(RECORDS["US/adult"]))
    assert isinstance(here.one(raw_event(time=OVER - DAY, received_at=OVER - DAY)), Dropped)


def test_adult_who_is_said_to_be_a_teen_needs_both_documents() -> None:
    teen = {"age": {"band": "teen", "source": "age_screen"}}
    assert isinstance(judged("US/adult", NOW, **teen), Clean)
    for name in ("us_adult", "us_teen"):
        assert judged("US/adult", NOW, gate(name, "2026-11-24"), **teen) is DropReason.VENDOR_GATE_EXPIRED


@pytest.mark.parametrize("name", ["us_child", "us_unknown"])
def test_path_without_consent_ends_with_either_document(name: str) -> None:
    def left(now_ms: int) -> bool:
        context = context_of(policy_of(merged(PERMISSIVE, gate(name, LAST_DAY))), now_ms=now_ms)
        outcome = World(context, {}).one(raw_event(event="essential", time=now_ms, received_at=now_ms))
        return isinstance(outcome, Clean)

    assert left(OVER - 1)
    assert not left(OVER)


@pytest.mark.parametrize(
    "document", ["{until: 2099-12-31}", "{document: '', until: 2099-12-31}", "{document: '  ', until: 2099-12-31}"]
)
def test_document_without_an_id_is_refused(tmp_path: Path, document: str) -> None:
    """The worker does not start with it, and one that runs keeps the policy it has."""
    path = tmp_path / "settings.yaml"
    path.write_text(f"vendor_gate: {{us_child: {document}}}\n", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"settings\.yaml:1: vendor_gate\.us_child\.document"):
        load_policy(path)
