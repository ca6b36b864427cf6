"""A live topic in which something would live for ever stops `coppice topics check`, and every worker's start (R29)."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # public, but not in an __all__

from pipeline.cli.topics import topics as command
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import KafkaSettings, Settings
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.stream.admin import check_topics, create_topics, require_topics
from pipeline.stream.unlimited import copies, without_limit
from tests.stream.copying import wait_until

FOREVER = {"retention.ms": "-1"}


@pytest.fixture
def settings(kafka: EmbeddedKafka, topic_name: Callable[..., str]) -> Settings:
    name = topic_name("limits")
    made = Settings(
        kafka=KafkaSettings(
            bootstrap=kafka.bootstrap, topic_prefix=f"{name}.", group_prefix=f"{name}-group", partitions=2
        )
    )
    create_topics(made)
    return made


def test_copies_of_our_topics_need_a_limit(settings: Settings) -> None:
    kafka = settings.kafka
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    copy, changelog = f"{kafka.topic_prefix}events.raw.copy", f"{kafka.group_prefix}-sanitize-table-changelog"
    fine = f"{kafka.topic_prefix}events.raw.sample"
    made = [
        NewTopic(copy, 1, 1, config=FOREVER),
        NewTopic(changelog, 1, 1, config={"cleanup.policy": "compact"}),
        NewTopic(fine, 1, 1, config={"retention.ms": "60000"}),
        NewTopic(f"other-{kafka.topic_prefix}events.raw", 1, 1, config=FOREVER),  # somebody else's
    ]
    for future in admin.create_topics(made).values():
        future.result(60)
    wait_until(lambda: len(check_topics(settings)) > 1, "the broker has heard of the new topics")
    lines = check_topics(settings)
    assert [line.partition(" has ")[0] for line in lines] == [f"topic {changelog}", f"topic {copy}"]
    assert "retention.ms=-1" in lines[1]
    assert "max.compaction.lag.ms=9223372036854775807" in lines[0]
    with pytest.raises(ConfigError, match="may live for ever"):
        require_topics(settings)
    env = {
        "COPPICE_KAFKA__BOOTSTRAP": kafka.bootstrap,
        "COPPICE_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
        "COPPICE_KAFKA__GROUP_PREFIX": kafka.group_prefix,
        "COPPICE_KAFKA__PARTITIONS": "2",
    }
    checked = CliRunner(env=env).invoke(command, ["check"])
    assert checked.exit_code == 2
    assert f"mismatch: topic {copy} has cleanup.policy=delete and retention.ms=-1" in checked.stderr


@pytest.mark.parametrize(
    ("config", "limited"),
    [
        ({"cleanup.policy": "delete", "retention.ms": "1000"}, True),
        ({"cleanup.policy": "delete", "retention.ms": "-1"}, False),
        ({"cleanup.policy": "delete", "retention.ms": "9223372036854775807"}, False),
        ({"cleanup.policy": "compact", "retention.ms": "1000", "max.compaction.lag.ms": "9223372036854775807"}, False),
        ({"cleanup.policy": "compact", "retention.ms": "-1", "max.compaction.lag.ms": "1000"}, True),
        ({"cleanup.policy": "compact,delete", "retention.ms": "-1", "max.compaction.lag.ms": "1000"}, False),
        ({"cleanup.policy": "compact,delete", "retention.ms": "1000"}, True),
        ({}, False),
    ],
)
def test_what_counts_as_a_limit(config: dict[str, str], limited: bool) -> None:
    assert (without_limit("t", config) is None) == limited


def test_only_what_was_made_from_ours_is_looked_at() -> None:
    there = ["events.raw", "events.raw.dlq", "events.rawer", "consent-1", "coppice-x-changelog", "orders", "ledger.old"]
    assert copies(there, KafkaSettings()) == ["coppice-x-changelog", "events.raw.dlq", "ledger.old"]
