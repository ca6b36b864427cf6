"""What happened to the events of a chunk, counted and published once."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from operator import attrgetter

from pipeline.core.outcome import DropReason, RejectReason
from pipeline.core.ruling import Ruling, may_be_shown
from pipeline.ops import metric_table as table
from pipeline.ops.metrics import Metrics
from pipeline.policy.vocabulary import PropertyClass, Region
from pipeline.workers.judging import Judged

APP_VERSIONS = 64  # label values; clients choose what they send, so the rest is one value
OTHER = "other"
UNKNOWN_NAMES = 512
NO_REGION = "none"  # a label value
_REGIONS = {"US": "us", "IN": "in"}  # by how the names of their cohorts begin
_RULING = attrgetter("ruling", "app_version")
PLAUSIBLE = re.compile(r"[A-Za-z$_][A-Za-z0-9$_.]{0,63}")


def rulings_of(judged: Judged) -> Counter[tuple[Ruling | None, str]]:
    """Return how many events each ruling was about, with the version of the app."""
    return Counter(map(_RULING, judged.ruled))


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

    def publish(self, judged: Judged, rulings: Mapping[tuple[Ruling | None, str], int]) -> None:
        """Add a chunk, with its `rulings_of`."""
        metrics = self._metrics
        seen: Counter[str] = Counter()
        for (what, *of), count in Counter(judged.keys).items():
            cohort = of[0] if of else ""
            region = _REGIONS.get(cohort[:2], NO_REGION)
            if isinstance(what, Region):
                metrics.add(table.EVENTS_KEPT, count, region=what, cohort=cohort)
                region = what
            elif isinstance(what, DropReason):
                metrics.add(table.EVENTS_DROPPED, count, reason=what, cohort=cohort)
            elif isinstance(what, RejectReason):
                metrics.add(table.EVENTS_REJECTED, count, reason=what)
                if what is RejectReason.MISROUTED_KEY:
                    metrics.add(table.MISROUTED_KEYS, count)
            else:
                metrics.add(table.AGGREGATE_CONTRIBUTIONS, count, cohort=cohort)
            seen[region] += count
        for region, count in seen.items():
            metrics.add(table.EVENTS_IN, count, region=region)
        self._properties(judged.lost, rulings)

    def _properties(self, lost: Iterable[PropertyClass], rulings: Mapping[tuple[Ruling | None, str], int]) -> None:
        stripped: Counter[str] = Counter(lost)
        for (ruling, version), count in rulings.items():
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
