"""ABHA number: the health account of a person in India, issued under the Ayushman Bharat Digital Mission.

Fourteen digits, written 2-4-4-4; no check digit is published. Grouped that way it counts; fourteen digits in a row are
also a time stamp (20261125143000), so they count beside a word that names the account.
Source: National Health Authority, ABDM "ABHA number".
"""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import group_sizes, grouped, groups

WORDS = ("abha", "abdm", "ayushman", "health id", "health account", "आभा", "आयुष्मान", "ஆபா", "ఆభా", "আভা")


def _is_grouped(match: str) -> bool:
    return group_sizes(match) == (2, 4, 4, 4)


DETECTOR = Detector(
    name="abha_number",
    kind=Kind.HEALTH,
    law="16 CFR 312.2 PI (6); DPDP Act 2(t)",
    pattern=f"{groups(2, 4, 4, 4)}|{grouped(14, 4, 1)}",
    strength=Strength.LIKELY,
    validate=_is_grouped,
    words=WORDS,
    keys=("abha", "abhanumber", "abhano", "abhaid", "healthid", "healthidnumber"),
    digits=(14, 14),
    hits=("91-1234-5678-9012", "91 1234 5678 9012"),
    misses=("1234567890123", "20261125143000", "91-1234-5678-901"),
)
