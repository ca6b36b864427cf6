"""A replay repeats updates of profiles in their order, with the same bytes; what counts twice stays behind again."""

import json
from typing import Any

import pytest

from tests.replay.world import World, adult, now_ms


def update(profile: str, **operators: Any) -> bytes:
    about = {"profile_id": profile, "region": "US", "received_at": now_ms(), "platform": "android"}
    return json.dumps({"coppice": about} | {f"${name}": operand for name, operand in operators.items()}).encode()


@pytest.fixture
def since(world: World) -> int:
    world.policy()
    return world.moment()


def test_updates_are_repeated_in_their_order(world: World, since: int) -> None:
    world.consent(adult("updated"))
    for number in range(5):
        world.publisher.publish_raw(update("updated", set={"levels_completed": number}), b"updated")
    world.publisher.publish_raw(update("updated", add={"levels_completed": 1}), b"updated").result()
    world.publisher.flush()
    to = world.moment()
    for name in ("first", "second"):
        told = world.replay("--from", since, "--to", to, "--id", name)
        assert (told["kept"], told["dropped"]) == ({"us": 5}, {"profile_not_repeatable": 1})
    first, second = ([each for each in world.clean() if each.replay == name] for name in ("first", "second"))
    assert [each.value["$set"]["levels_completed"] for each in first] == [0, 1, 2, 3, 4]
    assert [each.value for each in first] == [each.value for each in second]
    assert {each.key for each in (*first, *second)} == {first[0].value["$distinct_id"].encode()}
