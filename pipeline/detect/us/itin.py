"""ITIN: individual taxpayer identification number of people without a social security number, issued by the IRS.

Nine digits that begin with 9, written 3-2-4; the middle is 50–65, 70–88, 90–92 or 94–99. Nine digits in a row, and
other middles, count beside a word that names the number.
Source: IRS Publication 1915; python-stdnum's `us.itin` knows the middles 70–99 only.
"""

import re

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import group_sizes, grouped, groups, only_digits

_ISSUED = re.compile("9[0-9]{2}(?:5[0-9]|6[0-5]|7[0-9]|8[0-8]|9[0-2]|9[4-9])[0-9]{4}")


def _is_itin(match: str) -> bool:
    return group_sizes(match) == (3, 2, 4) and _ISSUED.fullmatch(only_digits(match)) is not None


DETECTOR = Detector(
    name="itin",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6)",
    pattern=f"{groups(3, 2, 4)}|{grouped(9, 4, 1)}",
    strength=Strength.LIKELY,
    validate=_is_itin,
    words=("itin", "taxpayer", "tax id", "tax number", "individual tax"),
    keys=("itin", "itinnumber", "taxpayerid", "taxid"),
    digits=(9, 9),
    hits=("912-55-1234", "912-70-1234", "912 94 1234"),
    misses=("912-66-1234", "912-89-1234", "912-93-1234", "812-70-1234", "987654321"),
)
