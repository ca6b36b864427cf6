"""Telephone number of the North American plan: area code, exchange and four digits, perhaps after 1.

Area code and exchange begin with 2–9, no area code has 9 in its middle, no exchange is N11. Ten digits in a row count
unless the neighbouring word says that they are a score, a price or an order.
Source: NANPA, "About the North American Numbering Plan".
"""

import re

from pipeline.detect.common.phone_words import PHONE
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import GAP, group_sizes, only_digits, spread
from pipeline.detect.runs import ORDER, is_no_order

_NUMBER = rf"(?:\(?\+?1\)?{GAP})?\(?[2-9][0-8][0-9]\)?{GAP}/?[2-9][0-9]{{2}}{GAP}[0-9]{{4}}"
_PLAN = re.compile("1?[2-9][0-8][0-9][2-9](?!11)[0-9]{2}[0-9]{4}")
_EXTENSION = r"(?: ?(?:x|ext\.?|extension) ?[0-9]{1,6})?"
_GROUPINGS = frozenset(
    {(10,), (3, 3, 4), (3, 7), (6, 4), (11,), (1, 3, 3, 4), (1, 10), (4, 3, 3), (4, 4, 2), (4, 6), (5, 5)}
)
_TAIL = re.compile(r" ?(?:x|ext\.?|extension) ?[0-9]+$", re.IGNORECASE)


def _is_phone(text: str) -> bool:
    if "x" in text or "X" in text:
        text = _TAIL.sub("", text)
    digits = only_digits(text)
    return _PLAN.fullmatch(digits) is not None and (digits == text or group_sizes(text) in _GROUPINGS)


DETECTOR = Detector(
    name="phone_us",
    kind=Kind.CONTACT,
    law="16 CFR 312.2 PI (5); DPDP Act 2(t)",
    pattern=f"{ORDER}|(?:{_NUMBER}|{spread(10)}){_EXTENSION}",
    strength=Strength.LIKELY,
    exact=is_no_order,
    validate=_is_phone,
    words=PHONE,
    digits=(10, 17),
    counted=True,
    hits=(
        "(202) 555-0123",
        "+1 202 555 0199",
        "202-555-0123",
        "202.555.0123",
        "2025550123",
        "12025550123",
        "1-202-555-0123",
        "+1 (202) 555-0123",
        "(202)555-0123",
        "202/555-0123",
        "202-555-0123 x12",
        "2025 5501 23",
    ),
    misses=(
        "102-555-0123",
        "202-911-0123",
        "292-555-0123",
        "score 2025550123",
        "1234567890",
        "$2025550123",
        "573-5450417-7115440",
        "256 512 1024",
        "2147483647",
        "4294967295",
    ),
)
