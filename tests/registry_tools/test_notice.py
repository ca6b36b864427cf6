"""`coppice registry notice`: what it lists is what leaves, no more and no less."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.cli.main import cli
from pipeline.core.outcome import Clean
from pipeline.core.sanitize import sanitize
from pipeline.policy.compiling import load_policy
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Cohort
from pipeline.schemas import event_schemas, load_schema
from pipeline.workers.notice import items_of, markdown
from tests.core.worlds import OPEN, RECORDS, consents_of, context_of, encode, policy_of, raw_event

PAGE = Path(__file__).parents[2] / "docs" / "notice.md"
DEFAULTS = load_schema("mixpanel-defaults")
LEAVING = ("US/child", "US/teen", "US/adult", "IN/adult")
ALWAYS = {"token", "mp_lib", "$lib_version", "ip"}  # ours, about nobody


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("COPPICE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["registry", "notice", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_page_in_the_documentation_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == run("--markdown"), "coppice registry notice --markdown > docs/notice.md"


def test_one_cohort_alone() -> None:
    page = run("--cohort", "US/child", "--markdown")
    assert "## US/child" in page
    assert "## US/adult" not in page
    assert "| `level` | Number of the level. | gameplay | as it is: 1 to 500 | analytics |" in page


def test_cohorts_of_whom_nothing_leaves_say_so() -> None:
    for cohort in ("IN/child", "IN/unknown", "XX/unknown"):
        assert run("--cohort", cohort, "--markdown").rstrip().endswith("Nothing leaves.")
        assert "nothing leaves" in run("--cohort", cohort)


def test_tables_name_every_item_in_full() -> None:
    page = run("--cohort", "US/adult")
    assert "comment" in page
    assert "…" not in page


# at least one for every pattern of the shipped schemas
TEXTS = [
    "17", "17.4", "12.99", "iPhone15,2", "US", "IN", "2024-05-01", "abc", "ab_cd", "exp_1", "E404", "q-math-1", "v-17",
]  # fmt: skip


def examples(schema: dict[str, Any]) -> list[Any]:
    """Make values that a property's schema allows, without knowing which property it is."""
    kind = schema.get("type", "string")
    if "enum" in schema:
        return [*schema["enum"]]
    if kind == "boolean":
        return [True]
    if kind in {"integer", "number"}:
        return [schema["minimum"]]
    if kind == "array":
        return [examples(schema["items"])[:1]]
    return TEXTS


@pytest.mark.parametrize("cohort", LEAVING)
def test_every_event_leaves_with_listed_items_only_and_every_item_is_reached(cohort: str) -> None:
    policy = policy_of(OPEN)
    schemas = event_schemas()
    registry = compile_registry(schemas, DEFAULTS, policy)
    listed = items_of(Cohort(cohort), registry, schemas, DEFAULTS, policy)
    world_context = context_of(policy, registry=registry)
    consents = consents_of(RECORDS[cohort])
    seen: dict[str, set[str]] = {}
    for name, schema in schemas.items():
        candidates = DEFAULTS["properties"] | schema["properties"]
        for prop, spec in candidates.items():
            for value in examples(spec):
                outcome = _judge(name, {prop: value}, cohort[:2], consents, world_context)
                if isinstance(outcome, Clean):
                    seen.setdefault(name, set()).update(json.loads(outcome.value)["properties"].keys() - ALWAYS)
    for name, properties in seen.items():
        named = {item.name for item in listed if not item.events or name in item.events} - {"event"}
        assert properties <= named, name
    reached = set().union(*seen.values())
    assert {item.name for item in listed} == reached | {"event"}


def _judge(name: str, properties: dict[str, Any], region: str, consents: Any, context: Any) -> Any:
    (outcome,) = sanitize(encode(raw_event(event=name, properties=properties, region=region)), consents, context)
    return outcome


def test_settings_change_the_list(tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("pseudonym: {rotation_days: {minor: 7, adult: 14}}\n")
    assert "every 7 days" in run("--cohort", "US/child", "--markdown", "--settings", str(settings))


def test_item_with_a_bar_does_not_break_the_table() -> None:
    policy = load_policy()
    schemas = event_schemas()
    registry = compile_registry(schemas, DEFAULTS, policy)
    schema = schemas["level_started"]
    described = schema["properties"]["level"] | {"description": "a | b"}
    changed = schemas | {"level_started": schema | {"properties": schema["properties"] | {"level": described}}}
    cohort = Cohort.US_ADULT
    page = markdown({cohort: items_of(cohort, registry, changed, DEFAULTS, policy)}, policy)
    assert r"a \| b" in page


def test_form_follows_the_policy() -> None:
    policy = dataclasses.replace(load_policy(), kids_rules=False)
    schemas = event_schemas()
    registry = compile_registry(schemas, DEFAULTS, policy)
    (first, *_) = items_of(Cohort.US_CHILD, registry, schemas, DEFAULTS, policy)
    assert first.name == "distinct_id"
    assert "Android" not in first.form
