"""No name tells of a child's mood, vulnerability, self-harm, compulsion or readiness to spend (R11; DPDP Act 9(2))."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.policy.compiling import load_policy
from pipeline.policy.errors import PolicyError
from pipeline.policy.harm import NEVER_COUNTED, NEVER_OF_CHILDREN, harm_in
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Cohort
from pipeline.schemas import event_schemas, load_schema

POLICY = load_policy()
CHILDREN = {Cohort.US_CHILD, Cohort.US_UNKNOWN, Cohort.IN_CHILD, Cohort.IN_UNKNOWN, Cohort.XX}
INNOCENT = (Path(__file__).parents[1] / "core" / "innocent_names.txt").read_text(encoding="utf-8").split()


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("mood", "mood moods mood_logged userMood usermood MOOD-SCORE MoodScore MOODs isSad child_feelings ｍood"),
        ("vulnerability", "vulnerable_group bullying_report childVulnerability at-risk mentalHealth trauma.score"),
        ("self-harm", "self_harm selfHarm self-harm SELF_HARM selfharm SelfHarmReported suicide_risk harm"),
        ("compulsion", "compulsive_play compulsion-score isAddicted addiction2 binge_session lootBoxes gambling"),
        ("spend propensity", "spend_propensity spendPropensity spender_score whale isWhale whales LTV_band churnRisk"),
    ],
)
def test_in_every_spelling(what: str, names: str) -> None:
    assert {name: harm_in(name) for name in names.split()} == dict.fromkeys(names.split(), what)


NEAR = (
    "mode modes modern modulus model moonlight mooring smooth compulsory spending_coins coins_spent purchase_completed"
    " sku price emote_used emoticon harmony_mode crystals saddle habitat happy_hour stress_test diagnostics"
    " sound_disabled up_settings in_comet_mode ab_user_group abUserGroup payload pay player_id playerId prayer"
    " feel_free payment_intent mental_math fish_hooked impulse_vector chapter suspender contradict level"
    " world score difficulty"
)


@pytest.mark.parametrize("name", [*NEAR.split(), *INNOCENT])
def test_near_miss(name: str) -> None:
    assert harm_in(name) is None


def test_names_in_use_are_free_of_it() -> None:
    names = {name for title, schema in event_schemas().items() for name in (title, *schema["properties"])}
    names |= {*load_schema("mixpanel-defaults")["properties"], *load_schema("profile")["properties"]}
    assert [name for name in sorted(names) if harm_in(name) is not None] == []


def test_every_word_is_found_and_counts_may_tell_less() -> None:
    for lists, counted in ((NEVER_OF_CHILDREN, False), (NEVER_OF_CHILDREN, True), (NEVER_COUNTED, True)):
        for what, words in lists.items():
            for word in words:
                name = "_".join(part.partition("|")[0] for part in word.replace("*", "").split())
                assert harm_in(f"x_{name}_y", counted=counted) is not None, (what, word)
    assert harm_in("purchase_completed", counted=True) == "spend propensity"


def test_a_name_of_any_length_takes_little_time() -> None:
    for name in ("a" * 100_000, "_is" * 30_000, "self_" * 20_000, "likelyTo" * 10_000):
        assert harm_in(name) is None


def schema(title: str = "e", **properties: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "type": "object", "x-purpose": "analytics", "properties": properties}


def yes_or_no(*cohorts: str, kind: str = "gameplay") -> dict[str, Any]:
    return {"type": "boolean", "x-class": kind, **({"x-cohorts": list(cohorts)} if cohorts else {})}


def problems(properties: dict[str, Any], policy: Any = POLICY) -> list[str]:
    try:
        compile_registry({"e": schema(**properties)}, {}, policy)
    except PolicyError as exc:
        return exc.problems
    return []


@pytest.mark.parametrize("cohorts", [(), ("child", "teen", "adult")])
def test_a_property_that_would_leave_about_a_child_is_refused(cohorts: tuple[str, ...]) -> None:
    (problem,) = problems({"level": yes_or_no(), "isAddicted": yes_or_no(*cohorts)})
    assert problem.startswith("schemas/events/e.json: properties.isAddicted: ")
    for part in ("compulsion", "DPDP Act s.9(2)", "R11", 'x-cohorts may list ["teen", "adult"]'):
        assert part in problem


@pytest.mark.parametrize("teen_list", ["child", "teen"])
def test_for_older_people_it_may_be_registered(teen_list: str) -> None:
    policy = replace(POLICY, teen_list=teen_list)
    for cohorts in (("adult",), ("teen", "adult")):
        registry = compile_registry({"e": schema(mood=yes_or_no(*cohorts))}, {}, policy)
        kept = {cohort for cohort in Cohort if registry["e"].rules[cohort]["mood"].stripped is None}
        teens = {Cohort.US_TEEN} if "teen" in cohorts and teen_list == "teen" else set()
        assert kept == {Cohort.US_ADULT, Cohort.IN_ADULT} | teens
    assert problems({"mood": {**yes_or_no(), "x-cohorts": []}}, policy) == []


def test_of_a_class_that_never_leaves_it_may_be_registered() -> None:
    assert problems({"depression": yes_or_no(kind="health")}) == []


@pytest.mark.parametrize(("teen_list", "teens"), [("child", {Cohort.US_TEEN}), ("teen", set[Cohort]())])
def test_an_event_with_such_a_name_is_never_about_a_child(teen_list: str, teens: set[Cohort]) -> None:
    schemas = {name: schema(name, level=yes_or_no()) for name in ("mood_logged", "level_started")}
    registry = compile_registry(schemas, {}, replace(POLICY, teen_list=teen_list))
    assert registry["mood_logged"].never == CHILDREN | teens
    assert registry["level_started"].never == frozenset()


def test_file_and_line_are_told(tmp_path: Path) -> None:
    written = schema("shop_opened", level=yes_or_no(), whale=yes_or_no())
    path = tmp_path / "shop_opened.json"
    path.write_text(json.dumps(written, indent=2), encoding="utf-8")
    line = next(n for n, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if '"whale"' in text)
    with pytest.raises(PolicyError) as caught:
        compile_registry(event_schemas(tmp_path), {}, POLICY)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:{line}: properties.whale: ")
    schemas = event_schemas(tmp_path)
    path.unlink()  # before it can be looked at for the line
    with pytest.raises(PolicyError) as caught:
        compile_registry(schemas, {}, POLICY)
    assert caught.value.problems[0].startswith(f"{path}: properties.whale: ")
