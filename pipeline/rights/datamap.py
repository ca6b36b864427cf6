"""What is kept of a person, for what, where and for how long, in words that can be handed out with an export (R27).

16 CFR 312.6(a)(1); DPDP Act s.11(1)(a)-(b). Made from what the workers run with; it holds names, never a value.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.vocabulary import Cohort, Region

DISCLOSED_TO = {Region.US: "Mixpanel, project in the United States", Region.IN: "Mixpanel, project in India"}


def data_map(
    regions: Collection[Region],
    items: Mapping[Cohort, Iterable[Mapping[str, Any]]],
    grounds: Mapping[Cohort, Iterable[str]],
    kept: Iterable[Mapping[str, Any]],
    policy: CompiledPolicy,
    now_ms: int,
) -> dict[str, Any]:
    """Return the map as a JSON document, for the regions a person has been in.

    items: by cohort, the data items that may leave. grounds: by cohort, for which purposes and under which sections.
    kept: every store with its limit.
    """
    cohorts = [cohort for cohort in items if _region_of(cohort) in regions]
    return {
        "made_at": datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="seconds"),
        "policy": {"version": policy.version, "sha256": policy.sha256},
        "disclosed_to": [DISCLOSED_TO[region] for region in sorted(regions)],
        "what_leaves": {
            str(cohort): {"grounds": list(grounds[cohort]), "items": [dict(item) for item in items[cohort]]}
            for cohort in cohorts
        },
        "kept": [dict(store) for store in kept],
    }


def _region_of(cohort: Cohort) -> Region | None:
    name = cohort.partition("/")[0].lower()
    return Region(name) if name in set(Region) else None
