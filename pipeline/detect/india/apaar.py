"""APAAR id: the "one nation, one student id" of India's Ministry of Education, also called ABC id.

Twelve digits, the shape of Aadhaar; no check digit is published. It counts beside a word that names it.
Source: Ministry of Education, apaar.education.gov.in.
"""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import grouped, groups

DETECTOR = Detector(
    name="apaar",
    kind=Kind.EDUCATION,
    law="16 CFR 312.2 PI (6); DPDP Act 2(t)",
    pattern=f"{groups(4, 4, 4)}|{grouped(12, 6, 3, 2, 1)}",
    strength=Strength.CONTEXT,
    words=("apaar", "abc id", "abcid", "academic bank", "अपार", "அபார்", "అపార్", "আপার"),
    keys=("apaar", "apaarid", "apaarnumber", "abcid"),
    hits=("123456789012", "1234 5678 9012"),
    misses=("12345678901", "1234567890123"),
)
