"""The code of each decision of the core, in words of closed lists: `clean/us/US/adult`, `rejected/not_json`."""

from pipeline.core.outcome import DropReason, RejectReason
from pipeline.ledger.decisions import Key
from pipeline.policy.vocabulary import Cohort, Region

COUNTED: Key = ("counted",)

CODES: dict[Key, str] = {
    **{(region, cohort): f"clean/{region}/{cohort}" for region in Region for cohort in Cohort},
    **{(reason, cohort): f"dropped/{reason}/{cohort}" for reason in DropReason for cohort in Cohort},
    **{(*COUNTED, cohort): f"counted/{cohort}" for cohort in Cohort},
    **{(reason,): f"rejected/{reason}" for reason in RejectReason},
}
"""By the key under which the sanitize role notes a decision; what is not in here cannot be decided."""
