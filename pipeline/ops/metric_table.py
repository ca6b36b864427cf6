"""Every metric of coppice, declared once; `docs/metrics.md` is printed from here.

A constant is its exposed name without `coppice_` and `_total`, in capitals. Labels hold closed enumerations
or names of topics and partitions, never anything taken from an event.
"""

import sys
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it is exposed: counters carry their `_total`; `buckets` belong to histograms only."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, "counter", text, labels)


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, "gauge", text, labels)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Metric:
    return Metric(name, "histogram", text, labels, buckets)


_COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_BYTES = (1_000, 4_000, 16_000, 64_000, 250_000, 500_000, 1_000_000, 1_900_000, 4_000_000, 10_000_000)

EVENTS_IN = _counter("coppice_events_in_total", "Raw events judged, by resolved region.", "region")
EVENTS_KEPT = _counter(
    "coppice_events_kept_total",
    "Events that left the sanitiser clean, by region and cohort.",
    "region",
    "cohort",
)
EVENTS_DROPPED = _counter(
    "coppice_events_dropped_total", "Events withheld by policy, by reason and cohort.", "reason", "cohort"
)
EVENTS_REJECTED = _counter(
    "coppice_events_rejected_total", "Records that could not be judged as events, by reason.", "reason"
)
PROPERTIES_STRIPPED = _counter(
    "coppice_properties_stripped_total", "Properties removed from events, by property class.", "class"
)
CLIENT_DEFECTS = _counter(
    "coppice_client_defects_total",
    "Events with data that the app must not send, by class and app version; the data itself stayed behind.",
    "class",
    "app_version",
)
SESSION_GAPS = _counter(
    "coppice_session_gaps_total",
    "Gaps in the numbers that Mixpanel's mobile SDKs give the events of a session: bursts dropped on the device.",
)
SESSION_EVENTS_MISSING = _counter(
    "coppice_session_events_missing_total", "Numbers missing in those gaps: events that never left the device."
)
CHUNK_RECORDS = _histogram("coppice_chunk_records", "Records in one chunk taken from Kafka.", _COUNTS)
SANITIZE_SECONDS = _histogram("coppice_sanitize_seconds", "Seconds to judge one whole chunk.", _SECONDS)
PRODUCE_SECONDS = _histogram(
    "coppice_produce_seconds",
    "Seconds from handing a chunk's results to the producer until the broker confirmed them.",
    _SECONDS,
)

CONSUMER_LAG_RECORDS = _gauge(
    "coppice_consumer_lag_records",
    "Records between the committed offset and the end of an assigned partition.",
    "topic",
    "partition",
)
COMMITTED_OFFSET_AGE_SECONDS = _gauge(
    "coppice_committed_offset_age_seconds",
    "Seconds since the slowest assigned partition with lag last committed progress; 0 without lag.",
)
OLDEST_UNCOMMITTED_RECORD_AGE_SECONDS = _gauge(
    "coppice_oldest_uncommitted_record_age_seconds",
    "Seconds since Kafka got the oldest record of a partition that was taken and not committed yet; 0 if none.",
    "topic",
    "partition",
)

CONSENT_RECORDS = _gauge("coppice_consent_records", "Profiles whose consent record is held in memory.")
CONSENT_LAG_RECORDS = _gauge("coppice_consent_lag_records", "Consent records known to the broker but not yet applied.")
CONSENT_FRESH_AGE_SECONDS = _gauge(
    "coppice_consent_fresh_age_seconds", "Seconds since the broker last confirmed how far consent reaches."
)
CONSENT_UNREADABLE = _counter(
    "coppice_consent_unreadable_total", "Consent records that are not valid and therefore grant nothing."
)
MISROUTED_KEYS = _counter(
    "coppice_misrouted_keys_total",
    "Records on a partition other than their key's; a producer is set up wrongly.",
)

