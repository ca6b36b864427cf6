"""What an event that stays behind still tells: its names by class, and the version of an app with a defect (R14)."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.core.identity import KeyRing, KeyVersion, RegionKeys
from pipeline.core.outcome import Clean, Dropped, DropReason
from pipeline.policy.vocabulary import Action, Cohort, PropertyClass, Region, Space
from tests.core.worlds import (
    HOUR,
    NOW,
    OPEN,
    RECORDS,
    World,
    acting,
    adult_world,
    consents_of,
    context_of,
    policy_of,
    raw_event,
    record_of,
)

SENT = {"world": "ocean", "idfa": "x", "odd_thing": "y", "$app_version_string": "3.1.4"}


def without_consent() -> World:
    return World(context_of(policy_of(OPEN)), {})


def with_class_that_drops() -> World:
    policy = acting(policy_of(OPEN), PropertyClass.ADVERTISING_ID, Action.DROP_EVENT)
    return World(context_of(policy), consents_of(RECORDS["US/child"]))


def with_a_destroyed_key() -> World:
    versions = (KeyVersion("1", b"", 0, retired=True), KeyVersion("2", b"k" * 32, NOW))
    keys = KeyRing({
        region: RegionKeys(dict.fromkeys(Space, versions), (KeyVersion("1", f"{region}".encode() * 16),))
        for region in Region
    })  # fmt: skip
    return World(replace(childs().context, keys=keys), childs().consents)


def childs() -> World:
    return World(context_of(policy_of(OPEN)), consents_of(RECORDS["US/child"]))


@pytest.mark.parametrize(
    ("here", "properties", "why"),
    [
        (without_consent(), {}, DropReason.NO_CONSENT),
        (with_class_that_drops(), {}, DropReason.CLASS),
        (with_a_destroyed_key(), {}, DropReason.KEY_RETIRED),
        (childs(), {"phrase": "pack_zebra_horse"}, DropReason.IDENTIFIER),
    ],
)
def test_an_event_that_stays_behind_tells_of_the_apps_defect(
    here: World, properties: dict[str, Any], why: DropReason
) -> None:
    outcome = here.one(raw_event(device_id="zebra_horse", properties=SENT | properties))
    assert isinstance(outcome, Dropped)
    assert outcome.reason is why
    assert outcome.cohort is (Cohort.US_UNKNOWN if why is DropReason.NO_CONSENT else Cohort.US_CHILD)
    assert outcome.ruling is not None
    assert outcome.ruling.alarms == (PropertyClass.ADVERTISING_ID,)
    assert outcome.ruling.unknown == ("odd_thing",)
    assert outcome.app_version == "3.1.4"


def test_so_does_one_that_leaves() -> None:
    outcome = childs().one(raw_event(properties=SENT))
    assert isinstance(outcome, Clean)
    assert outcome.ruling.alarms == (PropertyClass.ADVERTISING_ID,)
    assert outcome.app_version == "3.1.4"


@pytest.mark.parametrize("late", [0, 1])
def test_the_first_moment_of_a_consent_is_in_it(late: int) -> None:
    """R16: what happened and arrived in the moment of the grant has the name of what comes after it."""
    granted = NOW - HOUR
    here = World(adult_world().context, consents_of(record_of("US/adult", granted_at=granted)))
    first = here.clean(raw_event(time=granted, received_at=granted + late))
    assert first["distinct_id"] == here.clean(raw_event(time=granted + 5, received_at=granted + 9))["distinct_id"]
