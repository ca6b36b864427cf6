"""Driving licence of India, issued by a state's transport office through Sarathi.

State letters, office of two digits, year of issue 19xx or 20xx, seven digits: fifteen characters, with or without
separators. Older local forms differ by state; they are found beside a word that names them only if they fit.
Source: Central Motor Vehicles Rules 1989, form 7, as amended in 2019.
"""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.india.vehicle_registration import STATES
from pipeline.detect.words import DRIVING_LICENCE


def _is_licence(match: str) -> bool:
    return match[:2].upper() in STATES


DETECTOR = Detector(
    name="driving_licence",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6); DPDP Act 2(t)",
    pattern="[a-z]{2}[ ./-]?[0-9]{2}[ ./-]?(?:19|20)[0-9]{2}[ ./-]?[0-9]{7}",
    strength=Strength.LIKELY,
    validate=_is_licence,
    words=DRIVING_LICENCE,
    keys=("drivinglicence", "drivinglicense", "dlnumber", "dlno", "licenceno", "licenseno"),
    hits=("MH12 20110012345", "HR-0619850034761", "mh1220110012345", "MH-12-2011-0012345"),
    misses=("MH12 18110012345", "ZZ12 20110012345", "MH12 2011001234"),
)
