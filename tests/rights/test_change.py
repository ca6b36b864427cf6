"""What a consent record means for events that are queued: a table of every case, and laws that hold for all records."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.age_transition import birthdays
from pipeline.core.consent import ConsentAge, ConsentFault, ConsentRecord, Grantor, Purposes
from pipeline.rights.change import change, ended_grants, ends_marketing, ends_sooner
from pipeline.rights.identities import Identity, Position, grant_of, with_record
from pipeline.stream.suppression import SuppressWhy as Why
from tests.rights.consents import DAY, GRANTED, SEEN, consent, identity

NEW = {"consent_id": "c-2", "granted_at": GRANTED + DAY}  # what makes a record another grant
LATER = GRANTED + DAY

# what the profile was before (None: not known), the new record, and why queued events are over
CASES: dict[str, tuple[dict[str, Any] | None, ConsentRecord | ConsentFault | None, Why | None]] = {
    "first grant": (None, consent(), None),
    "first grant without disclosure": (None, consent(third_party_disclosure=False), None),
    "first record refuses": (None, consent(analytics=False), Why.NARROWED),
    "first record is withdrawn": (None, consent(withdrawn_at=LATER), Why.WITHDRAWN),
    "first record unreadable": (None, ConsentFault.UNREADABLE, Why.UNREADABLE),
    "tombstone of nobody": (None, None, None),
    "same again": ({}, consent(), None),
    "renewed": ({}, consent(**NEW), None),
    "renewed under the same id": ({}, consent(granted_at=LATER), None),
    "widened": ({"marketing": False}, consent(marketing=True), None),
    "new notice": ({}, consent(**NEW, notice_version="2026-11"), None),
    "another language": ({}, consent(language="hi"), None),
    "end set": ({}, consent(expires_at=LATER), None),
    "tombstone": ({}, None, Why.ERASED),
    "withdrawn": ({}, consent(withdrawn_at=LATER), Why.WITHDRAWN),
    "withdrawn under a new id": ({}, consent(**NEW, withdrawn_at=LATER), Why.WITHDRAWN),
    "withdrawn again": ({"withdrawn_at": LATER}, consent(withdrawn_at=LATER), Why.WITHDRAWN),
    "granted again": ({"withdrawn_at": LATER}, consent(**NEW), None),
    "unreadable": ({}, ConsentFault.UNREADABLE, Why.UNREADABLE),
    "misrouted": ({}, ConsentFault.MISROUTED, Why.UNREADABLE),
    "analytics ended": ({}, consent(analytics=False), Why.NARROWED),
    "analytics ended in a new grant": ({}, consent(**NEW, analytics=False), Why.NARROWED),
    "analytics never granted": ({"analytics": False}, consent(analytics=False, language="hi"), None),
    "disclosure ended": ({}, consent(third_party_disclosure=False), Why.NARROWED),
    "disclosure never granted": ({"third_party_disclosure": False}, consent(third_party_disclosure=False), None),
    "marketing ended": ({"marketing": True}, consent(), None),
    "moved": ({}, consent(**NEW, region="IN"), Why.MOVED),
    "moved with the same id": ({}, consent(region="IN"), Why.MOVED),
    "younger": ({"band": "teen"}, consent(band="child", role="parent"), Why.AGE_CHANGED),
    "no adult after all": ({"band": "adult"}, consent(band="teen"), Why.AGE_CHANGED),
    "age not known any more": ({"band": "teen"}, consent(band="unknown"), Why.AGE_CHANGED),
    "age known now": ({"band": "unknown"}, consent(**NEW, band="adult"), Why.AGE_CHANGED),
    "older by a parent's word": ({"band": "child"}, consent(**NEW, band="teen", role="parent"), Why.AGE_CHANGED),
    "older by her own": ({"band": "child"}, consent(**NEW, band="teen"), None),
    "adult by her own": ({"band": "teen"}, consent(**NEW, band="adult"), None),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_record_changes(name: str) -> None:
    before, after, why = CASES[name]
    assert change(identity(**before) if before is not None else None, after, provider=False) is why


def test_a_provider_for_internal_operations_needs_no_consent_to_disclosure() -> None:
    assert change(identity(), consent(third_party_disclosure=False), provider=True) is None
    assert change(identity(), consent(analytics=False), provider=True) is Why.NARROWED


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [
        ({"marketing": True}, {"marketing": False}, True),
        ({"marketing": True}, NEW | {"marketing": False}, True),
        ({"marketing": True}, {"marketing": True}, False),
        ({"marketing": False}, {"marketing": False}, False),
        ({"marketing": False}, {"marketing": True}, False),
    ],
)
def test_marketing_alone_is_taken_back(before: dict[str, Any], after: dict[str, Any], ends: bool) -> None:
    assert change(identity(**before), consent(**after), provider=False) is None
    assert ends_marketing(identity(**before), consent(**after)) is ends


END = {"expires_at": LATER}
BORN = {"band": "child", "role": "parent"}  # a child's record, which a month of birth can end


@pytest.mark.parametrize(
    ("before", "after", "end"),
    [
        ({}, {}, None),
        ({}, END, LATER),
        (END, END, None),
        (END, {"expires_at": LATER - 1}, LATER - 1),
        (END, {"expires_at": LATER + 1}, None),
        (END, {}, None),
        ({}, NEW | END, None),  # events of the grant before go by its own end
        (BORN, BORN | {"birth_month": "2013-09"}, birthdays("2013-09")[0]),
        (BORN | {"birth_month": "2013-09"}, BORN | {"birth_month": "2013-09"}, None),
        (BORN | {"birth_month": "2013-09"}, BORN | {"birth_month": "2013-09"} | END, LATER),
    ],
)
def test_an_end_that_is_brought_forward(before: dict[str, Any], after: dict[str, Any], end: int | None) -> None:
    assert ends_sooner(identity(**before), consent(**after)) == end


def test_an_end_is_compared_with_that_of_the_same_grant() -> None:
    other = with_record(identity(), consent(**NEW, expires_at=LATER), Position(8, LATER))
    assert ends_sooner(other, consent(expires_at=LATER + 1)) == LATER + 1


def _ended(before: Identity | None, after: ConsentRecord | ConsentFault | None) -> set[tuple[str, str]]:
    why = change(before, after, provider=False)
    assert why is not None
    return {(grant.consent_id, grant.region) for grant in ended_grants(before, after, why)}


def test_the_grant_that_was_narrowed_or_withdrawn_is_over_and_the_one_that_the_record_makes_is_not() -> None:
    assert _ended(identity(), consent(analytics=False)) == {("c-1", "us")}
    assert _ended(identity(), consent(**NEW, analytics=False)) == {("c-1", "us")}
    assert _ended(identity(band="teen"), consent(band="child")) == {("c-1", "us")}
    assert _ended(identity(band="teen"), consent(**NEW, band="child")) == {("c-1", "us")}
    assert _ended(identity(), consent(**NEW, withdrawn_at=LATER)) == {("c-1", "us"), ("c-2", "us")}
    assert _ended(None, consent(withdrawn_at=LATER)) == {("c-1", "us")}
    assert _ended(None, consent(analytics=False)) == set()
    assert _ended(None, ConsentFault.UNREADABLE) == set()


def test_who_moves_keeps_the_new_region_s_grant_even_under_the_same_id() -> None:
    assert _ended(identity(), consent(**NEW, region="IN")) == {("c-1", "us")}
    assert _ended(identity(), consent(region="IN")) == {("c-1", "us")}
    there_and_back = with_record(identity(), consent(**NEW, region="IN"), Position(8, LATER))
    assert _ended(there_and_back, consent(consent_id="c-3")) == {("c-1", "us"), ("c-2", "in")}


# Any record, and any history that records lead to

_BANDS = st.sampled_from(("child", "teen", "adult", "unknown"))
RECORDS = st.builds(
    consent,
    consent_id=st.sampled_from(("c-1", "c-2", "c-3")),
    granted_at=st.integers(GRANTED, GRANTED + 2),
    region=st.sampled_from(("US", "IN")),
    band=_BANDS,
    role=st.sampled_from(("self", "parent", "guardian")),
    analytics=st.booleans(),
    third_party_disclosure=st.booleans(),
    marketing=st.booleans(),
    withdrawn_at=st.none() | st.just(LATER),
)
HISTORIES = st.lists(RECORDS, min_size=1, max_size=6)


def _after(history: list[ConsentRecord]) -> Identity:
    found = with_record(None, history[0], SEEN)
    for number, record in enumerate(history[1:], 1):
        found = with_record(found, record, Position(SEEN.offset + number, SEEN.ms + number))
    return found


@given(HISTORIES, RECORDS, st.booleans())
def test_a_withdrawal_ends_every_grant_there_has_been(
    history: list[ConsentRecord], record: ConsentRecord, provider: bool
) -> None:
    withdrawal = msgspec.structs.replace(record, withdrawn_at=LATER)
    before = _after(history)
    why = change(before, withdrawal, provider=provider)
    assert why is Why.WITHDRAWN
    assert set(ended_grants(before, withdrawal, why)) == {grant_of(each) for each in (*history, withdrawal)}


@given(HISTORIES, st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.integers(0, 3))
def test_consent_for_as_much_or_more_ends_nothing(
    history: list[ConsentRecord], analytics: bool, disclosure: bool, marketing: bool, provider: bool, renewed: int
) -> None:
    last = history[-1]
    wider = msgspec.structs.replace(
        last,
        consent_id=f"c-{renewed}",
        granted_at=last.granted_at + renewed,
        withdrawn_at=None,
        purposes=Purposes(
            last.purposes.analytics or analytics,
            last.purposes.third_party_disclosure or disclosure,
            last.purposes.marketing or marketing,
        ),
    )
    assert change(_after(history), wider, provider=provider) is None


@given(HISTORIES, RECORDS, st.booleans())
def test_whatever_a_record_ends_is_no_grant_of_its_own_unless_it_withdraws_or_is_known(
    history: list[ConsentRecord], record: ConsentRecord, provider: bool
) -> None:
    before = _after(history)
    why = change(before, record, provider=provider)
    if why is None:
        assert record.withdrawn_at is None
        return
    ended = set(ended_grants(before, record, why))
    assert set(before.grants) <= ended
    if grant_of(record) not in before.grants and why is not Why.WITHDRAWN:
        assert grant_of(record) not in ended


@given(HISTORIES, _BANDS)
def test_another_age_ends_earlier_events_unless_she_consents_herself_and_is_older(
    history: list[ConsentRecord], band: Any
) -> None:
    last = msgspec.structs.replace(history[-1], withdrawn_at=None)
    parents = msgspec.structs.replace(last, age=ConsentAge(band, "id_document"), grantor=Grantor("parent", True))
    why = change(_after(history), parents, provider=True)
    assert why is (None if band == last.age.band else Why.AGE_CHANGED)
