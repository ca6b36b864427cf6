"""The command that shows what is found."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pipeline.cli.detect import detect


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(detect, arguments, input=given)


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_text_as_json() -> None:
    result = run("--text", "call 98765 43210 or mia@example.com", "--json")
    assert result.exit_code == 0
    (report,) = objects(result)
    assert [(each["name"], each["found"], each["start"]) for each in report["findings"]] == [
        ("phone_in", "98765 43210", 5),
        ("email", "mia@example.com", 20),
    ]
    assert report["scrubbed"] == "call [phone_in] or [email]"


def test_standard_input_line_by_line() -> None:
    reports = objects(run("-", "--json", given="level 4\nमेरा २३४१ २३४१ २३४६ है\n"))
    assert [(each["line"], [found["name"] for found in each["findings"]]) for each in reports] == [
        (1, []),
        (2, ["aadhaar"]),
    ]


def test_a_file_as_a_table(tmp_path: Path) -> None:
    path = tmp_path / "texts"
    path.write_text("nothing\n[b]mia@example.com[/b]\x1b[31m\n")
    result = run(str(path))
    assert result.exit_code == 0
    assert "mia@example.com" in result.stdout
    assert "email" in result.stdout
    assert "\x1b" not in result.stdout


def test_nothing_found_is_said() -> None:
    assert run("--text", "level 4").stdout == "nothing found in 1 line\n"
    assert run("-", given="a\nb\n").stdout == "nothing found in 2 lines\n"


def test_a_key_gives_context() -> None:
    (report,) = objects(run("--text", "Mia", "--key", "child_name", "--json"))
    assert [each["name"] for each in report["findings"]] == ["name"]


@pytest.mark.parametrize("arguments", [(), ("-", "--text", "x")])
def test_one_source_is_needed(arguments: tuple[str, ...]) -> None:
    result = run(*arguments, given="x")
    assert result.exit_code == 2
    assert "FILE" in result.stderr


def test_any_bytes_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(bytes(range(256)) + b"\n" + b"x" * 20_000)
    reports = objects(run(str(path), "--json"))
    assert reports[-1]["scrubbed"] is None
