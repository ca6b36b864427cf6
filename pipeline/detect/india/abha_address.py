"""ABHA address: the name of a health account in India, as `asha.rao@abdm`; `sbx` is the sandbox.

At least four signs, letter first, no dot at either end; or the fourteen digits of the ABHA number.
Source: National Health Authority, ABDM "ABHA address".
"""

import re

from pipeline.detect.detector import Detector, Kind

DETECTOR = Detector(
    name="abha_address",
    kind=Kind.HEALTH,
    law="16 CFR 312.2 PI (3), (6); DPDP Act 2(t)",
    # signs that may not begin an address are matched too, so that `exact` can refuse them
    pattern=r"[a-z0-9._-]{1,64}(?:@| @) ?(?:abdm|sbx)",
    exact=re.compile(r"(?:[a-z][a-z0-9._]{2,}[a-z0-9]|[0-9]{14}) ?@ ?(?:abdm|sbx)", re.IGNORECASE).fullmatch,
    keys=("abhaaddress", "phraddress"),
    probe="@ ?(?:abdm|sbx)",
    hits=("asha.rao@abdm", "12345678901234@abdm", "Asha.Rao@SBX"),
    misses=(".asha@abdm", "1asha@abdm", "asha.@abdm", "asha@abdmx"),
)
