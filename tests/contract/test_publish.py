"""The publisher on a real broker: the right partition, the bytes as they are, every acknowledgement."""

import asyncio
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pipeline.cli.generate import generate
from pipeline.core.consent import ConsentRecord, parse_consent
from pipeline.publish import MAX_BYTES, InvalidEvent, Published, Publisher, PublishError
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.schemas import event_schemas
from pipeline.stream.partition import murmur2_partition
from pipeline.stream.topics import RAW
from tests.contract.published import CONSENT, event

REPO = Path(__file__).parents[2]
PARTITIONS = 7
NameMaker = Callable[..., str]


def create(kafka: EmbeddedKafka, name: str, partitions: int = PARTITIONS) -> str:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result(30)
    return name


def read(kafka: EmbeddedKafka, where: Published) -> tuple[bytes | None, bytes | None]:
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": uuid.uuid4().hex})
    try:
        consumer.assign([TopicPartition(*where)])
        message = consumer.poll(30)
        assert message is not None
        assert message.error() is None
        assert message.offset() == where.offset
        key, value = message.key(), message.value()
        assert not isinstance(key, str)
        assert not isinstance(value, str)
        return key, value
    finally:
        consumer.close()


@pytest.fixture
def topics(kafka: EmbeddedKafka, topic_name: NameMaker) -> tuple[str, str]:
    return create(kafka, topic_name("raw")), create(kafka, topic_name("consent"))


@pytest.fixture
def publisher(kafka: EmbeddedKafka, topics: tuple[str, str]) -> Iterator[Publisher]:
    with Publisher(kafka.bootstrap, topic=topics[0], consent_topic=topics[1]) as opened:
        yield opened


@pytest.mark.parametrize("profile", ["player-1", "आरव-7", "x" * 256, 42, 18446744073709551615, "0042"])
def test_event_lands_where_java_would_put_it(
    kafka: EmbeddedKafka, publisher: Publisher, topics: tuple[str, str], profile: str | int
) -> None:
    sent = event(profile_id=profile)
    stored = publisher.publish(sent).result(30)
    key, value = read(kafka, stored)
    assert key == str(profile).encode()
    assert stored.topic == topics[0]
    assert stored.partition == murmur2_partition(str(profile).encode(), PARTITIONS)
    assert value is not None
    assert json.loads(value) == sent


def test_consent_and_events_of_a_profile_meet_on_one_partition(kafka: EmbeddedKafka, publisher: Publisher) -> None:
    for number in range(40):
        profile = f"player-{number}"
        consent = publisher.publish_consent(CONSENT | {"profile_id": profile}).result(30)
        assert publisher.publish(event(profile_id=profile)).result(30).partition == consent.partition
    key, value = read(kafka, consent)
    assert isinstance(parse_consent(key or b"", value or b""), ConsentRecord)


def test_tombstone_has_the_key_and_no_value(kafka: EmbeddedKafka, publisher: Publisher) -> None:
    stored = publisher.tombstone("player-9").result(30)
    assert read(kafka, stored) == (b"player-9", None)


def test_raw_bytes_pass_unchecked_also_above_the_limit(kafka: EmbeddedKafka, publisher: Publisher) -> None:
    for value in (b"\xff not json", b"", os.urandom(MAX_BYTES + 1)):
        assert read(kafka, publisher.publish_raw(value, b"k").result(30)) == (b"k", value)


def test_not_strict_lets_unregistered_properties_pass_and_nothing_else(
    kafka: EmbeddedKafka, topics: tuple[str, str]
) -> None:
    with Publisher(kafka.bootstrap, topic=topics[0], strict=False) as lenient:
        assert lenient.publish(event(properties={"level": 3, "shoe_size": 31})).result(30).offset >= 0
        with pytest.raises(InvalidEvent, match="maximum"):
            lenient.publish(event(properties={"level": 501, "shoe_size": 31}))
        with pytest.raises(InvalidEvent, match="registered"):
            lenient.publish(event(event="level_skipped"))


def test_missing_topic_is_a_clear_error(kafka: EmbeddedKafka, topic_name: NameMaker) -> None:
    absent = topic_name("absent")
    opened = Publisher(kafka.bootstrap, topic=absent, client_config={"topic.metadata.propagation.max.ms": 500})
    failure = opened.publish(event()).exception(60)
    assert isinstance(failure, PublishError)
    assert "coppice topics create" in str(failure)
    with pytest.raises(PublishError, match=absent):
        opened.close()


def test_many_threads_share_a_publisher(publisher: Publisher) -> None:
    def publish(number: int) -> Published:
        return publisher.publish(event(profile_id=f"player-{number}")).result(30)

    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(publish, range(400)))
    assert len(set(stored)) == 400
    publisher.flush()


async def test_future_can_be_awaited(publisher: Publisher) -> None:
    stored = await asyncio.wait_for(asyncio.wrap_future(publisher.publish(event())), 30)
    assert stored.offset == 0


@pytest.fixture
def raw_topic(kafka: EmbeddedKafka) -> Iterator[None]:
    """The topic under its real name, which the example uses; gone afterwards unless it was there before."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    made = RAW not in admin.list_topics(timeout=30).topics
    if made:
        create(kafka, RAW, 4)
    yield
    if made:
        admin.delete_topics([RAW])[RAW].result(30)


@pytest.mark.usefixtures("raw_topic")
def test_example_of_the_readme_runs(kafka: EmbeddedKafka) -> None:
    example = REPO / "examples" / "publish_event.py"
    done = subprocess.run(
        [sys.executable, str(example)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "COPPICE_KAFKA__BOOTSTRAP": kafka.bootstrap, "PYTHONPATH": str(REPO)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    partition, offset = (int(part.split("=")[1]) for part in done.stdout.strip().rstrip(")").split(", ")[1:])
    key, value = read(kafka, Published(RAW, partition, offset))
    assert key == b"player-42"
    assert json.loads(value or b"")["event"] == "level_started"


def test_command_publishes_consents_then_events(kafka: EmbeddedKafka, topic_name: NameMaker) -> None:
    prefix = topic_name("generate") + "."
    create(kafka, prefix + "events.raw")
    create(kafka, prefix + "consent")
    arguments = [
        "--bootstrap",
        kafka.bootstrap,
        "--topic-prefix",
        prefix,
        "--count",
        "250",
        "--rate",
        "100000",
    ]
    result = CliRunner().invoke(generate, [*arguments, "--profiles", "20", "--dirty"])
    assert result.exit_code == 0, result.output
    assert "250 events acknowledged" in result.output
    key, value = read(kafka, first_record(kafka, prefix + "events.raw"))
    sent = json.loads(value or b"")
    assert key == sent["profile_id"].encode()
    assert sent["event"] in event_schemas()


def first_record(kafka: EmbeddedKafka, topic: str) -> Published:
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": uuid.uuid4().hex})
    try:
        for partition in range(PARTITIONS):
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
            if high > low:
                return Published(topic, partition, low)
    finally:
        consumer.close()
    raise AssertionError("the topic is empty")


def test_partitions_that_the_publishing_page_names(
    kafka: EmbeddedKafka, topic_name: NameMaker, publisher: Publisher
) -> None:
    page = (REPO / "docs" / "publishing.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert len(rows) == 4
    twelve, many = create(kafka, topic_name("twelve"), 12), create(kafka, topic_name("many"), 24)
    for key, *expected in rows:
        sent = [publisher.publish_raw(b"{}", key.encode(), topic=topic) for topic in (twelve, many)]
        assert [future.result(30).partition for future in sent] == [int(each) for each in expected]
