"""Updates of profiles and groups in the chaos suite: each is known where it arrives, and missed if it does not."""

import dataclasses
import json
import time
import urllib.request
from collections.abc import Iterator, Sequence
from itertools import pairwise
from random import Random
from typing import Any

import msgspec
import pytest

from pipeline.core.outcome import Clean, Dropped, Rejected
from pipeline.deliver.profile_messages import Messages
from pipeline.sandbox.chaos.arrivals import Arrivals, key_of
from pipeline.sandbox.chaos.fates import Found, Place, Tally, account
from pipeline.sandbox.chaos.judging import Possible, own_texts
from pipeline.sandbox.chaos.updates import CLUB, PATHS, Updates, id_of, profiles_with_clubs, put_together
from pipeline.sandbox.generate import encode
from pipeline.sandbox.mixpanel import MixpanelStandIn, sandbox_project
from pipeline.sandbox.people import make_player
from tests.core.worlds import NOW, OPEN, RECORDS, World, world

PLACE = Place("events.raw", 1, 4)
PERSON = {"$distinct_id": "p", "$ip": "0", "$ignore_time": True, "$time": 7, "$set": {"plan": "free"}}
GROUP = {"$group_key": CLUB, "$group_id": "abcdefghijklmnop", "$time": 7, "$unset": ["plan"]}


def adult_world() -> World:
    here = world(OPEN, records=(RECORDS["US/adult"],))
    return World(dataclasses.replace(here.context, profile=profiles_with_clubs(here.context.policy)), here.consents)


HERE = adult_world()
PLAYERS = [
    dataclasses.replace(make_player(Random(1), "profile-0001", NOW), region="US", band=band)
    for band in ("adult", "child")
]


def made(count: int) -> list[dict[str, Any]]:
    updates = Updates(Random(5), PLAYERS)
    return [updates.make(NOW - 900_000)[0] for _ in range(count)]


def messages(value: bytes) -> list[dict[str, Any]]:
    return [json.loads(message) for message in Messages("token").of(value)]


def test_no_two_updates_are_alike_and_most_leave() -> None:
    outcomes = [HERE.one(update) for update in made(300)]
    clean = [outcome for outcome in outcomes if isinstance(outcome, Clean)]
    keys = [key_of(json.loads(outcome.value)) for outcome in clean]
    assert len(set(keys)) == len(keys) > 150
    assert {key[0] for key in keys} == PATHS
    assert {type(outcome) for outcome in outcomes} == {Clean, Dropped, Rejected}
    times = sorted(update["$time"] for update in made(50))
    assert all(before < after for before, after in pairwise(times))


def test_what_is_planted_in_an_update_is_looked_for() -> None:
    update, planted = Updates(Random(5), PLAYERS).make(NOW)
    assert "profile-0001" in planted
    assert list(own_texts(encode(update))) == [(id_of(update), [])]


def test_updates_are_put_together_from_their_messages_even_if_they_come_again_at_once() -> None:
    clean = [outcome.value for each in made(60) if isinstance(outcome := HERE.one(each), Clean)]
    sent = [message for value in clean for message in (*messages(value), *messages(value))]
    assert list(put_together(sent)) == [json.loads(value) for value in clean for _ in range(2)]


@pytest.fixture
def standin() -> Iterator[MixpanelStandIn]:
    with MixpanelStandIn(sandbox_project("us"), region="us") as running:
        yield running


def post(standin: MixpanelStandIn, path: str, updates: Sequence[dict[str, Any]]) -> None:
    body = json.dumps([update | {"$token": standin.project.token} for update in updates]).encode()
    url = f"{standin.url}{path}?ip=0&strict=1&verbose=1"
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["status"] == 1


def test_arrivals_tell_new_updates_from_copies(standin: MixpanelStandIn) -> None:
    arrivals = Arrivals([standin])
    before = time.time_ns() // 1_000_000
    post(standin, "/engage", [PERSON])
    post(standin, "/engage", [PERSON])
    post(standin, "/groups", [GROUP])
    assert arrivals.take() == [("us", PERSON), ("us", GROUP)]
    post(standin, "/groups", [GROUP])
    post(standin, "/engage", [PERSON | {"$set": {"plan": "family"}}])
    assert [key_of(event)[0] for _, event in arrivals.take()] == ["/engage"]
    assert arrivals.repeated == 2
    assert min(arrivals.last_ms["p"], arrivals.last_ms["abcdefghijklmnop"]) >= before


def possible(update: dict[str, Any]) -> Possible:
    (outcome,) = HERE.judge(update)
    found = Possible()
    found.add(outcome, 1)
    return found


def published(group: bool) -> dict[str, Any]:
    return next(each for each in made(60) if ("$group_key" in each) is group and isinstance(HERE.one(each), Clean))


@pytest.mark.parametrize("group", [False, True])
def test_an_update_arrives_or_its_maker_is_suppressed_or_it_is_missed(group: bool) -> None:
    here = possible(published(group))
    (key,) = here.clean
    (pseudonym,) = here.names(key)
    assert (pseudonym == key[1]) is not group
    fates = [
        (Found(delivered={key: "us"}), f"delivered{key[0]}"),
        (Found(queued={key: "us"}, suppressed={pseudonym: 1}), "suppressed"),
        (Found(queued={key: "us"}, refused={key}), "refused by Mixpanel"),
        (Found(queued={key: "us"}, suppressed={"somebody else": 1}), None),
        (Found(queued={key: "us"}), None),
        (Found(delivered={key: "in"}), None),
        (Found(delivered={(*key[:3], "cut on its way"): "us"}, queued={key: "us"}), None),
    ]
    for found, fate in fates:
        tally = Tally()
        account(PLACE, here, found, tally)
        assert list(tally.fates) == ([] if fate is None else [fate])
        assert tally.delivered == (fate is not None and fate.startswith("delivered"))
        assert [each.place for each in tally.unaccounted] == ([PLACE] if fate is None else [])


def test_a_group_s_update_is_the_same_under_two_grants_and_belongs_to_who_it_is_queued_under() -> None:
    (outcome,) = HERE.judge(published(group=True))
    assert isinstance(outcome, Clean)
    here = Possible()
    here.add(msgspec.structs.replace(outcome, key=b"before"), 1)
    here.add(msgspec.structs.replace(outcome, key=b"after"), 3)
    (key,) = here.clean
    assert here.names(key) == {"before": 1, "after": 3}
    for maker, suppressed, fate in (("after", "after", "suppressed"), ("after", "before", None)):
        tally = Tally()
        account(PLACE, here, Found(queued={key: "us"}, makers={key: maker}, suppressed={suppressed: 1}), tally)
        assert list(tally.fates) == ([] if fate is None else [fate])
