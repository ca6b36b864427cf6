"""The kill switch and the end of a cohort's document reach the queue, too (R37, R38).

The sanitizer judges with the policy of its moment; an event may then wait in Kafka or in a back-off for days. But the
two do not read a changed policy in the same moment: when a cohort is opened, its first events may be here before this
worker knows of it. So what is stopped is held first, and given up only if it still is after a while.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

from pipeline.deliver.batch import Batch
from pipeline.deliver.reasons import Fate
from pipeline.ops import metric_table as table
from pipeline.ops.metrics import Metrics
from pipeline.policy.compiled import CompiledPolicy, Predicate
from pipeline.policy.vocabulary import Cohort, Region
from pipeline.stream.clean_headers import cohort_of

_BEHIND_A_GATE: Final = frozenset({Predicate.VENDOR_GATE, Predicate.INTERNAL_OPS_ALLOWED})


class Stopped:
    """Takes out what may not leave any more by the policy of the moment.

    policy: the one in force, to be replaced when it changes. now_ms: the time, milliseconds since the epoch. later:
    calls what it is given after the while. again: takes what may leave then, after all.
    """

    def __init__(
        self,
        region: Region,
        policy: CompiledPolicy,
        metrics: Metrics,
        now_ms: Callable[[], int],
        *,
        later: Callable[[Callable[[], None]], object],
        again: Callable[[Batch], object],
    ) -> None:
        self._region = region
        self._metrics = metrics
        self._now_ms = now_ms
        self._cohorts = [cohort for cohort in Cohort if cohort.partition("/")[0] == region.upper()]
        self._later = later
        self._again = again
        self.policy = policy

    def take_out(self, batch: Batch) -> Batch:
        """Return what of the batch may leave now; what may not is held for a while. The same batch if all may.

        While a cohort of the region is stopped, an event without a cohort is taken for one of that cohort.
        """
        out = self._out(batch)
        if not out:
            return batch
        left, held = batch.apart(out.keys())
        self._later(lambda: self._decide(held))
        return left

    def _decide(self, held: Batch) -> None:
        """Settle what is still stopped, and let the rest be sent."""
        out = self._out(held)
        left, gone = held.apart(out.keys())
        if out:
            gone.settle(Fate.STOPPED)
        for cohort, count in Counter(out.values()).items():
            self._metrics.add(table.STOPPED_EVENTS, count, region=self._region, cohort=cohort)
        if left.records:
            self._again(left)

    def _out(self, batch: Batch) -> dict[int, Cohort]:
        """Return the places of what is stopped, and the cohort of each."""
        stopped = self._stopped()
        if not stopped:
            return {}
        cohorts = [cohort_of(record) or Cohort.XX for record in batch.records]
        return {index: cohort for index, cohort in enumerate(cohorts) if cohort in stopped}

    def _stopped(self) -> frozenset[Cohort]:
        policy, now_ms = self.policy, self._now_ms()
        if policy.killed.issuperset(self._cohorts):
            return frozenset()  # the whole region is held, see `pause`: nothing of it is given up
        stopped = [
            cohort
            for cohort in self._cohorts
            if cohort in policy.killed or (_is_gated(cohort, policy) and now_ms >= policy.gates.get(cohort, 0))
        ]
        return frozenset([*stopped, Cohort.XX] if stopped else ())


def _is_gated(cohort: Cohort, policy: CompiledPolicy) -> bool:
    """Say whether nothing of the cohort is let out without its document in force; so are an Indian child's counts."""
    ways = [way for (of, _), each in policy.decisions.items() if of is cohort for way in each]
    return all(not _BEHIND_A_GATE.isdisjoint(way.require) for way in ways)
