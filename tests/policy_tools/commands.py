"""Run a command as a user does, in an empty directory and without this machine's settings."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from pipeline.cli.main import cli


def coppice(*arguments: object, stdin: bytes = b"", check: int | None = None) -> Result:
    """Run `coppice` with arguments; check: the exit status that is expected."""
    result = CliRunner().invoke(cli, [str(each) for each in arguments], input=stdin, catch_exceptions=False)
    assert check is None or result.exit_code == check, result.output
    return result


def yaml_file(path: Path, value: Any) -> Path:
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(json.loads(json.dumps(value)), file)
    return path
