"""Aadhaar virtual id: a revocable number of sixteen digits that stands for an Aadhaar number, issued by the UIDAI.

First digit 2–9, last digit Verhoeff's check, never a palindrome; written 4-4-4-4, as payment cards are.
Source: UIDAI, "Virtual ID"; the same rules are in python-stdnum `in_.vid`.
"""

from pipeline.detect.checksums import verhoeff
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import groups, only_digits
from pipeline.detect.india.aadhaar import WORDS


def _is_vid(match: str) -> bool:
    digits = only_digits(match)
    return digits[0] not in "01" and digits != digits[::-1] and verhoeff(digits)


DETECTOR = Detector(
    name="aadhaar_vid",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6); DPDP Act 2(t)",
    pattern=groups(4, 4, 4, 4),
    strength=Strength.LIKELY,
    validate=_is_vid,
    words=(*WORDS, "vid", "virtual id", "वीआईडी"),
    keys=("aadhaarvid", "aadharvid", "virtualid", "vid"),
    digits=(16, 16),
    hits=("2341 2341 2341 2341", "2341234123412341", "2341-2341-2341-2341"),
    misses=("1341234123412341", "2341234123412342", "234123412346"),
)
