"""The leak stop's scan: it finds what must not leave wherever it stands, and nothing in what may (R35)."""

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.consent import normalise_id, parse_consent
from pipeline.core.outcome import Clean
from pipeline.core.sanitize import sanitize
from pipeline.deliver.canaries import COHORTS, Plants, planted, plants
from pipeline.deliver.leak_forms import unfold
from pipeline.deliver.leak_scan import UNREGISTERED, LeakScan
from pipeline.ops.settings import Settings
from pipeline.sandbox.deployment import DEMO_SETTINGS
from pipeline.sandbox.generate import Generator, encode
from pipeline.workers.context import load_rules, now_ms
from pipeline.workers.leaks import leak_scan
from pipeline.workers.trial import trial_context
from tests.deliver.leaks import PERSON, SEED, kinds, look, outgoing

FOUND = [
    ("email", "write to asha.rao+kid@example.co.in please"),
    ("email", "ravi.kumar@okhdfcbank"),
    ("email", "kid_@пример.рф"),
    ("phone", "call +91 98765 43210"),
    ("phone", "९८७६५ ४३२१०"),
    ("phone", "(202) 555-0123"),
    ("phone", "+1 202 555 0199"),
    ("ssn", "it is 123-45-6789"),
    ("aadhaar", "2341 2341 2346"),
    ("aadhaar", "२३४१२३४१२३४६"),
    ("aadhaar", "２３４１２３４１２３４６"),
    ("aadhaar", "2341 2341 2341 2341"),
    ("pan", "ABCPE1234F"),
    ("pan", "abcpe1234f"),
    ("card", "4111 1111 1111 1111"),
    ("card", "378282246310005"),
    ("card", "2221000000000009"),
    ("ip_address", "from 203.0.113.9"),
    ("ip_address", "2001:db8::8a2e:370:7334"),
    ("mac_address", "aa:bb:cc:dd:ee:0f"),
    ("coordinates", "12.97159, 77.59456"),
    ("device_id", "6D92078A-8246-4BA4-AE5B-76104861E7DC"),
    ("credential", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
    ("credential", "AKIAIOSFODNN7EXAMPLE"),
    ("url", "https://play.example.com/join?invite=abc"),
    ("url", "ftp://me:secret@example.com/x"),
    ("birth_date", "born on 2015-04-03"),
    ("image", "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA"),
]
NOT_FOUND = [
    "123412341234",  # no Aadhaar: the check digit is wrong
    "4111 1111 1111 1112",  # no card, likewise
    "666-12-3456",  # an area that is never issued
    "5.3.0",
    "99.999.999",
    "12:30:45",
    "3@1.50 or 4@2.55",
    "@blue_door, thanks",
    "2026-11-25",
    "level-12_b3",
    "q-gcejauhfyv-3",
    "https://play.example.com/levels",
    "बहुत अच्छा खेल, 10 में से 10",
    "E66951",
    "1d8upeesvl9wqi0niprg5lmj18ohminwoftoi",
]


@pytest.mark.parametrize(("kind", "text"), FOUND)
def test_it_is_found_in_a_text_in_a_list_in_an_object_and_in_a_name(kind: str, text: str) -> None:
    assert kind in kinds({"comment": text})
    assert kind in kinds({"power_ups": ["hint", text]})
    assert kind in kinds({"context": {"deep": [{"x": text}]}})
    if kind != "birth_date":
        assert kind in kinds({text: True})


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_only_looks_like_it_is_no_hit(text: str) -> None:
    assert kinds({"comment": text}) == set()


@pytest.mark.parametrize(
    ("kind", "number"), [("phone", 9876543210), ("aadhaar", 234123412346), ("card", 4111111111111111)]
)
def test_numbers_are_looked_at_as_their_digits(kind: str, number: int) -> None:
    assert kind in kinds({"level": number})
    assert kind in kinds({"level": float(number)})


@pytest.mark.parametrize(
    "properties",
    [
        {"$email": "x"},
        {"$city": "Pune"},
        {"user": {"$name": "x"}},
        {"ip": "x"},
        {"ip": 1},
        {"$ip": "x"},
        {"lat": 12.9},
        {"IDFA": "x"},
        {"device_id": "x"},
        {"date-of-birth": "x"},
    ],
)
def test_a_property_that_must_not_be_there_is_found_by_its_name(properties: dict[str, Any]) -> None:
    assert "property" in kinds(properties)


def test_a_name_that_the_rules_let_leave_is_no_hit_by_itself() -> None:
    scan = LeakScan(["feedback_submitted"], ["name"], planted(SEED))
    assert look(outgoing({"name": "The blue door"}), scan=scan) == []
    assert look(outgoing({"name": "kid@example.com"}), scan=scan) != []


def test_arrays_of_numbers_are_a_place_or_a_template() -> None:
    assert kinds({"position": [12.97159, 77.59456]}) == {"coordinates"}
    assert kinds({"samples": [0.5] * 64}) == {"biometric"}
    assert kinds({"samples": [0.5] * 63, "pair": [12.9, 77.5]}) == set()


def test_our_own_fields_are_no_hit_and_hide_none() -> None:
    assert kinds({}) == set()
    assert kinds({}, distinct_id="") == set()
    assert kinds({}, **{"$insert_id": PERSON}) == set()
    assert kinds({}, distinct_id="asha@example.com") == {"email"}
    assert kinds({}, **{"$insert_id": "9876543210"}) == {"phone"}
    assert kinds({"other_id": PERSON}) == {"device_id"}


def test_a_record_that_is_no_event_is_looked_at_as_text() -> None:
    assert [hit.kinds for hit in look(b'["kid@example.com"', outgoing({"level": 1}))] == [{"email"}]
    assert look(b"\xff\xfe", outgoing({"level": 1})) == []


@pytest.mark.parametrize(
    "beside", ['"$ip":"x"', '"who":"kid@example.com"', '"kid@example.com":1', '"x":{"city":"Pune"}']
)
def test_what_stands_beside_the_properties_is_looked_at(beside: str) -> None:
    assert len(look(outgoing({"level": 1})[:-1] + f",{beside}}}".encode())) == 1
    assert len(look(outgoing({"level": 1}, event="kid@example.com"))) == 1


def test_a_name_that_stands_twice_hides_nothing() -> None:
    first, second = outgoing({"comment": "kid@example.com"}), outgoing({"comment": "nothing"})
    twice = first[:-2] + b',"comment":"nothing"}}'
    assert msgspec.json.decode(twice) == msgspec.json.decode(second)
    assert [({*hit.kinds}, {*hit.fields}) for hit in look(twice)] == [({"email"}, {"comment"})]
    spaced = first.replace(b'"comment":', b' "comment" : ')
    assert [hit.kinds for hit in look(spaced)] == [{"email"}]


def test_a_hit_names_properties_that_are_known_and_never_others() -> None:
    (hit,) = look(outgoing({"comment": "kid@example.com", "Aarav Sharma": "203.0.113.9", "$email": "x", "ip": "x"}))
    assert hit.fields == {"comment", UNREGISTERED, "$email", "ip"}


def _forms(text: str) -> Iterator[str]:
    yield from (
        text,
        text.upper(),
        text.swapcase(),
        f"so {text} there",
        quote(text, safe=""),
        quote(quote(text, safe="")),
    )
    yield "".join(f"%{byte:02X}" for byte in text.encode())
    yield "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)
    yield "\u200b".join(text)
    for before in ("", "a", "ab"):
        yield base64.b64encode(f"{before}{text} etc.".encode()).decode()
    yield base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize("cohort", COHORTS)
def test_a_planted_value_is_found_in_every_form(cohort: str) -> None:
    person = plants(SEED, cohort)
    for value in person:
        if isinstance(value, float):
            assert "canary" in kinds({"place": value, "x": {"y": 1}})
            continue
        for form in _forms(value):
            assert "canary" in kinds({"comment": form}), (cohort, form)


def test_the_plants_of_another_seed_are_nobodys() -> None:
    other = plants("another seed", "US/child")
    assert kinds({"comment": other.note}) == set()
    assert kinds({"comment": plants(SEED, "US/child").note}) == {"canary"}
    assert isinstance(other, Plants)


@settings(max_examples=60)
@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_that_stands_around_an_address_hides_it(before: str, after: str) -> None:
    assert "email" in kinds({"comment": f"{before} kid@example.com {after}"})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60)
