"""What is written beside a clean event: in headers, which never leave Kafka.

Its cohort, always. Beside few: that it is for marketing, and from when on its consent is over by itself. The sink looks
at them again at the moment of sending (R04). Whoever finds none of them knows nothing and goes by what he knew without.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.policy.vocabulary import Cohort, Purpose
from pipeline.stream.chunk import Record
from pipeline.stream.moment import read_moment
from pipeline.stream.producer import Headers

COHORT: Final = "cohort"
PURPOSE: Final = "purpose"
UNTIL: Final = "until"

HEADERS: Final[Mapping[Cohort, Headers]] = {cohort: [(COHORT, cohort.encode())] for cohort in Cohort}
"""What to produce with most events. One object for each cohort, since an event must cost little."""

_MARKETING: Final[Mapping[Cohort, Headers]] = {
    cohort: [*headers, (PURPOSE, Purpose.MARKETING.encode())] for cohort, headers in HEADERS.items()
}
_COHORTS: Final = {cohort.encode(): cohort for cohort in Cohort}


def headers_of(cohort: Cohort, *, marketing: bool, until_ms: int) -> Headers:
    """Return what to produce with an event. until_ms: from when on its consent is over, 0 for no such moment."""
    headers = _MARKETING[cohort] if marketing else HEADERS[cohort]
    return [*headers, (UNTIL, b"%d" % until_ms)] if until_ms else headers


def cohort_of(record: Record) -> Cohort | None:
    """Return the cohort that is written beside a record, None if there is none or nobody knows it."""
    value = _value(record, COHORT)
    return _COHORTS.get(value) if value is not None else None


def is_for_marketing(record: Record) -> bool:
    """Say whether the record is an event for marketing."""
    return _value(record, PURPOSE) == Purpose.MARKETING.encode()


def until_of(record: Record) -> int | None:
    """Return from when on the event's consent is over, in milliseconds since the epoch; None if that is not said.

    What cannot be read has passed.
    """
    for name, value in record.headers:
        if name == UNTIL:
            return read_moment(value)
    return None


def with_more(records: Sequence[Record]) -> list[int]:
    """Return the places of records beside which more may stand than a cohort. Most have no more, and this is cheap."""
    return [place for place, record in enumerate(records) if len(record.headers) > 1]


def _value(record: Record, name: str) -> bytes | None:
    for each, value in record.headers:
        if each == name and value is not None:
            return value
    return None
