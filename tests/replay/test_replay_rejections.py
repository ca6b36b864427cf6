"""Replay by the coordinates of rejections: exactly those records, and those that are gone are named."""

from collections.abc import Sequence

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline.publish import Published
from tests.replay.world import World, adult, event


def forget(world: World, sent: Sequence[Published]) -> None:
    """Let the broker delete raw records, and all before them, as retention does."""
    ends: dict[int, int] = {}
    for each in sent:
        ends[each.partition] = max(ends.get(each.partition, 0), each.offset + 1)
    admin = AdminClient({"bootstrap.servers": world.settings.kafka.bootstrap})
    asked = [TopicPartition(world.topic("events.raw"), partition, end) for partition, end in ends.items()]
    for future in admin.delete_records(asked).values():
        future.result(20)


@pytest.fixture
def since(world: World) -> int:
    return world.moment()


def test_only_the_records_rejected_for_a_reason_are_judged_again(world: World, since: int) -> None:
    people = [f"reason-{number}" for number in range(6)]
    indians = [f"india-{number}" for number in range(3)]
    world.consent(*map(adult, people), *(adult(profile, "IN", method="digilocker") for profile in indians))
    world.send(
        *map(event, people),
        *(event(profile, "IN") for profile in indians[:2]),
        [event(indians[2], "IN"), event(people[0])],
        {"profile_id": people[1]},
    )
    to = world.moment()
    first = world.replay("--from", since, "--to", to, "--region", "us")
    assert first["kept"] == {"us": 7}
    assert first["rejected"] == {"missing_field": 1, "wrong_region": 3}
    before = len(world.clean("us"))

    again = world.replay("--from", since, "--to", world.moment(), "--reason", "wrong_region")
    assert again["records"] == 3
    assert again["kept"] == {"in": 3, "us": 1}  # an array is one record
    assert len(world.clean("in")) == 3
    assert len(world.clean("us")) == before + 1
    both = world.replay("--from", since, "--to", world.moment(), "--reason", "any", "--dry-run")
    assert both["records"] == 4
    assert both["rejected"] == {"missing_field": 1}


def test_a_rejection_that_a_replay_repeats_says_so(world: World, since: int) -> None:
    (sent,) = world.send({"profile_id": "repeats"})
    to = world.moment()
    for name in ("first", "second"):
        world.replay("--from", since, "--to", to, "--id", name)
    found = [each for each in world.read("events.rejected") if each.value["offset"] == sent.offset]
    assert {each.replay for each in found} >= {"first", "second"}
    assert {(each.value["partition"], each.value["reason"]) for each in found} == {(sent.partition, "missing_field")}
    assert world.replay("--from", since, "--to", world.moment(), "--reason", "missing_field")["records"] == 1


def test_rejected_records_that_retention_took_are_listed_and_nothing_is_claimed(world: World, since: int) -> None:
    gone = world.send({"profile_id": "gone"}, {"profile_id": "gone"})
    world.send({"profile_id": "gone"})
    world.replay("--from", since, "--to", world.moment())
    forget(world, gone)
    found = world.replay("--from", since, "--to", world.moment(), "--reason", "missing_field", status=1)
    assert [tuple(each) for each in found["gone"]] == [(each.partition, each.offset, each.offset) for each in gone]
    assert (found["records"], found["left"]) == (1, 0)
    shown = world.show("--from", since, "--to", world.moment(), "--reason", "missing_field")
    assert shown.exit_code == 1
    assert "1 raw records judged under policy demo-" in shown.stdout
    assert f"gone: partition {gone[0].partition}, offsets {gone[0].offset} to {gone[0].offset}" in shown.stderr


def test_what_goes_away_between_two_runs_is_listed(world: World, since: int) -> None:
    world.consent(adult("between"))
    sent = world.send(*(event("between") for _ in range(5)))
    to = world.moment()
    span = ("--from", since, "--to", to, "--id", "between")
    assert world.replay(*span)["records"] == 5
    forget(world, sent)
    whole = world.replay(*span)
    assert (whole["records"], whole["gone"]) == (0, [])
    asked = world.replay("--from", 0, "--to", to, "--id", "too-far-back", status=1)
    assert sent[0].partition in asked["cut"]
