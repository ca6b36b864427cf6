"""What docs/profiles.md tells backend teams to send is what leaves, and what it warns of is refused."""

import json
import re
from pathlib import Path
from typing import Any

from pipeline.core.outcome import Clean, Dropped, DropReason
from pipeline.core.profile_update import NOT_REPEATABLE, OPERATORS
from tests.mixpanel_input.sdk import COPPICE, one

PAGE = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text(encoding="utf-8")
EXAMPLE = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])


def sent(**operators: Any) -> Any:
    return one(EXAMPLE | {f"${name}": operand for name, operand in operators.items()} | {"coppice": COPPICE})


def test_the_example_leaves_whole() -> None:
    assert EXAMPLE["coppice"].keys() <= COPPICE.keys()
    outcome = sent()
    assert isinstance(outcome, Clean)
    left = json.loads(outcome.value)
    operations = {name: operand for name, operand in EXAMPLE.items() if name != "coppice"}
    assert {name: part for name, part in left.items() if name in operations} == operations


def test_the_table_of_operators_is_the_one_that_is_kept_to() -> None:
    rows = [row.split("|") for row in PAGE.splitlines() if row.startswith("| `$")]
    told = {name: "**no**" in row[2] for row in rows for name in re.findall(r"\$\w+", row[1])}
    assert told == {operator: operator in NOT_REPEATABLE for operator in OPERATORS}


def test_the_reasons_it_names_are_those_that_are_given() -> None:
    named = set(re.findall(r"`((?:profile|group)_\w+)`", PAGE)) - {"profile_id"}
    assert named <= set(DropReason)
    for operators, reason in (
        ({"add": {"levels_completed": 1}}, DropReason.PROFILE_NOT_REPEATABLE),
        ({"set": {"x": 1}, "union": {}}, DropReason.PROFILE_EMPTY),
        ({"group_key": "school", "group_id": "hill"}, DropReason.GROUP_UNREGISTERED),
    ):
        outcome = sent(**operators)
        assert isinstance(outcome, Dropped)
        assert outcome.reason is reason
        assert reason in named
