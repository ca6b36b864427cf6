"""`coppice incident`: what an officer and an SRE see, and what a decision writes down."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from pipeline.cli.main import cli
from pipeline.deliver.incident import Fix
from pipeline.deliver.incident_files import read
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import load_settings
from pipeline.schemas import load_schema
from pipeline.workers.leaks import require_incident_dir
from tests.incidents.files import saved


def coppice(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments])


def settings(directory: Path) -> Path:
    path = directory.parent / "settings.yaml"
    path.write_text(f"deliver: {{incident_dir: {directory}}}\n")
    return path


def close(path: Path, *options: str) -> Result:
    return coppice("incident", "close", path, "--by", "A. Officer", "--reason", "the detector is back", *options)


def test_show_says_what_was_found_where_and_what_is_due(tmp_path: Path) -> None:
    output = coppice("incident", "show", saved(tmp_path)).output
    for part in (
        "open",
        "project 42",
        "found in 2 of 10 events, of 2 pseudonyms: email, phone",
        "partition 0 offset 12: email in comment",
        "delivered 10 events",
        "2026-11-25T16:00:00Z",
        "CERT-In",
        "Data Protection Board",
    ):
        assert part in output


def test_list_shows_every_incident_and_fails_while_one_is_open(tmp_path: Path) -> None:
    directory = tmp_path / "incidents"
    directory.mkdir()
    config = settings(directory)
    assert coppice("incident", "list", "--config", config).output == "there is no incident\n"
    path = saved(directory)
    result = coppice("incident", "list", "--config", config)
    assert (result.exit_code, "open" in result.output) == (1, True)
    close(path)
    result = coppice("incident", "list", "--config", config)
    assert (result.exit_code, "closed" in result.output) == (0, True)


@pytest.mark.parametrize(
    ("options", "fix"), [((), Fix.REJECT), (("--discard",), Fix.DISCARD), (("--resend",), Fix.RESEND)]
)
def test_close_writes_down_who_why_and_what_becomes_of_the_events(tmp_path: Path, options: Any, fix: Fix) -> None:
    path = saved(tmp_path)
    assert close(path, *options).exit_code == 0
    closed = read(path)
    assert closed.state == "closed"
    assert closed.closing is not None
    assert (closed.closing.by, closed.closing.reason, closed.closing.held_events) == (
        "A. Officer",
        "the detector is back",
        fix,
    )
    jsonschema.Draft202012Validator(load_schema("incident")).validate(json.loads(path.read_text()))
    assert "A. Officer" in coppice("incident", "show", path).output


def test_what_is_closed_stays_as_it_is(tmp_path: Path) -> None:
    path = saved(tmp_path)
    close(path)
    before = path.read_bytes()
    assert isinstance(close(path, "--resend").exception, ConfigError)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "options",
    [
        ("--by", "x"),
        ("--reason", "x"),
        ("--by", " ", "--reason", "x"),
        ("--by", "x", "--reason", "x", "--discard", "--resend"),
    ],
)
def test_nothing_is_closed_without_a_name_and_a_reason_or_with_two_decisions(tmp_path: Path, options: Any) -> None:
    path = saved(tmp_path)
    assert coppice("incident", "close", path, *options).exit_code != 0
    assert read(path).state == "open"


def test_a_directory_that_is_not_there_is_no_empty_one(tmp_path: Path) -> None:
    config = settings(tmp_path / "gone")
    assert isinstance(coppice("incident", "list", "--config", config).exception, ConfigError)
    with pytest.raises(ConfigError, match="INCIDENT_DIR"):
        require_incident_dir(load_settings(config))


def test_a_file_that_is_no_incident_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"id": "secret-value"}')
    result = coppice("incident", "show", path)
    assert isinstance(result.exception, ConfigError)
    assert "secret-value" not in str(result.exception)
