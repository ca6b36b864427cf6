"""Updates of adults' profiles to Mixpanel: over killed workers, and taken back from the queue (R16, R25)."""

import json
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from pipeline.ledger.reading import heads_of, open_ledger, verify_ledger
from pipeline.ledger.reconcile import Reconciliation, reconcile
from pipeline.policy.vocabulary import Region
from pipeline.publish import Publisher
from pipeline.sandbox.accounts import scrapes
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.mixpanel import MixpanelStandIn
from pipeline.stream.suppression import Suppression, SuppressWhy, encode_suppression
from pipeline.stream.topics import SUPPRESSIONS

PEOPLE = 20
ROUNDS = 60
WORLDS = ["jungle", "ocean", "space", "city"]
Make = Callable[..., dict[str, Any]]
Wait = Callable[..., None]


@pytest.fixture(scope="module")
def deployed(kafka: EmbeddedKafka) -> Iterator[Deployment]:
    overrides: dict[str, dict[str, Any]] = {
        "kafka": {"instance_id": "one"},  # as in Kubernetes: a restart waits for no group
        "deliver": {"linger_s": 0.1, "retry_base_s": 0.1, "retry_cap_s": 0.3, "retry_jitter_s": 0.05},
    }
    with Deployment(broker=kafka, prefix=f"profiles-{uuid.uuid4().hex[:8]}.", overrides=overrides) as running:
        running.add_worker("sanitize", "all", wait=False)
        running.add_worker("deliver", "us", wait=False)
        running.wait_ready()
        yield running


def publish_update(publisher: Publisher, profile: str, **operators: Any) -> None:
    about = {"profile_id": profile, "region": "US", "received_at": int(time.time() * 1000), "platform": "android"}
    record = {"$token": "client", "$distinct_id": "raw-id", "coppice": about}
    record |= {f"${operator}": operand for operator, operand in operators.items()}
    publisher.publish_raw(json.dumps(record).encode(), profile.encode())


def of_event(us: MixpanelStandIn, event_id: str) -> str | None:
    """Return the pseudonym of a delivered event that has this level."""
    found = [each["properties"] for each in us.events() if each["properties"].get("level") == int(event_id)]
    return str(found[0]["distinct_id"]) if found else None


def taken_out(deployment: Deployment) -> float:
    """Return how much the sinks have taken out because somebody is suppressed."""
    return sum(each.total("coppice_suppressed_events_total") for each in scrapes(deployment, "deliver"))


def account(deployment: Deployment) -> Reconciliation:
    return reconcile(deployment.settings.kafka, int(time.time() * 1000))


