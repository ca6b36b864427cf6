"""Replay under today's policy and consent: what it keeps, what it never repeats, and how it goes on."""

import os
import time
from collections import Counter
from typing import Any

import pytest

from tests.replay.world import CLOSED, World, adult, event, now_ms


def identity(properties: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(properties[name] for name in ("distinct_id", "time", "$insert_id"))


@pytest.fixture
def since(world: World) -> int:
    world.policy()
    return world.moment()


def test_a_policy_that_opens_lets_the_dropped_events_out_and_each_once(world: World, since: int) -> None:
    people = [f"opens-{number}" for number in range(10)]
    world.consent(*map(adult, people))
    world.send(*map(event, people))
    to = world.moment()
    before = len(world.clean())

    world.policy(vendor_gate=CLOSED)
    first = world.replay("--from", since, "--to", to, "--id", "closed")
    assert first["dropped"] == {"vendor_gate": 10}
    assert len(world.clean()) == before

    world.policy()
    assert world.replay("--from", since, "--to", to, "--id", "open")["kept"] == {"us": 10}
    assert world.replay("--from", since, "--to", to, "--id", "again")["kept"] == {"us": 10}
    found = world.clean()[-20:]
    assert {each.replay for each in found} == {"open", "again"}
    assert set(Counter(identity(each.value["properties"]) for each in found).values()) == {2}
    assert {each.key for each in found} == {each.value["properties"]["distinct_id"].encode() for each in found}
    assert len(world.read("events.raw")) == len({each.value["event_id"] for each in world.read("events.raw")})


def test_only_what_is_consented_today_leaves(world: World, since: int) -> None:
    people = [f"consent-{number}" for number in range(9)]
    world.consent(*map(adult, people))
    world.send(*map(event, people))
    to = world.moment()
    assert world.replay("--from", since, "--to", to, "--id", "all")["kept"] == {"us": 9}
    world.consent(*(adult(profile, withdrawn_at=now_ms()) for profile in people[:4]))
    world.publisher.tombstone(people[4]).result()
    world.consent(adult(people[5], granted_at=now_ms()))  # a new consent covers nothing from before it
    then = world.replay("--from", since, "--to", to, "--id", "later")
    assert then["kept"] == {"us": 3}
    assert then["dropped"] == {"before_consent": 1, "consent_withdrawn": 4, "no_consent": 1}
    for profile in people:
        world.publisher.tombstone(profile).result()
    erased = world.replay("--from", since, "--to", to, "--id", "erased")
    assert erased["kept"] == {}
    assert erased["dropped"] == {"no_consent": 9}


def test_a_dry_run_counts_and_leaves_no_trace(world: World, since: int) -> None:
    world.consent(adult("dry"))
    world.send(event("dry"), {"profile_id": "dry"})
    to = world.moment()
    before = len(world.clean()), len(world.read("events.rejected"))
    found = world.replay("--from", since, "--to", to, "--id", "dry", "--dry-run")
    assert (found["kept"], found["rejected"], found["dry_run"]) == ({"us": 1}, {"missing_field": 1}, True)
    assert (len(world.clean()), len(world.read("events.rejected"))) == before
    assert set(world.progress("dry", since, to).values()) == {-1001}


def test_the_same_command_does_nothing_twice_unless_told_to(world: World, since: int) -> None:
    world.consent(adult("twice"))
    world.send(event("twice"), event("twice"))
    to = world.moment()
    assert world.replay("--from", since, "--to", to)["records"] == 2
    again = world.replay("--from", since, "--to", to)
    assert (again["records"], again["earlier"], again["kept"]) == (0, 2, {})
    assert world.replay("--from", since, "--to", to, "--restart")["records"] == 2


def test_a_replay_takes_one_partition_and_a_half_open_span_of_time(world: World, since: int) -> None:
    people = [f"span-{number}" for number in range(8)]
    world.consent(*map(adult, people))
    sent = world.send(*map(event, people))
    to = world.moment()
    world.send(event("span-0"))
    for partition in (0, 1):
        here = sum(each.partition == partition for each in sent)
        assert here
        found = world.replay("--from", since, "--to", to, "--partition", partition)
        assert found["records"] == here
    assert "partitions 0 to 1" in world.refused("--from", since, "--to", to, "--partition", 2)


def test_killed_in_the_middle_it_goes_on_where_it_was(world: World, since: int) -> None:
    people = [f"kill-{number}" for number in range(50)]
    world.consent(*map(adult, people))
    total = 12_000
    payloads = [event(people[number % 50], properties={"level": 1 + number % 100}) for number in range(total)]
    sent = world.send(*payloads)
    to = world.moment()
    span = ("--from", since, "--to", to, "--id", "killed")
    started = {p: min(each.offset for each in sent if each.partition == p) for p in (0, 1)}
    ends = {p: max(each.offset for each in sent if each.partition == p) + 1 for p in (0, 1)}
    process = world.spawn(*span)
    deadline = time.monotonic() + 180
    while world.progress("killed", since, to)[0] <= started[0]:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
    process.kill()
    process.communicate()
    done = sum(place - started[partition] for partition, place in world.progress("killed", since, to).items())
    assert 0 < done < total, "it was not killed in the middle"
    rest = world.replay(*span)
    assert rest["records"] == total - done
    assert rest["earlier"] == done
    assert world.progress("killed", since, to) == ends
    events = {each.value["properties"]["$insert_id"] for each in world.clean() if each.replay == "killed"}
    assert len(events) == total


def test_a_stopped_run_says_what_is_left(world: World, since: int) -> None:
    world.consent(adult("stop"))
    world.send(*(event("stop") for _ in range(6_000)))
    to = world.moment()
    process = world.spawn("--from", since, "--to", to, "--id", "stopped")
    (partition,) = {each.partition for each in world.send(event("stop"))}
    deadline = time.monotonic() + 180
    while world.progress("stopped", since, to)[partition] < 0:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
    process.terminate()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1, err
    left = int(out.split(b'"left":')[1].split(b",")[0])
    assert world.replay("--from", since, "--to", to, "--id", "stopped")["records"] == left > 0
    assert os.fsencode("Traceback") not in err
