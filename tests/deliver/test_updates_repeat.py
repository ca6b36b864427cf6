"""Whichever last part of a person's updates comes again, in order, her profile ends as if it had not (R16)."""

import copy
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deliver.profile_messages import REPEATABLE, Messages
from pipeline.sandbox.mixpanel_faults import Fault
from pipeline.sandbox.mixpanel_import import ImportRequest
from pipeline.sandbox.mixpanel_profiles import ENGAGE, ProfilesEndpoint
from tests.deliver.updates import PERSON, person_update

WORLD = st.sampled_from(["jungle", "ocean", "space"])
OPERATION = st.one_of(
    st.fixed_dictionaries({"plan": st.sampled_from(["free", "family"])}).map(lambda each: {"$set": each}),
    st.fixed_dictionaries({"worlds": st.lists(WORLD, max_size=2, unique=True)}).map(lambda each: {"$set": each}),
    st.fixed_dictionaries({"plan": st.sampled_from(["free", "family"])}).map(lambda each: {"$set_once": each}),
    st.fixed_dictionaries({"worlds": st.lists(WORLD, max_size=2)}).map(lambda each: {"$union": each}),
    st.fixed_dictionaries({"worlds": WORLD}).map(lambda each: {"$remove": each}),
    st.lists(st.sampled_from(["plan", "worlds"]), max_size=2).map(lambda each: {"$unset": each}),
    st.just({"$delete": ""}),
)
STEPS = st.lists(OPERATION, min_size=1, max_size=8)


def play(endpoint: ProfilesEndpoint, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Send updates, and return the profile that they leave, with lists as the sets that reports take them for."""
    for step in steps:
        messages = Messages("t").of(person_update(step))
        body = b"[" + b",".join(messages) + b"]"
        request = ImportRequest({"strict": "1", "verbose": "1", "ip": "0"}, {"content-type": "application/json"}, body)
        assert msgspec.json.decode(endpoint.handle(ENGAGE, request, Fault()).answer.body)["status"] == 1
    profile = copy.deepcopy(endpoint.people().get(PERSON, {}))
    return {name: sorted(value) if isinstance(value, list) else value for name, value in profile.items()}


@given(before=STEPS, steps=STEPS, place=st.integers(0, 7))
def test_the_last_updates_may_come_again(before: list[Any], steps: list[Any], place: int) -> None:
    endpoint = ProfilesEndpoint("t")
    play(endpoint, before)
    once = play(endpoint, steps)
    assert play(endpoint, steps[min(place, len(steps) - 1) :]) == once
    assert play(endpoint, steps) == once


def test_every_operator_that_leaves_is_among_them() -> None:
    assert {"$set", "$set_once", "$union", "$remove", "$unset", "$delete"} == REPEATABLE
