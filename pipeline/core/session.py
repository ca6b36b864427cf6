"""Where an event stands in its session: the number that Mixpanel's mobile SDKs give it, and the person never sees.

Pure. What a burst makes the SDK drop on the device shows only as a number that never comes. Events and profile updates
are counted apart, both from 0, and a session has a new id each time that the app comes to the foreground.
Sources: SessionMetadata.swift and SessionMetadata.java of Mixpanel's SDKs, Metadata in Controller.cs of the Unity one.
"""

from typing import Any, Final, NamedTuple

METADATA: Final = "$mp_metadata"
LONGEST_SESSION: Final = 64  # 16 hexadecimal digits, or an integer of 64 bits in old versions


class Step(NamedTuple):
    """One number of a session. update: it counts profile updates. The session's id must not be kept or shown."""

    session: str
    number: int
    update: bool


def metadata_of(event: dict[str, Any]) -> dict[str, Any]:
    """Return what a mobile SDK says about an event beside its properties, or within them; else nothing."""
    properties = event.get("properties")
    found = event.get(METADATA, properties.get(METADATA) if type(properties) is dict else None)
    return found if type(found) is dict else {}


def step_of(event: dict[str, Any]) -> Step | None:
    """Return the step of an SDK's event or profile update, None where it has none that makes sense. Never raises."""
    metadata = metadata_of(event)
    session, number = metadata.get("$mp_session_id"), metadata.get("$mp_session_seq_id")
    if type(number) is not int or number < 0 or type(session) not in {str, int}:
        return None
    name = str(session)
    return Step(name, number, "event" not in event) if 0 < len(name) <= LONGEST_SESSION else None
