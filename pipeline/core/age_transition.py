"""Growing up: when a child is 13 in the US or 18 in India by her month of birth, a parent's consent ends (R28, J15).

Only the month is known, so a birthday counts from the end of its month, in UTC: from 00:00 on the first of the next
one. By then it has come in every time zone of both countries; one on a leap day counts by the end of February, too.
Until then she is the younger, and from then on nobody consents for her (16 CFR 312.2 "child"; DPDP Act s.2(f)).
"""

from datetime import date
from functools import lru_cache
from typing import Final

from pipeline.core.consent import ConsentRecord
from pipeline.policy.vocabulary import Age

TEEN_AT: Final = 13  # years; 16 CFR 312.2
ADULT_AT: Final = 18  # years; DPDP Act s.2(f)
MONTHS: Final = 4096  # kept at hand: more than a schema's two centuries have
DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1).toordinal()
_CHILD: Final = Age.CHILD
_TEEN: Final = Age.TEEN
_ADULT: Final = Age.ADULT


class Growth:
    """What a month of birth says about one event.

    age: how old the person was at the earliest of its moments; never a proof that she is older. outgrown: by the
    latest of them she was too old for the consent on record, which somebody else gave for her as a minor.
    """

    __slots__ = ("age", "outgrown")

    def __init__(self, age: Age, outgrown: bool) -> None:
        self.age: Final = age
        self.outgrown: Final = outgrown


_GROWTHS: Final = {
    (age, outgrown): Growth(age, outgrown) for age in (_CHILD, _TEEN, _ADULT) for outgrown in (True, False)
}


def growth_of(record: ConsentRecord, time_ms: int, received_ms: int, now_ms: int) -> Growth | None:
    """Read a record's month of birth for an event; None where the record has none.

    The person's own clock, the server's and today's all count, each in the direction that lets less out: the earliest
    says how young she was, the latest whether she has outgrown the consent. An event from before a birthday that is
    judged after it therefore stays, for consent must be valid when the event is sent (R04).
    """
    month = record.birth_month
    if month is None:
        return None
    teen_ms, adult_ms = birthdays(month)
    earliest = min(time_ms, received_ms, now_ms)
    age = _CHILD if earliest < teen_ms else _TEEN if earliest < adult_ms else _ADULT
    end = outgrown_at(record)
    return _GROWTHS[age, end is not None and end <= max(time_ms, received_ms, now_ms)]


def outgrown_at(record: ConsentRecord) -> int | None:
    """Return the moment from which a minor's record counts no longer, in milliseconds; None if there is none.

    A child's record in the US ends at 13, that of anybody under 18 in India at 18. A teen's in the US is her own
    consent and goes on; it never says that she is an adult.
    """
    if record.birth_month is None:
        return None
    band = record.age.band
    if record.region == "US":
        return birthdays(record.birth_month)[0] if band == "child" else None
    return birthdays(record.birth_month)[1] if band in {"child", "teen"} else None


def was_too_young(record: ConsentRecord) -> bool:
    """Say whether the month of birth makes the person too young to have granted this record herself.

    Under 13 in the US, under 18 in India (R08: the grantor is the child). Growing older does not cure it.
    """
    if record.birth_month is None:
        return False
    teen_ms, adult_ms = birthdays(record.birth_month)
    return record.granted_at < (teen_ms if record.region == "US" else adult_ms)


@lru_cache(MONTHS)
def birthdays(month: str) -> tuple[int, int]:
    """Return the ends of the months in which somebody born in `month` (YYYY-MM) turns 13 and 18.

    Milliseconds since the epoch, UTC: the first that is no longer the month.
    """
    year, number = int(month[:4]), int(month[5:])
    return _end(year + TEEN_AT, number), _end(year + ADULT_AT, number)


def _end(year: int, month: int) -> int:
    after = date(year + month // 12, month % 12 + 1, 1)
    return (after.toordinal() - _EPOCH) * DAY_MS
