"""GSTIN: the goods and services tax number of a business in India; it holds the PAN of its owner.

Two digits of the state (01–38, 97, 99), the PAN, an entity sign 1–9 or A–Z, the letter Z, and a check character,
Luhn's sum in base 36.
Source: GST Rules 2017, rule 10; state codes of the GST portal.
"""

import re

from pipeline.detect.checksums import luhn36
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.india.pan import PAN

_STATES = frozenset(f"{number:02d}" for number in (*range(1, 39), 97, 99))
_SEPARATORS = re.compile("[ .-]")


def _is_gstin(match: str) -> bool:
    number = _SEPARATORS.sub("", match).upper()
    return number[:2] in _STATES and number[12] != "0" and luhn36(number)


DETECTOR = Detector(
    name="gstin",
    kind=Kind.FINANCIAL,
    law="DPDP Act 2(t)",
    pattern=f"[0-9]{{2}}[ .-]?{PAN}[ .-]?[0-9a-z][ .-]?z[ .-]?[0-9a-z]",
    strength=Strength.LIKELY,
    validate=_is_gstin,
    words=("gst", "gstin", "जीएसटी", "ஜிஎஸ்டி", "జీఎస్టీ", "জিএসটি"),
    keys=("gst", "gstin", "gstnumber", "gstno"),
    hits=("27AAPFU0939F1ZV", "29ABCPE1234F1Z7", "38ABCPE1234F1Z8", "27aapfu0939f1zv", "27-AAPFU0939F-1ZV"),
    misses=("27AAPFU0939F1ZO", "29ABCPE1234F0Z7", "39AAPFU0939F1ZS"),
)
