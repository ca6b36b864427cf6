"""Where the envelope of an SDK's event comes from: the property `coppice`, the Kafka headers, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.outcome import Clean, Dropped, DropReason, Outcome, Rejected, RejectReason
from pipeline.policy.vocabulary import Cohort
from tests.core.worlds import GOOD, HOUR, NOW, OPEN, RECORDS, encode, raw_event, without, world
from tests.mixpanel_input.sdk import COPPICE, HEADERS, judge, left, one, sdk_event

BARE = sdk_event(None)
PATHS = {"", "event", "profile_id", "time", "received_at", "properties", "region", "coppice", "operator"}


def fate(outcome: Outcome) -> tuple[DropReason, Cohort]:
    assert isinstance(outcome, Dropped), outcome
    return outcome.reason, outcome.cohort


def test_property_or_headers_say_whose_event_it_is() -> None:
    assert "coppice" not in BARE["properties"]
    assert left(BARE, HEADERS) == left(sdk_event())
    assert left(sdk_event(), HEADERS) == left(sdk_event())


def test_headers_and_property_add_up() -> None:
    partly = {name: COPPICE[name] for name in ("received_at", "platform")}
    assert left(sdk_event(partly), HEADERS[:2]) == left(sdk_event())


def test_headers_hold_for_every_event_of_a_batch() -> None:
    first, second = judge([BARE, BARE], HEADERS)
    assert first == second
    assert isinstance(first, Clean)


@pytest.mark.parametrize("name", ["profile_id", "received_at"])
@pytest.mark.parametrize("value", [None, ""])
def test_missing_field_sets_the_event_aside(name: str, value: Any) -> None:
    event = sdk_event(COPPICE | {name: value})
    assert one(event) == Rejected(RejectReason.MISSING_FIELD, name)
    assert one(sdk_event(without(COPPICE, name))) == Rejected(RejectReason.MISSING_FIELD, name)


def test_event_without_any_envelope_is_set_aside() -> None:
    assert one(BARE) == Rejected(RejectReason.MISSING_FIELD, "profile_id")


def test_missing_region_is_no_region() -> None:
    assert fate(one(sdk_event(without(COPPICE, "region")))) == (DropReason.UNKNOWN_REGION, Cohort.XX)


@pytest.mark.parametrize("coppice", ["x", 7, [], True, {"profileid": "x"}, COPPICE | {"Age": {}}, COPPICE | {"": 1}])
def test_coppice_of_another_form_is_refused(coppice: Any) -> None:
    assert one(sdk_event(coppice)) == Rejected(RejectReason.WRONG_TYPE, "coppice")


@pytest.mark.parametrize(
    ("header", "field"),
    [
        (("profile-id", b"profile-0002"), "profile_id"),
        (("region", b"IN"), "region"),
        (("received-at", b"1795596000000"), "received_at"),
        (("profile-id", b"\xff"), "profile_id"),
    ],
)
def test_header_that_contradicts_the_property_is_refused(header: tuple[str, bytes], field: str) -> None:
    assert one(sdk_event(), [header]) == Rejected(RejectReason.WRONG_TYPE, field)


def test_header_given_twice_must_say_the_same() -> None:
    assert left(BARE, [*HEADERS, HEADERS[0]]) == left(sdk_event())
    twice = [*HEADERS, ("profile-id", b"profile-0002")]
    assert one(BARE, twice) == Rejected(RejectReason.WRONG_TYPE, "profile_id")


def test_property_that_is_no_text_cannot_be_confirmed_by_a_header() -> None:
    event = sdk_event(COPPICE | {"profile_id": ["profile-0001"]})
    assert one(event, HEADERS) == Rejected(RejectReason.WRONG_TYPE, "profile_id")


def test_t52_other_headers_never_count_and_never_leave() -> None:
    more = [("X-Forwarded-For", b"203.0.113.7"), ("X-Real-IP", b"203.0.113.7"), ("traceparent", None), ("region", None)]
    outcome = one(BARE, [*HEADERS, *more])
    assert outcome == one(BARE, HEADERS)
    assert isinstance(outcome, Clean)
    assert b"203.0.113" not in outcome.value


def test_headers_do_not_count_for_ordinary_events() -> None:
    other = [("profile-id", b"profile-0002"), ("region", b"IN")]
    assert one(raw_event(), other) == one(raw_event())
    assert one(without(raw_event(), "profile_id"), HEADERS) == Rejected(RejectReason.MISSING_FIELD, "profile_id")
    assert fate(one(without(raw_event(), "region"), HEADERS)) == (DropReason.UNKNOWN_REGION, Cohort.XX)


@pytest.mark.parametrize("name", ["time", "received_at", "region", "age", "platform", "gpc", "device_id", "event_id"])
def test_mixture_of_the_two_forms_is_refused(name: str) -> None:
    event = sdk_event() | {name: raw_event(age={"band": "child", "source": "x"}, gpc=True)[name]}
    assert one(event) == Rejected(RejectReason.MISSING_FIELD, "profile_id")


def test_ordinary_event_may_have_a_property_of_this_name() -> None:
    event = raw_event(properties={"coppice": {"profile_id": "profile-0002"}, "level": 7})
    outcome = one(event)
    assert isinstance(outcome, Clean)
    assert b"profile-0002" not in outcome.value


# --- the signals that make a decision stricter


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        ({"band": "child", "source": "age_screen"}, "US/child"),
        ({"band": "adult", "source": "id_document"}, "US/adult"),
        ({"band": 7, "source": "x"}, "US/unknown"),
        ("child", "US/unknown"),
    ],
)
def test_age_counts_as_it_does_in_the_envelope(age: Any, reason: str) -> None:
    event = sdk_event(COPPICE | {"age": age})
    same = raw_event(age=age, event_id=event["properties"]["$insert_id"])
    found, expected = one(event), one(same)
    assert type(found) is type(expected)
    assert isinstance(found, Clean | Dropped)
    assert found.cohort == reason


@pytest.mark.parametrize("signal", [True, None, "yes", 1])
def test_privacy_signal_closes_the_way(signal: Any) -> None:
    assert fate(one(sdk_event(COPPICE | {"gpc": signal}))) == (DropReason.PRIVACY_SIGNAL, Cohort.US_ADULT)
    assert isinstance(one(sdk_event(COPPICE | {"gpc": False})), Clean)


@pytest.mark.parametrize("place", ["property", "deep", "sibling", "metadata"])
def test_age_that_is_revealed_anywhere_counts(place: str) -> None:
    event = sdk_event()
    match place:
        case "property":
            event["properties"]["grade"] = "3"
        case "deep":
            event["properties"]["child"] = {"info": [{"dob": "2018-05-01"}]}
        case "sibling":
            event["user_age"] = 9
        case _:
            event["$mp_metadata"] = {"birthday": "2018-05-01"}
    outcome = one(event)
    assert isinstance(outcome, Dropped)
    assert outcome.cohort is Cohort.US_CHILD


def test_platform_of_the_client_opens_nothing() -> None:
    here = world(OPEN | {"apple": {"kids_rules": True}}, records=(RECORDS["US/child"],))
    coppice = without(COPPICE, "platform")
    assert here.clean(sdk_event(coppice, **{"$os": "Android"}))["distinct_id"] == ""
    assert here.clean(sdk_event())["distinct_id"] != ""


def test_consent_is_looked_up_for_the_stated_profile_only() -> None:
    assert fate(one(sdk_event(COPPICE | {"profile_id": "nobody"})))[0] is DropReason.NO_CONSENT


def test_time_of_receipt_counts_against_the_beginning_of_consent() -> None:
    event = sdk_event(COPPICE | {"received_at": NOW - 40 * 24 * HOUR})
    assert fate(one(event))[0] is DropReason.BEFORE_CONSENT


# --- anything else


SOME = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just(dict(GOOD))
ANY = st.recursive(
    SOME,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = [*COPPICE, "age", "gpc", "time", "$insert_id", "coppice", "level", "distinct_id"]


@given(
    coppice=ANY | st.dictionaries(st.sampled_from(NAMES), ANY, max_size=6),
    changes=st.dictionaries(st.sampled_from(NAMES), ANY, max_size=4),
    siblings=st.dictionaries(st.sampled_from(["$mp_metadata", "$set", "event", "properties", "x"]), ANY, max_size=3),
    headers=st.lists(
        st.tuples(st.sampled_from(["profile-id", "region", "received-at", "x"]), st.none() | st.binary(max_size=4)),
        max_size=3,
    ),
)
def test_anything_in_this_form_has_an_outcome(
    coppice: Any, changes: dict[str, Any], siblings: dict[str, Any], headers: list[tuple[str, bytes | None]]
) -> None:
    event = sdk_event(coppice, **changes) | siblings
    for outcome in (*judge(encode(event), headers), *judge(encode([event, event]), headers)):
        if isinstance(outcome, Rejected):
            assert outcome.reason is not RejectReason.INTERNAL_ERROR
            assert outcome.path in PATHS
        if isinstance(outcome, Clean):
            assert b"coppice" not in outcome.value
