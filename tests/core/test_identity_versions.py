"""Versions of keys: the event's time alone chooses, so that redelivery, replay and erasure find the same names."""

import dataclasses
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.explain import explain
from pipeline.core.grants import NO_GRANT
from pipeline.core.identity import EVENT_IDS, KeyRing, KeyVersion, RegionKeys, RetiredKeyError
from pipeline.core.outcome import Clean, DropReason
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Region, Space
from tests.core.rings import FUTURE, OLDEST, Dated, everywhere, ring_of, rings, secret_of
from tests.core.worlds import (
    DAY,
    HOUR,
    NOW,
    OPEN,
    PERMISSIVE,
    RECORDS,
    World,
    acting,
    consents_of,
    context_of,
    encode,
    fate,
    kept,
    policy_of,
    raw_event,
    world,
)
from tests.mixpanel_input.sdk import with_profile

US, ANALYTICS = Region.US, Space.ANALYTICS
PLACES = [(region, space) for region in Region for space in Space]


def with_keys(here: World, keys: KeyRing, now_ms: int = NOW) -> World:
    return World(dataclasses.replace(here.context, keys=keys, now_ms=now_ms), here.consents)


# --- which version


@given(rings(), st.integers(OLDEST, FUTURE), st.sampled_from(PLACES))
def test_version_is_the_newest_that_is_not_younger_than_the_event(
    dated: Dated, time: int, place: tuple[Region, Space]
) -> None:
    ring, (region, space) = ring_of(dated), place

    def chosen(name: str) -> bytes:
        starts = [start for start in dated[region, name] if start <= time]
        return secret_of(region, name, max(starts))

    alone = KeyRing({region: RegionKeys.single({space: chosen(space)}, chosen(EVENT_IDS))})
    assert ring.pseudonym(*place, "p", "g", time, DAY) == alone.pseudonym(*place, "p", "g", time, DAY)
    assert ring.property_name(*place, "n", "t", time) == alone.property_name(*place, "n", "t", time)
    assert ring.event_id(region, b"x", time) == alone.event_id(region, b"x", time)


@pytest.mark.parametrize("start", [NOW, NOW - HOUR + 1, 30 * DAY * 692])
def test_change_is_on_the_millisecond(start: int) -> None:
    old, both = ring_of(everywhere(0)), ring_of(everywhere(0, start))

    def names(ring: KeyRing, time: int) -> list[str]:
        return [
            ring.pseudonym(US, ANALYTICS, "p", "g", time, 10_000 * DAY),
            ring.property_name(US, ANALYTICS, "n", "t", time),
            ring.event_id(US, b"x", time),
        ]

    assert names(both, start - 1) == names(old, start - 1) == names(old, start)
    assert not set(names(both, start)) & set(names(old, start))
    assert names(both, start) == names(both, start + DAY)
    assert names(both, start - 1) == names(old, start - 1)  # and asking for the newer has changed nothing


def test_each_key_changes_on_its_own() -> None:
    before = ring_of(everywhere(0))
    after = ring_of(everywhere(0) | {(US, "analytics"): [0, NOW]})
    for region, space in PLACES:
        same = after.pseudonym(region, space, "p", "g", NOW, DAY) == before.pseudonym(region, space, "p", "g", NOW, DAY)
        assert same == ((region, space) != (US, ANALYTICS))
    assert after.event_id(US, b"x", NOW) == before.event_id(US, b"x", NOW)


@given(rings(), st.integers(NOW - 20 * DAY, NOW), st.integers(1, 40 * DAY))
def test_event_that_comes_again_after_a_rotation_is_the_same_bytes(dated: Dated, time: int, later: int) -> None:
    """It was judged when the newest version was not known yet; all of them start after that moment."""
    now = max(time, *(start for starts in dated.values() for start in starts)) + 1
    rotated = {place: [*starts, now + later] for place, starts in dated.items()}
    granted = RECORDS["US/adult"] | {"granted_at": NOW - 30 * DAY}
    here = World(context_of(policy_of(OPEN)), consents_of(granted))
    raw = encode(raw_event(time=time, received_at=time))
    first = with_keys(here, ring_of(dated), now).one(raw)
    again = with_keys(here, ring_of(rotated), now + 2 * later).one(raw)
    assert isinstance(first, Clean)
    assert isinstance(again, Clean)
    assert (first.key, first.value) == (again.key, again.value)


@pytest.mark.parametrize("starts", [[], [1], [NOW], [0, 0], [0, NOW, NOW]], ids=str)
def test_ring_with_a_gap_is_none(starts: list[int]) -> None:
    series = tuple(KeyVersion(str(i), hashlib.sha256(b"%d" % i).digest(), start) for i, start in enumerate(starts))
    good = (KeyVersion("1", b"k" * 32),)
    for keys in (RegionKeys({ANALYTICS: series}, good), RegionKeys({ANALYTICS: good}, series)):
        with pytest.raises(ValueError, match="us"):
            KeyRing({US: keys})


def test_order_in_the_ring_does_not_matter() -> None:
    first, second = KeyVersion("1", b"a" * 32), KeyVersion("2", b"b" * 32, NOW)
    rings = [KeyRing({US: RegionKeys({ANALYTICS: s}, s)}) for s in ((first, second), (second, first))]
    for time in (NOW - 1, NOW):
        assert rings[0].event_id(US, b"x", time) == rings[1].event_id(US, b"x", time)
    assert rings[0].ages_ms(NOW + 5) == rings[1].ages_ms(NOW + 5)


# --- a version that is destroyed


