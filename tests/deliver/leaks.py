"""Builds outgoing events for the tests of the leak stop."""

from typing import Any

import msgspec

from pipeline.deliver.batch import body_of
from pipeline.deliver.canaries import planted
from pipeline.deliver.leak_scan import Hit, LeakScan

SEED = "tests"
NAMES = ("comment", "query", "level", "world", "duration_s", "power_ups", "$app_version_string", "$os")
EVENTS = ("level_completed", "feedback_submitted")
SCAN = LeakScan(EVENTS, NAMES, planted(SEED))
PERSON = "9528e4fb-1432-43a5-89f4-8997171ce8aa"


def outgoing(properties: dict[str, Any], *, event: str = "feedback_submitted", **own: Any) -> bytes:
    """Return an event as the sanitizer writes it. own: changes of its own fields."""
    fields = {
        "token": "0123456789abcdef0123456789abcdef",
        "distinct_id": PERSON,
        "time": 1_795_642_670_000,
        "$insert_id": "47b1e462e9ac27109f6893afc8097900",
        "mp_lib": "python",
        "$lib_version": "5.4.1",
        "ip": 0,
    }
    return msgspec.json.encode({"event": event, "properties": {**fields, **own, **properties}})


def look(*values: bytes, scan: LeakScan = SCAN) -> list[Hit]:
    """Return what a scan finds in a batch of these events."""
    return scan.scan(body_of(values), values)


def kinds(properties: dict[str, Any], **own: Any) -> set[str]:
    """Return the kinds that are found in one event between two harmless ones."""
    harmless = outgoing({"level": 3, "world": "ocean"})
    hits = look(harmless, outgoing(properties, **own), harmless)
    assert all(hit.number == 1 for hit in hits)
    return {str(kind) for hit in hits for kind in hit.kinds}
