"""The year for which India wants data kept that was processed, against an erasure that would end it at once.

DPDP Rules r.8(3), Seventh Schedule; DPDP Act s.8(7) "unless … law" (R30). The operator chooses what becomes of the copy
at Mixpanel (J8); coppice itself stops everything at once either way.
"""

from typing import Final

from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.vocabulary import Region

HOLD_MS: Final = 365 * 86_400_000


def held_until(policy: CompiledPolicy, region: Region, stopped_at: int, now_ms: int) -> int | None:
    """Return until when a region's copy at Mixpanel has to stay; None if it may be deleted now.

    stopped_at: when the last of the person's data was processed. Only from the day on which the duty begins, and never
    in the US. The policy of the moment decides: one that stops holding lets go at once.
    """
    hold = policy.hold
    if region is not Region.IN or hold is None or not hold.mixpanel_copy or now_ms < hold.from_ms:
        return None
    until = stopped_at + HOLD_MS
    return until if now_ms < until else None
