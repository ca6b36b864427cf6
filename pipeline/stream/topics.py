"""The topics of the pipeline: one typed table, from which they are created and checked.

Every topic has a limit on how long a record may live (COPPA 16 CFR 312.10, DPDP Act s. 8(7); R29), and a
definition without one is refused. For `delete` topics the limit is `retention_ms`. For `compact` topics the
newest record of a key is the present state and lives as long as that state is true; ending it is a tombstone,
which is what erasure writes. The limit there is on what is *over*: `retention_ms` becomes
`max.compaction.lag.ms`, the longest time a value that was replaced or erased may wait before the broker must
compact it away. (A partition that receives nothing at all keeps its open segment until its next record;
periodic writes by the consent service close that gap.)

Kafka deletes whole segments, so a day of retention with the default week-long segments would really be eight
days: segments are rolled at a small fraction of the retention. Timestamps are the broker's (`LogAppendTime`),
so that a wrong clock or a back-dated event can neither lengthen nor shorten a record's life.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

RAW: Final = "events.raw"
CONSENT: Final = "consent"
CLEAN_US: Final = "events.clean.us"
CLEAN_IN: Final = "events.clean.in"
REJECTED: Final = "events.rejected"
SUPPRESSIONS: Final = "suppressions"
PRIVACY_REQUESTS: Final = "privacy.requests"
PRIVACY_RESULTS: Final = "privacy.results"
LEDGER: Final = "ledger"
IDENTITIES: Final = "identities"
AGGREGATES: Final = "aggregates.in"

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
# An event may be 1 MiB (Mixpanel's limit); one that is longer must still arrive, to be rejected by name.
EVENT_BYTES: Final = 2 * 1024**2
NOTE_BYTES: Final = 1024**2  # requests, receipts, rejections: a few hundred bytes each

# An erasure may have to wait out India's year (r.8(3)) and may take 30 days then; its state must outlive that.
RIGHTS_MS: Final = 460 * DAY_MS

# Topics whose records a worker reads all of, or of which there are few: more partitions than this buy
# nothing, and fewer would make one broker the leader of everything in a three-broker cluster.
SMALL: Final = 3

# A reader of a compacted topic that stops for longer than this may miss a tombstone; readers start from the
# beginning.
TOMBSTONE_MS: Final = 7 * DAY_MS


class Cleanup(StrEnum):
    """How the broker removes old records (`cleanup.policy`)."""

    DELETE = "delete"
    COMPACT = "compact"
    COMPACT_DELETE = "compact,delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Definition of a topic.

    `partitions` None means the deployment's `kafka.partitions`: all such topics are co-partitioned.
    `retention_ms` and `max_message_bytes` are in milliseconds and bytes. `settled_ms`: how long the broker keeps
    every value of a key at least, so that a consumer that was away for less sees each change and not only the last.

    Raises:
        ValueError: no positive retention limit, or a segment that outlives it.

    """

    name: str
    key: str
    doc: str
    cleanup: Cleanup
    retention_ms: int
    partitions: int | None = None
    segment_ms: int
    max_message_bytes: int = NOTE_BYTES
    settled_ms: int = 0

    def __post_init__(self) -> None:
        if self.retention_ms <= 0:
            raise ValueError(f"topic {self.name}: a retention limit is required (R29), got {self.retention_ms} ms")
        if not 0 <= self.settled_ms < self.retention_ms:
            raise ValueError(f"topic {self.name}: settled_ms must be within the retention limit")
        if not 0 < self.segment_ms <= self.retention_ms:
            raise ValueError(f"topic {self.name}: segment_ms must be within the retention limit")

    def full_name(self, prefix: str) -> str:
        """Name on the broker, with the deployment's `kafka.topic_prefix`."""
        return prefix + self.name

    def partition_count(self, default: int) -> int:
        """Partitions of this topic where `kafka.partitions` is `default`."""
        return default if self.partitions is None else self.partitions

    def broker_config(self, replication: int) -> dict[str, str]:
        """Topic settings under their broker names."""
        config = {
            "cleanup.policy": self.cleanup.value,
            "segment.ms": str(self.segment_ms),
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "LogAppendTime",
            "min.insync.replicas": str(_min_insync(replication)),
        }
        if self.cleanup is Cleanup.DELETE:
            config["retention.ms"] = str(self.retention_ms)
            return config
        if self.cleanup is Cleanup.COMPACT_DELETE:
            config["retention.ms"] = str(self.retention_ms)
        config["max.compaction.lag.ms"] = str(min(self.retention_ms, DAY_MS))
        config["min.compaction.lag.ms"] = str(self.settled_ms)
        config["delete.retention.ms"] = str(TOMBSTONE_MS)
        return config


