"""T11–T28 and rules I1–I9: ids, times and duplicates of what SDKs send."""

import dataclasses
import json
import uuid
from typing import Any

import pytest

from pipeline.core.identity import FORBIDDEN_IDS, KeyRing
from pipeline.core.outcome import Clean, Dropped, DropReason, Rejected, RejectReason
from pipeline.core.sanitize import sanitize
from pipeline.policy.vocabulary import IDENTITY_EVENTS, Cohort
from tests.core.worlds import HOUR, KEYS, NOW, OPEN, encode, raw_event, record_of, world
from tests.mixpanel_input.sdk import COPPICE, IDS, METADATA, OTHER, judge, left, one, sdk_event, sdk_world, traces


def insert_id(value: Any) -> str:
    return str(left(value)["$insert_id"])


def without_id(**properties: Any) -> dict[str, Any]:
    """Make an event as the JavaScript mode of React Native sends it: no `$insert_id`, no `$mp_metadata`."""
    event = sdk_event(**{"$insert_id": None, **properties})
    del event["$mp_metadata"]
    return event


# --- the same event in both forms


def test_same_event_in_both_forms_leaves_alike() -> None:
    ordinary = one(raw_event(event_id=sdk_event()["properties"]["$insert_id"]))
    foreign = one(sdk_event())
    assert isinstance(ordinary, Clean)
    assert isinstance(foreign, Clean)
    assert (foreign.key, foreign.value) == (ordinary.key, ordinary.value)


# --- I1, I2, I5, I8: no id position leaks, and none decides who somebody is


@pytest.mark.parametrize("name", IDS)
def test_i1_no_id_of_the_client_leaves_in_any_position_or_digest(name: str) -> None:
    outcome = one(sdk_event(**{name: IDS[name]}))
    assert isinstance(outcome, Clean)
    for text in IDS[name] if isinstance(IDS[name], list) else [IDS[name]]:
        assert not any(trace in outcome.value + outcome.key for trace in traces(text.removeprefix("$device:")))
        assert not any(trace in outcome.value + outcome.key for trace in traces(text))
    assert left(sdk_event(**{name: IDS[name]}))["distinct_id"] == left(sdk_event())["distinct_id"]


def test_i1_ids_beside_the_properties_and_the_clients_token_stay_behind() -> None:
    outcome = one(sdk_event() | {"distinct_id": "raw-id-sibling", "$user_id": "raw-id-sibling"})
    assert isinstance(outcome, Clean)
    for text in ("raw-id", "token-of-the-client", "coppice", str(METADATA["$mp_session_start_sec"])):
        assert text.encode() not in outcome.value
    assert left(sdk_event())["token"] == "token-us"


@pytest.mark.parametrize("name", ["distinct_id", "$device_id", "$user_id"])
def test_no_id_of_the_client_stands_in_for_a_profile(name: str) -> None:
    coppice = {key: value for key, value in COPPICE.items() if key != "profile_id"}
    event = sdk_event(coppice, **{name: "profile-0001"})
    assert one(event) == Rejected(RejectReason.MISSING_FIELD, "profile_id")


def test_i3_number_text_and_blanks_name_one_profile() -> None:
    record = record_of("US/adult", profile_id="123")
    here = world(OPEN, records=(record,))
    named = [here.clean(sdk_event(COPPICE | {"profile_id": each}))["distinct_id"] for each in (123, "123", " 123 ")]
    assert len(set(named)) == 1


def test_i4_pseudonym_has_the_form_of_a_random_uuid() -> None:
    assert uuid.UUID(left(sdk_event())["distinct_id"]).version == 4


@pytest.mark.parametrize("forbidden", sorted(FORBIDDEN_IDS - {""}))
def test_i5_t15_placeholder_is_refused_as_a_profile_and_harmless_as_a_distinct_id(forbidden: str) -> None:
    rejected = Rejected(RejectReason.FORBIDDEN_ID, "profile_id")
    assert one(sdk_event(COPPICE | {"profile_id": forbidden})) == rejected
    assert left(sdk_event(distinct_id=forbidden)) == left(sdk_event())


def test_i6_pseudonyms_of_two_regions_share_nothing() -> None:
    india = record_of("IN/adult", profile_id="profile-0001")
    here = world(OPEN, records=(india,))
    indian = here.clean(sdk_event(COPPICE | {"region": "IN"}))
    assert indian["token"] == "token-in"
    assert indian["distinct_id"] != left(sdk_event())["distinct_id"]


