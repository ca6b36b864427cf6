"""Where the fields of an SDK's message are looked for, and which of its ids is taken: the less usual cases."""

import base64
from typing import Any

import pytest

from pipeline.core.adapt import FIELDS, adapt, unwrap
from pipeline.core.decode import MAX_BYTES
from pipeline.core.envelope import LONGEST_ID
from pipeline.core.outcome import Clean, Rejected, RejectReason
from tests.core.worlds import encode
from tests.mixpanel_input.sdk import COPPICE, HEADERS, judge, sdk_event

UNKNOWN = ("traceparent", b"00-x")


def adapted(event: dict[str, Any], headers: Any = ()) -> dict[str, Any]:
    found = adapt(event, headers)
    assert isinstance(found, dict), found
    return found


def test_headers_that_mean_nothing_here_hide_none_behind_them() -> None:
    event = sdk_event(None)
    expected = adapted(event, HEADERS)
    for odd in (UNKNOWN, ("region", None)):
        assert adapted(event, [odd, *HEADERS]) == expected


@pytest.mark.parametrize(("header", "field"), [("profile-id", "profile_id"), ("region", "region")])
def test_a_header_that_is_no_text_is_named(header: str, field: str) -> None:
    assert adapt(sdk_event(None), [(header, b"\xff")]) == Rejected(RejectReason.WRONG_TYPE, field)


def test_all_fields_may_stand_together() -> None:
    given = COPPICE | {"age": {"band": "adult", "source": "id_document"}, "gpc": False}
    assert given.keys() == FIELDS
    assert {name: adapted(sdk_event(given))[name] for name in FIELDS} == given
    assert adapt(sdk_event(given | {"more": 1})) == Rejected(RejectReason.WRONG_TYPE, "coppice")


@pytest.mark.parametrize(
    ("insert_id", "metadata", "expected"),
    [
        ("id-1", {"$mp_event_id": "id-2"}, "id-1"),
        (None, {"$mp_event_id": "id-2"}, "id-2"),
        ("null", {"$mp_event_id": "id-2"}, "id-2"),
        ("NULL", {"$mp_event_id": "Undefined"}, None),
        ("x" * LONGEST_ID, {}, "x" * LONGEST_ID),
        ("x" * (LONGEST_ID + 1), {"$mp_event_id": "id-2"}, "id-2"),
        (None, "id-2", None),
    ],
)
@pytest.mark.parametrize("place", ["beside", "among"])
def test_the_first_id_that_tells_an_event_from_others_is_taken(
    insert_id: Any, metadata: Any, expected: str | None, place: str
) -> None:
    event = sdk_event(**{"$insert_id": insert_id})
    del event["$mp_metadata"]
    (event if place == "beside" else event["properties"])["$mp_metadata"] = metadata
    assert adapted(event)["event_id"] == expected


@pytest.mark.parametrize("text", [b' {"event":"x=y&z+1"}', b'\n[{"event":"a%b"}]'])
def test_json_is_found_behind_space_and_in_escapes(text: bytes) -> None:
    escaped = b"".join(b"%%%02X" % sign for sign in text)
    assert unwrap(b"data=" + escaped) == text.strip()
    assert unwrap(b"ip=1&data=" + escaped + b"&verbose=1") == text.strip()
    assert unwrap(base64.b64encode(text)) == text
    assert unwrap(base64.b64encode(b"x" + text)) is None
    assert unwrap(base64.b64encode(text) + b"==") == text


def test_a_plus_sign_of_a_form_is_a_space() -> None:
    assert unwrap(b'data={"event":"a+b"}') == b'{"event":"a b"}'


def test_an_equals_sign_beside_escapes_is_itself() -> None:
    assert unwrap(b'data={"event":"x=41"%7D') == b'{"event":"x=41"}'


@pytest.mark.parametrize("properties", [[1], "level", None, 7])
def test_properties_of_another_form_are_left_for_the_envelope_to_refuse(properties: Any) -> None:
    assert adapted({"event": "analytics", "properties": properties})["properties"] == properties


def test_the_headers_of_a_record_hold_for_what_its_body_wraps() -> None:
    body = base64.b64encode(encode(sdk_event(None)))
    (outcome,) = judge(body, HEADERS)
    assert isinstance(outcome, Clean)
    assert judge(encode(sdk_event(None)), HEADERS) == [outcome]


def test_a_body_that_is_too_large_is_not_unwrapped() -> None:
    body = base64.b64encode(encode(sdk_event()) + b" " * (MAX_BYTES * 4 // 5))
    assert len(body) > MAX_BYTES
    assert judge(body) == [Rejected(RejectReason.TOO_LARGE)]
