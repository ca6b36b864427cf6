"""Only what the registry lists leaves, with the values it allows (R03)."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.outcome import Clean
from pipeline.core.remarks import remark_on
from pipeline.core.ruling import UNREGISTERED
from pipeline.core.youth import names_age
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, StripReason
from pipeline.schemas import event_schemas
from tests.core.worlds import (
    DEFAULTS,
    FIXED_KEYS,
    GOOD,
    KEPT,
    OPEN,
    PERMISSIVE,
    RECORDS,
    SCHEMAS,
    World,
    consents_of,
    context_of,
    encode,
    kept_names,
    policy_of,
    raw_event,
    registry_of,
    stripped,
    world,
)

SHIPPED = event_schemas()
MEMBERS = {cohort: world(OPEN, {"us_teen": {"profile": "teen"}}, records=(RECORDS[cohort],)) for cohort in RECORDS}
LEAVING = ["US/child", "US/teen", "US/adult", "IN/adult"]
ENVELOPE = set(raw_event()) | {"age", "gpc"}

SCALARS: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12)
)
NAMES = st.text(max_size=12).filter(lambda name: not names_age(name))
JUNK = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)


def group_of(cohort: str) -> str:
    return cohort.partition("/")[2]


@given(
    st.sampled_from(LEAVING), st.dictionaries(st.sampled_from(sorted(SCHEMAS["analytics"]["properties"])) | NAMES, JUNK)
)
def test_what_leaves_is_in_the_registry(cohort: str, properties: dict[str, Any]) -> None:
    outcome = MEMBERS[cohort].one(raw_event(region=cohort[:2], properties=properties))
    assert isinstance(outcome, Clean)
    sent = json.loads(outcome.value)
    assert set(sent) == {"event", "properties"}
    kept = set(sent["properties"]) - FIXED_KEYS
    assert set(sent["properties"]) >= FIXED_KEYS
    allowed = KEPT[group_of(cohort)] | {"phrase"} | ({"note"} if group_of(cohort) == "adult" else set())
    assert kept <= allowed & set(properties)
    assert all(sent["properties"][name] == properties[name] for name in kept - {"note"})
    assert len(kept) + stripped(outcome).total() == len(properties)


@given(st.sampled_from(LEAVING), st.dictionaries(NAMES, JUNK, max_size=4), st.dictionaries(NAMES, JUNK, max_size=2))
def test_unknown_properties_change_no_byte(cohort: str, inside: dict[str, Any], outside: dict[str, Any]) -> None:
    here = MEMBERS[cohort]
    plain = here.one(raw_event(region=cohort[:2]))
    extra = {name: value for name, value in inside.items() if name not in SCHEMAS["analytics"]["properties"]}
    around = {name: value for name, value in outside.items() if name not in ENVELOPE}
    outcome = here.one(around | raw_event(region=cohort[:2], properties=extra | GOOD | {"": inside}))
    assert isinstance(plain, Clean)
    assert isinstance(outcome, Clean)
    assert (outcome.key, outcome.value) == (plain.key, plain.value)


@pytest.mark.parametrize(
    "name", [*sorted(FIXED_KEYS), "$ignore", "bucket", "$bucket", "$device_id", "$user_id", "mp_x", "$ip"]
)
def test_client_cannot_set_what_mixpanel_reads(name: str) -> None:
    here = MEMBERS["US/adult"]
    assert here.one(raw_event(properties=GOOD)) != here.one(raw_event(properties={}))
    plain, outcome = here.clean(raw_event()), here.clean(raw_event(properties=GOOD | {name: "evil"}))
    assert outcome == plain


@pytest.mark.parametrize("cohort", LEAVING)
def test_reasons_agree_with_what_is_counted(cohort: str) -> None:
    properties = GOOD | {"level": 0, "world": "sea", "note": "hello", "link": "https://x", "x": 1, "y": {"z": 1}}
    outcome = MEMBERS[cohort].one(raw_event(region=cohort[:2], properties=properties))
    assert isinstance(outcome, Clean)
    policy = MEMBERS[cohort].context.policy
    told = remark_on(
        properties, registry_of(policy)["analytics"], Cohort(cohort), outcome.region, policy, lambda *_: "pseudonym"
    )
    assert stripped(outcome) == Counter(r.kind or UNREGISTERED for r in told.values() if r.stripped is not None)
    counts = Counter(remark.stripped for remark in told.values())
    assert counts[StripReason.UNREGISTERED] == counts[StripReason.INVALID] == 2
    adult = group_of(cohort) == "adult"
    assert (told["note"].stripped, told["link"].stripped) == (
        (None, StripReason.CLASS) if adult else (StripReason.COHORT, StripReason.COHORT)
    )
    assert (told["note"].kind, told["link"].kind) == (PropertyClass.FREE_TEXT, PropertyClass.URL)
    assert told["note"].action is (Action.SCRUB if adult else Action.DROP)


@pytest.mark.parametrize(
    ("name", "value", "leaves"),
    [
        ("level", 1, True), ("level", 500, True), ("level", 5.0, True), ("level", 0, False), ("level", 501, False),
        ("level", True, False), ("level", "7", False), ("level", 7.5, False), ("level", None, False),
        ("level", [7], False),
        ("level", 2**63, False), ("level", -0.0, False),
        ("share", 0, True), ("share", 1, True), ("share", 0.25, True), ("share", True, False), ("share", 1.0001, False),
        ("share", "0.5", False),
        ("won", True, True), ("won", False, True), ("won", 1, False), ("won", 0, False), ("won", "true", False),
        ("world", "ocean", True), ("world", "Ocean", False), ("world", "ocean\n", False), ("world", "ocean ", False),
        ("world", ["ocean"], False), ("world", None, False),
        ("code", "abc", True), ("code", "abc\n", False), ("code", "\nabc", False), ("code", "", False),
        ("code", "ａｂｃ", False),
        ("code", "abcdefghi", False), ("code", "a" * 300, False), ("code", 5, False),
        ("extras", [], True), ("extras", ["hint", "hint", "boost"], True), ("extras", ["hint"] * 4, False),
        ("extras", ["hint", "x"], False), ("extras", ["hint", 1], False), ("extras", "hint", False),
        ("extras", [["hint"]], False), ("extras", {"0": "hint"}, False), ("extras", [None], False),
        ("note", "hello", True), ("note", 5, False), ("note", ["hello"], False), ("link", "https://example.com", False),
        ("unknown", 1, False),
    ],
)  # fmt: skip
def test_value_leaves_or_stays(name: str, value: Any, leaves: bool) -> None:
    properties = MEMBERS["US/adult"].clean(raw_event(properties={name: value}))
    assert {key: properties[key] for key in set(properties) - FIXED_KEYS} == ({name: value} if leaves else {})


def test_numbers_that_json_has_no_word_for_stay() -> None:
    for word in ("NaN", "Infinity", "-Infinity"):
        raw = encode(raw_event(properties={"share": "?", "level": "?"})).replace(b'"?"', word.encode())
        assert set(MEMBERS["US/adult"].clean(raw)) == FIXED_KEYS


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_shipped_registry_keeps_only_what_it_lists(name: str) -> None:
    policy = policy_of(PERMISSIVE)
    registry = compile_registry(SHIPPED, DEFAULTS, policy)
    here = World(context_of(policy, registry=registry), consents_of(RECORDS["US/adult"]))
    properties = {
        key: value for schema in SHIPPED.values() for key, value in EXAMPLES.items() if key in schema["properties"]
    }
    outcome = here.one(raw_event(event=name, properties=properties))
    assert isinstance(outcome, Clean)
    # no shipped event lists the routes of an address
    assert kept_names(outcome) == {
        key for key, schema in SHIPPED[name]["properties"].items() if schema["x-class"] != "url"
    }


# one allowed value of every property of the shipped registry
EXAMPLES: dict[str, Any] = {
    "cold_start": True, "load_ms": 900, "network": "wifi", "utm_source": "push", "utm_campaign": "diwali-2026",
    "error_code": "E1042", "screen": "map", "message": "x", "rating": 5, "comment": "x", "level": 7, "world": "ocean",
    "score": 10, "duration_s": 1.5, "stars": 3, "power_ups": ["hint"], "difficulty": "easy", "sku": "gems_pack_100",
    "price": 4.99, "currency": "INR", "quantity": 2, "quiz": "q-fractions-7", "subject": "math", "correct": False,
    "attempt": 1, "referrer_screen": "home", "results": 0, "query": "x", "video_id": "v-4411", "watched_pct": 40,
    "url": "x",
}  # fmt: skip