@pytest.mark.parametrize("name", sorted(IDENTITY_EVENTS))
def test_i7_i9_identity_events_are_dropped_in_either_form(name: str) -> None:
    dropped = Dropped(DropReason.IDENTITY_EVENT, Cohort.US_ADULT)
    assert one(sdk_event() | {"event": name}) == dropped
    assert one(raw_event(event=name)) == dropped


def test_i9_events_before_and_after_a_login_are_linked_without_an_identity_event() -> None:
    before = sdk_event(distinct_id="$device:aaaa", **{"$device_id": "aaaa"})
    after = sdk_event(distinct_id="mia@example.com", **{"$device_id": "aaaa", "$user_id": "mia@example.com"})
    assert left(before)["distinct_id"] == left(after)["distinct_id"]
    assert not {"$device_id", "$user_id"} & left(after).keys()


# --- T11, T13: what our `$insert_id` is made from

LONG = "ajs-next-d4506e5ffc42f66153f31e222b5c98ce:8nDHprEv8m4QQ3shWDV2dH-1"


def test_t11_id_that_mixpanel_would_refuse_is_hashed_whole() -> None:
    found = insert_id(sdk_event(**{"$insert_id": LONG}))
    assert len(found) == 32
    assert set(found) <= set("0123456789abcdef")
    assert found != insert_id(sdk_event(**{"$insert_id": LONG[:-1] + "2"}))
    assert found not in LONG


def test_t13_number_as_an_id_is_its_text() -> None:
    assert insert_id(sdk_event(**{"$insert_id": 12345})) == insert_id(sdk_event(**{"$insert_id": "12345"}))


@pytest.mark.parametrize("unusable", [None, "", " ", "null", "0", -1, True, ["x"], {"x": 1}, 1.5, "x" * 257])
def test_unusable_insert_id_gives_way_to_the_id_of_mobile_sdks(unusable: Any) -> None:
    event = sdk_event(**{"$insert_id": unusable})
    again = sdk_event(level=9, **{"$insert_id": unusable})
    assert insert_id(event) == insert_id(again)  # the event is the same, whatever else it says
    other = event | {"$mp_metadata": METADATA | {"$mp_event_id": "another"}}
    assert insert_id(event) != insert_id(other)


@pytest.mark.parametrize("metadata", [None, 7, [], {}, {"$mp_event_id": None}, {"$mp_event_id": "undefined"}])
def test_without_any_usable_id_the_content_decides(metadata: Any) -> None:
    first, second = without_id() | {"$mp_metadata": metadata}, without_id(level=9) | {"$mp_metadata": metadata}
    assert insert_id(first) == insert_id(without_id())
    assert insert_id(first) != insert_id(second)


# --- T16–T19: who it is about


def test_t16_event_without_a_user_gets_no_invented_one() -> None:
    event = sdk_event({"region": "US", "received_at": NOW - HOUR}, distinct_id=None, **{"$device_id": None})
    assert one(event) == Rejected(RejectReason.MISSING_FIELD, "profile_id")


def test_t17_empty_distinct_id_is_fine() -> None:
    assert left(sdk_event(distinct_id="")) == left(sdk_event())


def test_t18_identify_with_an_empty_distinct_id_is_dropped_and_not_an_error() -> None:
    event = sdk_event(distinct_id="", **{"$user_id": "mia@example.com"}) | {"event": "$identify"}
    assert one(event) == Dropped(DropReason.IDENTITY_EVENT, Cohort.US_ADULT)


def test_t19_id_with_a_pipe_is_an_id() -> None:
    here = world(OPEN, records=(record_of("US/adult", profile_id="auth0|5b3f"),))
    assert uuid.UUID(here.clean(sdk_event(COPPICE | {"profile_id": "auth0|5b3f"}))["distinct_id"])


# --- T20–T24: time

