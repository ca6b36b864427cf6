"""What stands beside a clean event is read as it was written, and what nobody wrote says nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.vocabulary import Cohort
from pipeline.stream.clean_headers import (
    HEADERS,
    cohort_of,
    headers_of,
    is_for_marketing,
    until_of,
    with_more,
)
from pipeline.stream.log_reader import Stored
from pipeline.stream.moment import PAST


def beside(headers: Any) -> Stored:
    """Make a record with headers as Kafka gives them back."""
    return Stored(0, 0, b"k", b"{}", tuple(headers))


@given(cohort=st.sampled_from(Cohort), marketing=st.booleans(), until=st.just(0) | st.integers(1, 253_402_300_799_999))
def test_what_is_written_is_read(cohort: Cohort, marketing: bool, until: int) -> None:
    record = beside(headers_of(cohort, marketing=marketing, until_ms=until))
    assert cohort_of(record) is cohort
    assert is_for_marketing(record) == marketing
    assert until_of(record) == (until or None)
    assert with_more([beside(()), record]) == ([1] if marketing or until else [])


@pytest.mark.parametrize("cohort", Cohort)
@pytest.mark.parametrize("marketing", [False, True])
def test_events_without_an_end_share_one_object(cohort: Cohort, marketing: bool) -> None:
    shared = headers_of(cohort, marketing=marketing, until_ms=0)
    assert headers_of(cohort, marketing=marketing, until_ms=0) is shared
    assert (shared is HEADERS[cohort]) == (not marketing)
    before = list(shared)
    headers_of(cohort, marketing=marketing, until_ms=1)
    assert shared == before


@pytest.mark.parametrize(
    "headers", [[], [("other", b"x"), ("more", b"y")], [("cohort", b"US/adult"), ("purpose", None)]]
)
def test_without_headers_nothing_is_known(headers: Any) -> None:
    assert (until_of(beside(headers)), is_for_marketing(beside(headers))) == (None, False)


@pytest.mark.parametrize("value", [None, b"", b"soon", b"-1", b"1.5", b"9" * 5_000, "²".encode()])
def test_an_end_that_cannot_be_read_has_passed(value: bytes | None) -> None:
    assert until_of(beside([("cohort", b"US/adult"), ("until", value)])) == PAST
