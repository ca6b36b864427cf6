"""`coppice policy test`: the shipped cases hold and cover the requirements, and a case that fails says where."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.policy.compiling import SHIPPED
from pipeline.policy.errors import PolicyError
from pipeline.policy.vocabulary import Cohort
from pipeline.workers.golden import CASES, Golden, Report
from tests.policy_tools.commands import coppice, yaml_file

ROWS = [f"R{number:02}" for number in range(1, 25)]
FEWEST = 150


@pytest.fixture(scope="module")
def report() -> Report:
    return Golden(Settings()).run()


def test_every_shipped_case_holds(report: Report) -> None:
    assert report.failures == ()
    assert len(report.ran) >= FEWEST


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_case_for_every_cohort(report: Report, row: str) -> None:
    covered = {cohort for requirement, cohort in report.ran if requirement == row}
    assert covered >= set(Cohort) - {Cohort.XX}


def test_one_file_for_each_requirement_and_no_name_twice(report: Report) -> None:
    names = [path.stem for path in CASES.glob("*.yaml") if path.name != "world.yaml"]
    assert {requirement for requirement, _ in report.ran} == set(names)
    lines = [line for path in CASES.glob("R*.yaml") for line in path.read_text().splitlines() if "- case:" in line]
    assert [name for name, count in Counter(lines).items() if count > 1] == []


MUTATIONS = [
    ("us.yaml", "require: [vendor_gate, parental_consent, disclosure_or_provider]", "require: [vendor_gate]", "R05"),
    ("us.yaml", "        require: [internal_ops_allowed, vendor_gate]", "        require: [vendor_gate]", "R10"),
    ("us.yaml", "rule: R24, action: {adult: keep}", "rule: R24, action: drop", "R03"),
    ("us.yaml", "rule: R24, action: {adult: generalize}", "rule: R24, action: drop", "R24"),
    ("us.yaml", "rule: R21, action: {adult: scrub}", "rule: R21, action: drop", "R21"),
    ("india.yaml", "rule: R18, action: {adult: generalize}", "rule: R18, action: drop", "R18"),
    ("us.yaml", "rule: R17, action: drop, alarm: [child, teen, adult, unknown]", "rule: R17, action: drop", "R17"),
    ("us.yaml", "rule: R23, action: drop, alarm: [child, teen, adult, unknown]", "rule: R23, action: drop", "R23"),
    ("us.yaml", "{child: drop_event, teen: drop_event, adult", "{child: drop, teen: drop, adult", "R12"),
    ("india.yaml", "own_analytics_consent, own_marketing_consent", "own_analytics_consent", "R06"),
    ("india.yaml", "rule: R14, action: drop, alarm: [child, unknown]", "rule: R14, action: drop", "R14"),
    ("india.yaml", "decisions:\n", "decisions:\n  child: {analytics: [{law: none, require: [vendor_gate]}]}\n", "R11"),
]


@pytest.mark.parametrize(("name", "old", "new", "row"), MUTATIONS)
def test_a_change_of_the_policy_fails_a_case_of_its_requirement(
    tmp_path: Path, name: str, old: str, new: str, row: str
) -> None:
    for file in ("us.yaml", "india.yaml", "settings.yaml"):
        text = (SHIPPED / file).read_text(encoding="utf-8")
        assert file != name or old in text
        (tmp_path / file).write_text(text.replace(old, new) if file == name else text, encoding="utf-8")
    assert Golden(Settings(), directory=tmp_path).run((CASES / f"{row}.yaml",)).failures


def cases(tmp_path: Path, *given: dict[str, Any], **world: Any) -> Path:
    if world:
        yaml_file(tmp_path / "world.yaml", world)
    written = {"requirement": "R03", "title": "mine", "settings": "open", "cases": list(given)}
    return yaml_file(tmp_path / "mine.yaml", written)


LEAVES = {
    "case": "an adult's level leaves",
    "person": "us_adult",
    "expect": {"leaves": ["level"], "cohort": "US/adult"},
}


def test_cases_of_ones_own(tmp_path: Path) -> None:
    assert "1 cases, 0 failed" in coppice("policy", "test", cases(tmp_path, LEAVES), check=0).stdout


@pytest.mark.parametrize(
    ("expect", "got"),
    [
        ({"leaves": [], "cohort": "US/adult"}, "got       leaves as US/adult with ['level']"),
        ({"leaves": ["level"], "cohort": "US/teen"}, "got       leaves as US/adult"),
        ({"dropped": "no_consent", "cohort": "US/adult"}, "expected  dropped no_consent as US/adult"),
        ({"rejected": "empty"}, "expected  rejected empty"),
        ({"leaves": ["level"], "cohort": "US/adult", "values": {"level": 4}}, "level = 3"),
        ({"leaves": ["level"], "cohort": "US/adult", "values": {"world": "ocean"}}, "no world"),
        ({"leaves": ["level"], "cohort": "US/adult", "identity": "none"}, "identity pseudonym"),
        ({"leaves": ["level"], "cohort": "US/adult", "absent": ["level_started"]}, "holds 'level_started'"),
        ({"leaves": ["level"], "cohort": "US/adult", "alarms": ["ip"]}, "alarms []"),
    ],
)
def test_a_case_that_fails_says_where_and_how(tmp_path: Path, expect: dict[str, Any], got: str) -> None:
    wrong = {"case": "this one is wrong", "person": "us_adult", "expect": expect}
    output = coppice("policy", "test", cases(tmp_path, LEAVES, wrong), check=1).stdout
    assert "mine.yaml:11: this one is wrong" in output
    assert got in output
    assert "2 cases, 1 failed" in output


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"expect": {"leaves": ["level"]}}, "cohort must be given"),
        ({"expect": {"cohort": "US/adult"}}, "exactly one of"),
        ({"expect": {"leaves": [], "dropped": "no_consent", "cohort": "US/adult"}}, "exactly one of"),
        ({"expect": {"dropped": "no_reason", "cohort": "US/adult"}}, "no_consent"),
        ({"person": "nobody"}, "no person nobody"),
        ({"settings": "ajar"}, "no settings ajar"),
        ({"set": {"coppa": {"audience": "aliens"}}}, "coppa.audience"),
        ({"evnt": "crash"}, "evnt"),
    ],
)
def test_what_is_no_case_is_refused_with_its_place(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.yaml") as caught:
        coppice("policy", "test", cases(tmp_path, LEAVES | change))
    assert problem in str(caught.value)


def test_a_world_beside_the_cases_counts(tmp_path: Path) -> None:
    people = {"somebody": {"event": {"region": "GB"}}}
    event = {"event": "crash", "time": "-1h", "received_at": "-1h", "profile_id": "p", "properties": {}}
    case = {
        "case": "nobody leaves",
        "person": "somebody",
        "expect": {"dropped": "unknown_region", "cohort": "XX/unknown"},
    }
    world = {"now": "2026-11-25T10:00:00Z", "event": event, "people": people, "settings": {"open": {}}}
    assert "0 failed" in coppice("policy", "test", cases(tmp_path, case, **world), check=0).stdout


def test_cases_run_under_the_settings_that_are_given(tmp_path: Path) -> None:
    case = LEAVES | {"settings": "shipped", "expect": {"dropped": "kill_switch", "cohort": "US/adult"}}
    stopped = yaml_file(tmp_path / "stopped.yaml", {"kill_switch": {"all": True}})
    path = cases(tmp_path, case)
    assert "vendor_gate" in coppice("policy", "test", path, check=1).stdout
    assert "0 failed" in coppice("policy", "test", "--settings", stopped, path, check=0).stdout


def test_a_directory_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no case files"):
        Golden(Settings()).run((tmp_path,))
