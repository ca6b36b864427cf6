"""ZIP+4: a postal code of the USPS with its four extra digits, which can be one block face or one building.

Five digits, a dash, four digits. A word beside it that says it counts something, as an order does, clears it, and so
do two thousands ("10000-9000").
Source: USPS Publication 28.
"""

import re

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.ordinary import is_counted, with_neighbours

_THOUSANDS = re.compile("[0-9]{2}000 ?- ?[0-9]000")


def _is_zip4(match: str) -> bool:
    return not is_counted(match) and _THOUSANDS.fullmatch(match) is None


DETECTOR = Detector(
    name="zip4",
    kind=Kind.PRECISE_LOCATION,
    law="16 CFR 312.2 PI (2), (9)",
    pattern=with_neighbours("[0-9]{5} ?- ?[0-9]{4}"),
    strength=Strength.LIKELY,
    validate=_is_zip4,
    words=("zip", "zipcode", "zip code", "postal", "address"),
    keys=("zip4", "zipplus4"),
    digits=(9, 9),
    hits=("94105-1234", "94105 - 1234"),
    misses=("94105", "94105-123", "order 94105-1234", "9410-1234", "10000-9000"),
)
