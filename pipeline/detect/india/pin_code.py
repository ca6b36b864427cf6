"""PIN code: the postal index number of India Post, six digits of which the first is 1–8, or 9 for the Army.

Scores and one-time passwords have six digits too, so it counts right behind the word PIN or the name of a large city
or state, or beside words that name it or an address. "Pin" alone is not such a word: games pin maps and flags.
Source: India Post, "Pincode".
"""

import re

from pipeline.detect.cities import INDIAN
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.normalise import fold
from pipeline.detect.ordinary import COUNTING, with_unit
from pipeline.detect.words import ADDRESS

_PIN = f"(?:(?:pin|पिन|பின்|పిన్|পিন)(?: ?code)?|{fold(INDIAN)})"
_GAP = "(?:, ?| ?[:#=-] ?| )?"
_NUMBER = "[1-9][0-9]{2}[ .-]?[0-9]{3}|[1-9][0-9]{3}[ .-][0-9]{2}|[1-9](?:[ .-][0-9]){5}"


_UNIT = re.compile(f"(?:{COUNTING})$", re.IGNORECASE).search


def _is_named(match: str) -> bool:
    """Refuse a number that nothing names, and what games count: "Delhi 120000 coins"."""
    return not match[0].isdigit() and _UNIT(match) is None


DETECTOR = Detector(
    name="pin_code",
    kind=Kind.COARSE_LOCATION,
    law="16 CFR 312.2 PI (2); DPDP Act 2(t)",
    pattern=f"(?:{_PIN}{_GAP})?{with_unit(_NUMBER)}",
    bare=f"{_PIN}{_GAP}{with_unit(_NUMBER)}",
    strength=Strength.LIKELY,
    validate=_is_named,
    words=(
        *(
            "pincode",
            "pin code",
            "pin no",
            "pin number",
            "pin is",
            "my pin",
            "postal code",
            "postcode",
            "zip",
            "zip code",
        ),
        *("पिनकोड", "पिन कोड", "पिन नंबर", "डाक", "பின்கோடு", "பின் கோடு", "அஞ்சல்", "పిన్కోడ్", "పిన్ కోడ్", "పిన్ నంబర్"),
        *("পিনকোড", "পিন কোড", "পিন নম্বর", "ডাকঘর"),
        *ADDRESS,
    ),
    keys=("pin", "pincode", "postalcode", "postcode", "postal"),
    digits=(6, 6),
    hits=(
        *("pin 560001", "PIN: 560 001", "पिन-560001", "pincode 560-001", "पता 560001", "MG Road, Bengaluru 560001"),
        *("Mumbai-400001", "New Delhi, 110 001", "दिल्ली 110001"),
    ),
    misses=("060001", "56001", "5600011", "Delhi 120000 coins", "Mumbai level 120000"),
)
