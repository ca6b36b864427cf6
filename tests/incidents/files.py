"""Builds incidents for the tests of the command line."""

from pathlib import Path
from typing import Any

from pipeline.deliver.incident import Destination, Found, Incident, Policy, Sent, Span, duties, to_ms
from pipeline.deliver.incident_files import IncidentFiles

OPENED = "2026-11-25T10:00:00Z"


def incident(region: str = "us", **changes: Any) -> Incident:
    """Make an incident in which something was found in two events of two people."""
    return Incident(
        **{
            "id": f"leak-{region}-20261125T100000Z-abcdef",
            "state": "open",
            "opened_at": OPENED,
            "region": region,
            "topic": f"events.clean.{region}",
            "destination": Destination("https://api.mixpanel.com", "42"),
            "policy": Policy("2026-11", "a" * 64),
            "window": ("2026-11-25T09:59:00Z", "2026-11-25T09:59:58Z"),
            "held": [Span(0, 10, 19, 10)],
            "found": [Found(0, 12, ("email",), ("comment",)), Found(0, 15, ("phone",), ("comment", "(unregistered)"))],
            "kinds": ["email", "phone"],
            "fields": ["(unregistered)", "comment"],
            "pseudonyms": [f"00000000-0000-4000-8000-{number:012d}" for number in range(2)],
            "sent_before": [Sent("2026-11-25T09:58:00Z", 0, 0, 9, 10)],
            "duties": duties(to_ms(OPENED), region),
            **changes,
        }
    )


def saved(directory: Path, **changes: Any) -> Path:
    """Write such an incident; return its file."""
    return IncidentFiles(directory).write(incident(**changes))
