"""What Mixpanel's SDKs send, as a gateway puts it on the topic, and the world in which it is judged."""

import dataclasses
import hashlib
import json
from functools import cache
from typing import Any

from pipeline.core.outcome import Clean, Outcome
from pipeline.core.sanitize import sanitize
from pipeline.policy.registry import compile_profile
from pipeline.schemas import load_schema
from tests.core.worlds import DEFAULTS, GOOD, HOUR, NOW, OPEN, RECORDS, World, encode, world

OTHER = RECORDS["US/adult"] | {"profile_id": "profile-0002", "consent_id": "consent-0002"}
COPPICE = {"profile_id": "profile-0001", "region": "US", "received_at": NOW - HOUR + 800, "platform": "android"}
HEADERS = [
    ("profile-id", b"profile-0001"),
    ("region", b"US"),
    ("received-at", str(NOW - HOUR + 800).encode()),
]
# every position in which an SDK, a server or a re-imported export puts an id
IDS: dict[str, Any] = {
    "distinct_id": "$device:7d6f0c1e-93d8-4a43-a1a1-0a3b6ff1c9d2",
    "$distinct_id": "raw-id-dollar-distinct",
    "distinctId": "raw-id-camel-case",
    "$device_id": "7d6f0c1e-93d8-4a43-a1a1-0a3b6ff1c9d2",
    "$user_id": "mia@example.com",
    "$anon_id": "raw-id-anon",
    "$anon_distinct_id": "raw-id-anon-distinct",
    "$identified_id": "raw-id-identified",
    "$distinct_id_before_identity": "raw-id-before",
    "$preshuffle_distinct_id": "raw-id-preshuffle",
    "mp_original_distinct_id": "raw-id-original",
    "alias": "raw-id-alias",
    "$distinct_ids": ["raw-id-first", "raw-id-second"],
    "$delete": "raw-id-delete",
    "$group_id": "raw-id-group",
}
METADATA = {
    "$mp_event_id": "raw-id-event-1f00",
    "$mp_session_id": "raw-id-session-aa",
    "$mp_session_seq_id": 7,
    "$mp_session_start_sec": 1_795_596_000,
}


def sdk_event(coppice: Any = COPPICE, /, **properties: Any) -> dict[str, Any]:
    """Make an event as the Swift and Android SDKs build it; properties are laid over the usual ones, None removes."""
    given = {
        "token": "token-of-the-client",
        "distinct_id": IDS["distinct_id"],
        "$device_id": IDS["$device_id"],
        "time": NOW - HOUR,
        "$insert_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "mp_lib": "swift",
        "coppice": coppice,
        **GOOD,
    } | properties
    return {
        "event": "analytics",
        "properties": {name: value for name, value in given.items() if value is not None},
        "$mp_metadata": METADATA,
    }


@cache
def sdk_world() -> World:
    """Return a world where the usual events of two US adults leave, and their profiles have a registry."""
    return with_profile(world(OPEN, records=(RECORDS["US/adult"], OTHER)))


def with_profile(here: World) -> World:
    """Add the shipped registry of profiles to a world."""
    plan = compile_profile(load_schema("profile"), DEFAULTS, here.context.policy)
    return World(dataclasses.replace(here.context, profile=plan), here.consents)


def judge(value: Any, headers: Any = ()) -> list[Outcome]:
    raw = value if isinstance(value, bytes) else encode(value)
    here = sdk_world()
    return sanitize(raw, here.consents, here.context, headers)


def one(value: Any, headers: Any = ()) -> Outcome:
    (outcome,) = judge(value, headers)
    return outcome


def left(value: Any, headers: Any = ()) -> dict[str, Any]:
    """Judge an event that must leave, and return its properties at Mixpanel."""
    outcome = one(value, headers)
    assert isinstance(outcome, Clean), outcome
    properties: dict[str, Any] = json.loads(outcome.value)["properties"]
    return properties


def traces(text: str) -> list[bytes]:
    """Return an id as it is, and its plain digests."""
    raw = text.encode()
    return [raw, *(hashlib.new(name, raw).hexdigest().encode() for name in ("md5", "sha1", "sha256"))]
