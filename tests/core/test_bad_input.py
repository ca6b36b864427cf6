"""What clients and networks get wrong: one typed outcome for each, and the neighbours are delivered."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.decode import MAX_BYTES
from pipeline.core.outcome import Clean, Rejected, RejectReason
from pipeline.core.ruling import UNREGISTERED
from pipeline.core.sanitize import sanitize
from pipeline.policy.vocabulary import PropertyClass
from tests.core.bad_records import BAD, GOOD, nested, padded, with_property
from tests.core.names import shown
from tests.core.worlds import World, adult_world, encode, raw_event, stripped, without

WORLD = adult_world()
EXPECTED = WORLD.one(GOOD)


def rejected(reason: RejectReason, path: str = "") -> Rejected:
    return Rejected(reason, path)


def kept(value: Any) -> tuple[Any, Counter[str]]:
    """Judge an event that must leave; return its properties and what was stripped."""
    outcome = WORLD.one(value)
    assert isinstance(outcome, Clean), outcome
    return json.loads(outcome.value)["properties"], stripped(outcome)


@pytest.mark.parametrize("name", BAD)
def test_bad_record_has_its_outcome_and_its_neighbours_leave(name: str) -> None:
    raw, reason, path = BAD[name]
    assert isinstance(EXPECTED, Clean)
    chunk = [WORLD.judge(value) for value in (GOOD, raw, GOOD)]
    assert chunk == [[EXPECTED], [rejected(reason, path)], [EXPECTED]]


def test_null_record_is_empty() -> None:
    assert sanitize(None, {}, WORLD.context) == [rejected(RejectReason.EMPTY)]


def test_largest_record_is_judged() -> None:
    assert len(padded(MAX_BYTES)) == 1_000_000
    _, left_behind = kept(padded(MAX_BYTES))
    assert left_behind == {UNREGISTERED: 1}


def test_deepest_record_is_judged() -> None:
    kept(nested(63))


def test_byte_order_mark_is_passed_over() -> None:
    assert WORLD.one(b"\xef\xbb\xbf" + GOOD) == EXPECTED


def test_pairs_of_surrogates_written_as_utf8_are_repaired() -> None:
    broken = encode(raw_event(profile_id="smile-😀")).replace("😀".encode(), b"\xed\xa0\xbd\xed\xb8\x80")
    repaired = encode(raw_event(profile_id="smile-😀"))
    world = World(WORLD.context, {"smile-😀": WORLD.consents["profile-0001"]})
    assert broken != repaired
    assert world.one(broken) == world.one(repaired)
    assert isinstance(world.one(broken), Clean)


# --- arrays


def test_array_elements_are_judged_one_by_one() -> None:
    odd = raw_event(profile_id="undefined")
    values = [raw_event(), odd, 7, [raw_event()], None, without(raw_event(), "time"), raw_event()]
    assert WORLD.judge(values) == [
        EXPECTED,
        rejected(RejectReason.FORBIDDEN_ID, "profile_id"),
        rejected(RejectReason.NOT_AN_OBJECT),
        rejected(RejectReason.NOT_AN_OBJECT),
        rejected(RejectReason.NOT_AN_OBJECT),
        rejected(RejectReason.MISSING_FIELD, "time"),
        EXPECTED,
    ]


def test_array_of_one_is_that_event() -> None:
    assert WORLD.judge([raw_event()]) == [EXPECTED]


def test_deep_element_leaves_its_neighbours() -> None:
    deep = json.loads(nested(70))
    assert WORLD.judge([raw_event(), deep, raw_event()]) == [EXPECTED, rejected(RejectReason.TOO_DEEP), EXPECTED]


def test_repeated_key_in_an_array_sets_the_record_aside() -> None:
    raw = b"[" + GOOD + b"," + with_property(b'"level":8') + b"]"
    assert WORLD.judge(raw) == [rejected(RejectReason.DUPLICATE_KEY)]


# --- numbers that JSON cannot carry, or nobody can mean


@pytest.mark.parametrize(
    "number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"9" * 30, b"9" * 4_300, b"-" + b"9" * 5_000]
)
def test_impossible_number_goes_and_its_event_stays(number: bytes) -> None:
    properties, left_behind = kept(GOOD.replace(b'"level":7', b'"level":' + number))
    assert "level" not in properties
    assert properties["share"] == 0.5
    assert left_behind == {PropertyClass.GAMEPLAY: 1}


@pytest.mark.parametrize("number", [b"NaN", b"1e999", b"9" * 5_000])
def test_impossible_number_in_an_array_of_events(number: bytes) -> None:
    first, second = WORLD.judge(b"[" + GOOD.replace(b'"level":7', b'"level":' + number) + b"," + GOOD + b"]")
    assert isinstance(first, Clean)
    assert second == EXPECTED


@pytest.mark.parametrize("number", [b"NaN", b"1e999", b"9" * 5_000])
def test_impossible_number_beside_the_registered_ones(number: bytes) -> None:
    assert isinstance(WORLD.one(with_property(b'"other":{"x":[' + number + b"]}")), Clean)


# --- repeated keys

BLANKS = [b"", b" ", b"\t", b"\n", b"\r", b" \n\t "]


@pytest.mark.parametrize("blank", BLANKS, ids=shown)
@pytest.mark.parametrize("after", BLANKS[:3], ids=shown)
@pytest.mark.parametrize(
    "member",
    [
        (b'"age"', b'{"band":"child","source":"x"}'),
        (b'"\\u0061ge"', b'{"band":"child","source":"x"}'),
        (b'"region"', b'"US"'),
        (b'"regio\\u006e"', b'"IN"'),
        (b'"properties"', b"{}"),
    ],
    ids=shown,
)
def test_repeated_envelope_field_is_never_guessed(member: tuple[bytes, bytes], blank: bytes, after: bytes) -> None:
    name, value = member
    good = encode(raw_event(age={"band": "adult", "source": "id_document"}))
    for raw in (
        b"{" + name + blank + b":" + after + value + b"," + good[1:],
        good[:-1] + b"," + name + blank + b":" + after + value + b"}",
    ):
        assert WORLD.one(raw) == rejected(RejectReason.DUPLICATE_KEY)
        assert WORLD.judge(b"[" + raw + b"]") == [rejected(RejectReason.DUPLICATE_KEY)]


@pytest.mark.parametrize("blank", BLANKS, ids=shown)
@pytest.mark.parametrize(
    "text",
    [
        b'"dob"%s:"1990-01-01","dob"%s:"2016-01-01"',
        b'"dob"%s:"2016-01-01","d\\u006fb"%s:"1990-01-01"',
        b'"deep":{"a"%s:1,"a"%s:1}',
        b'"deep":[{"x":{"a"%s:1,"b":2,"a"%s:1}}]',
        b'"text":"\\":","a"%s:1,"a"%s:2',
    ],
)
def test_repeated_property_is_never_guessed(text: bytes, blank: bytes) -> None:
    assert WORLD.one(with_property(text % (blank, blank))) == rejected(RejectReason.DUPLICATE_KEY)


def test_repeated_key_inside_the_age_signal() -> None:
    raw = GOOD[:-1] + b',"age":{"band":"child","source":"id_document","band":"adult"}}'
    assert WORLD.one(raw) == rejected(RejectReason.DUPLICATE_KEY)


@given(st.text(alphabet='":{}[],\\ ab\n', max_size=12), st.text(alphabet='":{}[],\\ ab\n', max_size=12))
def test_text_that_looks_like_keys_repeats_none(name: str, value: str) -> None:
    event = raw_event()
    event["properties"] |= {f"x{name}": value, "y": {name: [value, {value: name}]}}
    assert isinstance(WORLD.one(event), Clean)
    assert isinstance(WORLD.one(json.dumps(event, indent=1).encode()), Clean)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='":ab\\', max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='":ab', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def dumped(value: Any, draw: Any, repeat: bool) -> tuple[str, bool]:
    """Write JSON by hand with free blanks; repeat one key of some object if asked. Say whether it was done."""
    done = False
    blank = st.sampled_from(["", "", "", " ", "\n", "\t"])
    if isinstance(value, list):
        parts = []
        for item in value:
            text, did = dumped(item, draw, repeat and not done)
            parts.append(text)
            done = done or did
        return "[" + ",".join(parts) + "]", done
    if isinstance(value, dict):
        members = []
        for name, item in value.items():
            text, did = dumped(item, draw, repeat and not done)
            done = done or did
            members.append(f"{json.dumps(name)}{draw(blank)}:{draw(blank)}{text}")
        if members and repeat and not done and draw(st.booleans()):
            done = True
            at = draw(st.integers(0, len(members)))
            name = json.dumps(draw(st.sampled_from(sorted(value))))
            members.insert(at, f"{name}{draw(blank)}:{draw(blank)}0")
        return "{" + ",".join(members) + "}", done
    return json.dumps(value), False


@given(st.data(), JUNK, st.booleans())
def test_repeated_keys_are_found_wherever_they_are_and_only_they(data: st.DataObject, junk: Any, repeat: bool) -> None:
    event = raw_event(extra=junk)
    event["properties"]["extra"] = junk
    text, done = dumped(event, data.draw, repeat)
    outcome = WORLD.one(text.encode())
    if done:
        assert isinstance(outcome, Rejected)
    else:
        assert isinstance(outcome, Clean)
