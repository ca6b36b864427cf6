"""The closed sets of every metric label: a value that is not listed here can never become a label."""

from collections.abc import Mapping

from pipeline.core.identity import KEY_NAMES
from pipeline.core.outcome import DropReason, RejectReason
from pipeline.core.ruling import UNREGISTERED
from pipeline.deliver.leak_patterns import LeakKind
from pipeline.deliver.reasons import BatchResult, DeliveryRejectReason, HaltWhy, RetryWhy
from pipeline.ledger.verify import FaultKind
from pipeline.policy.vocabulary import Cohort, PropertyClass, Region
from pipeline.rights.halt import RightsHaltWhy
from pipeline.rights.requests import Kind
from pipeline.rights.results import STATES
from pipeline.stream.suppression import SuppressWhy

ROLES = ("sanitize", "deliver", "rights", "aggregate", "auditor")

LABEL_VALUES: Mapping[str, tuple[str, ...]] = {
    "region": (*Region, "none"),  # none: a record that tells no region
    "cohort": tuple(Cohort),
    "coppice_events_dropped_total.reason": tuple(DropReason),
    "coppice_events_rejected_total.reason": tuple(RejectReason),
    "coppice_delivery_rejected_total.reason": tuple(DeliveryRejectReason),
    "coppice_batches_total.result": tuple(BatchResult),
    "coppice_retries_total.why": tuple(RetryWhy),
    "coppice_delivery_halted.why": tuple(HaltWhy),
    "coppice_credentials_unreadable.region": tuple(Region),
    "coppice_leak_hits_total.kind": tuple(LeakKind),
    "coppice_consent_changes_total.why": tuple(SuppressWhy),
    "coppice_suppressed_events_total.why": tuple(SuppressWhy),
    "coppice_aggregate_ignored_records.why": ("late", "unreadable"),
    "coppice_aggregate_cells_total.fate": ("emitted", "below_k"),
    "coppice_ledger_faults.kind": tuple(FaultKind),
    "coppice_privacy_requests_total.kind": (*Kind, "none"),  # none: a record that is no request
    "coppice_privacy_requests_total.state": STATES,
    "coppice_privacy_open_requests.kind": tuple(Kind),
    "coppice_rights_halted.region": tuple(Region),
    "coppice_rights_halted.why": tuple(RightsHaltWhy),
    "class": (*PropertyClass, UNREGISTERED),
    "status_class": ("2xx", "3xx", "4xx", "5xx", "error"),
    "role": ROLES,
    "coppice_key_age_seconds.region": tuple(Region),
    "coppice_key_age_seconds.name": KEY_NAMES,
}
