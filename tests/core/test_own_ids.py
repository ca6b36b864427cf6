"""The event's own raw ids never leave inside text that would be kept, as they are or as an unkeyed hash (R15)."""

import base64
import hashlib
import json
from typing import Any

import pytest

from pipeline.core.outcome import Clean, Dropped, DropReason
from pipeline.policy.registry import compile_registry
from pipeline.schemas import event_schemas, load_schema
from tests.core.worlds import OPEN, World, consents_of, context_of, policy_of, raw_event, record_of

PROFILE = "player-x7k2"
DEVICE = "device-q9z8"


def _world(record: dict[str, Any]) -> World:
    policy = policy_of(OPEN)
    registry = compile_registry(event_schemas(), load_schema("mixpanel-defaults"), policy)
    return World(context_of(policy, registry=registry), consents_of(record))


def _forms(own: str) -> list[str]:
    digests = [hashlib.new(kind, own.encode()).digest() for kind in ("md5", "sha1", "sha256")]
    return [own, own.upper(), *(d.hex() for d in digests), *(base64.b64encode(d).decode().rstrip("=") for d in digests)]


@pytest.mark.parametrize("own", [PROFILE, DEVICE])
def test_an_adults_free_text_with_her_own_id_stays_behind(own: str) -> None:
    adult = record_of("US/adult", profile_id=PROFILE)
    for form in _forms(own):
        event = raw_event(
            event="feedback_submitted",
            profile_id=PROFILE,
            device_id=DEVICE,
            properties={"rating": 5, "comment": f"see {form} ok"},
        )
        outcome = _world(adult).one(event)
        assert isinstance(outcome, Clean)
        properties = json.loads(outcome.value)["properties"]
        assert "comment" not in properties or form.casefold() not in properties["comment"].casefold()
        assert properties["rating"] == 5


def test_a_childs_kept_text_with_her_own_id_drops_the_event() -> None:
    child = record_of("US/child", profile_id="zebra_horse")
    event = raw_event(
        event="purchase_completed",
        profile_id="zebra_horse",
        properties={"sku": "pack_zebra_horse", "price": 1, "currency": "USD", "quantity": 1},
    )
    outcome = _world(child).one(event)
    assert isinstance(outcome, Dropped)
    assert outcome.reason is DropReason.IDENTIFIER
