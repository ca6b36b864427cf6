"""The pass over the records of a chunk, compiled as the core is. Nothing is produced, counted or logged in here."""

from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.core.consent import ConsentLookup
from pipeline.core.context import Context
from pipeline.core.outcome import Clean, Counted, Dropped, Rejected
from pipeline.core.sanitize import sanitize
from pipeline.ledger.decisions import Key
from pipeline.ledger.outcomes import COUNTED
from pipeline.policy.vocabulary import PropertyClass, Region
from pipeline.stream.chunk import Record
from pipeline.stream.clean_headers import HEADERS, headers_of
from pipeline.stream.producer import Row

# compiled code looks up what comes from a module that is not compiled by its name, each time, unless it is final
_CLEAN: Final = Clean
_DROPPED: Final = Dropped
_COUNTED: Final = Counted
_COHORT_ALONE: Final = HEADERS


class Judged:
    """What was decided about the records of a chunk.

    rows: the clean events, to be produced; counted: contributions to counts; rejected: what cannot be judged, with the
    offset of its record and its place in it, None if it is the record. keys: the decision on each event, as the ledger
    names it; decisions: the same for each record, a list for an array. ruled: every outcome that has a ruling; lost:
    classes of what stayed behind for its value.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.counted: list[Counted] = []
        self.rejected: list[tuple[int, int | None, Rejected]] = []
        self.keys: list[Key] = []
        self.decisions: list[Key | list[Key]] = []
        self.ruled: list[Clean | Dropped | Counted] = []
        self.lost: list[PropertyClass] = []


def judge(
    records: Sequence[Record], consents: ConsentLookup, context: Context, clean: Mapping[Region, str], partition: int
) -> Judged:
    """Judge every record in order. clean: full name of the topic of each region's clean events.

    A clean event goes to the partition of its raw one, which keeps the order of a person's events.
    """
    judged = Judged()
    rows, keys, ruled, decisions = judged.rows, judged.keys, judged.ruled, judged.decisions
    for record in records:
        outcomes = sanitize(record.value, consents, context, record.headers)
        first = len(keys)
        for outcome in outcomes:
            if isinstance(outcome, _CLEAN):
                region, cohort = outcome.region, outcome.cohort
                if outcome.marketing or outcome.until:
                    beside = headers_of(cohort, marketing=outcome.marketing, until_ms=outcome.until)
                else:
                    beside = _COHORT_ALONE[cohort]
                rows.append((clean[region], outcome.value, outcome.key, partition, beside))
                keys.append((region, cohort))
                ruled.append(outcome)
                if outcome.lost:
                    judged.lost.extend(outcome.lost)
            elif isinstance(outcome, _DROPPED):
                keys.append((outcome.reason, outcome.cohort))
                ruled.append(outcome)
            elif isinstance(outcome, _COUNTED):
                keys.append((*COUNTED, outcome.cohort))
                ruled.append(outcome)
                judged.counted.append(outcome)
            else:
                place = len(keys) - first if len(outcomes) > 1 else None
                judged.rejected.append((record.offset, place, outcome))
                keys.append((outcome.reason,))
        decisions.append(keys[first] if len(outcomes) == 1 else keys[first:])
    return judged
