"""The closed sets of every metric label: a value that is not listed here can never become a label."""

from collections.abc import Mapping

from pipeline.core.outcome import DropReason, RejectReason
from pipeline.core.ruling import UNREGISTERED
from pipeline.deliver.reasons import BatchResult, DeliveryRejectReason, HaltWhy, RetryWhy
from pipeline.policy.vocabulary import Cohort, PropertyClass, Region

ROLES = ("sanitize", "deliver")

LABEL_VALUES: Mapping[str, tuple[str, ...]] = {
    "region": (*Region, "none"),  # none: a record that tells no region
    "cohort": tuple(Cohort),
    "coppice_events_dropped_total.reason": tuple(DropReason),
    "coppice_events_rejected_total.reason": tuple(RejectReason),
    "coppice_delivery_rejected_total.reason": tuple(DeliveryRejectReason),
    "coppice_batches_total.result": tuple(BatchResult),
    "coppice_retries_total.why": tuple(RetryWhy),
    "coppice_delivery_halted.why": tuple(HaltWhy),
    "class": (*PropertyClass, UNREGISTERED),
    "status_class": ("2xx", "3xx", "4xx", "5xx", "error"),
    "role": ROLES,
}
