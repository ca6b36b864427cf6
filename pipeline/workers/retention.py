"""Every place where something about a person, or about what was done with it, is kept: for how long, and by what law.

One list, from which `coppice retention` and the page docs/retention.md are made (R29, R30). Limits are read from where
they are set: the table of topics, the policy settings. A store without a limit cannot be listed, and a topic that is
not listed here cannot exist.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from pipeline.core.identity import REMEMBERED
from pipeline.deliver.pipeline import HELD_BYTES
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.policy.compiling import SHIPPED
from pipeline.policy.documents import Document, validate
from pipeline.policy.errors import PolicyError
from pipeline.policy.model import PolicySettings
from pipeline.stream import topics
from pipeline.stream.topics import DAY_MS, HOUR_MS, TOPICS, Cleanup, Topic
from pipeline.workers.session_gaps import SESSIONS

ERASE = "16 CFR 312.10; DPDP Act s.8(7)"
LOGS = "DPDP Rules r.6(1)(e), r.8(3); CERT-In directions of 28 April 2022, (iv)"
LOG_DAYS = 400  # a year, and some weeks in which what it shows is found
OFFSETS_DAYS = 7  # Kafka's offsets.retention.minutes, unless the cluster sets another
YEAR_DAYS = 365
INDIA = timedelta(hours=5, minutes=30)

# By what law each topic's limit is as it is. A topic without an entry stops the command, and its test.
TOPIC_LAW: Mapping[str, str] = {
    topics.RAW: f"{ERASE} (R29)",
    topics.CONSENT: "16 CFR 312.5(a)(1); DPDP Act s.6(10) (R08)",
    topics.CLEAN_US: "16 CFR 312.10 (R29)",
    topics.CLEAN_IN: "DPDP Act s.8(7) (R29)",
    topics.REJECTED: f"{ERASE} (R34)",
    topics.SUPPRESSIONS: "16 CFR 312.6(a)(2); DPDP Act s.6(6) (R25)",
    topics.PRIVACY_REQUESTS: f"16 CFR 312.6; DPDP Rules r.14; {LOGS} (R26)",
    topics.PRIVACY_RESULTS: f"16 CFR 312.6; DPDP Rules r.14; {LOGS} (R26)",
    topics.LEDGER: f"DPDP Act s.6(10); {LOGS} (R31)",
    topics.IDENTITIES: f"{ERASE} (R26)",
    topics.AGGREGATES: "DPDP Act s.9(3) (R11)",
}


class Kind(StrEnum):
    """What a store is."""

    TOPIC = "topic"
    OFFSETS = "offsets"
    MEMORY = "memory"
    FILE = "file"
    LOG = "log"
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True)
class Store:
    """One place. limit: in words; limit_ms: in milliseconds, where it is a time. removed_by: who sees to it.

    Raise ValueError for one without a limit, or without anybody who keeps to it.
    """

    name: str
    kind: Kind
    holds: str
    limit: str
    removed_by: str
    law: str
    limit_ms: int | None = None

    def __post_init__(self) -> None:
        if not (self.limit and self.removed_by and self.law):
            raise ValueError(f"store {self.name}: a limit, who keeps to it, and the law it serves are required (R29)")
        if self.limit_ms is not None and self.limit_ms <= 0:
            raise ValueError(f"store {self.name}: a retention limit is required (R29), got {self.limit_ms} ms")


@dataclass(frozen=True, slots=True)
class HoldState:
    """The one-year hold of DPDP Rules r.8(3) (R30, J8). begins: the day in India; in_force: on the day asked about."""

    scope: str
    begins: date
    in_force: bool
    mixpanel_copy: str

    @property
    def words(self) -> str:
        """Say what the hold means now."""
        if not self.in_force:
            return f"not in force before {self.begins}: erasures reach every store, nothing is held back"
        logs = "in force: receipts and logs are kept for the year"
        if self.vault_missing:
            return (
                f"{logs}; scope {self.scope} needs the vault, which this deployment has to provide (docs/retention.md)"
            )
        return logs

    @property
    def vault_missing(self) -> bool:
        """True if events have to be kept that no store of coppice keeps for a year."""
        return self.in_force and self.scope != "logs_only"


def written_settings(settings: Settings) -> PolicySettings:
    """Return the policy settings in force as they are written. Raise ConfigError with every problem."""
    own = settings.policy.settings_file
    try:
        documents = [Document(SHIPPED / "settings.yaml"), *([Document(own)] if own is not None else [])]
        return validate(PolicySettings, documents)
    except PolicyError as exc:
        raise ConfigError(str(exc)) from None


def hold_state(policy: PolicySettings, now_ms: int) -> HoldState:
    """Return the hold as of a moment, by the calendar of India."""
    hold = policy.india.hold
    today = (datetime.fromtimestamp(now_ms / 1000, UTC) + INDIA).date()
    return HoldState(hold.scope, hold.from_, today >= hold.from_, hold.mixpanel_copy)


def stores(settings: Settings, policy: PolicySettings) -> list[Store]:
    """Return every store of a deployment. Raise ValueError for one without a limit or a law."""
    return [*(_topic(topic, settings) for topic in TOPICS), *_inside(settings), *_outside(policy)]


def _topic(topic: Topic, settings: Settings) -> Store:
    span = _span(topic.retention_ms)
    compact = topic.cleanup is Cleanup.COMPACT
    return Store(
        topic.full_name(settings.kafka.topic_prefix),
        Kind.TOPIC,
        topic.doc,
        f"as long as it is true; {span} once replaced or erased" if compact else span,
        "the broker compacts it away" if compact else "the broker deletes it",
        TOPIC_LAW.get(topic.name, ""),
        topic.retention_ms,
    )


def _inside(settings: Settings) -> Iterator[Store]:
    """Yield what coppice's own processes and files hold."""
    yield Store(
        f"{settings.kafka.group_prefix}-*",
        Kind.OFFSETS,
        "Consumer groups: how far each role, and each replay, has come. Offsets, and the digest of the last receipt.",
        f"{OFFSETS_DAYS} d after the group's last member has gone",
        "the broker (offsets.retention.minutes)",
        f"{ERASE} (R29)",
        OFFSETS_DAYS * DAY_MS,
    )
    process = "the life of the process, or until its partition moves to another"
    for name, holds, law in (
        ("consent states", "sanitize: newest consent of each profile of its partitions. A tombstone ends it.", "R25"),
        ("identities", "rights: consents each profile of its partitions has had. A tombstone ends it.", "R26"),
        ("suppressions", "deliver: pseudonyms that must not be sent. A tombstone, or age, ends it.", "R25"),
        ("pseudonyms at hand", f"sanitize: the last {REMEMBERED:,} that were computed.", "R15"),
        (
            "sessions",
            f"sanitize: what has come of {SESSIONS:,} sessions of SDKs, no id. Half an hour of silence ends one.",
            "R15",
        ),
        ("counts under way", "aggregate: groups of the windows that are not closed yet, without an id.", "R11"),
        (
            "events under way",
            f"sanitize, deliver: chunks and batches not acknowledged yet, some {HELD_BYTES // 2**20} MiB at most.",
            "R29",
        ),
    ):
        yield Store(name, Kind.MEMORY, holds, process, "the process: nothing of it is on disk", f"{ERASE} ({law})")
    yield Store(
        "key ring",
        Kind.FILE,
        "Secrets of pseudonyms, by version. Nobody's name can be computed, and nobody erased at Mixpanel, without it.",
        "a version, until Mixpanel keeps nothing that it named",
        "the operator: `coppice keys retire`",
        f"DPDP Rules r.6(1)(a); {ERASE} (R15)",
    )
    yield Store(
        "settings, policy, registry",
        Kind.FILE,
        "No personal data; secrets of service accounts where the operator writes them there.",
        "the life of the deployment; its versions are named in each receipt",
        "the operator",
        "DPDP Act s.8(4) (R38)",
    )


