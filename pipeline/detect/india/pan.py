"""PAN: the permanent account number of a taxpayer, issued by India's Income Tax Department.

Five letters, four digits, a letter. The fourth letter is the kind of holder (P is a person); the digits are never
0000; how the last letter checks the rest is not published. Compact or with dashes it is certain; in words apart
("steps 5000 a") it counts only in capitals or beside its name.
Source: Income Tax Rules 1962, rule 114; the same rules are in python-stdnum `in_.pan`.
"""

import re

from pipeline.detect.detector import Detector, Kind, Strength

PAN = "[a-z]{3}[abcfghjklpt][a-z][ .-]?[0-9]{4}[ .-]?[a-z]"


def _is_pan(match: str) -> bool:
    return " " not in match or match.isupper()


DETECTOR = Detector(
    name="pan",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6); DPDP Act 2(t)",
    pattern=PAN,
    strength=Strength.LIKELY,
    exact=re.compile(r"[a-z]{5}[ .-]?(?!0000)[0-9]{4}[ .-]?[a-z]", re.IGNORECASE).fullmatch,
    validate=_is_pan,
    words=("pan card", "pan no", "pan number", "pan is", "my pan", "income tax", "पैन", "பான்", "పాన్", "প্যান"),
    keys=("pan", "pannumber", "panno", "pancard", "panid"),
    hits=("ABCPE1234F", "AAPFU0939F", "abcpe1234f", "ABCPE-1234-F", "ABCPE 1234 F"),
    misses=("ABCXE1234F", "ABCPE0000F", "steps 5000 a", "level 2024 a", "ABCPE12345"),
)
