"""Vehicle registration mark of India, issued by a state's transport office; it leads to the owner.

State letters, district of one or two digits, a series of up to three letters, four digits that are not 0000
(`KA01AB1234`, `DL 1C AA 1111`). Without a series, or with a series that is an everyday word ("up 10 in 2024"), text in
several words has the same shape, so it then counts only in capitals or beside a word that names it.
Source: Central Motor Vehicles Rules 1989, rule 50; state codes of the Motor Vehicles Act 1988, section 41(6).
"""

import re

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.words import word_set

STATES = word_set(
    "AN AP AR AS BR CG CH DD DL DN GA GJ HP HR JH JK KA KL LA LD MH ML MN MP MZ NL OD OR PB PY RJ SK TG TN TR TS "
    "UA UK UP UT WB"
)
_EVERYDAY = word_set(
    "I AM AN AND ARE AS AT BY DO FOR GO HE IN IS IT ME MY NO OF ON OR OUT SHE THE TO UP US WE YOU ALL ANY ATE "
    "BUT CAN GOT HAD HAS HIT MAX MIN NEW OLD SEC TOP VIA VS WAS WIN WON ATK DEF DMG HP LVL MP PTS X XP AUR BHI "
    "HAI HO KA KE KI KO MAI NE PAR SE TAK THA"
)
_PARTS = re.compile(r"([A-Z]{2})[ .-]?([0-9]{1,2})((?:[ .-]?[A-Z])*)[ .-]?([0-9]{4})")
_SEPARATORS = re.compile("[ .-]")
_HEXADECIMAL = re.compile("[0-9a-f]+")  # part of a UUID or a hash: Daman's DD is also hexadecimal


def _is_registration(match: str) -> bool:
    parts = _PARTS.fullmatch(match.upper())
    if parts is None or _HEXADECIMAL.fullmatch(match):
        return False
    state, district, series, number = parts[1], parts[2], _SEPARATORS.sub("", parts[3]), parts[4]
    if state not in STATES or number == "0000" or not 0 < len(series) < 4:  # noqa: PLR2004 (one to three letters)
        return False
    reads_as_words = series in _EVERYDAY and district[0] != "0" and not match.isupper()
    return not reads_as_words or _SEPARATORS.search(match) is None


DETECTOR = Detector(
    name="vehicle_registration",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6); DPDP Act 2(t)",
    pattern="[a-z]{2}[ .-]?[0-9]{1,2}[ .-]?[a-z]?[ .-]?[a-z]{0,3}[ .-]?[0-9]{4}",
    strength=Strength.LIKELY,
    validate=_is_registration,
    words=(
        *("number plate", "license plate", "licence plate", "registration number", "vehicle number", "gaadi", "gadi"),
        *("car number", "bike number", "scooter number", "गाड़ी", "वाहन", "வண்டி", "வாகன", "బండి", "వాహన", "গাড়ি"),
    ),
    keys=(
        *("vehiclenumber", "vehicleno", "vehicleregistration", "registrationnumber", "numberplate", "licenseplate"),
        *("licenceplate", "platenumber", "carnumber", "rcnumber"),
    ),
    hits=("KA01AB1234", "DL 1C AA 1111", "ka-01-ab-1234", "MH 12 DE 1433", "MH12DE1433"),
    misses=("KA01AB123", "up 10 in 2024", "hp 50 1000", "dd4f4641", "hp-50-max-1000", "XX01AB1234", "KA01AB0000"),
)