def _outside(policy: PolicySettings) -> Iterator[Store]:
    """Yield what others hold for the operator, and what the operator has to set there."""
    yield Store(
        "logs",
        Kind.LOG,
        "Standard error of every process: counts, coordinates, closed words. No value of an event, no id of a person.",
        f"{LOG_DAYS} d",
        "the operator: the retention of the log store; in India at least 180 d of it within the country",
        f"{LOGS} (R34)",
        LOG_DAYS * DAY_MS,
    )
    yield Store(
        "metrics",
        Kind.LOG,
        "Counts and times, by closed words.",
        "15 d, or what the operator needs",
        "the operator: --storage.tsdb.retention.time of Prometheus",
        "none: no personal data",
        15 * DAY_MS,
    )
    for who, days in (("minors and unknown ages", policy.retention.mixpanel_minor_days),
                      ("adults", policy.retention.mixpanel_adult_days)):  # fmt: skip
        yield Store(
            f"Mixpanel: events of {who}",
            Kind.VENDOR,
            "Clean events under pseudonyms. By itself Mixpanel keeps events for two years, five in older projects.",
            f"{days} d",
            "the operator: a retention agreed with Mixpanel, or its Data Deletion, which reaches back 180 d",
            f"{ERASE} (R29, J17)",
            days * DAY_MS,
        )
    yield Store(
        "Mixpanel: profiles of adults",
        Kind.VENDOR,
        "What updates have written, under pseudonyms. By itself Mixpanel keeps a profile until somebody deletes it.",
        f"{policy.retention.mixpanel_adult_days} d after the last update",
        "the operator: deletes those in Mixpanel that nobody has updated for so long; an erasure deletes the person's",
        f"{ERASE} (R29, J17)",
        policy.retention.mixpanel_adult_days * DAY_MS,
    )


def _span(length_ms: int) -> str:
    return f"{length_ms // DAY_MS} d" if length_ms > 3 * DAY_MS else f"{length_ms // HOUR_MS} h"
