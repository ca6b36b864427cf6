"""The project that the tests of the stand-in talk to, and events for it."""

from typing import Any

from pipeline.sandbox.mixpanel import Project

NOW_S = 1_800_000_000.0
PROJECT = Project("12345", "project-token", "account", "s3cret")
BAD_TIME = {"time": "yesterday"}
BAD_TIME_MESSAGE = "'properties.time' is invalid: must be specified as seconds since epoch"


def event(number: int = 0, name: str = "level_started", **properties: Any) -> dict[str, Any]:
    """Make an import object that the stand-in accepts unless `properties` spoil it; equal numbers are copies."""
    base = {"time": int(NOW_S * 1000), "distinct_id": f"u{number}", "$insert_id": f"id-{number}", "ip": 0}
    return {"event": name, "properties": base | properties}
