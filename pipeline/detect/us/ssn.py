"""SSN: social security number, issued by the US Social Security Administration, to children as well.

Area (not 000, 666, 900–999), group (not 00), serial (not 0000), written 3-2-4; no check digit. Since June 2011 areas
are given at random, so 734–749 and those above 772 exist. Numbers that were once advertised (078-05-1120) count too.
Nine digits in a row, or in fours, count unless the neighbouring word says that they are a score, a price or an order;
digits one by one, and numbers that were never issued, count beside a word that names them.
Source: SSA, "Social Security Number Randomization"; the same rules are in python-stdnum `us.ssn`.
"""

import re

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import group_sizes, grouped, groups, only_digits

_ISSUED = re.compile("(?!000|666|9)[0-9]{3}(?!00)[0-9]{2}(?!0000)[0-9]{4}")


def _is_ssn(match: str) -> bool:
    return _ISSUED.fullmatch(only_digits(match)) is not None and len(group_sizes(match)) <= len("324")


DETECTOR = Detector(
    name="ssn",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6)",
    pattern=f"{groups(3, 2, 4)}|{grouped(9, 4, 1)}",
    strength=Strength.LIKELY,
    validate=_is_ssn,
    words=("ssn", "social security", "social number", "soc sec", "tax id", "taxpayer", "सोशल सिक्योरिटी"),
    keys=("ssn", "socialsecuritynumber", "socialsecurity", "socialsecurityno", "ssnumber"),
    counted=True,
    digits=(9, 9),
    hits=("123-45-6789", "772123456", "123 45 6789", "123.45.6789", "078-05-1120", "219-09-9999"),
    misses=("666-12-3456", "900-12-3456", "123-00-6789", "123-45-0000", "score 772123456", "1234567890", "$772123456"),
)
