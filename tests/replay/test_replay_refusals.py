"""What cannot be asked is refused in words, and a consent topic that is not whole stops everything (R36)."""

from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from pipeline.sandbox.kafka import EmbeddedKafka
from tests.replay.world import World, adult, event, now_ms

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from", "yesterday", "--to", "2026-01-01"), "--from: 'yesterday' is not a time"),
        (("--from", "2026-01-01", "--to", "soon"), "--to: 'soon' is not a time"),
        (("--from", "2026-01-02", "--to", "2026-01-01"), "--from must be before --to"),
        (("--from", "2026-01-01", "--to", "2026-01-01"), "--from must be before --to"),
        (("--from", "2026-01-01", "--to", "2099-01-01"), "--to is in the future"),
        (
            ("--from", "2026-01-01", "--to", "2026-01-02", "--reason", "mixpanel"),
            "raw events are not rejected for that",
        ),
        (("--from", "2026-01-01", "--to", "2026-01-02", "--id", "a b"), "--id: give letters"),
        (("--from", "2026-01-01", "--to", "2026-01-02", "--partition", "-1"), "partitions 0 to 1"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(world: World, arguments: tuple[str, ...], words: str) -> None:
    assert words in world.refused(*arguments)


def test_the_same_name_for_another_request_is_another_job(world: World) -> None:
    since = world.moment()
    world.send(event("name"))
    until = world.moment()
    assert world.replay("--from", since, "--to", until, "--id", "one")["records"] == 1
    assert world.replay("--from", since, "--to", until, "--id", "one")["records"] == 0
    assert world.replay("--from", since - 1, "--to", until, "--id", "one")["records"] == 1


def test_without_the_consent_topic_nothing_is_replayed(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    world = World(kafka, tmp_path, without=["consent"])
    world.send(event("nobody"))
    text = world.refused("--from", now_ms() - HOUR_MS, "--to", world.moment())
    assert f"topic {world.topic('consent')} does not exist" in text
    assert world.clean() == []
    world.publisher.close()


def test_a_consent_topic_restored_from_an_older_copy_stops_everything(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    world = World(kafka, tmp_path)
    world.consent(adult("restored"))
    world.send(event("restored"))
    group = f"{world.prefix}coppice-rights"
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": group})
    places = [TopicPartition(world.topic("consent"), partition, 7) for partition in range(2)]
    consumer.commit(offsets=places, asynchronous=False)  # the rights worker has seen more than is there
    consumer.close()
    span = ("--from", now_ms() - HOUR_MS, "--to", world.moment())
    assert "restored from an older copy" in world.refused(*span)
    assert "restored from an older copy" in world.refused(*span, "--dry-run")
    assert world.clean() == []
    world.publisher.close()
