"""ATIN: taxpayer number of a child whose adoption is pending, issued by the IRS.

Nine digits that begin with 9 and have 93 in the middle, written 3-2-4.
Source: IRS Form W-7A; python-stdnum's `us.atin` takes any nine digits.
"""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import group_sizes, grouped, groups, only_digits


def _is_atin(match: str) -> bool:
    digits = only_digits(match)
    return group_sizes(match) == (3, 2, 4) and digits[0] == "9" and digits[3:5] == "93"


DETECTOR = Detector(
    name="atin",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6)",
    pattern=f"{groups(3, 2, 4)}|{grouped(9, 4, 1)}",
    strength=Strength.LIKELY,
    validate=_is_atin,
    words=("atin", "adoption"),
    keys=("atin", "atinnumber", "adoptiontaxid"),
    digits=(9, 9),
    hits=("912-93-1234", "912 93 1234"),
    misses=("912-94-1234", "812-93-1234", "912931234"),
)
