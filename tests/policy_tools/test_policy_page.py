"""The page about the policy: up to date, complete, and the same as what the terminal shows."""

import json
from pathlib import Path

import pytest

from pipeline.cli.policy import page
from pipeline.policy.compiling import load_policy
from pipeline.policy.vocabulary import Cohort, PropertyClass, Purpose
from pipeline.schemas import event_schemas, load_schema
from pipeline.workers.policy_page import matrices
from tests.core.worlds import DEMO_FILE
from tests.policy_tools.commands import coppice, yaml_file

PAGE = Path(__file__).parents[2] / "docs" / "policy.md"


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


def rows(text: str, first: str) -> list[list[str]]:
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith(f"| {first} |")]
    assert lines, first
    return lines


def test_the_page_is_up_to_date(text: str) -> None:
    assert text == page(), "run: coppice policy show --markdown > docs/policy.md"


def test_every_registered_property_is_on_it(text: str) -> None:
    for name, schema in event_schemas().items():
        section = text.partition(f"### Event `{name}`")[2].partition("\n##")[0]
        for prop in schema["properties"]:
            assert rows(section, f"`{prop}`")


def test_every_property_of_mixpanel_is_on_it(text: str) -> None:
    defaults = load_schema("mixpanel-defaults")
    section = text.partition("## Mixpanel's own properties\n")[2].partition("\n## ")[0]
    for name in [*defaults["properties"], *defaults["patternProperties"]]:
        assert rows(section, f"`{name.replace('|', chr(92) + '|')}`")


def test_every_row_of_a_table_has_as_many_cells_as_its_header(text: str) -> None:
    width = 0
    for line in text.splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(line.replace("\\|", "").strip("|").split("|"))
        assert cells == (width or cells), line
        width = cells


@pytest.mark.parametrize("number", range(1, 22))
def test_every_open_question_is_on_it_with_what_it_changes(text: str, number: int) -> None:
    for row in rows(text.partition("## What the law leaves open")[2], f"J{number}"):
        assert row[2].strip("`")
        assert len(row[4]) > 10, row


def test_the_matrices_are_complete() -> None:
    leave, conditions, classes, found, harmful = matrices(load_policy())
    assert len(leave.rows) == len(Cohort)
    assert len(leave.header) == 1 + len(Purpose)
    assert [row[0] for row in classes.rows] == [kind.replace("_", " ") for kind in PropertyClass]
    asked = {word for row in leave.rows for cell in row[1:] for word in cell.partition(" (")[0].split(", ")}
    assert asked - {"never"} <= {row[0] for row in conditions.rows}
    assert len(found.rows) == len(Cohort) - 1
    assert {row[-1] for row in harmful.rows} == {"DPDP Act s.9(2)"}
    assert {"mood", "vulnerability", "self-harm", "compulsion", "spend propensity"} == {row[0] for row in harmful.rows}


def test_cells_say_what_the_policy_does(text: str) -> None:
    crash = text.partition("### Event `crash`")[2].partition("\n##")[0]
    (message,) = rows(crash, "`message`")
    assert message[1:9] == ["free text", "–", "–", "scrubbed", "–", "·", "scrubbed", "·"]
    (country,) = rows(text.partition("## Mixpanel's own properties\n")[2].partition("\n## ")[0], "`mp_country_code`")
    assert country[1:9] == ["coarse location", "coarse", "coarse", "coarse", "coarse", "·", "coarse", "·"]
    assert "| IN/child: Child in India, under 18 | never | never | never | never |" in text


def test_the_page_says_whose_gate_is_open_and_what_is_added(text: str) -> None:
    assert "**As it stands nothing leaves.**" in text
    demo = page(DEMO_FILE)
    assert "As it stands nothing leaves" not in demo
    assert "with the settings demo-" in demo
    assert "on file for US/child (to the end of 2099-12-31)" in demo
    (pseudonym,) = rows(text.partition("## What coppice adds")[2].partition("\n## ")[0], "`distinct_id`")
    assert "every 30 days for minors and unknown ages, 365 for adults" in pseudonym[1]
    assert "Empty for US/child" in pseudonym[1]


def test_the_terminal_shows_the_matrices_of_given_settings(tmp_path: Path) -> None:
    shown = coppice("policy", "show", "--settings", DEMO_FILE, check=0).stdout
    assert "policy demo-" in shown
    for piece in ("Which events leave", "What becomes of each class of data", "312.7", "never"):
        assert piece in shown
    stopped = yaml_file(tmp_path / "stopped.yaml", {"kill_switch": {"all": True}})
    assert "(R38)" in coppice("policy", "show", "--settings", stopped, check=0).stdout


def test_the_command_prints_the_page(text: str) -> None:
    assert coppice("policy", "show", "--markdown", check=0).stdout == text
    assert json.dumps(text)  # no half surrogate pairs
