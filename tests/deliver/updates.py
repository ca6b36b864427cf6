"""Builds clean updates of profiles, as the sanitizer writes them."""

from typing import Any

import msgspec

PERSON = "9528e4fb-1432-43a5-89f4-8997171ce8aa"
TIME_S = 1_795_600_000


def person_update(operations: dict[str, Any], /, person: str = PERSON, **head: Any) -> bytes:
    """Return an update of a person. head: changes of what stands before the operations."""
    own = {"$distinct_id": person, "$ip": "0", "$ignore_time": True, "$time": TIME_S} | {
        f"${name}": value for name, value in head.items()
    }
    return msgspec.json.encode({name: part for name, part in own.items() if part is not None} | operations)


def group_update(operations: dict[str, Any], /, key: str = "school", name: str = "hill") -> bytes:
    """Return an update of a group."""
    return msgspec.json.encode({"$group_key": key, "$group_id": name, "$time": TIME_S} | operations)
