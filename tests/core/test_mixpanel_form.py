"""What leaves is what the `mixpanel` package itself would send for the same import."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mixpanel
import msgspec
import pytest

from pipeline.core.consent import ConsentFault, ConsentRecord, parse_consent
from pipeline.core.context import Context
from pipeline.core.outcome import Clean
from pipeline.core.sanitize import sanitize
from pipeline.detect.scrub import scrub
from pipeline.policy.compiling import load_policy
from pipeline.policy.registry import compile_registry
from pipeline.policy.vocabulary import Region
from pipeline.sandbox.mixpanel_rules import check_event
from pipeline.schemas import event_schemas
from pipeline.workers.context import LIBRARY
from tests.core.worlds import DEFAULTS, DEMO_FILE, FIXED_KEYS, KEYS, NOW, PROJECTS, SAMPLES, stripped


class Capture:
    """A consumer of the package that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def send(self, endpoint: str, json_message: str, *_credentials: Any, **_named: Any) -> None:
        self.sent.append((endpoint, json.loads(json_message)))


def records(path: Path) -> dict[str, ConsentRecord | ConsentFault]:
    found = {}
    for line in path.read_bytes().splitlines():
        profile = json.loads(line)["profile_id"]
        found[profile] = parse_consent(profile.encode(), line)
    return found


@pytest.fixture(scope="module")
def leaving() -> list[tuple[dict[str, Any], Clean]]:
    """Return the sample events that leave under the demo's settings, each with its outcome."""
    policy = load_policy(DEMO_FILE)
    registry = compile_registry(event_schemas(), DEFAULTS, policy)
    context = Context(policy, registry, KEYS, PROJECTS, LIBRARY, NOW)
    consents = records(SAMPLES / "consent.ndjson")
    pairs = []
    for line in (SAMPLES / "raw_events.ndjson").read_bytes().splitlines():
        (outcome,) = sanitize(line, consents, context)
        if isinstance(outcome, Clean):
            pairs.append((json.loads(line), outcome))
    return pairs


def test_so_many_sample_events_leave(leaving: list[tuple[dict[str, Any], Clean]]) -> None:
    by_region = {region: sum(outcome.region is region for _, outcome in leaving) for region in Region}
    assert by_region == {Region.US: 98, Region.IN: 35}


def test_events_equal_what_the_package_builds(leaving: list[tuple[dict[str, Any], Clean]]) -> None:
    for raw, outcome in leaving:
        ours = json.loads(outcome.value)
        properties = ours["properties"]
        capture = Capture()
        client = mixpanel.Mixpanel(PROJECTS[outcome.region].token, consumer=capture)
        kept = {name: value for name, value in properties.items() if name not in FIXED_KEYS}
        extra = kept | {"$insert_id": properties["$insert_id"], "ip": 0}
        client.import_data("key", outcome.key.decode(), raw["event"], properties["time"], extra)
        assert capture.sent == [("imports", ours)]
        assert list(ours) == ["event", "properties"]


def test_strict_import_takes_every_one_of_them(leaving: list[tuple[dict[str, Any], Clean]]) -> None:
    for _, outcome in leaving:
        token = PROJECTS[outcome.region].token
        assert check_event(json.loads(outcome.value), 0, size=len(outcome.value), now_ms=NOW, token=token) is None


def test_bytes_are_compact_utf8_json(leaving: list[tuple[dict[str, Any], Clean]]) -> None:
    for _, outcome in leaving:
        assert outcome.value == msgspec.json.encode(json.loads(outcome.value))
        assert b"\n" not in outcome.value


COARSE: dict[str, Callable[[str], str]] = {  # what leaves in another form; the rest leaves as it came
    "$os_version": lambda version: version.partition(".")[0],
    "$model": lambda model: {"iPhone": "phone", "iPad": "tablet"}[model.rstrip("0123456789,")],
    "comment": lambda text: scrub(text) or "",
    "query": lambda text: scrub(text) or "",
    "message": lambda text: scrub(text) or "",
}


def test_properties_leave_as_they_came_or_coarser(leaving: list[tuple[dict[str, Any], Clean]]) -> None:
    changed = set()
    for raw, outcome in leaving:
        properties = json.loads(outcome.value)["properties"]
        left = set(properties) - FIXED_KEYS
        for name in left:
            given = raw["properties"][name]
            assert properties[name] == (COARSE[name](given) if name in COARSE else given)
            changed |= {name} & set(COARSE)
        assert stripped(outcome).total() == len(raw["properties"]) - len(left)
    assert changed >= {"comment"}
