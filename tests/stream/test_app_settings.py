"""Settings that losing nothing depends on, and how Kafka settings reach Faust and librdkafka."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from faust.types import TP

from pipeline.ops.settings import KafkaSettings, Settings
from pipeline.stream.app import create_app
from pipeline.stream.chunk import Chunk, TopicPartition
from pipeline.stream.client_config import client_config, faust_broker, producer_config
from pipeline.stream.topics import EVENT_BYTES, TOPICS


@pytest.fixture(autouse=True)
def in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    assert list(tmp_path.iterdir()) == []  # nothing here writes to the disk


def test_the_app_has_every_setting_that_safety_needs() -> None:
    conf = create_app(Settings(kafka=KafkaSettings()), "sanitize", {"events.raw"}).conf
    assert conf.id == "coppice-sanitize"
    assert conf.stream_wait_empty is False
    assert conf.topic_allow_declare is False
    assert conf.topic_disable_leader is True
    assert conf.table_standby_replicas == 0
    assert conf.consumer_auto_offset_reset == "earliest"
    assert conf.broker_max_poll_interval == 86_400
    assert conf.broker_session_timeout == 10
    assert conf.broker_request_timeout == 30
    assert conf.broker_commit_interval == 1
    assert conf.broker_commit_every == 1_000_000
    assert conf.stream_buffer_maxsize == 32
    assert not create_app(Settings(kafka=KafkaSettings()), "x", set()).in_transaction
    assert conf.web_enabled is False
    assert conf.worker_redirect_stdouts is False
    assert not conf.consumer_group_instance_id


def test_environment_variables_of_faust_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_URL", "kafka://elsewhere:9092")
    monkeypatch.setenv("STREAM_WAIT_EMPTY", "1")
    monkeypatch.setenv("BROKER_COMMIT_EVERY", "1")
    conf = create_app(Settings(kafka=KafkaSettings()), "sanitize", set()).conf
    assert str(conf.broker_consumer[0]) == "kafka://localhost:9092"
    assert conf.stream_wait_empty is False
    assert conf.broker_commit_every == 1_000_000


def test_a_static_member_keeps_its_name() -> None:
    kafka = KafkaSettings(instance_id="pod-7")
    assert create_app(Settings(kafka=kafka), "x", set()).conf.consumer_group_instance_id == "pod-7"
    assert client_config(kafka)["client.id"] == "pod-7"


def test_several_brokers_are_told_to_each_client_in_its_own_way() -> None:
    kafka = KafkaSettings(bootstrap="a:9092, b:9093")
    conf = create_app(Settings(kafka=kafka), "x", set()).conf
    assert faust_broker(kafka) == "kafka://a:9092;b:9093"
    assert [(url.host, url.port) for url in conf.broker_consumer] == [("a", 9092), ("b", 9093)]
    assert client_config(kafka)["bootstrap.servers"] == "a:9092,b:9093"


def test_acknowledged_means_on_every_replica_and_once() -> None:
    config = producer_config()
    assert config["acks"] == "all"
    assert config["enable.idempotence"] is True
    assert config["partitioner"] == "murmur2_random"
    assert config["message.max.bytes"] >= max(topic.max_message_bytes for topic in TOPICS) == EVENT_BYTES


def test_a_partition_is_the_same_key_for_faust_and_for_us() -> None:
    assert {TP("t", 1): "found"}[TopicPartition("t", 1)] == "found"  # type: ignore[index]  # equal tuples


def test_a_chunk_shows_coordinates_and_no_values() -> None:
    class Record:
        offset, timestamp, key, value = 5, 0, b"secret", b"secret"
        headers = (("secret", b"secret"),)

    chunk = Chunk(TopicPartition("events.raw", 3), [Record()])
    assert (len(chunk), chunk.first_offset, chunk.last_offset) == (1, 5, 5)
    assert repr(chunk) == "<Chunk events.raw[3] 5..5>"
