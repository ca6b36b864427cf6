"""The core says where an SDK's event stands in its session, whatever becomes of the event (T41)."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.outcome import Clean, Dropped, Outcome, Rejected, RejectReason
from pipeline.core.sanitize import sanitize
from pipeline.core.session import Step, step_of
from tests.core.worlds import encode, raw_event
from tests.mixpanel_input.sdk import COPPICE, METADATA, sdk_event, sdk_world

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*METADATA, "x"]), inner, max_size=4),
    max_leaves=8,
)
SESSION = str(METADATA["$mp_session_id"])
UPDATE: dict[str, Any] = {"$set": {"plan": "family"}, "coppice": COPPICE, "$mp_metadata": METADATA}


def judge(value: Any, headers: Any = ()) -> tuple[list[Outcome], list[Step]]:
    here, steps = sdk_world(), list[Step]()
    raw = value if isinstance(value, bytes) else encode(value)
    return sanitize(raw, here.consents, here.context.at(here.context.now_ms, steps), headers), steps


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (sdk_event(), Clean),
        (sdk_event() | {"event": "$identify"}, Dropped),
        (sdk_event() | {"event": "nobody_registered_this"}, Dropped),
        (sdk_event(COPPICE | {"profile_id": None}), Rejected),
        (sdk_event(time="soon"), Rejected),
        (sdk_event({"aeg": 9}), Rejected),
    ],
)
def test_an_event_has_its_step_whatever_becomes_of_it(value: dict[str, Any], outcome: type[Outcome]) -> None:
    (found,), steps = judge(value)
    assert isinstance(found, outcome)
    assert steps == [Step(SESSION, 7, False)]


@pytest.mark.parametrize("value", [UPDATE, UPDATE | {"$set": {"plan": []}}, UPDATE | {"$teleport": 1}])
def test_profile_updates_have_a_numbering_of_their_own(value: dict[str, Any]) -> None:
    assert judge(value | {"$distinct_id": "raw"})[1] == [Step(SESSION, 7, True)]


def test_each_event_of_a_request_body_has_one() -> None:
    events = [sdk_event() | {"$mp_metadata": METADATA | {"$mp_session_seq_id": number}} for number in range(3)]
    assert judge(base64.b64encode(encode([*events, 7])))[1] == [Step(SESSION, number, False) for number in range(3)]


def test_one_that_stands_among_the_properties_counts() -> None:
    event = sdk_event()
    event["properties"]["$mp_metadata"] = event.pop("$mp_metadata")
    assert judge(event)[1] == [Step(SESSION, 7, False)]


def test_who_does_not_count_is_given_none() -> None:
    here = sdk_world()
    assert here.context.steps is None
    assert sanitize(encode(sdk_event()), here.consents, here.context) == judge(sdk_event())[0]
    assert judge(raw_event() | {"$mp_metadata": METADATA})[1] == []  # the envelope has no sessions


@pytest.mark.parametrize("number", [None, "7", 7.0, -1, True, [7]])
def test_a_number_that_is_none_is_no_step(number: Any) -> None:
    assert step_of({"event": "e", "properties": {}, "$mp_metadata": METADATA | {"$mp_session_seq_id": number}}) is None


@pytest.mark.parametrize(
    ("session", "name"), [(2**63, str(2**63)), ("x" * 64, "x" * 64), ("", None), ("x" * 65, None), (None, None)]
)
def test_a_session_has_a_short_name_or_is_none(session: Any, name: str | None) -> None:
    found = step_of({"event": "e", "$mp_metadata": METADATA | {"$mp_session_id": session}})
    assert (found and found.session) == name


@given(properties=ANY, metadata=ANY, inner=ANY)
def test_no_json_upsets_it(properties: Any, metadata: Any, inner: Any) -> None:
    event = {"event": "e", "properties": properties, "$mp_metadata": metadata}
    outcomes, steps = judge([event, UPDATE | {"$mp_metadata": inner}])
    assert len(steps) <= len(outcomes)
    assert RejectReason.INTERNAL_ERROR not in {each.reason for each in outcomes if isinstance(each, Rejected)}


def test_its_session_does_not_show_in_a_context() -> None:
    here = sdk_world()
    assert SESSION not in repr(here.context.at(0, [Step(SESSION, 7, False)]))
