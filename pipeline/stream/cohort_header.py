"""The cohort that is written beside a clean event: in a header, which never leaves Kafka."""

from collections.abc import Mapping
from typing import Final

from pipeline.policy.vocabulary import Cohort
from pipeline.stream.chunk import Record
from pipeline.stream.producer import Headers

NAME: Final = "cohort"
HEADERS: Final[Mapping[Cohort, Headers]] = {cohort: [(NAME, cohort.encode())] for cohort in Cohort}
"""What to produce with an event. One object for each cohort, since an event must cost little."""

_COHORTS: Final = {cohort.encode(): cohort for cohort in Cohort}


def cohort_of(record: Record) -> Cohort | None:
    """Return the cohort that is written beside a record, None if there is none or nobody knows it."""
    for name, value in record.headers:
        if name == NAME and value is not None:
            return _COHORTS.get(value)
    return None
