"""ABA routing number of a US bank: nine digits whose sum with the weights 3-7-1 is a multiple of ten.

The first two digits are 00–12, 21–32, 61–72 or 80. It names a bank, and it stands beside an account.
Source: American Bankers Association, routing number policy; the same check is in python-stdnum `us.rtn`.
"""

from pipeline.detect.checksums import aba
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import grouped, only_digits

_DISTRICTS = frozenset((*range(13), *range(21, 33), *range(61, 73), 80))


def _is_routing(match: str) -> bool:
    digits = only_digits(match)
    return match == digits and int(digits[:2]) in _DISTRICTS and aba(digits)


DETECTOR = Detector(
    name="aba_routing",
    kind=Kind.FINANCIAL,
    law="16 CFR 312.2 PI (11)",
    pattern=grouped(9, 4, 3, 1),
    bare="[0-9]{9}",
    strength=Strength.LIKELY,
    validate=_is_routing,
    words=("routing", "aba", "rtn", "bank"),
    keys=("aba", "abarouting", "routing", "routingnumber", "routingno", "rtn"),
    counted=True,
    digits=(9, 9),
    hits=("021000021", "121000358"),
    misses=("112000025", "02100002", "score 021000021"),
)
