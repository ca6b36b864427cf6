"""T1–T9: bodies and values as SDKs encode them, and what is wrong with some."""

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from pipeline.core.adapt import unwrap
from pipeline.core.decode import MAX_BYTES
from pipeline.core.outcome import Clean, Rejected, RejectReason
from tests.core.worlds import encode, raw_event
from tests.mixpanel_input.sdk import COPPICE, OTHER, judge, left, one, sdk_event, sdk_world

EVENT = sdk_event()
JSON = encode(EVENT)
PLAIN = base64.b64encode(JSON)
EXPECTED = one(EVENT)
# its base64 has both signs in which the alphabets differ
SIGNS = encode(sdk_event(tag="???>>>~~~ÿÿÿ"))

BODIES: dict[str, bytes] = {
    "JSON": JSON,
    "base64": PLAIN,
    "base64 without padding": PLAIN.rstrip(b"="),
    "base64 in lines": base64.encodebytes(JSON),
    "form with JSON": b"data=" + quote_plus(JSON).encode(),
    "form with JSON, spaces as %20": b"data=" + quote(JSON).encode(),
    "form with base64": b"data=" + quote_plus(PLAIN).encode(),
    "form with base64 that nobody escaped": b"data=" + PLAIN,
    "form with more fields": b"ip=1&data=" + quote_plus(PLAIN).encode() + b"&verbose=1",
    "blanks around it": b"  " + PLAIN + b"\r\n",
}


@pytest.mark.parametrize("name", BODIES)
def test_every_body_is_the_same_event(name: str) -> None:
    assert isinstance(EXPECTED, Clean)
    assert judge(BODIES[name]) == [EXPECTED]


@pytest.mark.parametrize(
    "body",
    [
        base64.b64encode(SIGNS),
        base64.urlsafe_b64encode(SIGNS),
        base64.b64encode(SIGNS).replace(b"+", b" "),
        b"data=" + base64.b64encode(SIGNS),
        b"data=" + base64.urlsafe_b64encode(SIGNS).rstrip(b"="),
    ],
)
def test_plus_that_became_a_space_and_the_url_safe_alphabet(body: bytes) -> None:
    standard = base64.b64encode(SIGNS)
    assert b"+" in standard
    assert b"/" in standard
    assert unwrap(body) == SIGNS
    assert isinstance(one(body), Clean)


def test_batch_in_one_record_has_an_outcome_for_each() -> None:
    batch = [sdk_event(), sdk_event(time=0), 7, sdk_event()]
    for body in (encode(batch), base64.b64encode(encode(batch)), b"data=" + quote_plus(encode(batch)).encode()):
        first, second, third, fourth = judge(body)
        assert first == fourth == EXPECTED
        assert second == Rejected(RejectReason.TIME_TOO_OLD, "time")
        assert third == Rejected(RejectReason.NOT_AN_OBJECT)


def test_ordinary_events_may_be_wrapped_too() -> None:
    assert one(base64.b64encode(encode(raw_event()))) == one(raw_event())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"data=", RejectReason.EMPTY),
        (b"data=&data=" + PLAIN, RejectReason.NOT_JSON),
        (b"verbose=1", RejectReason.NOT_JSON),
        (b"data=hello", RejectReason.NOT_JSON),
        (PLAIN[:-8], RejectReason.NOT_JSON),
        (PLAIN[:400] + b"!" + PLAIN[400:], RejectReason.NOT_JSON),
        (base64.b64encode(PLAIN), RejectReason.NOT_JSON),  # one layer is taken off, no more
        (base64.b64encode(b"[]"), RejectReason.EMPTY),
        (b"data=%7B%2", RejectReason.NOT_JSON),
        (base64.b64encode(b'{"event":"caf\xe9"}'), RejectReason.NOT_UTF8),
        (b"data=" + quote_plus(JSON).encode() + b"%", RejectReason.NOT_JSON),
    ],
)
def test_body_that_is_none(body: bytes, reason: RejectReason) -> None:
    assert judge(body) == [Rejected(reason)]


@pytest.mark.parametrize("sign", [b"%", b"%7b", b"A", b" ", b"=", b"&data=", b"data=", b"+"])
def test_a_megabyte_of_one_sign_is_no_event(sign: bytes) -> None:
    (outcome,) = judge((b"data=" + sign * MAX_BYTES)[:MAX_BYTES])
    assert isinstance(outcome, Rejected)


def test_repeated_key_in_a_wrapped_event_is_never_guessed() -> None:
    for name, value in (("coppice", COPPICE), ("level", 3), ("time", 1_795_596_000)):
        member = json.dumps({name: value})[1:-1].encode()
        raw = JSON.replace(b'"properties":{', b'"properties":{' + member + b",")
        for body in (raw, base64.b64encode(raw), b"[" + raw + b"]"):
            assert judge(body) == [Rejected(RejectReason.DUPLICATE_KEY)]


