"""`coppice registry add`: strictest classes first, nobody keeps anything, and no value of the sample gets out."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.main import cli
from pipeline.ops.errors import ConfigError
from pipeline.policy.compiling import load_policy
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Purpose
from pipeline.schemas import event_schemas, load_schema
from pipeline.workers.drafting import UndraftableError, Wishes, draft

DEFAULTS = load_schema("mixpanel-defaults")
POLICY = load_policy()
NO_WISHES = Wishes({}, {}, Purpose.ANALYTICS)
SAMPLE: dict[str, Any] = {
    "event": "Puzzle Solved",
    "time": 1795599493000,
    "profile_id": "player-42",
    "properties": {
        "level": 7,
        "score": 0.5,
        "won": True,
        "mode": "secret-mode",
        "comment": "meet me at 5 Elm Street",
        "moves": [3, 12],
        "tags": ["secret-tag"],
        "board": {"inside": "nested"},
        "nothing": None,
        "player_email": "secret",
        "note": "write to kid@example.com",
        "places": 123456,
        "change": -40,
        "$os": "Android",
        "time": 1795599493,
        "coppice": {"profile_id": "player-42"},
        "kid@example.com": 1,
    },
}


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("COPPICE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def run(tmp_path: Path, *more: str, sample: Any = SAMPLE) -> str:
    file = tmp_path / "sample.json"
    file.write_bytes(sample if isinstance(sample, bytes) else json.dumps(sample).encode())
    where = tmp_path / "events"
    where.mkdir(exist_ok=True)
    arguments = ["registry", "add", str(file), *([] if "--dir" in more else ["--dir", str(where)]), *more]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def drafted(tmp_path: Path, *more: str, **properties: Any) -> dict[str, Any]:
    run(tmp_path, *more, sample=SAMPLE | {"properties": SAMPLE["properties"] | properties})
    schema: dict[str, Any] = json.loads((tmp_path / "events" / "puzzle_solved.json").read_text())
    return schema


def test_draft_is_a_schema_that_the_registry_takes(tmp_path: Path) -> None:
    schema = drafted(tmp_path)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == "urn:coppice:schema:event:puzzle_solved"
    assert schema["title"] == "Puzzle Solved"
    assert schema["additionalProperties"] is False
    assert event_schemas(tmp_path / "events").keys() == {"Puzzle Solved"}
    plan = compile_registry({"Puzzle Solved": schema}, DEFAULTS, POLICY)["Puzzle Solved"]
    assert plan.purpose is Purpose.ANALYTICS


def test_nobody_keeps_anything_before_a_person_has_said_who(tmp_path: Path) -> None:
    schema = drafted(tmp_path)
    assert all(spec["x-cohorts"] == [] for spec in schema["properties"].values())
    plan = compile_registry({"Puzzle Solved": schema}, DEFAULTS, POLICY)["Puzzle Solved"]
    for rules in plan.rules.values():
        assert all(rules[name].stripped is not None for name in schema["properties"])


def test_list_of_cohorts_is_all_that_is_missing(tmp_path: Path) -> None:
    schema = drafted(tmp_path, "--enum", "mode=easy,hard", "--enum", "tags=a,b")
    for name in ("level", "score", "won", "mode", "comment", "moves", "tags"):
        groups = ["adult"] if name == "comment" else ["child", "teen", "adult"]
        schema["properties"][name]["x-cohorts"] = groups
    compile_registry({"Puzzle Solved": schema}, DEFAULTS, POLICY)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("level", {"type": "integer", "minimum": 0, "maximum": 10, "x-class": "operational"}),
        ("score", {"type": "number", "minimum": 0, "maximum": 1, "x-class": "operational"}),
        ("won", {"type": "boolean", "x-class": "operational"}),
        ("mode", {"type": "string", "maxLength": 120, "x-class": "free_text"}),
        ("tags", {"x-class": "free_text"}),
        ("board", {"x-class": "free_text"}),
        ("nothing", {"x-class": "free_text"}),
        ("player_email", {"x-class": "contact"}),
        ("note", {"x-class": "contact"}),
        ("change", {"type": "integer", "minimum": -100, "maximum": 100, "x-class": "operational"}),
        (
            "moves",
            {
                "type": "array",
                "items": {"type": "integer", "minimum": 0, "maximum": 100},
                "maxItems": 20,
                "x-class": "operational",
            },
        ),
    ],
)
def test_strictest_class_and_form_that_fit(tmp_path: Path, name: str, expected: dict[str, Any]) -> None:
    found = drafted(tmp_path)["properties"][name]
    assert found.pop("description")
    assert found.pop("x-cohorts") == []
    assert found == expected


def test_number_of_five_digits_may_be_a_zip_code(tmp_path: Path) -> None:
    schema = drafted(tmp_path, big=54321)
    assert schema["properties"]["big"].get("maximum", 0) <= 9999


def test_mixpanels_own_names_envelope_and_personal_names_are_left_out(tmp_path: Path) -> None:
    out = run(tmp_path)
    schema = json.loads((tmp_path / "events" / "puzzle_solved.json").read_text())
    assert not {"$os", "time", "coppice", "kid@example.com"} & schema["properties"].keys()
    assert "kid@" not in out
    assert "its name may be personal" in out


def test_no_value_of_the_sample_gets_into_schema_or_output(tmp_path: Path) -> None:
    out = run(tmp_path)
    written = (tmp_path / "events" / "puzzle_solved.json").read_text()
    for text in (out, written):
        for value in ("secret", "Elm Street", "player-42", "123456", "nested", "kid@"):
            assert value not in text


def test_what_to_look_at_is_said_for_every_property(tmp_path: Path) -> None:
    out = run(tmp_path)
    schema = json.loads((tmp_path / "events" / "puzzle_solved.json").read_text())
    for name in schema["properties"]:
        assert f"- {name}: " in out
    for word in ("x-cohorts", "x-purpose", "description", "--enum mode=a,b", "--range level=LOW,HIGH"):
        assert word in out


def test_wishes_are_followed(tmp_path: Path) -> None:
    more = ("--enum", "mode=easy, hard,easy", "--range", "level=1,500", "--range", "score=-0.5,1.5")
    schema = drafted(tmp_path, *more, "--purpose", "essential", "--operation", "session_health")
    assert schema["properties"]["mode"]["enum"] == ["easy", "hard"]
    assert schema["properties"]["mode"]["x-class"] == "operational"
    assert (schema["properties"]["level"]["minimum"], schema["properties"]["level"]["maximum"]) == (1, 500)
    assert (schema["properties"]["score"]["minimum"], schema["properties"]["score"]["maximum"]) == (-0.5, 1.5)
    assert (schema["x-purpose"], schema["x-operation"]) == ("essential", "session_health")
    compile_registry({"Puzzle Solved": schema}, DEFAULTS, POLICY)


def test_name_of_an_identifier_outweighs_a_wish(tmp_path: Path) -> None:
    schema = drafted(tmp_path, "--enum", "player_email=a,b")
    assert schema["properties"]["player_email"]["x-class"] == "contact"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--enum", "mode"), "--enum"),
        (("--enum", "=a"), "--enum"),
        (("--enum", "mode="), "--enum"),
        (("--enum", "absent=a"), "absent"),
        (("--enum", "level=a"), "--enum is for texts"),
        (("--range", "level=5"), "--range"),
        (("--range", "level=5,1"), "--range"),
        (("--range", "level=0,nan"), "--range"),
        (("--range", "level=0,inf"), "--range"),
        (("--range", "level=0,1e300"), "--range"),
        (("--range", "mode=0,1"), "--range for numbers"),
        (("--purpose", "essential"), "--operation"),
        (("--operation", "x"), "--operation"),
    ],
)
def test_wish_that_cannot_be_is_named(tmp_path: Path, more: tuple[str, ...], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        run(tmp_path, *more)
    assert list((tmp_path / "events").iterdir()) == []


@pytest.mark.parametrize(
    "sample",
    [b"", b"{", b"[]", b"7", {"event": "x"}, {"properties": {}}, {"event": 7, "properties": {}}, [SAMPLE],
     {"event": "!!!", "properties": {}}, {"event": "kid@example.com", "properties": {}}],
    ids=str,
)  # fmt: skip
def test_sample_that_is_no_event_is_refused_without_showing_it(tmp_path: Path, sample: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        run(tmp_path, sample=sample)
    assert "kid@" not in str(caught.value)
    assert list((tmp_path / "events").iterdir()) == []


def test_existing_event_is_never_overwritten(tmp_path: Path) -> None:
    run(tmp_path)
    path = tmp_path / "events" / "puzzle_solved.json"
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="registered"):
        run(tmp_path)
    with pytest.raises(ConfigError, match="exists"):
        run(tmp_path, sample=SAMPLE | {"event": "puzzle solved"})
    assert path.read_bytes() == before


def test_event_of_an_sdk_is_a_sample_too(tmp_path: Path) -> None:
    properties = {"distinct_id": "x", "token": "t", "time": 1, "$insert_id": "y", "level": 7}
    run(tmp_path, sample={"event": "sdk_event", "properties": properties, "$mp_metadata": {}})
    schema = json.loads((tmp_path / "events" / "sdk_event.json").read_text())
    assert schema["properties"].keys() == {"level"}


def test_registry_of_the_settings_is_where_schemas_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = tmp_path / "mine"
    where.mkdir()
    monkeypatch.setenv("COPPICE_POLICY__REGISTRY_DIR", str(where))
    file = tmp_path / "sample.json"
    file.write_text(json.dumps(SAMPLE))
    result = CliRunner().invoke(cli, ["registry", "add", str(file)], catch_exceptions=False)
    assert result.exit_code == 0
    assert (where / "puzzle_solved.json").is_file()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=5))
def test_any_properties_make_a_draft_that_compiles(properties: dict[str, Any]) -> None:
    found = draft({"event": "any_event", "properties": properties}, DEFAULTS, NO_WISHES)
    compile_registry({"any_event": found.schema}, DEFAULTS, POLICY)
    json.dumps(found.schema, allow_nan=False)


def test_error_of_a_draft_is_typed() -> None:
    with pytest.raises(UndraftableError):
        draft([], DEFAULTS, NO_WISHES)


def test_what_may_not_be_told_about_a_child_is_said() -> None:
    event = {"event": "moodLogged", "properties": {"level": 3, "spenderScore": 4, "mode": "calm"}}
    told = [line for line in draft(event, DEFAULTS, NO_WISHES).review if "DPDP Act s.9(2)" in line]
    assert [line.partition(":")[0] for line in told] == ["moodLogged", "spenderScore"]