@given(st.lists(st.dictionaries(st.text(max_size=12), JSON, max_size=4), min_size=1, max_size=5), st.data())
def test_a_leak_is_found_in_the_event_that_has_it_whatever_the_others_are(
    others: list[dict[str, Any]], data: Any
) -> None:
    values = [outgoing(properties) for properties in others]
    place = data.draw(st.integers(0, len(values)))
    values.insert(place, outgoing({"comment": "kid@example.com"}))
    assert place in [hit.number for hit in look(*values)]
    alone = {number for number, value in enumerate(values) if look(value)}
    assert {hit.number for hit in look(*values)} == alone


@settings(max_examples=60)
@given(st.binary(max_size=80))
def test_no_bytes_make_it_fail(value: bytes) -> None:
    look(value, outgoing({"level": 1}))


@settings(max_examples=60)
@given(st.text(max_size=80))
def test_unfolding_ends_and_keeps_the_text(text: str) -> None:
    assert unfold(text)


# The pipeline's own events


def _cleaned(seed: int, count: int, *, dirty: bool) -> tuple[LeakScan, list[bytes]]:
    settings = Settings.model_validate({"policy": {"settings_file": str(DEMO_SETTINGS)}})
    policy, registry = load_rules(settings)
    context = trial_context(policy, registry, settings, now_ms() + 1000)
    made = Generator(seed, profiles=200, dirty=dirty)
    consents = {
        normalise_id(record["profile_id"]): parse_consent(record["profile_id"].encode(), encode(record))
        for record in made.consents()
    }
    values: list[bytes] = []
    while len(values) < count:
        values += [o.value for o in sanitize(encode(made.event()), consents, context) if isinstance(o, Clean)]
    return leak_scan(registry, settings), values


@pytest.mark.parametrize(("seed", "dirty"), [(11, False), (12, True)])
def test_what_the_sanitizer_lets_leave_is_no_hit(seed: int, *, dirty: bool) -> None:
    scan, values = _cleaned(seed, 500, dirty=dirty)
    assert look(*values, scan=scan) == []


def test_most_of_it_needs_no_closer_look(monkeypatch: pytest.MonkeyPatch) -> None:
    scan, values = _cleaned(13, 400, dirty=False)
    closer: list[bytes] = []
    monkeypatch.setattr(LeakScan, "_look", lambda _self, _number, value: closer.append(value))
    look(*values, scan=scan)
    assert len(closer) < len(values) / 10


def test_every_dirty_event_that_nobody_sanitized_is_a_hit() -> None:
    scan, _ = _cleaned(14, 1, dirty=True)
    made = Generator(14, profiles=50, dirty=True)
    values: list[bytes] = []
    while len(values) < 300:
        event, planted_texts = made.planted_event()
        if planted_texts:
            values.append(outgoing(event["properties"], event=event["event"]))
    hits = look(*values, scan=scan)
    assert len(hits) == len(values)
    written = msgspec.json.encode([(sorted(hit.kinds), sorted(hit.fields)) for hit in hits]).decode()
    assert "example" not in written
