"""A key that stands twice in a consent record: nobody can say which counts, so the record grants nothing (R02)."""

import json
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.consent import ConsentFault, ConsentRecord, parse_consent

RECORD: dict[str, Any] = {
    "profile_id": "p",
    "consent_id": "c",
    "region": "US",
    "age": {"band": "adult", "source": "id_document"},
    "grantor": {"role": "self", "adult_verified": False},
    "method": "in_app",
    "purposes": {"analytics": True, "third_party_disclosure": True, "marketing": True},
    "notice_version": "2026-04",
    "language": "en",
    "granted_at": 1_790_000_000_000,
}
OPTIONAL: dict[str, Any] = {
    "withdrawn_at": 1_790_000_000_001,
    "expires_at": 1_990_000_000_000,
    "notice_hash": "h",
    "source": "app",
    "relation": "parent",
    "birth_month": "2013-11",
}
SETS = [{name: OPTIONAL[name] for name in names} for size in range(7) for names in combinations(OPTIONAL, size)]


def read(value: bytes) -> ConsentRecord | ConsentFault:
    return parse_consent(b"p", value)


@pytest.mark.parametrize("training", [None, True, False])
@pytest.mark.parametrize("given_", SETS, ids=lambda names: "+".join(names) or "none")
def test_a_key_twice_is_found_whatever_else_the_record_holds(given_: dict[str, Any], training: bool | None) -> None:
    purposes = RECORD["purposes"] | ({} if training is None else {"ai_training": training})
    record = RECORD | given_ | {"purposes": purposes}
    whole = json.dumps(record)
    assert isinstance(read(whole.encode()), ConsentRecord)
    for name in ("granted_at", "language", *given_):
        again = f"{whole[:-1]}, {json.dumps(name)}: {json.dumps(record[name])}}}"
        assert read(again.encode()) is ConsentFault.UNREADABLE, name


@pytest.mark.parametrize("place", ["age", "grantor", "purposes"])
def test_a_key_twice_below_the_top_is_found_too(place: str) -> None:
    inner = json.dumps(RECORD[place])
    name, value = next(iter(RECORD[place].items()))
    again = f"{inner[:-1]}, {json.dumps(name)}: {json.dumps(value)}}}"
    assert read(json.dumps(RECORD).replace(inner, again).encode()) is ConsentFault.UNREADABLE


@given(st.text(max_size=20))
def test_a_word_that_is_no_word_of_the_consent_service_is_refused_each_time(text: str) -> None:
    for name in ("method", "source", "relation"):
        record = json.dumps(RECORD | {name: "in app:" + text}).encode()
        assert [read(record), read(record)] == [ConsentFault.UNREADABLE] * 2


@pytest.mark.parametrize("month", ["2013-13", "2013-00", "1899-12", "2013-1", "2013-011", "11-2013", "２０１３-11", ""])
def test_a_month_that_is_none_is_refused(month: str) -> None:
    assert read(json.dumps(RECORD | {"birth_month": month}).encode()) is ConsentFault.UNREADABLE
