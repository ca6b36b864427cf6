"""What is shipped lets out no more than the baseline does, unless somebody has signed for it (R38)."""

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from pipeline.cli.check import BASELINE
from pipeline.policy.acknowledgements import load_acknowledgements, unacknowledged
from pipeline.policy.compiling import load_policy
from pipeline.policy.facts import decode, encode, facts_of
from pipeline.policy.looseness import loosenings
from pipeline.policy.registry import compile_registry
from pipeline.policy.schema_export import policy_schema, render
from pipeline.schemas import event_schemas, load_schema, schema_dir

PIPELINE = Path(__file__).parents[2] / "pipeline"
FILES = {
    "policies/settings.yaml": "PolicySettings",
    "policies/us.yaml": "RegionPolicy",
    "policies/india.yaml": "RegionPolicy",
    "policies/acknowledgements.yaml": "Acknowledgements",
    "sandbox/demo-settings.yaml": "PolicySettings",
}


def test_shipped_policy_is_no_looser_and_its_baseline_is_up_to_date() -> None:
    policy, schemas, defaults = load_policy(), event_schemas(), load_schema("mixpanel-defaults")
    registry = compile_registry(schemas, defaults, policy)
    shipped = facts_of(policy, registry, schemas, defaults, load_schema("profile"))
    baseline = decode(BASELINE.read_bytes(), BASELINE.name)
    assert unacknowledged(loosenings(baseline, shipped), load_acknowledgements()) == []
    assert baseline == shipped, "run: coppice check --write-baseline"
    assert BASELINE.read_bytes() == encode(shipped)


def test_schema_of_the_policy_files_is_up_to_date() -> None:
    stored = (schema_dir() / "policy.schema.json").read_text(encoding="utf-8")
    assert stored == render(), "run: python -m pipeline.policy.schema_export > schemas/policy.schema.json"


def test_every_key_of_the_policy_files_is_described() -> None:
    for name, definition in policy_schema()["$defs"].items():
        assert definition.get("description"), name
        for key, spec in definition.get("properties", {}).items():
            assert len(spec["description"]) >= 2, f"{name}.{key}"


@pytest.mark.parametrize("name", FILES)
def test_shipped_file_points_at_its_schema_and_fits_it(name: str) -> None:
    path = PIPELINE / name
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    target, _, part = first.removeprefix("# yaml-language-server: $schema=").partition("#")
    assert (path.parent / target).resolve() == (schema_dir() / "policy.schema.json").resolve()
    assert part == f"/$defs/{FILES[name]}"
    content = json.loads(json.dumps(YAML(typ="safe").load(path), default=str))  # days are text to JSON
    schema = {**policy_schema(), "anyOf": [{"$ref": f"#{part}"}]}
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(content)] == []


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("PolicySettings", {"coppa": {"audience": "everybody"}}),
        ("PolicySettings", {"kill_switch": {"cohort": ["US/child"]}}),
        ("PolicySettings", {"vendor_gate": {"us_child": {"document": "D"}}}),
        ("RegionPolicy", {"region": "us", "decisions": {}}),
        ("Acknowledgements", {"acknowledged": [{"id": "x", "by": "me", "date": "2026-11-25", "why": "because"}]}),
    ],
    ids=repr,
)
def test_schema_finds_what_loading_would_refuse(part: str, content: object) -> None:
    schema = {**policy_schema(), "anyOf": [{"$ref": f"#/$defs/{part}"}]}
    assert not jsonschema.Draft202012Validator(schema).is_valid(content)


def test_settings_file_may_hold_only_what_differs() -> None:
    schema = {**policy_schema(), "anyOf": [{"$ref": "#/$defs/PolicySettings"}]}
    assert jsonschema.Draft202012Validator(schema).is_valid({"version": "mine", "coppa": {"audience": "mixed"}})
