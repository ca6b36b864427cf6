"""Aadhaar: the number of a resident of India, issued by the UIDAI, also to children (Baal Aadhaar).

Twelve digits, usually written 4-4-4; the first is 2–9 and the last is Verhoeff's check digit; never a palindrome.
One in eleven numbers passes the check by chance, so grouped 4-4-4 it counts even when the check fails, unless the
groups are a row as people count (`runs`).
Source: UIDAI, "Aadhaar number"; the same rules are in python-stdnum `in_.aadhaar`.
"""

from pipeline.detect.checksums import verhoeff
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import group_sizes, grouped, groups, only_digits

WORDS = ("aadhaar", "aadhar", "adhaar", "adhar", "uidai", "आधार", "ஆதார்", "ఆధార్", "আধার")

_CHECKED = {(12,), (6, 6), (3, 3, 3, 3)}  # other groupings are lists of numbers, or count beside a word


def _is_aadhaar(match: str) -> bool:
    digits, sizes = (match, (12,)) if match.isdigit() else (only_digits(match), group_sizes(match))
    if digits[0] in "01" or digits == digits[::-1]:
        return False
    if sizes == (4, 4, 4):
        return True
    return sizes in _CHECKED and verhoeff(digits)


DETECTOR = Detector(
    name="aadhaar",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6); DPDP Act 2(t)",
    pattern=f"{groups(4, 4, 4)}|{grouped(12, 6, 3, 2, 1)}",
    strength=Strength.LIKELY,
    validate=_is_aadhaar,
    words=WORDS,
    keys=("aadhaar", "aadhar", "aadhaarnumber", "aadharnumber", "aadhaarno", "aadharno", "aadhaarid", "uidai"),
    digits=(12, 12),
    hits=("234123412346", "2341 2341 2346", "2341-2341-2346", "2341.2341.2346", "999941057058", "2341 2341 2347"),
    misses=(
        "123412341234",
        "234123412347",
        "222222222222",
        "1795600000000",
        "2341234",
        "2000 3000 4000",
        "2500 3100 2850",
        "2016 2018 2021",
    ),
)