SECONDS = 1_795_590_000


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (SECONDS, SECONDS * 1000),
        (SECONDS * 1000, SECONDS * 1000),
        (SECONDS * 1000 + 123, SECONDS * 1000 + 123),
        (SECONDS + 0.123, SECONDS * 1000 + 123),
        (f"{SECONDS}", SECONDS * 1000),
        (f"{SECONDS}.123", SECONDS * 1000 + 123),
        (f"{SECONDS}123", SECONDS * 1000 + 123),
        (SECONDS * 1000 + 0.5, SECONDS * 1000),
    ],
)
def test_t20_seconds_and_milliseconds_are_one_integer(time: Any, expected: int) -> None:
    found = left(sdk_event(time=time))["time"]
    assert found == expected
    assert type(found) is int


def test_t20_boundary_between_seconds_and_milliseconds() -> None:
    in_1973 = one(sdk_event(time=10**11))
    assert isinstance(in_1973, Dropped)
    assert in_1973.reason is DropReason.BEFORE_CONSENT
    assert one(sdk_event(time=10**11 - 1)) == Rejected(RejectReason.TIME_IN_FUTURE, "time")  # 5138, in seconds


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        (NOW + 14 * 86_400_000, RejectReason.TIME_IN_FUTURE),  # T22
        (0, RejectReason.TIME_TOO_OLD),  # T23
        (-1, RejectReason.TIME_TOO_OLD),
        ("1970-01-01T00:00:00Z", RejectReason.WRONG_TYPE),  # T23
        (True, RejectReason.WRONG_TYPE),
        ("", RejectReason.MISSING_FIELD),
        (None, RejectReason.MISSING_FIELD),
    ],
)
def test_t22_t23_time_that_cannot_be_is_set_aside(time: Any, reason: RejectReason) -> None:
    assert one(sdk_event(time=time)) == Rejected(reason, "time")


def test_t24_order_within_a_second_is_kept() -> None:
    first, second = left(sdk_event(time=SECONDS + 0.1)), left(sdk_event(time=SECONDS + 0.4))
    assert second["time"] - first["time"] == 300


# --- T25–T28: duplicates, and devices that people share


def test_t25_one_event_in_twelve_batches_is_one_event() -> None:
    received = [NOW - HOUR + 1_000 * launch for launch in range(12)]
    events = [without_id() for _ in received]
    for event, at in zip(events, received, strict=True):
        event["properties"]["coppice"] = COPPICE | {"received_at": at}
    assert len({insert_id(event) for event in events}) == 1


def test_t26_t27_batch_sent_twice_gives_the_same_bytes_twice() -> None:
    queue = [sdk_event(level=level, **{"$insert_id": f"event-{level}"}) for level in (1, 2, 3, 4)]
    assert judge(queue[:2]) == judge(queue[:2])
    assert [judge(event) for event in queue] == [[outcome] for outcome in judge(queue)]
    assert len({insert_id(event) for event in queue}) == 4


def test_replay_by_another_worker_gives_the_same_bytes() -> None:
    here = sdk_world()
    keys = KeyRing(KEYS.regions)
    other = dataclasses.replace(here.context, keys=keys, rulings={}, now_ms=NOW + HOUR)
    (again,) = sanitize(encode(sdk_event()), here.consents, other)
    first = one(sdk_event())
    assert isinstance(again, Clean)
    assert isinstance(first, Clean)
    assert (again.key, again.value) == (first.key, first.value)


def test_t28_siblings_on_one_tablet_are_never_merged() -> None:
    tablet = {"$device_id": "tablet", "distinct_id": "$device:tablet"}
    login_a = sdk_event(**tablet | {"$user_id": "a"})
    login_b = sdk_event(COPPICE | {"profile_id": OTHER["profile_id"]}, **tablet | {"$user_id": "b"})
    merge = sdk_event(**{"$distinct_ids": ["a", "b"]}) | {"event": "$merge"}
    a, merged, b = judge([login_a, merge, login_b])
    assert merged == Dropped(DropReason.IDENTITY_EVENT, Cohort.US_ADULT)
    assert isinstance(a, Clean)
    assert isinstance(b, Clean)
    assert a.key != b.key
    assert b"tablet" not in a.value + b.value
    assert json.loads(a.value)["properties"]["distinct_id"] != json.loads(b.value)["properties"]["distinct_id"]


def test_consent_of_a_sibling_is_not_borrowed() -> None:
    event = sdk_event(COPPICE | {"profile_id": "profile-0003"}, distinct_id="profile-0001")
    outcome = one(event)
    assert isinstance(outcome, Dropped)
    assert outcome.reason is DropReason.NO_CONSENT
