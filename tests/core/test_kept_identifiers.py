"""A direct identifier inside a property that would be kept: minors' events stay, adults lose the property (R12)."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.outcome import Clean, Dropped, DropReason
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Action, Cohort
from pipeline.schemas import event_schemas
from tests.core.worlds import (
    DEFAULTS,
    PERMISSIVE,
    RECORDS,
    World,
    consents_of,
    context_of,
    fate,
    kept,
    kept_names,
    merged,
    policy_of,
    raw_event,
    stripped,
)

POLICY = policy_of(merged(PERMISSIVE, {"us_adult": {"analytics": "opt_in"}}))
WIDE: dict[str, dict[str, Any]] = {
    "word": {"type": "string", "pattern": "^.{1,80}$"},
    "code": {"type": "string", "pattern": "^[A-Za-z0-9@._:/-]+$", "maxLength": 60},
    "words": {"type": "array", "items": {"type": "string", "pattern": "^.{1,80}$"}, "maxItems": 4},
    "count": {"type": "integer", "minimum": 0, "maximum": 2**53},
    "amount": {"type": "number", "minimum": -(2**53), "maximum": 2**53},
    "counts": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 2**53}, "maxItems": 3},
    "level": {"type": "integer", "minimum": 1, "maximum": 500},
}
SCHEMA = {
    "title": "e",
    "type": "object",
    "x-purpose": "essential",
    "x-operation": "session_health",
    "properties": {name: form | {"x-class": "gameplay"} for name, form in WIDE.items()},
}
REGISTRY = compile_registry({"e": SCHEMA} | event_schemas(), DEFAULTS, POLICY)
CONTEXT = context_of(POLICY, registry=REGISTRY)
MINORS = ["US/child", "US/teen", "US/unknown"]
ADULTS = ["US/adult", "IN/adult"]


def judge(cohort: str, properties: dict[str, Any], event: str = "e") -> Clean | Dropped:
    consents = consents_of(RECORDS[cohort]) if cohort in RECORDS else {}
    outcome = World(CONTEXT, consents).one(raw_event(event=event, region=cohort[:2], properties=properties))
    assert isinstance(outcome, Clean | Dropped)
    assert outcome.cohort == cohort
    return outcome


IDENTIFIERS = [
    "aarav@example.com", "9876543210", "+91-98765-43210", "(202) 555-0123", "2341 2341 2346", "234123412346",
    "123-45-6789", "4111111111111111", "ABCPE1234F", "27AAPFU0939F1ZV", "192.168.1.17", "2001:db8::17",
    "0f8fad5b-d9cb-469f-a165-70867728950e", "ravi.kumar@okhdfcbank", "00:1B:44:11:3A:B7", "356938035643809",
    "12.971598,77.594566", "asha.rao@abdm", "https://x.example/u/7", "HDFC0002255", "1600 Pennsylvania Ave",
]  # fmt: skip


def held_by(identifier: str) -> list[dict[str, Any]]:
    """Return properties whose schemas allow an identifier: alone, in words, in a list, as a number."""
    found: list[dict[str, Any]] = [
        {"word": identifier},
        {"word": f"hi {identifier} there"},
        {"words": ["hint", identifier]},
    ]
    if identifier.isdigit():
        found += [{"count": int(identifier)}, {"amount": float(identifier)}, {"amount": int(identifier)}]
        found += [{"counts": [1, int(identifier)]}, {"code": f"gems_{identifier}"}, {"count": float(identifier)}]
    return found


@pytest.mark.parametrize("identifier", IDENTIFIERS)
@pytest.mark.parametrize("cohort", [*MINORS, *ADULTS])
def test_identifier_in_a_kept_property(cohort: str, identifier: str) -> None:
    for properties in held_by(identifier):
        outcome = judge(cohort, {"level": 7} | properties)
        if cohort in MINORS:
            assert fate(outcome) == (DropReason.IDENTIFIER, cohort), properties
        else:
            assert kept(outcome) == {"level": 7}, properties
            assert stripped(outcome) == {"gameplay": 1}


@pytest.mark.parametrize(
    ("event", "properties", "good"),
    [
        ("purchase_completed", {"sku": "gems_9876543210", "quantity": 2}, {"sku": "gems_pack_100", "quantity": 2}),
        ("purchase_completed", {"sku": "gems_234123412346"}, {"sku": "gems"}),
        ("campaign_opened", {"utm_campaign": "x-9876543210"}, {"utm_campaign": "diwali-2026"}),
        ("campaign_opened", {"utm_campaign": "123-45-6789"}, {"utm_campaign": "10-10-sale"}),
    ],
)
def test_identifier_in_a_pattern_of_the_shipped_registry(
    event: str, properties: dict[str, Any], good: dict[str, Any]
) -> None:
    found = set(properties) & {"sku", "utm_campaign"}
    for cohort in ADULTS:
        assert kept_names(judge(cohort, properties, event)) == set(properties) - found
        assert kept(judge(cohort, good, event)) == good
    if event == "purchase_completed":
        for cohort in ("US/child", "US/teen"):
            assert fate(judge(cohort, properties, event)) == (DropReason.IDENTIFIER, cohort)
            assert kept(judge(cohort, good, event)) == good


def test_value_that_was_judged_before_is_judged_the_same_again() -> None:
    good, bad = {"word": "a good level", "level": 7}, {"word": "mail aarav@example.com", "level": 7}
    for _ in range(3):
        assert kept(judge("US/adult", good)) == good
        assert kept(judge("US/adult", bad)) == {"level": 7}
        assert kept(judge("US/child", good)) == good
        assert fate(judge("US/child", bad)) == (DropReason.IDENTIFIER, Cohort.US_CHILD)


@pytest.mark.parametrize("value", [5, 4_999, 10**6, 99_999_999, 0.25, 3.14159, 1e-9, -7])
def test_ordinary_number_leaves(value: float) -> None:
    name = "count" if type(value) is int and value >= 0 else "amount"
    assert kept(judge("US/child", {name: value})) == {name: value}


def test_one_property_of_an_adult_goes_and_its_neighbours_stay() -> None:
    properties = {"word": "hello", "code": "a@b.example.com", "words": ["x", "9876543210"], "count": 5, "level": 7}
    outcome = judge("US/adult", properties)
    assert kept(outcome) == {"word": "hello", "count": 5, "level": 7}
    assert stripped(outcome) == {"gameplay": 2}


def test_value_that_its_schema_refuses_drops_no_event() -> None:
    outcome = judge("US/child", {"level": 7, "code": "aarav sharma <a@b.example.com>"})
    assert kept(outcome) == {"level": 7}


def test_adults_events_stay_where_the_policy_says_so() -> None:
    strict = dataclasses.replace(POLICY, identifier_in_kept=dict.fromkeys(Cohort, Action.DROP_EVENT))
    here = World(context_of(strict, registry=REGISTRY), consents_of(RECORDS["US/adult"]))
    assert fate(here.one(raw_event(event="e", properties={"word": "a@b.example.com"}))) == (
        DropReason.IDENTIFIER,
        Cohort.US_ADULT,
    )


NAMES = st.sampled_from(sorted(set(WIDE) - {"level"}))


@given(
    st.sampled_from([*MINORS, *ADULTS]),
    NAMES,
    st.sampled_from(IDENTIFIERS),
    st.text(alphabet=" ,;|()_\n", min_size=1, max_size=3),
    st.text(alphabet="abc ", max_size=5),
)
def test_no_identifier_leaves_however_it_is_set_apart(
    cohort: str, name: str, identifier: str, gap: str, word: str
) -> None:
    text = f"{word}{gap}{identifier}{gap}{word}"
    outcome = judge(cohort, {name: [text] if name == "words" else text, "level": 7})
    assert name not in kept(outcome)
