"""Which events of Indian children are counted, and what a contribution says of them (R11, J5)."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aggregate.records import contribution
from pipeline.core.context import Context
from pipeline.core.counting import cell_bytes, counted_event
from pipeline.core.identity import KeyRing, KeyVersion, RegionKeys
from pipeline.core.outcome import Cell, Counted, Dropped, DropReason
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Region, Space
from pipeline.sandbox.mixpanel_rules import check_event
from tests.aggregate.counts import COUNTS, PARENT, START, child_event, counts_world, judged
from tests.core.worlds import (
    DAY,
    HOUR,
    KEYS,
    LIBRARY,
    NOW,
    OPEN,
    PROJECTS,
    World,
    acting,
    context_of,
    fate,
    merged,
    world,
)

NAME = "profile-0001"
HERE = counts_world([NAME])
CELL = Cell(START, HOUR, "analytics", (("won", True), ("world", "ocean")))


def here(**changes: Any) -> World:
    return world(COUNTS, records=(merged(PARENT, changes),))


def counted(**fields: Any) -> Counted:
    (outcome,) = judged(HERE, [child_event(NAME, **fields)])
    return outcome


def test_a_listed_event_with_a_parents_consent_is_counted_and_nothing_else_is_made_of_it() -> None:
    outcome = counted()
    assert outcome.cohort is Cohort.IN_CHILD
    assert outcome.cell == CELL
    key, value = contribution(outcome)
    assert key == cell_bytes(CELL)
    assert json.loads(value) == {
        "kind": "contribution",
        "window_start": START,
        "window_ms": HOUR,
        "event": "analytics",
        "dimensions": {"won": True, "world": "ocean"},
        "who": outcome.who,
        "id": outcome.id,
    }


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"relation": None}, DropReason.CONSENT_RELATION),
        ({"grantor": {"role": "self"}}, DropReason.CONSENT_GRANTOR),
        ({"grantor": {"adult_verified": False}}, DropReason.CONSENT_UNVERIFIED),
        ({"method": "card_payment"}, DropReason.CONSENT_METHOD),
        ({"purposes": {"analytics": False}}, DropReason.NO_ANALYTICS_CONSENT),
        ({"withdrawn_at": NOW - HOUR}, DropReason.CONSENT_WITHDRAWN),
        ({"expires_at": NOW}, DropReason.CONSENT_EXPIRED),
        ({"granted_at": START + 1}, DropReason.BEFORE_CONSENT),
        ({"notice_version": "2019-01"}, DropReason.CONSENT_NOTICE),
    ],
)
def test_without_valid_consent_not_even_a_count(changes: dict[str, Any], why: DropReason) -> None:
    assert isinstance(here().one(child_event(NAME)), Counted)
    assert fate(here(**changes).one(child_event(NAME))) == (why, Cohort.IN_CHILD)


def test_no_record_is_no_consent() -> None:
    without = world(COUNTS)
    age = {"band": "child", "source": "age_screen"}
    assert fate(without.one(child_event(NAME, age=age))) == (DropReason.NO_CONSENT, Cohort.IN_CHILD)


@pytest.mark.parametrize("role", ["parent", "guardian"])
def test_a_guardian_may_consent_as_a_parent_may(role: str) -> None:
    assert isinstance(here(grantor={"role": role}).one(child_event(NAME)), Counted)


@pytest.mark.parametrize("band", ["child", "teen"])
def test_everybody_under_eighteen_is_counted_only(band: str) -> None:
    assert isinstance(here(age={"band": band}).one(child_event(NAME)), Counted)


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"india_child": {"mode": "drop"}}, DropReason.INDIA_CHILD),
        ({"india_child": {"aggregates": {"events": {"analytics": ["world"]}}}}, None),
        ({"vendor_gate": {"in_child_counts": None}}, DropReason.VENDOR_GATE),
        ({"vendor_gate": {"in_child_counts": {"until": "2026-11-24"}}}, DropReason.VENDOR_GATE_EXPIRED),
        ({"kill_switch": {"cohorts": ["IN/child"]}}, DropReason.KILL_SWITCH),
        ({"kill_switch": {"all": True}}, DropReason.KILL_SWITCH),
    ],
)
def test_settings_that_let_a_count_leave_or_not(over: dict[str, Any], why: DropReason | None) -> None:
    outcome = counts_world([NAME], over).one(child_event(NAME))
    assert isinstance(outcome, Counted) if why is None else fate(outcome) == (why, Cohort.IN_CHILD)


def test_the_document_for_counts_ends_with_its_last_day_to_the_millisecond() -> None:
    end = HERE.context.policy.gates[Cohort.IN_CHILD]
    for now_ms, open_ in ((end - 1, True), (end, False)):
        there = replace(HERE, context=HERE.context.at(now_ms))
        outcome = there.one(child_event(NAME, time=now_ms, received_at=now_ms))
        assert isinstance(outcome, Counted) is open_
        if isinstance(outcome, Dropped):
            assert outcome.reason is DropReason.VENDOR_GATE_EXPIRED


@pytest.mark.parametrize("name", ["essential", "marketing", "ai_training"])
def test_only_events_for_analytics_that_are_listed_are_counted(name: str) -> None:
    over: dict[str, Any] = {"india_child": {"aggregates": {"events": {name: []}}}}
    assert fate(counts_world([NAME], over).one(child_event(NAME, event=name)))[0] is DropReason.INDIA_CHILD
    assert fate(HERE.one(child_event(NAME, event=name)))[0] is DropReason.INDIA_CHILD


def test_an_event_with_data_that_keeps_whole_events_is_not_counted() -> None:
    policy = acting(HERE.context.policy, PropertyClass.GAMEPLAY, Action.DROP_EVENT, Cohort.IN_CHILD)
    strict = World(context_of(policy), HERE.consents)
    assert fate(strict.one(child_event(NAME))) == (DropReason.CLASS, Cohort.IN_CHILD)


def test_the_gate_for_counts_opens_nothing_for_anybody_else() -> None:
    assert fate(world(COUNTS).one(child_event(NAME)))[1] is Cohort.IN_UNKNOWN
    no_other_gate = merged(COUNTS, {"vendor_gate": dict.fromkeys(OPEN["vendor_gate"])})
    assert isinstance(world(no_other_gate, records=(PARENT,)).one(child_event(NAME)), Counted)


@pytest.mark.parametrize("window", ["hour", "day"])
@given(time_ms=st.integers(NOW - 20 * DAY, NOW))
def test_nothing_finer_than_the_window_leaves_and_the_window_is_utc(window: str, time_ms: int) -> None:
    there = counts_world([NAME], {"india_child": {"aggregates": {"window": window}}})
    length = {"hour": HOUR, "day": DAY}[window]
    (outcome,) = judged(there, [child_event(NAME, time=time_ms, received_at=time_ms)])
    assert outcome.cell.length_ms == length
    assert outcome.cell.start_ms % length == 0
    assert 0 <= time_ms - outcome.cell.start_ms < length
    digits = {str(time_ms), str(time_ms // 1000)} - {str(outcome.cell.start_ms), str(outcome.cell.start_ms // 1000)}
    assert not any(each.encode() in contribution(outcome)[1] for each in digits)


@pytest.mark.parametrize(
    ("given_properties", "dimensions"),
    [
        ({"world": "ocean", "won": False}, (("won", False), ("world", "ocean"))),
        ({"world": "ocean"}, (("world", "ocean"),)),
        ({"world": "somewhere", "won": 1}, ()),
        ({"world": ["ocean"], "won": "true"}, ()),
        ({"won": None, "note": "Asha, 9876543210", "level": 3, "code": "abc"}, ()),
    ],
)
def test_dimensions_are_listed_values_and_all_else_says_nothing(
    given_properties: dict[str, Any], dimensions: tuple[Any, ...]
) -> None:
    assert counted(properties=given_properties).cell.dimensions == dimensions


@given(level=st.integers(), extra=st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=3))
def test_no_value_outside_the_lists_reaches_a_contribution(level: int, extra: dict[str, str]) -> None:
    own = {name: value for name, value in extra.items() if name not in {"world", "won"}}
    plain = counted(properties={"world": "ocean", "won": True})
    other = counted(properties={"world": "ocean", "won": True, "level": level} | own)
    assert (other.cell, other.who, other.id) == (plain.cell, plain.who, plain.id)


def test_a_child_has_one_name_in_a_window_and_another_in_the_next() -> None:
    first, later = counted(number=1), counted(number=2)
    assert first.who == later.who
    assert first.id != later.id
    names = {counted(time=START + hours * HOUR, received_at=START + hours * HOUR).who for hours in range(-5, 2)}
    assert len(names) == 7
    by_day = counts_world([NAME], {"india_child": {"aggregates": {"window": "day"}}})
    midnight = NOW - NOW % DAY
    at_midnight = {"time": midnight, "received_at": midnight}
    (day,) = judged(by_day, [child_event(NAME, **at_midnight)])
    assert day.who != counted(**at_midnight).who


def test_nothing_of_a_contribution_is_the_child_or_made_without_a_key() -> None:
    written = b"".join(contribution(counted()))
    for own in (NAME, "event-profile-0001-0", "d-1"):
        assert own.encode() not in written
    ring = KeyRing({r: RegionKeys.single({s: f"{r}{s}other".encode() * 4 for s in Space}, b"x" * 32) for r in Region})
    other = World(_with_keys(ring), HERE.consents)
    (outcome,) = judged(other, [child_event(NAME)])
    assert {outcome.who, outcome.id}.isdisjoint({counted().who, counted().id})


@pytest.mark.parametrize(
    "again", [{}, {"received_at": START + 9_000}, {"event_id": " event-profile-0001-0 "}, {"app": {"version": "9"}}]
)
def test_the_same_event_has_the_same_id_however_often_it_comes(again: dict[str, Any]) -> None:
    assert counted(**again).id == counted().id


def test_an_event_without_an_id_is_known_again_by_its_content() -> None:
    bare = counted(event_id=None)
    assert bare.id == counted(event_id=None, received_at=START + 9_000).id
    assert bare.id not in {counted().id, counted(event_id=None, properties={"world": "jungle"}).id}


def test_a_client_that_gives_all_events_one_id_is_counted_by_their_times() -> None:
    ids = {counted(event_id="1", time=START + at, received_at=START + at).id for at in range(5)}
    assert len(ids) == 5


def test_a_window_whose_key_has_been_destroyed_is_not_counted() -> None:
    retired = [KeyVersion("1", b"", 0, retired=True), KeyVersion("2", b"k" * 32, START + 1)]
    keys = KeyRing({
        region: RegionKeys({space: tuple(retired) for space in Space}, (KeyVersion("1", f"{region}".encode() * 16),))
        for region in Region
    })  # fmt: skip
    sent = {"world": "ocean", "idfa": "x", "$app_version_string": "3.1.4"}
    outcome = World(_with_keys(keys), HERE.consents).one(child_event(NAME, 5, properties=sent))
    assert isinstance(outcome, Dropped)
    assert (outcome.reason, outcome.cohort) == (DropReason.KEY_RETIRED, Cohort.IN_CHILD)
    assert outcome.ruling is not None
    assert outcome.ruling.alarms == (PropertyClass.ADVERTISING_ID,)
    assert outcome.app_version == "3.1.4"


def test_a_count_is_an_event_that_mixpanel_accepts_and_that_has_no_id() -> None:
    key, value = counted_event(CELL, 23, KEYS, PROJECTS[Region.IN], LIBRARY)
    event = json.loads(value)
    insert_id = event["properties"].pop("$insert_id")
    assert event == {
        "event": "analytics_counted",
        "properties": {
            "token": "token-in", "distinct_id": "", "time": START, "mp_lib": "python", "$lib_version": "5.4.1", "ip": 0,
            "count": 23, "window_hours": 1, "won": True, "world": "ocean",
        },
    }  # fmt: skip
    assert check_event(json.loads(value), 0, size=len(value), now_ms=NOW, token="token-in") is None
    assert len(insert_id) == 32
    name = UUID(key.decode())
    assert (str(name).encode(), name.version) == (key, 4)
    assert type(event["properties"]["window_hours"]) is int


@pytest.mark.parametrize(
    "other",
    [
        Cell(START + HOUR, HOUR, "analytics", CELL.dimensions),
        Cell(START, DAY, "analytics", CELL.dimensions),
        Cell(START, HOUR, "marketing", CELL.dimensions),
        Cell(START, HOUR, "analytics", (("won", False), ("world", "ocean"))),
        Cell(START, HOUR, "analytics", ()),
    ],
)
def test_every_cell_has_ids_of_its_own_that_do_not_hang_on_its_number(other: Cell) -> None:
    def ids(cell: Cell, number: int) -> tuple[bytes, str]:
        key, value = counted_event(cell, number, KEYS, PROJECTS[Region.IN], LIBRARY)
        return key, json.loads(value)["properties"]["$insert_id"]

    assert ids(CELL, 20) == ids(CELL, 21)
    assert set(ids(CELL, 20)).isdisjoint(ids(other, 20))


def _with_keys(keys: KeyRing) -> Context:
    return replace(HERE.context, keys=keys)


@pytest.mark.parametrize(
    ("over", "kind"),
    [
        ({}, Counted),
        ({"vendor_gate": {"in_child_counts": None}}, Dropped),
        ({"kill_switch": {"cohorts": ["IN/child"]}}, Dropped),
    ],
)
def test_a_defect_of_the_app_is_told_of_events_that_are_only_counted_too(
    over: dict[str, Any], kind: type[Counted] | type[Dropped]
) -> None:
    """R14: an advertising id of a child is an alarm that names the app version, whatever becomes of the event."""
    sent = {"world": "ocean", "won": True, "idfa": "x", "odd_thing": "y", "$app_version_string": "3.1.4"}
    outcome = counts_world([NAME], over).one(child_event(NAME, properties=sent))
    assert isinstance(outcome, kind)
    assert outcome.ruling is not None
    assert outcome.ruling.alarms == (PropertyClass.ADVERTISING_ID,)
    assert outcome.ruling.unknown == ("odd_thing",)
    assert outcome.app_version == "3.1.4"


def test_without_a_defect_the_app_version_is_not_asked_for() -> None:
    outcome = counted(properties={"world": "ocean", "$app_version_string": "3.1.4"})
    assert outcome.ruling is not None
    assert outcome.ruling.alarms == ()
    assert outcome.app_version == ""
