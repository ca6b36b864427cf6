"""A command in a runbook does what it is there for: what a shell or tool would refuse or pass over is found here."""

import json
import logging
import re
from collections.abc import Iterator

import pytest

from pipeline.ops.log_records import JsonFormatter
from tests.monitoring.shipped import RUNBOOKS

SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
NAMES = [path.stem for path in sorted(RUNBOOKS.glob("*.md"))]


def commands(name: str) -> Iterator[str]:
    """Yield the commands of a runbook, and what stands in the text as one; lines that go on are joined."""
    text = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    for block in SHELL.findall(text):
        yield from re.sub(r"\\\n\s*", "", block).splitlines()
    yield from (re.sub(r"\s+", " ", each) for each in re.findall(r"`([^`]+)`", SHELL.sub("", text)))


@pytest.mark.parametrize("name", NAMES)
def test_each_tool_is_given_what_it_needs(name: str) -> None:
    for command in commands(name):
        if re.search(r"\bkafka-[a-z-]+\.sh ", command):
            assert "--bootstrap-server " in command, command
        if "kafka-console-consumer.sh" in command and "grep" in command:
            # without the first it shows the future only; without the second it ends when nothing comes any more
            assert "--from-beginning" in command, command
            assert command.lstrip().startswith("timeout "), command
        if "docker compose ps" in command:
            assert re.search(r"docker compose ps -a", command), f"{command}: shows nothing that has ended"
        for duration in re.findall(r"--since (\S+)", command):
            assert re.fullmatch(r"([0-9]+[hms])+", duration), f"{command}: Docker knows no days"


def test_what_is_searched_for_in_the_log_is_written_so() -> None:
    record = logging.LogRecord("pipeline", logging.CRITICAL, __file__, 1, "x", (), None)
    line = JsonFormatter().format(record)
    assert json.loads(line)["level"] == "critical"
    pasted = [command for name in NAMES for command in commands(name)]
    searched = [each for command in pasted for each in re.findall(r"'(\"level\"[^']*)'", command)]
    assert searched
    for each in searched:
        assert each in line, each
