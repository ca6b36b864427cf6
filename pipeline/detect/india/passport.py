"""Indian passport number, issued by the Passport Seva of the Ministry of External Affairs.

A letter and seven digits: the first is not 0 and the last is not 0. The number carries no check digit, and many
codes in games look like it, so it counts beside a word that names it.
Source: Passports Act 1967; the pattern of presidio-analyzer's IN_PASSPORT recogniser.
"""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.words import PASSPORT

DETECTOR = Detector(
    name="indian_passport",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6); DPDP Act 2(t)",
    pattern="[a-z][ .-]?[1-9][0-9][ .-]?[0-9]{4}[1-9]",
    strength=Strength.CONTEXT,
    words=PASSPORT,
    keys=("passport", "passportnumber", "passportno", "passportid"),
    hits=("A1234567", "A12 34567", "a1234567"),
    misses=("A0234567", "A1234560", "A123456", "AB234567"),
)
