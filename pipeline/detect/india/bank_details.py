"""Bank account of India within 80 signs of its branch's IFSC, which is what somebody needs to send money there.

No word has to name it; all from the one to the other goes.
Source: `ifsc` and `bank_account`.
"""

from pipeline.detect.detector import Detector, Kind
from pipeline.detect.india.bank_account import ACCOUNT
from pipeline.detect.india.ifsc import IFSC

_BETWEEN = "[^0-9a-z](?:[^0-9]{0,78}[^0-9a-z])?"

DETECTOR = Detector(
    name="bank_details",
    kind=Kind.FINANCIAL,
    law="16 CFR 312.2 PI (11); DPDP Act 2(t)",
    pattern=f"{IFSC}{_BETWEEN}{ACCOUNT}|{ACCOUNT}{_BETWEEN}{IFSC}",
    probe=IFSC,
    hits=("50100123456789 HDFC0002255", "SBIN0001234 a/c 12345678901"),
    misses=("HDFC0002255 level 12345", "50100123456789", "HDFC0002255"),
)
