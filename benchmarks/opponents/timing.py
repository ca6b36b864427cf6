"""What the scripts of the other tools share: read the events, time the tool on them, print the result.

Runs in the environment of locks/opponents.txt and imports nothing of coppice.
"""

import importlib.metadata
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Dirty(NamedTuple):
    """An event. raw: its JSON; text: the free text in it; planted: the identifiers in that text."""

    raw: str
    text: str
    planted: tuple[str, ...]


def given_events(most: int) -> list[Dirty]:
    """Return at most that many events of the file that the command line names, one JSON object a line."""
    lines = Path(sys.argv[1]).read_text("utf-8").splitlines()[:most]
    return [Dirty(each["raw"], each["text"], tuple(each["planted"])) for each in map(json.loads, lines)]


def rates(redact: Callable[[Any], str], inputs: Sequence[Any], rounds: int, events_each: int = 1) -> list[float]:
    """Return the events per second of CPU time of each round. events_each: how many events one input has."""
    found = []
    for _ in range(rounds):
        began = time.process_time()
        for each in inputs:
            redact(each)
        found.append(len(inputs) * events_each / (time.process_time() - began))
    return found


def removed(redact: Callable[[Dirty], str], events: Sequence[Dirty]) -> float:
    """Return how many of an event's identifiers cannot be read in its output any more, on average."""
    gone = sum(value not in redacted for event in events for redacted in (redact(event),) for value in event.planted)
    return round(gone / len(events), 2)


def print_result(package: str, events_per_s: Sequence[float], counts: dict[str, Any]) -> None:
    """Print the document that the benchmark reads."""
    version = importlib.metadata.version(package)
    print(json.dumps({"events_per_s": list(events_per_s), "counts": {"version": f"{package} {version}", **counts}}))