BATCHES = _counter("coppice_batches_total", "Import batches finished, by region and result.", "region", "result")
BATCH_EVENTS = _histogram("coppice_batch_events", "Events in one import request.", _COUNTS[:-1])
BATCH_BYTES = _histogram("coppice_batch_bytes", "Bytes of one import request before compression.", _BYTES)
REQUEST_SECONDS = _histogram(
    "coppice_request_seconds",
    "Seconds of one request to Mixpanel; class `error` means that no answer came.",
    _SECONDS,
    "region",
    "status_class",
)
RETRIES = _counter("coppice_retries_total", "Import requests sent again, by region and cause.", "region", "why")
IN_FLIGHT_REQUESTS = _gauge("coppice_in_flight_requests", "Import requests that wait for an answer.", "region")
CONCURRENCY_LIMIT = _gauge(
    "coppice_concurrency_limit",
    "Requests to Mixpanel that may be in flight at the same time; found out from its answers.",
    "region",
)
DELIVERED_EVENTS = _counter("coppice_delivered_events_total", "Events that Mixpanel confirmed as imported.", "region")
DELIVERY_REJECTED = _counter(
    "coppice_delivery_rejected_total",
    "Clean events that Mixpanel refused for good, by reason.",
    "region",
    "reason",
)
CONSENT_CHANGES = _counter(
    "coppice_consent_changes_total",
    "Consent records after which queued events of their profile must not leave any more, by reason.",
    "why",
)
SUPPRESSIONS = _counter(
    "coppice_suppressions_total", "Suppressions of pseudonyms that were written because of a consent record."
)
WITHDRAWAL_SECONDS = _histogram(
    "coppice_withdrawal_seconds",
    "Seconds from Kafka's receipt of a consent record that ends something until every suppression is confirmed.",
    _SECONDS,
)
SUPPRESSED_EVENTS = _counter(
    "coppice_suppressed_events_total",
    "Clean events that were not sent because their person's consent ended meanwhile, by cause.",
    "region",
    "why",
)
STOPPED_EVENTS = _counter(
    "coppice_stopped_events_total",
    "Clean events that were not sent because the kill switch or the end of a document stopped their cohort meanwhile.",
    "region",
    "cohort",
)
EXPIRED_EVENTS = _counter(
    "coppice_expired_events_total",
    "Clean events that were not sent because their consent ran out, or was outgrown, while they were queued.",
    "region",
)
SUPPRESSIONS_HELD = _gauge("coppice_suppressions_held", "Suppressed pseudonyms that are held in memory.")
SUPPRESSIONS_FRESH_AGE_SECONDS = _gauge(
    "coppice_suppressions_fresh_age_seconds", "Seconds since the broker last confirmed how far suppressions reach."
)
SUPPRESSIONS_UNREADABLE = _counter(
    "coppice_suppressions_unreadable_total",
    "Suppressions that cannot be read; their pseudonym is suppressed all the same, unless that is what is missing.",
)
OLDEST_UNSENT_EVENT_AGE_SECONDS = _gauge(
    "coppice_oldest_unsent_event_age_seconds",
    "Seconds since the oldest event that is held but not yet delivered was recorded by Kafka; 0 if none.",
    "region",
)
DELIVERY_HALTED = _gauge(
    "coppice_delivery_halted",
    "1 while delivery of a region is stopped and offsets are held, by cause.",
    "region",
    "why",
)
CREDENTIALS_UNREADABLE = _gauge(
    "coppice_credentials_unreadable",
    "1 while the file of a service account's secret cannot be used and the last good secret stays in use.",
    "region",
)
LEAK_HITS = _counter(
    "coppice_leak_hits_total",
    "Events in which the leak stop found personal data, counted at each look, by kind; their batch was not sent.",
    "region",
    "kind",
)
OPEN_INCIDENTS = _gauge("coppice_open_incidents", "Incidents of the region that nobody has closed yet.", "region")
CANARY_SEEN_TIMESTAMP_SECONDS = _gauge(
    "coppice_canary_seen_timestamp_seconds",
    "When a canary's event last reached the sink, sanitized, in seconds since 1970; it is not sent. 0 if none yet.",
    "region",
)

