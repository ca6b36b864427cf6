"""What a backend and a consent service publish, and a value that no error may quote."""

import json
import uuid
from pathlib import Path
from typing import Any

REPO = Path(__file__).parents[2]
SECRET = "asha.rao.77@example.com"  # planted where an error could quote it
CONSENT: dict[str, Any] = json.loads(
    (REPO / "pipeline/sandbox/samples/consent.ndjson").read_text("utf-8").splitlines()[0]
)


def event(**changes: Any) -> dict[str, Any]:
    """Make a raw event that the publisher takes, unless `changes` spoil it."""
    plain: dict[str, Any] = {
        "event": "level_started",
        "event_id": str(uuid.uuid4()),
        "time": 1795599493800,
        "received_at": 1795599493900,
        "profile_id": "player-1",
        "region": "US",
        "properties": {"level": 3, "world": "ocean"},
    }
    return plain | changes
