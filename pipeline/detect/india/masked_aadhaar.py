"""Masked Aadhaar: eight signs that hide, then the last four digits, as the UIDAI prints it on downloads.

What remains still tells people apart, and nothing that leaves needs it. No check is possible.
Source: UIDAI, "What is masked Aadhaar".
"""

from pipeline.detect.detector import Detector, Kind
from pipeline.detect.digits import GAP

_HIDDEN = "[x*●]{4}"

DETECTOR = Detector(
    name="masked_aadhaar",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6); DPDP Act 2(t)",
    pattern=rf"(?:{_HIDDEN}{GAP}{_HIDDEN}|\.{{4}}[ -]\.{{4}}){GAP}[0-9]{{4}}",  # bullets are dots once normalised
    keys=("maskedaadhaar", "maskedaadhar"),
    hits=("XXXX-XXXX-2346", "xxxxxxxx2346", "**** **** 2346", ".... .... 2346"),
    misses=("XXXX-2346", "XXXX-XXXX-234", "xoxo 2346"),
)
