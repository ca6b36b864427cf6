"""An explanation tells what `sanitize` does: the same outcome, and reasons that lead to it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from pipeline.core.consent import ConsentRecord
from pipeline.core.explain import Explanation, explain
from pipeline.core.outcome import Clean, Dropped, DropReason
from pipeline.core.sanitize import sanitize
from pipeline.core.signals import AGREES, CONFLICTS, DECIDES, OUTWEIGHED, telling
from pipeline.core.survey import survey
from pipeline.policy.compiled import Way
from pipeline.policy.vocabulary import Cohort, StripReason
from tests.core.worlds import (
    DAY,
    GOOD,
    HOUR,
    NOW,
    OPEN,
    PERMISSIVE,
    RECORDS,
    World,
    consents_of,
    context_of,
    encode,
    merged,
    policy_of,
    raw_event,
    record_of,
    without,
    world,
)

POLICIES = [
    policy_of(),
    policy_of(OPEN),
    policy_of(PERMISSIVE),
    policy_of(OPEN, {"kill_switch": {"cohorts": ["US/adult"]}}),
    policy_of(OPEN, {"us_child": {"internal_ops_to_mixpanel": True}, "coppa": {"audience": "mixed"}}),
]
CONTEXTS = [context_of(policy) for policy in POLICIES]

AGES = st.none() | st.fixed_dictionaries({
    "band": st.sampled_from(["child", "teen", "adult", "unknown", "old"]),
    "source": st.sampled_from(["id_document", "age_screen", "a_friend"]),
})  # fmt: skip
EXTRAS: st.SearchStrategy[dict[str, Any]] = st.sampled_from([
    {}, {"grade": 4}, {"dob": "2011-05-04"}, {"dob": "1980-05-04"}, {"who": {"child_age": "9"}}, {"birthday": "?"},
    {"email": "asha@example.com"}, {"idfa": "6D92078A-8246-4BA4-AE5B-76104861E7DC"}, {"level": 999}, {"world": [1]},
    {"note": "write to asha@example.com"}, {"$os": "iOS"}, {"ip": "203.0.113.7"},
])  # fmt: skip
EVENTS = st.fixed_dictionaries({
    "event": st.sampled_from(["essential", "analytics", "marketing", "ai_training", "unheard_of"]),
    "region": st.sampled_from(["US", "IN", "GB", None]),
    "platform": st.sampled_from(["android", "ios", None]),
    "time": st.sampled_from([NOW, NOW - HOUR, NOW - 40 * DAY, NOW + 2 * HOUR, "noon"]),
    "age": AGES,
    "properties": EXTRAS.map(lambda extra: {**GOOD, **extra}),
})  # fmt: skip
CHANGES = st.fixed_dictionaries({}, optional={
    "withdrawn_at": st.just(NOW - DAY),
    "expires_at": st.sampled_from([NOW - DAY, NOW + DAY]),
    "method": st.sampled_from(["card_payment", "email_plus", "in_app", "digilocker"]),
    "purposes": st.fixed_dictionaries({
        "analytics": st.booleans(), "third_party_disclosure": st.booleans(), "marketing": st.booleans(),
    }),
    "nonsense": st.just(1),
})  # fmt: skip
CONSENTS = st.none() | st.tuples(st.sampled_from(sorted(RECORDS)), CHANGES).map(lambda p: record_of(p[0], **p[1]))


def one(world_: World, event: Any) -> Explanation:
    (found,) = explain(encode(event), world_.consents, world_.context)
    return found


@settings(max_examples=400)
@given(event=EVENTS, record=CONSENTS, context=st.sampled_from(CONTEXTS), gpc=st.booleans())
def test_agrees_with_sanitize(event: dict[str, Any], record: dict[str, Any] | None, context: Any, gpc: bool) -> None:
    raw = encode(raw_event(**event) | ({"gpc": True} if gpc else {}))
    consents = consents_of(record) if record is not None else {}
    (found,) = explain(raw, consents, context)
    (outcome,) = sanitize(raw, consents, context)
    assert told(found.outcome) == told(outcome)
    if not isinstance(outcome, Clean | Dropped):
        return
    reasons_lead_to(found, outcome)
    properties_are_told(found, outcome)
    ages = [age for _, age in telling(json.loads(raw), NOW)]
    seen = survey(json.loads(raw), None, NOW)
    assert seen is not None
    assert seen[1] == min(ages, key=["child", "teen", "adult"].index, default=None)


def told(outcome: Any) -> Any:
    return outcome.value if isinstance(outcome, Clean) else (outcome.reason, getattr(outcome, "cohort", None))


def reasons_lead_to(found: Explanation, outcome: Clean | Dropped) -> None:
    after_the_ways = {DropReason.IDENTIFIER, DropReason.CLASS}
    if isinstance(outcome, Clean) or outcome.reason in after_the_ways:
        assert any(tried.open for tried in found.ways)
    elif outcome.reason not in {DropReason.KILL_SWITCH, DropReason.UNKNOWN_EVENT} and found.ways:
        assert not any(tried.open for tried in found.ways)
        assert outcome.reason == next(why for why in found.ways[0].answers if why is not None)
    for tried in found.ways:
        assert isinstance(tried.way, Way)
        assert len(tried.answers) == len(tried.way.require)


def properties_are_told(found: Explanation, outcome: Clean | Dropped) -> None:
    after = {each.name: each.after for each in found.properties if each.after is not UNSET}
    if isinstance(outcome, Clean):
        assert after | dict(found.added) == json.loads(outcome.value)["properties"]
        assert after.keys().isdisjoint(dict(found.added))
    else:
        assert after == {}
    for each in found.properties:
        assert each.remark.rule
        assert each.remark.law


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda s: st.lists(s, max_size=3), max_leaves=8))
def test_any_json_is_explained(value: Any) -> None:
    raw = json.dumps(value).encode()
    assert [told(each.outcome) for each in explain(raw, {}, CONTEXTS[1])] == [
        told(outcome) for outcome in sanitize(raw, {}, CONTEXTS[1])
    ]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"[1, {}]", b'{"a": 1, "a": 2}', b"\xff", b'{"event": NaN}'])
def test_what_cannot_be_judged_has_only_an_outcome(raw: bytes) -> None:
    found = explain(raw, {}, CONTEXTS[1])
    assert [told(each.outcome) for each in found] == [told(o) for o in sanitize(raw, {}, CONTEXTS[1])]
    assert all(each.signals == () and each.ways == () for each in found)


def test_each_event_of_an_array_is_explained() -> None:
    adult = world(OPEN, records=(RECORDS["US/adult"],))
    found = explain(encode([raw_event(), raw_event(region="GB")]), adult.consents, adult.context)
    assert [type(each.outcome) for each in found] == [Clean, Dropped]


def test_an_event_in_the_form_of_an_sdk_is_explained() -> None:
    adult = world(OPEN, records=(RECORDS["US/adult"],))
    event = raw_event()
    own = {name: event[name] for name in ("profile_id", "region", "received_at")}
    sdk = {"event": "analytics", "properties": {"time": event["time"], "token": "t", **GOOD, "coppice": own}}
    found = one(adult, sdk)
    assert isinstance(found.outcome, Clean)
    assert {each.name for each in found.properties if each.after is not UNSET} == set(GOOD)


def effects(world_: World, event: Any) -> dict[str, str]:
    return {signal.source: signal.effect for signal in one(world_, event).signals}


def test_the_younger_signal_decides() -> None:
    adult = world(OPEN, records=(RECORDS["US/adult"],))
    assert effects(adult, raw_event()) == {"region": DECIDES, "consent": DECIDES}
    assert effects(adult, raw_event(properties={"grade": 4})) == {
        "region": DECIDES, "consent": OUTWEIGHED, "properties.grade": DECIDES,
    }  # fmt: skip
    stated = {"band": "child", "source": "age_screen"}
    both = effects(adult, raw_event(properties={"grade": 4}, age=stated))
    assert (both["age"], both["properties.grade"], both["consent"]) == (AGREES, AGREES, OUTWEIGHED)


def test_two_regions_conflict() -> None:
    indian = world(OPEN, records=(RECORDS["IN/adult"],))
    found = one(indian, raw_event())
    assert {signal.source: signal.effect for signal in found.signals} == {"region": CONFLICTS, "consent": CONFLICTS}
    assert isinstance(found.outcome, Dropped)
    assert found.outcome.cohort is Cohort.XX


def test_whether_a_source_is_accepted_is_told() -> None:
    adult = world(OPEN, records=(RECORDS["US/adult"],))
    stated = one(adult, raw_event(age={"band": "adult", "source": "a_friend"})).signals[1]
    assert (stated.source, stated.says, stated.accepted) == ("age", "adult (a_friend)", False)


def test_every_predicate_is_asked_even_after_one_has_failed() -> None:
    closed = merged(OPEN, {}) | {"vendor_gate": dict.fromkeys(OPEN["vendor_gate"])}
    record = record_of("US/child", purposes={"third_party_disclosure": False})
    (tried,) = one(world(closed, records=(record,)), raw_event()).ways
    assert tried.answers == (DropReason.VENDOR_GATE, None, DropReason.NO_DISCLOSURE_CONSENT)


def test_the_envelope_tells_where_its_fields_go() -> None:
    adult = world(OPEN, records=(RECORDS["US/adult"],))
    found = one(adult, raw_event())
    goes = {each.name: each.goes_to for each in found.envelope if each.goes_to is not None}
    assert goes == {"event": "event", "profile_id": "distinct_id", "event_id": "$insert_id", "time": "time"}
    dropped = one(world(OPEN), raw_event())
    assert all(each.goes_to is None and each.after is UNSET for each in dropped.envelope)


def test_a_stripped_property_says_why() -> None:
    adult = world(OPEN, records=(RECORDS["US/adult"],))
    found = one(adult, raw_event(properties={"level": 999, "email": "asha@example.com", "won": True}))
    why = {each.name: each.remark.stripped for each in found.properties}
    assert why == {"level": StripReason.INVALID, "email": StripReason.UNREGISTERED, "won": None}


def test_an_explained_record_is_the_one_on_record() -> None:
    (state,) = consents_of(RECORDS["US/adult"]).values()
    assert isinstance(state, ConsentRecord)
    nobody = one(world(OPEN, records=(RECORDS["US/adult"],)), without(raw_event(), "profile_id"))
    assert nobody.signals == ()
