"""Remarks say what became of every property, as `select` did it, and never a value or a personal name."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.outcome import Clean, Dropped, DropReason
from pipeline.core.remarks import HIDDEN_NAME, Remark, remark_on
from pipeline.core.youth import names_age
from pipeline.detect.engine import scan
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Region, StripReason
from tests.core.names import shown
from tests.core.worlds import (
    DEFAULTS,
    GOOD,
    PERMISSIVE,
    RECORDS,
    SCHEMAS,
    World,
    acting,
    consents_of,
    context_of,
    kept,
    merged,
    policy_of,
    raw_event,
    registry_of,
)

SHIPPED = policy_of(merged(PERMISSIVE, {"us_adult": {"analytics": "opt_in"}}))
POLICIES = [
    SHIPPED,
    acting(SHIPPED, PropertyClass.GAMEPLAY, Action.PSEUDONYMIZE),
    acting(SHIPPED, PropertyClass.URL, Action.DROP),
    acting(SHIPPED, PropertyClass.DEVICE, Action.GENERALIZE),
]
WORLDS = [World(context_of(policy), {}) for policy in POLICIES]
LEAVING = ["US/child", "US/teen", "US/adult", "US/unknown", "IN/adult"]

CANARY = "canary-4f1d"
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [7, 5.0, 0.5, True, None, "ocean", "abc", "gems_pack", "gems_9876543210", "hello", "mail aarav@example.com",
     "/help", "https://play.example.com/levels/7?u=1", "wifi", ["hint"], ["hint", 5], "17.2.1", "iPhone14,2", "US",
     "IN", "Kerala", "push", CANARY, {"a": CANARY}, 9876543210, "x" * 300, "", "2026-11-25"]
)  # fmt: skip
NAMES = st.sampled_from(
    [*SCHEMAS["analytics"]["properties"], "$os_version", "$model", "mp_country_code", "$region", "$created", "$email",
     "utm_source", "utm_odd", "$carrier", "$mp_x", "idfa", "client_ip", "childName", "scores", "$app_version_string"]
)  # fmt: skip
ANY_NAME = st.text(max_size=6).filter(lambda name: not names_age(name))
PROPERTIES = st.dictionaries(NAMES | ANY_NAME, VALUES, max_size=12)


def remarks(
    properties: dict[str, Any], cohort: str, event: str = "essential", policy: CompiledPolicy = SHIPPED
) -> dict[str, Remark]:
    region = {"US": Region.US, "IN": Region.IN}.get(cohort[:2])
    plan = registry_of(policy)[event]
    return remark_on(properties, plan, Cohort(cohort), region, policy, lambda *_: "pseudonym")


@settings(max_examples=600)
@given(st.sampled_from(range(len(POLICIES))), st.sampled_from(LEAVING), PROPERTIES)
def test_remarks_agree_with_what_leaves(number: int, cohort: str, properties: dict[str, Any]) -> None:
    policy, here = POLICIES[number], WORLDS[number]
    consents = consents_of(RECORDS[cohort]) if cohort in RECORDS else {}
    outcome = World(here.context, consents).one(raw_event(event="essential", region=cohort[:2], properties=properties))
    told = remarks(properties, cohort, policy=policy)
    assert set(told) == set(properties)
    if isinstance(outcome, Dropped):
        assert outcome.reason is DropReason.IDENTIFIER
        assert StripReason.IDENTIFIER in {remark.stripped for remark in told.values()}
        return
    assert isinstance(outcome, Clean)
    assert {name for name, remark in told.items() if remark.stripped is None} == set(kept(outcome))
    assert {remark.kind for remark in told.values() if remark.alarm} == set(outcome.ruling.alarms)
    for name, remark in told.items():
        assert remark.rule
        assert remark.law
        assert (remark.action is Action.DROP) == (remark.stripped is not None)
        if remark.action is Action.KEEP and "x-generalize" not in DEFAULTS["properties"].get(name, {}):
            assert kept(outcome)[name] == properties[name]


@given(st.sampled_from(list(Cohort)), PROPERTIES | st.dictionaries(st.text(max_size=40), VALUES, max_size=6))
def test_remarks_hold_no_value(cohort: Cohort, properties: dict[str, Any]) -> None:
    for name, remark in remarks(properties, cohort).items():
        assert remark.path in {name, HIDDEN_NAME}
        rest = repr((remark.kind, remark.action, remark.rule, remark.law, remark.stripped))
        for secret in (CANARY, "aarav", "9876543210", "gems", "17.2", "iPhone", "ocean"):
            assert secret not in rest


PERSONAL_NAMES = [
    "aarav@example.com", "9876543210", "score of 9876543210", "user:2341 2341 2346", "123-45-6789", "192.168.1.17",
    "0f8fad5b-d9cb-469f-a165-70867728950e", "ravi.kumar@okhdfcbank", "４111-1111-1111-1111", "a%40b.example.com",
    "p9876543210", "a1f47ac10b58cc4372a5670e02b2c3d479", "अंक ९८७६५४३२१०",
]  # fmt: skip


@pytest.mark.parametrize("cohort", list(Cohort))
@pytest.mark.parametrize("name", PERSONAL_NAMES, ids=shown)
def test_personal_name_is_hidden(name: str, cohort: Cohort) -> None:
    remark = remarks({name: 1, "level": 7}, cohort)[name]
    assert remark.path == HIDDEN_NAME
    assert remark.stripped is StripReason.UNREGISTERED


@given(st.text(max_size=30))
def test_name_that_is_shown_holds_no_identifier(name: str) -> None:
    remark = remarks({name: 1}, "US/adult")[name]
    assert remark.path == HIDDEN_NAME or not scan(name).findings


@pytest.mark.parametrize("name", [*GOOD, "$os_version", "mp_country_code", "utm_source", "childName", "idfa", "x"])
def test_ordinary_name_is_shown(name: str) -> None:
    assert remarks({name: 1}, "US/child")[name].path == name


@pytest.mark.parametrize(
    ("cohort", "name", "value", "kind", "action", "rule", "stripped"),
    [
        ("US/child", "level", 7, "gameplay", "keep", "R03", None),
        ("US/child", "level", 0, "gameplay", "drop", "R03", "invalid"),
        ("US/child", "guild", "red", "gameplay", "drop", "R03", "cohort"),
        ("US/child", "note", "hello", "free_text", "drop", "R21", "cohort"),
        ("US/adult", "note", "hello", "free_text", "scrub", "R21", None),
        ("US/adult", "note", 5, "free_text", "drop", "R21", "unsafe"),
        ("US/adult", "page", "/help", "url", "route", "R22", None),
        ("US/adult", "page", "/me", "url", "drop", "R22", "unsafe"),
        ("US/adult", "link", "/help", "url", "drop", "R22", "class"),
        ("US/adult", "phrase", "gems_9876543210", "gameplay", "drop", "R03", "identifier"),
        ("US/adult", "$os_version", "17.2", "device", "generalize", "R24", None),
        ("US/adult", "$os_version", "beta", "device", "drop", "R24", "invalid"),
        ("US/adult", "mp_country_code", "IN", "coarse_location", "drop", "R18", "unsafe"),
        ("IN/adult", "mp_country_code", "IN", "coarse_location", "generalize", "R18", None),
        ("US/adult", "utm_source", "push", "marketing", "drop", "R06", "class"),
        ("US/adult", "$email", "x", "contact", "drop", "R12", "class"),
        ("US/child", "idfa", "x", "advertising_id", "drop", "R14", "unregistered"),
        ("US/child", "imei", "x", "advertising_id", "drop", "R14", "unregistered"),
        ("US/adult", "aadhaarNumber", "x", "government_id", "drop", "R13", "unregistered"),
        ("US/adult", "scores", "x", None, "drop", "R03", "unregistered"),
        ("XX/unknown", "level", 7, "gameplay", "drop", "R03", "class"),
        ("IN/child", "level", 7, "gameplay", "drop", "R03", "class"),
    ],
)  # fmt: skip
def test_remark(
    cohort: str, name: str, value: Any, kind: str | None, action: str, rule: str, stripped: str | None
) -> None:
    remark = remarks({name: value}, cohort, "analytics")[name]
    assert (remark.kind, remark.action, remark.rule, remark.stripped) == (kind, action, rule, stripped)
    if cohort.startswith("US") and kind is not None:
        assert "DPDP" not in remark.law
    if cohort.startswith("IN"):
        assert "CFR" not in remark.law
