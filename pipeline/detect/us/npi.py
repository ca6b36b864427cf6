"""NPI: national provider identifier of a health professional, issued by the CMS.

Ten digits that begin with 1 or 2, the last is Luhn's check over 80840 and the rest. Seconds since 1970 have ten digits
and begin with 1 as well, so numbers that are a time of this decade count beside a word that names the identifier.
Source: 45 CFR 162.406.
"""

from pipeline.detect.checksums import npi
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import group_sizes, grouped, groups, only_digits

_DECADE = range(1_577_836_800, 1_924_992_000)  # 2020-01-01 to 2031-01-01 in seconds


def _is_npi(match: str) -> bool:
    digits = only_digits(match)
    return group_sizes(match) == (10,) and digits[0] in "12" and int(digits) not in _DECADE and npi(digits)


DETECTOR = Detector(
    name="npi",
    kind=Kind.HEALTH,
    law="16 CFR 312.2 PI (6)",
    pattern=f"{groups(3, 3, 4)}|{grouped(10, 4, 1)}",
    bare="[12][0-9]{9}",
    strength=Strength.LIKELY,
    validate=_is_npi,
    words=("npi", "national provider", "provider id"),
    keys=("npi", "npinumber", "providerid"),
    digits=(10, 10),
    hits=("1234567893",),
    misses=("1234567890", "123456789", "1795600002", "1795600010"),
)
