"""US passport number, issued by the Department of State: nine digits, or a letter and eight digits.

No check digit in the number itself, so a word or a key has to name it.
Source: Department of State, "Next Generation Passport"; presidio-analyzer's US_PASSPORT recogniser.
"""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import grouped
from pipeline.detect.words import PASSPORT

DETECTOR = Detector(
    name="us_passport",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6)",
    pattern=f"{grouped(9, 4, 3, 1)}|[a-z][ -]?(?:{grouped(8, 4)})",
    strength=Strength.CONTEXT,
    words=PASSPORT,
    keys=("uspassport", "uspassportnumber"),
    hits=("A12345678", "123456789", "a 12345678"),
    misses=("A1234567", "12345678", "AB12345678"),
)
