"""Six hours for CERT-In, 72 for the Board, and what is due without delay, in simulated time (R35)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deliver.incident import HOUR_MS, duties, remaining, to_ms, written
from tests.incidents.files import OPENED


def _due(region: str = "in") -> dict[str, str]:
    return {duty.law: duty.deadline for duty in duties(to_ms(OPENED), region)}


def test_the_deadlines_count_from_the_opening() -> None:
    due = _due()
    assert due["CERT-In Directions, 28 April 2022, (ii) and Annexure I"] == "2026-11-25T16:00:00Z"
    assert due["DPDP Rules r.7(2)(b)"] == "2026-11-28T10:00:00Z"
    assert due["DPDP Rules r.7(2)(a)"] == due["DPDP Act s.8(6); Rules r.7(1)"] == OPENED


def test_they_are_in_order_and_the_us_asks_counsel_too() -> None:
    deadlines = [duty.deadline for duty in duties(to_ms(OPENED), "us")]
    assert deadlines == sorted(deadlines)
    assert "counsel" in {duty.to for duty in duties(to_ms(OPENED), "us")}
    assert "counsel" not in {duty.to for duty in duties(to_ms(OPENED), "in")}


@pytest.mark.parametrize(("hours", "left"), [(0, 6.0), (5.5, 0.5), (6, 0.0), (7, -1.0)])
def test_the_time_left_runs_down_and_below_nothing(hours: float, left: float) -> None:
    (six,) = [duty for duty in duties(to_ms(OPENED), "in") if duty.to == "CERT-In"]
    assert remaining(six, to_ms(OPENED) + int(hours * HOUR_MS)) == timedelta(hours=left)


@given(st.integers(0, 250_000_000_000))
def test_a_time_is_read_as_it_was_written(second: int) -> None:
    assert to_ms(written(second * 1000)) == second * 1000
