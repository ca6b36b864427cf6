"""`coppice policy diff`: what changes, without a value, and an exit status that says in which direction."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pipeline.policy.compiling import SHIPPED
from pipeline.schemas import schema_dir
from tests.core.worlds import DEMO_FILE, NOW, OPEN, RECORDS, encode, merged, raw_event
from tests.policy_tools.commands import coppice, yaml_file

SAME, STRICTER, LOOSER = 0, 3, 4
SECRET = "asha@example.com"  # a value that must not be shown


@pytest.fixture
def sample(tmp_path: Path) -> tuple[Path, Path]:
    people = {"US/child": "p-child", "US/teen": "p-teen", "US/adult": "p-adult", "IN/adult": "p-in"}
    events = [
        raw_event(event=event, profile_id=profile, region=cohort[:2], platform="ios", properties=properties)
        for cohort, profile in people.items()
        for event, properties in (
            ("level_started", {"level": 3, "email": SECRET}),
            ("app_opened", {"load_ms": 900, "network": "wifi"}),
            (SECRET, {}),
        )
    ]
    raw, consent = tmp_path / "raw.ndjson", tmp_path / "consent.ndjson"
    raw.write_bytes(b"".join(encode(event) + b"\n" for event in [*events, 7]))
    consent.write_bytes(b"".join(encode(RECORDS[c] | {"profile_id": p}) + b"\n" for c, p in people.items()))
    return raw, consent


def diff(tmp_path: Path, sample: tuple[Path, Path], old: Any, new: Any, *, status: int) -> Result:
    sides = [
        side if isinstance(side, Path) else yaml_file(tmp_path / f"{name}.yaml", side)
        for name, side in (("old", old), ("new", new))
    ]
    raw, consent = sample
    result = coppice("policy", "diff", *sides, "--sample", raw, "--consent", consent, "--now", NOW, check=status)
    assert SECRET not in result.output
    assert "asha" not in result.output
    return result


def test_the_same_policy_changes_nothing(tmp_path: Path, sample: tuple[Path, Path]) -> None:
    assert "13 events: same" in diff(tmp_path, sample, OPEN, merged(OPEN, {"version": "another"}), status=SAME).stdout


CLOSED_GATE = {"vendor_gate": {"us_teen": None}}
CHANGES = [
    (CLOSED_GATE, "US/teen", "the event", "stays: vendor_gate"),
    ({"consent": {"notice_versions": {"in_adult": []}}}, "IN/adult", "the event", "stays: consent_notice"),
    ({"apple": {"kids_rules": True}}, "US/child", "identity", "none"),
    ({"kill_switch": {"regions": ["in"]}}, "IN/adult", "the event", "stays: kill_switch"),
    ({"pseudonym": {"rotation_days": {"adult": 300}}}, "US/adult", "identity", "another pseudonym"),
    ({"us_teen": {"profile": "child"}}, "", "", ""),  # the shipped events list nothing for teens only
]


@pytest.mark.parametrize(("change", "cohort", "what", "now"), CHANGES)
def test_a_change_is_stricter_one_way_and_looser_the_other(
    tmp_path: Path, sample: tuple[Path, Path], change: dict[str, Any], cohort: str, what: str, now: str
) -> None:
    stricter = diff(tmp_path, sample, OPEN, merged(OPEN, change), status=STRICTER).stdout
    for piece in (cohort, what, now, "stricter"):
        assert piece in stricter
    looser = diff(tmp_path, sample, merged(OPEN, change), OPEN, status=LOOSER).stdout
    assert "13 events: looser" in looser


def test_looser_in_one_thing_and_stricter_in_another_is_looser(tmp_path: Path, sample: tuple[Path, Path]) -> None:
    old = merged(OPEN, {"apple": {"kids_rules": True}})
    found = diff(tmp_path, sample, old, merged(OPEN, CLOSED_GATE), status=LOOSER).stdout
    assert "stricter" in found


def test_another_cohort_for_the_same_reason_is_told_and_is_the_same(tmp_path: Path, sample: tuple[Path, Path]) -> None:
    raw, consent = sample
    raw.write_bytes(encode(raw_event(event="level_started", age={"band": "adult", "source": "age_screen"})))
    consent.write_bytes(b"")
    new = merged(OPEN, {"age_sources": {"us": ["id_document"]}})
    found = diff(tmp_path, (raw, consent), OPEN, new, status=STRICTER).stdout
    assert "US/adult → US/unknown" in found.replace("\n", " ") or "US/unknown" in found
    assert "age sources of region us" in found  # the policy is stricter, though no event of the sample shows it


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A proposal: the three policy files with the demo's settings in one, and a registry."""
    made = tmp_path / "proposal"
    made.mkdir()
    for name in ("us.yaml", "india.yaml", "settings.yaml"):
        shutil.copy(SHIPPED / name, made / name)
    shutil.copytree(schema_dir() / "events", made / "events")
    return made


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_directories_are_compared(tmp_path: Path, sample: tuple[Path, Path], directory: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(directory, other)
    assert diff(tmp_path, sample, directory, other, status=SAME)
    edit(other / "us.yaml", 'network: {law: "16 CFR 312.2 PI (7)", rule: R24, action: {adult: keep}}',
         'network: {law: "16 CFR 312.2 PI (7)", rule: R24, action: drop}')  # fmt: skip
    assert "class network: US/adult" in diff(tmp_path, sample, directory, other, status=STRICTER).stdout


def test_a_registry_that_lists_more_is_looser(tmp_path: Path, sample: tuple[Path, Path], directory: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(directory, other)
    schema = json.loads((other / "events" / "level_started.json").read_text())
    schema["properties"]["lives"] = {"type": "integer", "minimum": 0, "maximum": 9, "x-class": "gameplay"}
    (other / "events" / "level_started.json").write_text(json.dumps(schema))
    assert "lives" in diff(tmp_path, sample, directory, other, status=LOOSER).stdout


def test_a_property_that_no_longer_leaves_is_named(tmp_path: Path, sample: tuple[Path, Path], directory: Path) -> None:
    opened, fewer = tmp_path / "opened", tmp_path / "fewer"
    for made in (opened, fewer):
        shutil.copytree(directory, made)
        for cohort in ("us_child", "us_teen", "us_adult", "in_adult"):
            edit(made / "settings.yaml", f"  {cohort}: null", f"  {cohort}: {{document: D-1, until: 2099-12-31}}")
            edit(made / "settings.yaml", f"{cohort}: []", f'{cohort}: ["2026-04"]')
    schema = json.loads((fewer / "events" / "app_opened.json").read_text())
    del schema["properties"]["network"]
    (fewer / "events" / "app_opened.json").write_text(json.dumps(schema))
    told = diff(tmp_path, sample, opened, fewer, status=STRICTER).stdout
    assert any(all(piece in line for piece in ("app_opened", "US/adult", "network")) for line in told.splitlines())


def test_the_demo_file_compared_with_itself(sample: tuple[Path, Path]) -> None:
    raw, _ = sample
    assert coppice("policy", "diff", DEMO_FILE, DEMO_FILE, "--sample", raw, "--now", NOW, check=SAME)