def _min_insync(replication: int) -> int:
    """Copies that must have a record before it counts as acknowledged: one broker of three may be away."""
    return 2 if replication >= 3 else 1  # noqa: PLR2004 - with two copies, requiring both would stop at any restart


TOPICS: Final[tuple[Topic, ...]] = (
    Topic(
        name=RAW,
        key="profile id",
        doc="Raw app events: one JSON object, or an array of them, per record.",
        cleanup=Cleanup.DELETE,
        retention_ms=DAY_MS,
        segment_ms=HOUR_MS,
        max_message_bytes=EVENT_BYTES,
    ),
    Topic(
        name=CONSENT,
        key="profile id",
        doc="Newest consent record of each profile; a tombstone means erased.",
        cleanup=Cleanup.COMPACT,
        retention_ms=DAY_MS,
        segment_ms=HOUR_MS,
        settled_ms=18 * HOUR_MS,
    ),
    Topic(
        name=CLEAN_US,
        key="pseudonym",
        doc="Import objects for the US project, exactly as Mixpanel will get them.",
        cleanup=Cleanup.DELETE,
        retention_ms=7 * DAY_MS,
        segment_ms=6 * HOUR_MS,
        max_message_bytes=EVENT_BYTES,
    ),
    Topic(
        name=CLEAN_IN,
        key="pseudonym",
        doc="Import objects for the India project, exactly as Mixpanel will get them.",
        cleanup=Cleanup.DELETE,
        retention_ms=7 * DAY_MS,
        segment_ms=6 * HOUR_MS,
        max_message_bytes=EVENT_BYTES,
    ),
    Topic(
        name=REJECTED,
        key="none",
        doc="Where and why a raw record was rejected: coordinates and reason, never content.",
        cleanup=Cleanup.DELETE,
        retention_ms=3 * DAY_MS,
        segment_ms=3 * HOUR_MS,
        partitions=SMALL,
    ),
    Topic(
        name=SUPPRESSIONS,
        key="pseudonym",
        doc="Pseudonyms that must not be delivered any more: since when and why.",
        # Nothing is queued for longer than a clean topic keeps it, so a suppression may end some time after that.
        cleanup=Cleanup.COMPACT_DELETE,
        retention_ms=30 * DAY_MS,
        segment_ms=6 * HOUR_MS,
        partitions=SMALL,
    ),
    Topic(
        name=PRIVACY_REQUESTS,
        key="profile id",
        doc="Access and erasure requests from the privacy desk.",
        cleanup=Cleanup.DELETE,
        retention_ms=RIGHTS_MS,
        segment_ms=7 * DAY_MS,
        partitions=SMALL,
    ),
    Topic(
        name=PRIVACY_RESULTS,
        key="request id",  # a proof that holds no personal data (R26)
        doc="What became of each privacy request.",
        cleanup=Cleanup.DELETE,
        retention_ms=RIGHTS_MS,
        segment_ms=7 * DAY_MS,
        partitions=SMALL,
    ),
    Topic(
        name=LEDGER,
        key="source topic and partition",
        doc="One receipt per chunk, hash-chained within its source partition.",
        cleanup=Cleanup.DELETE,
        retention_ms=400 * DAY_MS,
        segment_ms=7 * DAY_MS,
        partitions=SMALL,
    ),
    Topic(
        name=IDENTITIES,
        key="profile id",
        doc="Which consents a profile has had: what its pseudonyms can be computed from, until it is erased.",
        cleanup=Cleanup.COMPACT,
        retention_ms=DAY_MS,
        segment_ms=HOUR_MS,
    ),
    Topic(
        name=AGGREGATES,
        key="cell",
        doc="Contributions to counts of Indian children's events, without an id; empty unless `aggregate_only` is on.",
        cleanup=Cleanup.DELETE,
        retention_ms=4 * DAY_MS,
        segment_ms=4 * HOUR_MS,
    ),
)

_CLEAN = {"us": CLEAN_US, "in": CLEAN_IN}


def clean_topic(region: str) -> str:
    """Name (without prefix) of the topic that holds the clean events of `region`, `us` or `in`."""
    return _CLEAN[region]
