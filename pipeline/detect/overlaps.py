"""Findings that overlap become one, so that a text is replaced once at each place."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Final

from pipeline.detect.detector import Finding, Strength

_start: Final = attrgetter("start")
_RANK: Final = {Strength.CERTAIN: 0, Strength.LIKELY: 1, Strength.CONTEXT: 2}


def join(found: list[Finding]) -> Iterator[Finding]:
    """Yield spans that do not overlap, in order: each is all that an overlapping group covers, under its best's name.

    found: at least one; it is sorted in place.
    """
    found.sort(key=_start)
    group = [found[0]]
    reach = found[0].end
    for finding in found[1:]:
        if finding.start < reach:
            group.append(finding)
            reach = max(reach, finding.end)
            continue
        yield _joined(group, reach)
        group, reach = [finding], finding.end
    yield _joined(group, reach)


def _joined(group: list[Finding], reach: int) -> Finding:
    """Return one for all: the longest, then the strongest; the name decides a tie, for the prefilter keeps no order."""
    return group[0] if len(group) == 1 else Finding(min(group, key=_order).detector, group[0].start, reach)


def _order(finding: Finding) -> tuple[int, int, str]:
    return finding.start - finding.end, _RANK[finding.detector.strength], finding.detector.name
