"""The table of topics: every topic has a limit, and events and consent are cut alike."""

from dataclasses import replace

import pytest

from pipeline.stream import topics
from pipeline.stream.topics import DAY_MS, HOUR_MS, TOPICS, Cleanup, Topic, clean_topic

TABLE = {topic.name: topic for topic in TOPICS}


def test_the_table_has_every_topic_of_the_flow() -> None:
    assert list(TABLE) == [
        "events.raw",
        "consent",
        "events.clean.us",
        "events.clean.in",
        "events.rejected",
        "suppressions",
        "privacy.requests",
        "privacy.results",
        "ledger",
        "identities",
        "aggregates.in",
    ]


@pytest.mark.parametrize(
    ("name", "retention_ms"),
    [
        (topics.RAW, DAY_MS),
        (topics.CLEAN_US, 7 * DAY_MS),
        (topics.CLEAN_IN, 7 * DAY_MS),
        (topics.REJECTED, 72 * HOUR_MS),
        (topics.PRIVACY_REQUESTS, 460 * DAY_MS),
        (topics.PRIVACY_RESULTS, 460 * DAY_MS),
        (topics.LEDGER, 400 * DAY_MS),
        (topics.AGGREGATES, 4 * DAY_MS),
    ],
)
def test_records_are_deleted_after_their_retention(name: str, retention_ms: int) -> None:
    config = TABLE[name].broker_config(1)
    assert config["cleanup.policy"] == "delete"
    assert config["retention.ms"] == str(retention_ms)


@pytest.mark.parametrize("name", [topics.CONSENT, topics.IDENTITIES])
def test_what_compaction_replaces_has_a_limit_too(name: str) -> None:
    config = TABLE[name].broker_config(1)
    assert config["cleanup.policy"] == "compact"
    assert config["max.compaction.lag.ms"] == str(DAY_MS)
    assert config["delete.retention.ms"] == str(7 * DAY_MS)
    assert "retention.ms" not in config  # would be ignored, and would read as if consent expired


def test_suppressions_outlive_whatever_can_be_queued_and_end_then() -> None:
    config = TABLE[topics.SUPPRESSIONS].broker_config(1)
    assert config["cleanup.policy"] == "compact,delete"
    assert int(config["retention.ms"]) > 2 * max(
        TABLE[name].retention_ms for name in (topics.CLEAN_US, topics.CLEAN_IN)
    )
    assert config["max.compaction.lag.ms"] == str(DAY_MS)


def test_every_consent_change_stays_long_enough_to_be_seen_by_itself() -> None:
    config = TABLE[topics.CONSENT].broker_config(1)
    assert 0 < int(config["min.compaction.lag.ms"]) < int(config["max.compaction.lag.ms"])
    with pytest.raises(ValueError, match="settled_ms"):
        replace(TABLE[topics.CONSENT], settled_ms=DAY_MS)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_segments_are_short_against_the_limit(topic: Topic) -> None:
    """Whole segments are deleted, so a record may outlive its limit by one segment."""
    assert topic.segment_ms * 20 <= topic.retention_ms


@pytest.mark.parametrize("cleanup", Cleanup)
@pytest.mark.parametrize("retention_ms", [0, -1])
def test_a_topic_without_a_limit_is_refused(cleanup: Cleanup, retention_ms: int) -> None:
    with pytest.raises(ValueError, match=r"events\.raw: a retention limit is required"):
        replace(TABLE[topics.RAW], cleanup=cleanup, retention_ms=retention_ms)


def test_a_segment_that_outlives_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="segment_ms"):
        replace(TABLE[topics.RAW], segment_ms=2 * DAY_MS)


def test_events_and_consent_have_the_partitions_of_the_deployment() -> None:
    cut = {topic.name for topic in TOPICS if topic.partition_count(24) == 24}
    assert cut == {topics.RAW, topics.CONSENT, topics.CLEAN_US, topics.CLEAN_IN, topics.IDENTITIES, topics.AGGREGATES}


@pytest.mark.parametrize(("replication", "copies"), [(1, "1"), (2, "1"), (3, "2"), (5, "2")])
def test_acknowledged_means_on_two_brokers_where_three_have_it(replication: int, copies: str) -> None:
    assert TABLE[topics.RAW].broker_config(replication)["min.insync.replicas"] == copies


def test_clean_events_go_to_the_topic_of_their_region() -> None:
    assert (clean_topic("us"), clean_topic("in")) == (topics.CLEAN_US, topics.CLEAN_IN)
    with pytest.raises(KeyError):
        clean_topic("eu")
