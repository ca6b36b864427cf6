"""`coppice topics` and the check before a worker starts, on a real broker."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not marked as exported
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from pipeline.cli.topics import topics as command
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import KafkaSettings, Settings
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.admin import check_topics, create_topics, require_topics
from pipeline.stream.topics import CONSENT, RAW, TOPICS
from tests.stream.copying import wait_until

PARTITIONS = 4


@pytest.fixture
def settings(kafka: EmbeddedKafka, topic_name: Callable[..., str]) -> Settings:
    prefix = f"{topic_name('admin')}."
    return Settings(kafka=KafkaSettings(bootstrap=kafka.bootstrap, topic_prefix=prefix, partitions=PARTITIONS))


@pytest.fixture
def admin(kafka: EmbeddedKafka) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka.bootstrap})


def with_kafka(settings: Settings, **changes: object) -> Settings:
    return Settings(kafka=settings.kafka.model_copy(update=changes))


def test_creating_makes_a_cluster_that_passes_the_check_and_is_idempotent(settings: Settings) -> None:
    prefix = settings.kafka.topic_prefix
    assert create_topics(settings) == [prefix + topic.name for topic in TOPICS]
    assert check_topics(settings) == []
    require_topics(settings)
    assert create_topics(settings) == []


def test_missing_topics_are_named_with_the_way_out(settings: Settings) -> None:
    lines = check_topics(settings)
    assert len(lines) == len(TOPICS)
    assert f"topic {settings.kafka.topic_prefix}{RAW} does not exist: run `coppice topics create`" in lines
    with pytest.raises(ConfigError, match="do not fit") as caught:
        require_topics(settings)
    assert all(line in str(caught.value) for line in lines)


def test_topics_that_exist_are_left_alone_and_their_differences_named(settings: Settings, admin: AdminClient) -> None:
    raw = settings.kafka.topic_prefix + RAW
    made = NewTopic(raw, 2, 1, config={"retention.ms": "-1", "cleanup.policy": "compact"})
    admin.create_topics([made])[raw].result(30)
    create_topics(settings)
    lines = "\n".join(check_topics(settings))
    assert f"topic {raw} has 2 partitions, kafka.partitions says {PARTITIONS}" in lines
    assert f"topic {raw} has retention.ms=-1, its definition says 86400000" in lines
    assert f"topic {raw} has cleanup.policy=compact, its definition says delete" in lines
    assert f"topic {raw} has message.timestamp.type=CreateTime, its definition says LogAppendTime" in lines
    assert f"{RAW} has 2 partitions and {CONSENT} has {PARTITIONS}: they must be equal" in lines


def test_more_partitions_than_the_setting_are_a_mismatch(settings: Settings, admin: AdminClient) -> None:
    create_topics(settings)
    consent = settings.kafka.topic_prefix + CONSENT
    admin.create_partitions([NewPartitions(consent, 6)])[consent].result(30)
    wanted = f"topic {consent} has 6 partitions, kafka.partitions says {PARTITIONS}"
    wait_until(lambda: wanted in check_topics(settings), wanted)
    lines = check_topics(settings)
    assert any(line.startswith(f"{RAW} has {PARTITIONS} partitions and {CONSENT} has 6") for line in lines)


def test_a_compacted_topic_without_its_limit_is_a_mismatch(settings: Settings, admin: AdminClient) -> None:
    create_topics(settings)
    consent = settings.kafka.topic_prefix + CONSENT
    entry = ConfigEntry("max.compaction.lag.ms", None, incremental_operation=AlterConfigOpType.DELETE)
    resource = ConfigResource(ResourceType.TOPIC, consent, incremental_configs=[entry])
    admin.incremental_alter_configs([resource])[resource].result(30)
    (line,) = wait_until(lambda: check_topics(settings), "the broker has the change")
    assert line.startswith(f"topic {consent} has max.compaction.lag.ms=9223372036854775807")


def test_a_refused_topic_names_the_settings(settings: Settings) -> None:
    with pytest.raises(ConfigError, match=r"kafka\.replication"):
        create_topics(with_kafka(settings, replication=3))


@pytest.mark.parametrize("call", [create_topics, check_topics, require_topics])
def test_a_broker_that_cannot_be_reached_names_the_setting(
    call: Callable[[Settings], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.stream.admin.TIMEOUT_S", 0.5)
    nowhere = Settings(kafka=KafkaSettings(bootstrap="127.0.0.1:1"))
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:1") as caught:
        call(nowhere)
    assert "kafka.bootstrap" in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_command_creates_checks_and_exits_with_2_on_a_mismatch(settings: Settings) -> None:
    kafka = settings.kafka
    run = CliRunner(
        env={
            "COPPICE_KAFKA__BOOTSTRAP": kafka.bootstrap,
            "COPPICE_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
            "COPPICE_KAFKA__PARTITIONS": str(kafka.partitions),
        }
    )
    missing = run.invoke(command, ["check"])
    assert missing.exit_code == 2
    assert "does not exist: run `coppice topics create`" in missing.stderr
    created = run.invoke(command, ["create"])
    assert created.exit_code == 0, created.output
    assert all(f"{kafka.topic_prefix}{topic.name}" in created.stdout for topic in TOPICS)
    checked = run.invoke(command, ["check"])
    assert checked.exit_code == 0
    assert checked.stderr == ""
