"""`coppice check` in CI: against the baseline of the main branch, with signatures that are new (R38)."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli.check import BASELINE
from pipeline.cli.main import cli
from pipeline.ops.errors import ConfigError
from tests.policy_tools.commands import coppice

LOOSER = "us_adult: {analytics: opt_out}\n"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("COPPICE_")]:
        monkeypatch.delenv(name)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def signed(path: Path, step: str, date: str) -> Path:
    entry = f'{{id: "{step}", by: Privacy officer, date: {date}, why: agreed with counsel}}'
    return written(path, f"acknowledged:\n  - {entry}\n")


def refused(*arguments: object) -> str:
    """Return all that is said on the screen."""
    done = CliRunner().invoke(cli, ["check", *map(str, arguments)])
    assert isinstance(done.exception, ConfigError)
    return f"{done.output}\n{done.exception}"


def test_a_baseline_that_is_edited_with_the_change_does_not_help(tmp_path: Path) -> None:
    main, own = BASELINE, tmp_path / "own.json"
    settings = ("--settings", written(tmp_path / "settings.yaml", LOOSER))
    coppice("check", *settings, "--baseline", own, "--write-baseline", check=0)  # nobody asks: there was none
    text = refused(*settings, "--baseline", main)
    assert "setting: us_adult_opt_out: true in place of false" in text
    step = text.split('"')[1]

    now = signed(tmp_path / "now.yaml", step, "2026-11-26")
    none = written(tmp_path / "none.yaml", "acknowledged: []\n")
    branch = (*settings, "--baseline", main, "--acknowledgements", now)
    done = coppice("check", *branch, "--signed-before", none, check=0)
    assert f"{step}  setting: us_adult_opt_out" in done.output
    assert "[signed by Privacy officer on 2026-11-26]" in done.output

    # merged, taken back, and tried again under the old signature
    before = signed(tmp_path / "before.yaml", step, "2026-11-26")
    text = refused(*branch, "--signed-before", before)
    assert f'- {{id: "{step}"' in text
    assert "NOT ACKNOWLEDGED: what Privacy officer signed on 2026-11-26 was an earlier change; sign anew" in text
    anew = signed(tmp_path / "anew.yaml", step, "2027-03-01")
    again = coppice(
        "check", *settings, "--baseline", main, "--acknowledgements", anew, "--signed-before", before, check=0
    )
    assert "[signed by Privacy officer on 2027-03-01]" in again.output
    broken = written(tmp_path / "broken.yaml", "acknowledged: 3\n")
    assert "broken.yaml:1: acknowledged" in refused(*branch, "--signed-before", broken)
