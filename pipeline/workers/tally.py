"""What happened to the events of a chunk, counted in plain dictionaries and published once."""

import re
from collections import Counter

from pipeline.core.outcome import DropReason, RejectReason
from pipeline.core.ruling import Ruling, may_be_shown
from pipeline.core.session import Step
from pipeline.ops import metric_table as table
from pipeline.ops.metrics import Metrics
from pipeline.policy.vocabulary import Cohort, PropertyClass, Region

APP_VERSIONS = 64  # label values; clients choose what they send, so the rest is one value
OTHER = "other"
UNKNOWN_NAMES = 512
PLAUSIBLE = re.compile(r"[A-Za-z$_][A-Za-z0-9$_.]{0,63}")


class Tally:
    """Counts of one chunk. steps: of SDKs' sessions, for `SessionGaps`."""

    __slots__ = ("counted", "dropped", "kept", "lost", "rejected", "rulings", "steps")

    def __init__(self) -> None:
        self.kept: Counter[tuple[Region, Cohort]] = Counter()
        self.counted: Counter[Cohort] = Counter()
        self.dropped: Counter[tuple[DropReason, Cohort]] = Counter()
        self.rejected: Counter[RejectReason] = Counter()
        self.rulings: Counter[tuple[Ruling | None, str]] = Counter()
        self.lost: Counter[PropertyClass] = Counter()
        self.steps: list[Step] = []


class Counts:
    """The process's counters, and the names of properties that no schema lists.

    unknown: such a name → how many events had it. Only names that a programmer would give a property, and that hold
    no identifier themselves; at most `UNKNOWN_NAMES`, so that a client that invents names cannot fill the memory.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.unknown: Counter[str] = Counter()
        self._metrics = metrics
        self._versions: set[str] = set()
        self._plausible: dict[str, bool] = {}

    def publish(self, tally: Tally) -> None:
        """Add a chunk."""
        metrics = self._metrics
        seen: Counter[str] = Counter()
        for (region, cohort), count in tally.kept.items():
            metrics.add(table.EVENTS_KEPT, count, region=region, cohort=cohort)
            seen[region] += count
        for (reason, cohort), count in tally.dropped.items():
            metrics.add(table.EVENTS_DROPPED, count, reason=reason, cohort=cohort)
            seen[{"US": "us", "IN": "in"}.get(cohort[:2], "none")] += count
        for cohort, count in tally.counted.items():
            metrics.add(table.AGGREGATE_CONTRIBUTIONS, count, cohort=cohort)
            seen[{"US": "us", "IN": "in"}.get(cohort[:2], "none")] += count
        for why, count in tally.rejected.items():
            metrics.add(table.EVENTS_REJECTED, count, reason=why)
            seen["none"] += count
        for region_name, count in seen.items():
            metrics.add(table.EVENTS_IN, count, region=region_name)
        if misrouted := tally.rejected[RejectReason.MISROUTED_KEY]:
            metrics.add(table.MISROUTED_KEYS, misrouted)
        self._properties(tally)

    def _properties(self, tally: Tally) -> None:
        stripped: Counter[str] = Counter(tally.lost)
        for (ruling, version), count in tally.rulings.items():
            if ruling is None:
                continue
            for kind, each in ruling.stripped:
                stripped[kind] += each * count
            for alarm in ruling.alarms:
                labels = {"class": alarm, "app_version": self._version(version)}
                self._metrics.add(table.CLIENT_DEFECTS, count, **labels)
            for name in ruling.unknown:
                if self._may_be_shown(name):
                    self.unknown[name] += count
        for kind, count in stripped.items():
            self._metrics.add(table.PROPERTIES_STRIPPED, count, **{"class": kind})

    def _version(self, version: str) -> str:
        if version in self._versions:
            return version
        if not version or len(self._versions) >= APP_VERSIONS:
            return OTHER
        self._versions.add(version)
        return version

    def _may_be_shown(self, name: str) -> bool:
        known = self._plausible.get(name)
        if known is None:
            if len(self._plausible) >= UNKNOWN_NAMES or not PLAUSIBLE.fullmatch(name):
                return False
            known = self._plausible[name] = may_be_shown(name)
        return known