# --- T1: emoji as two surrogates in UTF-8, inside base64


def test_t1_surrogate_pairs_inside_base64_are_repaired() -> None:
    here = sdk_world()
    record = here.consents["profile-0001"]
    whole = encode(sdk_event(COPPICE | {"profile_id": "tree-🌳"}))
    broken = whole.replace("🌳".encode(), b"\xed\xa0\xbc\xed\xbc\xb3")
    assert broken != whole
    consents = {"tree-🌳": record}
    found = type(here)(here.context, consents)
    assert found.one(base64.b64encode(broken)) == found.one(whole)
    assert isinstance(found.one(whole), Clean)


# --- T2, T3: cut or badly encoded text


def test_t2_body_cut_in_mid_character_is_set_aside_and_a_whole_one_passes() -> None:
    whole = encode(sdk_event(meal="000🍔"))
    assert isinstance(one(whole), Clean)
    cut = whole[: whole.index("🍔".encode()) + 2]
    assert judge(cut) == [Rejected(RejectReason.NOT_UTF8)]
    assert judge(base64.b64encode(cut)) == [Rejected(RejectReason.NOT_UTF8)]


@pytest.mark.parametrize("text", [b'"caf\xe9"', b'"\\ud83c"', b'"\xed\xa0\xbc"'])
def test_t3_latin_1_and_half_a_pair_never_reach_mixpanel(text: bytes) -> None:
    raw = JSON.replace(b'"level":7', b'"utm_source":' + text)
    assert judge(raw) == [Rejected(RejectReason.NOT_UTF8)]
    assert judge(base64.b64encode(raw)) == [Rejected(RejectReason.NOT_UTF8)]


# --- T4, T5: numbers that are none, and their neighbours


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_t4_number_that_is_none_goes_and_its_event_stays(number: bytes) -> None:
    raw = JSON.replace(b'"level":7', b'"level":' + number)
    for body in (raw, base64.b64encode(raw), b"data=" + quote_plus(raw).encode()):
        properties = left(body)
        assert "level" not in properties
        assert properties["world"] == "ocean"


@pytest.mark.parametrize("bad", [b"NaN", b"1e999", b'"\\ud83c"', b'{"a":{"b":[{}]}}'])
def test_t5_bad_value_in_one_event_of_fifty_touches_only_that_event(bad: bytes) -> None:
    first = JSON.replace(b'"level":7', b'"level":' + bad)
    batch = b"[" + b",".join([first] + [JSON] * 49) + b"]"
    outcomes = judge(batch)
    assert len(outcomes) == 50
    assert outcomes[1:] == [EXPECTED] * 49
    assert outcomes[0] != EXPECTED


# --- T6–T9: values and events that are too large


def test_t6_endless_text_and_large_object_stay_behind() -> None:
    properties = left(sdk_event(code="a" * 18_000, extras={"x": "y" * 9_000}))
    assert "code" not in properties
    assert "extras" not in properties
    assert properties["world"] == "ocean"


@pytest.mark.parametrize("text", ["a word " * 43, "नमस्ते " * 17, "🌳" * 90])
def test_t7_free_text_leaves_within_its_limit_and_whole_characters(text: str) -> None:
    properties = left(sdk_event(note=text))
    note = properties.get("note", "")
    assert len(note) <= 20
    assert "\ufffd" not in note


@pytest.mark.parametrize("count", [254, 255, 256, 2_000])
def test_t8_however_many_properties_only_registered_ones_leave(count: int) -> None:
    properties = left(sdk_event(**{f"extra_{number}": number for number in range(count)}))
    assert not any(name.startswith("extra_") for name in properties)


@pytest.mark.parametrize("value", [["hint"] * 255, ["hint"] * 256, {"a": {"b": {"c": {"d": 1}}}}, [["hint"]]])
def test_t8_long_lists_and_deep_objects_stay_behind(value: Any) -> None:
    assert "extras" not in left(sdk_event(extras=value))


def test_t8_event_that_is_too_large() -> None:
    assert judge(encode(sdk_event(x="y" * 2**20))) == [Rejected(RejectReason.TOO_LARGE)]


def test_t9_document_in_one_property_stays_behind() -> None:
    template = {"blocks": [{f"key_{number}": {"text": "Hello"} for number in range(300)}]}
    properties = left(sdk_event(template=template))
    assert "template" not in properties
    assert properties["level"] == 7


def test_two_profiles_of_one_body_are_told_apart() -> None:
    first, second = judge([sdk_event(), sdk_event(COPPICE | {"profile_id": OTHER["profile_id"]})])
    assert isinstance(first, Clean)
    assert isinstance(second, Clean)
    assert first.key != second.key