def retired_ring(name: str, until: int) -> KeyRing:
    """Return a ring where one US key's first version has been destroyed."""
    ring = ring_of(everywhere(0, until))
    keys = ring.regions[US]
    series = dict(keys.named())
    first, *rest = series[name]
    series[name] = (dataclasses.replace(first, secret=b"", retired=True), *rest)
    spaces = {space: series[space] for space in Space}
    return KeyRing({**ring.regions, US: RegionKeys(spaces, series[EVENT_IDS])})


HERE = world(OPEN, records=(RECORDS["US/adult"], RECORDS["IN/adult"] | {"profile_id": "india"}))
TIME = NOW - HOUR


@pytest.mark.parametrize("name", ["analytics", "event_ids"])
def test_event_under_a_destroyed_key_stays_behind(name: str) -> None:
    here = with_keys(HERE, retired_ring(name, TIME))
    assert fate(here.one(raw_event(time=TIME - 1))) == (DropReason.KEY_RETIRED, Cohort.US_ADULT)
    assert isinstance(here.one(raw_event(time=TIME)), Clean)
    india = raw_event(profile_id="india", region="IN", time=TIME - 1)
    assert isinstance(here.one(india), Clean)


def test_event_of_another_space_leaves() -> None:
    here = with_keys(HERE, retired_ring("internal_ops", TIME))
    assert isinstance(here.one(raw_event(time=TIME - 1)), Clean)
    operations = with_keys(world(PERMISSIVE), retired_ring("internal_ops", TIME))
    event = raw_event(event="essential", time=TIME - 1)
    assert fate(operations.one(event)) == (DropReason.KEY_RETIRED, Cohort.US_UNKNOWN)


def test_other_reasons_come_first() -> None:
    here = with_keys(world(OPEN), retired_ring("analytics", TIME))
    assert fate(here.one(raw_event(time=TIME - 1)))[0] is not DropReason.KEY_RETIRED


@pytest.mark.parametrize("age", [0, 1])
def test_explanation_of_an_event_under_a_destroyed_key(age: int) -> None:
    policy = acting(policy_of(OPEN), PropertyClass.GAMEPLAY, Action.PSEUDONYMIZE)
    here = with_keys(World(context_of(policy), HERE.consents), retired_ring("analytics", TIME))
    (told,) = explain(encode(raw_event(time=TIME - age)), here.consents, here.context)
    assert isinstance(told.outcome, Clean) == (age == 0)
    assert [each.name for each in told.properties] == list(raw_event()["properties"])


@pytest.mark.parametrize("name", ["analytics", "event_ids"])
def test_update_of_a_profile_under_a_destroyed_key_stays_behind(name: str) -> None:
    update = {"$token": "client", "$distinct_id": "raw-id", "$time": NOW - HOUR, "$set": {"plan": "family"}}
    update["coppice"] = {"profile_id": "profile-0001", "region": "US", "received_at": NOW - HOUR}
    here = with_profile(HERE)
    gone, usable = (with_keys(here, retired_ring(name, until)) for until in (NOW - HOUR + 1, NOW - HOUR))
    assert fate(gone.one(update)) == (DropReason.KEY_RETIRED, Cohort.US_ADULT)
    assert isinstance(usable.one(update), Clean)


def test_a_destroyed_key_names_nothing() -> None:
    ring = retired_ring("analytics", NOW)
    for time, gone in ((NOW - 1, True), (NOW, False)):
        assert ring.retired(US, ANALYTICS, time) == gone
        assert not ring.retired(US, Space.INTERNAL_OPS, time)
        assert not ring.retired(Region.IN, ANALYTICS, time)
    assert retired_ring("event_ids", NOW).retired(US, Space.INTERNAL_OPS, NOW - 1)
    assert ring.retired_until_ms == NOW
    assert ring_of(everywhere(0, NOW)).retired_until_ms == 0
    with pytest.raises(RetiredKeyError):
        ring.pseudonym(US, ANALYTICS, "p", NO_GRANT, NOW - 1, DAY)
    with pytest.raises(RetiredKeyError):
        ring.property_name(US, ANALYTICS, "n", "t", NOW - 1)
    with pytest.raises(RetiredKeyError):
        retired_ring("event_ids", NOW).event_id(US, b"x", NOW - 1)


def test_pseudonymized_property_has_the_version_of_the_event() -> None:
    policy = acting(policy_of(OPEN), PropertyClass.GAMEPLAY, Action.PSEUDONYMIZE)
    ring = ring_of(everywhere(0, TIME))
    here = with_keys(World(context_of(policy), HERE.consents), ring)
    old, new = here.one(raw_event(time=TIME - 1)), here.one(raw_event(time=TIME))
    for outcome, time in ((old, TIME - 1), (new, TIME)):
        assert kept(outcome)["code"] == ring.property_name(US, ANALYTICS, "code", "abc", time)
    assert kept(old)["code"] != kept(new)["code"]


# --- ages


def test_age_is_that_of_the_version_in_force() -> None:
    def version(start: int, made: int | None) -> KeyVersion:
        return KeyVersion(str(start), hashlib.sha256(b"%d" % start).digest(), start, made_ms=made)

    series: dict[str, tuple[Any, ...]] = {
        "analytics": (version(0, None), version(NOW - DAY, NOW - 3 * DAY), version(NOW + 1, NOW)),
        "internal_ops": (version(0, NOW - 7 * DAY), version(NOW + 1, NOW)),
        "event_ids": (version(0, None),),
    }
    keys = KeyRing({US: RegionKeys({space: series[space] for space in Space}, series[EVENT_IDS])})
    assert keys.ages_ms(NOW) == {(US, "analytics"): DAY, (US, "internal_ops"): 7 * DAY, (US, "event_ids"): NOW}
    assert keys.ages_ms(NOW + 1)[US, "analytics"] == 0