PRIVACY_REQUESTS = _counter(
    "coppice_privacy_requests_total",
    "Steps of privacy requests that are on record, by what was asked for and what was reached.",
    "kind",
    "state",
)
PRIVACY_OPEN_REQUESTS = _gauge(
    "coppice_privacy_open_requests", "Privacy requests of this worker that are not answered, by kind.", "kind"
)
PRIVACY_OLDEST_OPEN_REQUEST_AGE_SECONDS = _gauge(
    "coppice_privacy_oldest_open_request_age_seconds",
    "Seconds since the oldest open request was received, or since the law let go of its data; 0 if none.",
)
RIGHTS_HALTED = _gauge(
    "coppice_rights_halted",
    "1 while erasures and exports of a region cannot go on without somebody's help, by cause.",
    "region",
    "why",
)

POLICY_INFO = _gauge("coppice_policy_info", "1 for the policy in force, by version and hash.", "version", "sha256")
POLICY_RELOADS = _counter("coppice_policy_reloads_total", "Changed policy, settings or registry files put in force.")
POLICY_RELOAD_FAILED = _gauge(
    "coppice_policy_reload_failed", "1 while changed files cannot be used and the last good policy stays in force."
)
KILL_SWITCH = _gauge("coppice_kill_switch", "1 for each cohort that the kill switch has stopped.", "cohort")
KEY_AGE_SECONDS = _gauge(
    "coppice_key_age_seconds",
    "Age of the key version in force, by region and key; one that nobody wrote down counts from 1970.",
    "region",
    "name",
)
AGGREGATE_CONTRIBUTIONS = _counter(
    "coppice_aggregate_contributions_total", "Events that went into a count instead of leaving, by cohort.", "cohort"
)
AGGREGATE_IGNORED_RECORDS = _gauge(
    "coppice_aggregate_ignored_records",
    "Records on the topic of counts that no count has, by cause: late for their window, or unreadable.",
    "why",
)
AGGREGATE_CELLS = _counter(
    "coppice_aggregate_cells_total", "Cells of closed windows, by whether their group was large enough.", "fate"
)
AGGREGATE_WINDOWS_OPEN = _gauge("coppice_aggregate_windows_open", "Windows that still take contributions.")
AGGREGATE_OVERDUE_SECONDS = _gauge(
    "coppice_aggregate_overdue_seconds",
    "Seconds since the oldest window that is not counted yet could have been; 0 if there is none.",
)
LEDGER_FAULTS = _gauge(
    "coppice_ledger_faults",
    "What was wrong with the ledger when the auditor last looked, by kind; 100 at most are told apart.",
    "kind",
)
LEDGER_VERIFIED_TIMESTAMP_SECONDS = _gauge(
    "coppice_ledger_verified_timestamp_seconds",
    "When the auditor last came to a verdict on the ledger, in seconds since 1970; 0 if not yet.",
)
MEMORY_LIMIT_BYTES = _gauge(
    "coppice_memory_limit_bytes", "Memory that the container lets the process use, in bytes; 0 without a limit."
)
WORKER_READY = _gauge("coppice_worker_ready", "1 while the worker of a role is ready, else 0.", "role")

TABLE: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))


def render_markdown() -> str:
    """Return `docs/metrics.md`: a table with one row for each metric."""
    rows = []
    for metric in TABLE:
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
        rows.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |")
    head = (
        "# Metrics\n\n"
        "Each worker serves these at `/metrics`, together with the `process_…` metrics of its own process.\n"
        "Series whose label values are known beforehand exist from the start, at 0.\n"
        "This page is printed by `python -m pipeline.ops.metric_table > docs/metrics.md`.\n\n"
        "| Name | Type | Labels | Meaning |\n|---|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render_markdown())
