"""EIN: employer identification number, issued by the IRS; that of a sole trader is a person's.

Two digits of the office and seven more, written 2-7. The prefixes below have been given out; others count beside a
word that names the number, as does the number without its dash.
Source: IRS, "How EINs are assigned and valid EIN prefixes".
"""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import group_sizes, grouped, only_digits
from pipeline.detect.words import word_set

_PREFIXES = word_set(
    "01 02 03 04 05 06 10 11 12 13 14 15 16 20 21 22 23 24 25 26 27 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 "
    "45 46 47 48 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 71 72 73 74 75 76 77 80 81 82 83 84 85 "
    "86 87 88 90 91 92 93 94 95 98 99"
)


def _is_ein(match: str) -> bool:
    return "-" in match and group_sizes(match) == (2, 7) and only_digits(match)[:2] in _PREFIXES


DETECTOR = Detector(
    name="ein",
    kind=Kind.FINANCIAL,
    law="16 CFR 312.2 PI (6)",
    pattern=f"[0-9]{{2}}[ .-][0-9]{{7}}|{grouped(9, 4, 1)}",
    strength=Strength.LIKELY,
    validate=_is_ein,
    words=("ein", "employer id", "employer identification", "tax id", "fein"),
    keys=("ein", "einnumber", "fein", "employerid", "employeridentificationnumber"),
    digits=(9, 9),
    hits=("12-3456789", "98-7654321"),
    misses=("07-1234567", "12-345678", "12 3456789"),
)
