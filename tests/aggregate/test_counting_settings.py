"""What settings may ask to be counted: nothing that may harm a child, and only what the registry lists (R11, J5)."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.policy.compiling import SHIPPED, load_policy
from pipeline.policy.counting import check_counting
from pipeline.policy.errors import PolicyError
from pipeline.policy.harm import harm_in
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Cohort
from pipeline.schemas import event_schemas, load_schema
from pipeline.workers.context import load_rules
from pipeline.workers.policy_page import matrices
from tests.core.worlds import DEFAULTS, SCHEMAS, merged, policy_of

ON = "india_child: {mode: aggregate_only, aggregates: {events: {%s}}}\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(events: dict[str, list[str]], schemas: dict[str, Any] | None = None) -> list[str]:
    policy = policy_of({"india_child": {"mode": "aggregate_only", "aggregates": {"events": events}}})
    try:
        check_counting(policy.counting, compile_registry(schemas or SCHEMAS, DEFAULTS, policy))
    except PolicyError as exc:
        return exc.problems
    return []


def analytics(**properties: dict[str, Any]) -> dict[str, Any]:
    return merged(SCHEMAS, {"analytics": {"properties": properties}})


def test_as_shipped_nothing_is_counted() -> None:
    policy = load_policy()
    assert policy.counting is None
    assert Cohort.IN_CHILD not in policy.gates


def test_settings_become_what_is_counted(tmp_path: Path) -> None:
    counting = load_policy(written(tmp_path, ON % "level_completed: [world, world], quiz_answered: []")).counting
    assert counting is not None
    assert counting.events == {"level_completed": ("world",), "quiz_answered": ()}
    assert (counting.window_ms, counting.k) == (86_400_000, 20)  # J5, J19


@pytest.mark.parametrize(
    "name",
    [
        "mood", "mood_logged", "userMood", "level_emotion", "is_sad", "vulnerable_group", "bullying_report",
        "depression", "self_harm", "selfHarm", "self-harm", "SELF_HARM", "suicide_risk", "compulsive_play",
        "addiction_score", "binge_session", "spend_propensity", "spender",
        "purchase_completed", "whale_payer", "ltv_band", "gambling",
    ],
)  # fmt: skip
def test_what_may_harm_a_child_is_never_counted_as_event_or_dimension(tmp_path: Path, name: str) -> None:
    for events in (f"'{name}': []", f"level_completed: ['{name}']"):
        mode = "# first\nindia_child:\n  mode: drop\n  aggregates:\n    events: {%s}\n"  # also while it is switched off
        with pytest.raises(PolicyError, match=rf"mine\.yaml:5: india_child\.aggregates\.events\..*{name}.*s\.9\(2\)"):
            load_policy(written(tmp_path, mode % events))


@pytest.mark.parametrize(
    "name", ["level_completed", "world", "crystals", "habitat", "harmony", "saddle", "correct", "subject", "difficulty"]
)
def test_ordinary_names_may_be_counted(name: str) -> None:
    assert harm_in(name, counted=True) is None


@pytest.mark.parametrize(
    ("events", "what"),
    [
        ({"analytics": ["world"]}, None),
        ({"analytics": ["won", "world"]}, None),
        ({"no_such": []}, "no schema"),
        ({"essential": []}, "is for essential"),
        ({"marketing": []}, "is for marketing"),
        ({"analytics": ["level"]}, "must be a property with an enum"),
        ({"analytics": ["code"]}, "must be a property with an enum"),
        ({"analytics": ["extras"]}, "must be a property with an enum"),
        ({"analytics": ["guild"]}, "must be a property with an enum"),  # for teens and adults
        ({"analytics": ["network"]}, "must be a property with an enum"),
        ({"analytics": ["note"]}, "must be a property with an enum"),
        ({"analytics": ["no_such"]}, "must be a property with an enum"),
        ({"analytics": ["$os"]}, "must be a property with an enum"),
    ],
)
def test_only_registered_words_and_yes_or_no_are_dimensions(events: dict[str, list[str]], what: str | None) -> None:
    found = problems(events)
    assert found == [] if what is None else (len(found) == 1 and what in found[0]), found


@pytest.mark.parametrize("kind", ["coarse_location", "device", "persistent_id", "health", "age", "education"])
def test_classes_that_a_childs_count_may_not_use(kind: str) -> None:
    schemas = analytics(group={"type": "string", "enum": ["a", "b"], "x-class": kind})
    assert len(problems({"analytics": ["group"]}, schemas)) == 1


def test_a_dimension_may_not_have_a_harmful_value_or_the_name_of_what_a_count_says_itself() -> None:
    feeling = analytics(face={"type": "string", "enum": ["neutral", "sad"], "x-class": "gameplay"})
    assert "sad" in problems({"analytics": ["face"]}, feeling)[0]
    count = analytics(count={"type": "boolean", "x-class": "gameplay"})
    assert "count" in problems({"analytics": ["count"]}, count)[0]


def test_a_count_may_not_have_the_name_of_an_event() -> None:
    schemas = SCHEMAS | {"analytics_counted": SCHEMAS["analytics"] | {"title": "analytics_counted"}}
    assert "analytics_counted" in problems({"analytics": []}, schemas)[0]


def test_workers_do_not_start_with_a_count_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"level_completed: score must be"):
        load_rules(Settings(), written(tmp_path, ON % "level_completed: [score]"))
    load_rules(Settings(), written(tmp_path, ON % "level_completed: [world]"))


def test_a_group_below_twenty_is_never_counted(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"anon\.k"):
        load_policy(written(tmp_path, ON % "" + "anon: {k: 19}\n"))


def test_the_page_about_the_policy_says_what_is_counted(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, ON % "level_completed: [world]"))
    (first, *_) = matrices(policy)
    row = next(row for row in first.rows if row[0].startswith("IN/child"))
    assert "level_completed by world" in row[2]
    assert row[1] == row[3] == row[4] == "never"


def test_shipped_schemas_have_something_to_count_by() -> None:
    registry = compile_registry(event_schemas(), load_schema("mixpanel-defaults"), load_policy())
    assert registry["level_completed"].countable["world"]
    assert registry["quiz_answered"].countable["correct"] == {True, False}


def test_the_shipped_file_lists_no_event() -> None:
    shipped = YAML(typ="safe").load((SHIPPED / "settings.yaml").read_text(encoding="utf-8"))
    assert shipped["india_child"] == {
        "mode": "drop",
        "aggregates": {"window": "day", "grace_minutes": 360, "events": {}},
    }