def test_a_profile_ends_in_the_same_state_whoever_is_killed_meanwhile(
    deployed: Deployment, adult: Make, level_event: Make, wait_until: Wait
) -> None:
    us, (sanitize, deliver) = deployed.standins[Region.US], deployed.workers
    with deployed.publisher() as publisher:
        for person in range(PEOPLE):
            publisher.publish_consent(adult(f"p-{person}"))
        publisher.publish_consent(adult("kid", age={"band": "child", "source": "parent_link"}))
        publisher.flush()
        for number in range(ROUNDS):
            for person in range(PEOPLE):
                publish_update(
                    publisher,
                    f"p-{person}",
                    set={
                        "levels_completed": number,
                        "plan": "family" if number % 2 else "free",
                        "$email": "a@b.example",
                    },
                    union={"worlds": [WORLDS[number % 4]]},
                )
                if person % 5 == 0:
                    publish_update(publisher, f"p-{person}", unset=["plan"])
            publish_update(publisher, "kid", set={"plan": "free"})
            publish_update(publisher, "p-0", add={"levels_completed": 1})
            if number == ROUNDS // 3:
                publisher.flush()
                wait_until(lambda: us.profiles.applied, "first updates delivered")
                sanitize.send(signal.SIGKILL)
                us.fail_profiles("stored_but_500", 3)
            if number == 2 * ROUNDS // 3:
                publisher.flush()
                deliver.send(signal.SIGKILL)
        event = level_event("p-0")
        publisher.publish_raw(json.dumps(event).encode(), b"p-0")
        publisher.flush()

    def settled() -> bool:
        people = us.profiles.people().values()
        return len(people) == PEOPLE and all(each.get("levels_completed") == ROUNDS - 1 for each in people)

    wait_until(settled, "every profile in its last state")
    wait_until(us.events, "the event delivered")
    wait_until(lambda: sanitize.restarts == 1 and deliver.restarts == 1, "both workers started again")
    wait_until(lambda: not any(account(deployed).waiting.values()), "all acknowledged")
    people = us.profiles.people()
    with_plan = {"levels_completed": ROUNDS - 1, "worlds": WORLDS, "plan": "family"}
    without = {"levels_completed": ROUNDS - 1, "worlds": WORLDS}
    told = [each | {"worlds": sorted(each["worlds"], key=WORLDS.index)} for each in people.values()]
    assert sorted(told, key=len) == [without] * (PEOPLE // 5) + [with_plan] * (PEOPLE - PEOPLE // 5)
    once = ROUNDS * (2 * PEOPLE + PEOPLE // 5)
    assert len(us.profiles.applied) > once  # something was sent twice, as at least once means
    assert not [each for each in us.profiles.applied if {"$add", "$append"} & each.update.keys()]
    assert us.profiles.geo_violations == []
    assert us.events()[0]["properties"]["distinct_id"] in people
    found, kafka = account(deployed), deployed.settings.kafka
    assert found.unaccounted == 0
    assert found.decided["dropped/profile_not_repeatable/US/adult"] == ROUNDS
    assert found.decided["dropped/profile_never/US/child"] == ROUNDS
    assert found.decided["clean/us/US/adult"] == ROUNDS * (PEOPLE + PEOPLE // 5) + 1
    assert found.sent["delivered"] >= found.decided["clean/us/US/adult"]
    ledger = open_ledger(kafka)
    try:
        assert verify_ledger(ledger, heads_of(kafka)).sound
    finally:
        ledger.close()


def test_a_suppressed_persons_update_is_taken_out_of_the_queue(
    deployed: Deployment, adult: Make, level_event: Make, wait_until: Wait
) -> None:
    us = deployed.standins[Region.US]
    us.clear_faults()
    with deployed.publisher() as publisher:
        for profile, level in (("gone", 411), ("stays", 412)):
            publisher.publish_consent(adult(profile))
            publisher.flush()
            event = level_event(profile, properties={"level": level})
            publisher.publish_raw(json.dumps(event).encode(), profile.encode())
        publisher.flush()
        wait_until(lambda: of_event(us, "411") and of_event(us, "412"), "events that tell the pseudonyms")
        gone, stays = of_event(us, "411"), of_event(us, "412")
        assert gone
        assert stays
        us.fail_profiles("unavailable", None)
        before = len(us.requests)
        publish_update(publisher, "gone", set={"plan": "family"})
        publish_update(publisher, "stays", set={"plan": "family"})
        publisher.flush()
    wait_until(lambda: len(us.requests) > before, "an attempt to deliver")
    producer = Producer({"bootstrap.servers": deployed.broker.bootstrap})
    value = encode_suppression(Suppression(int(time.time() * 1000), SuppressWhy.WITHDRAWN))
    taken = taken_out(deployed)
    producer.produce(deployed.topic(SUPPRESSIONS), value, gone.encode())
    assert producer.flush(60) == 0
    wait_until(lambda: taken_out(deployed) > taken, "taken out before Mixpanel is back: no attempt has it any more")
    us.clear_faults()
    wait_until(lambda: stays in us.profiles.people(), "the other one's update delivered")
    wait_until(lambda: not any(account(deployed).waiting.values()), "all acknowledged")
    assert us.profiles.people()[stays] == {"plan": "family"}
    assert gone not in us.profiles.people()
