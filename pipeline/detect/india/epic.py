"""EPIC: the number on the voter's photo identity card, issued by the Election Commission of India.

Three letters and seven digits, of which the last is Luhn's check digit. Cards of before 2015 or so carry an older form,
state/district/constituency/serial (`KA/12/345/678901`), without a check; it counts by its shape.
Source: ECI manual on electoral rolls; the same rules are in python-stdnum `in_.epic`. The older form is from practice.
"""

from pipeline.detect.checksums import luhn
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import only_digits

_ORDINARY = ("ORD", "INV")  # order and invoice numbers; a word that names the card still finds them


def _is_epic(match: str) -> bool:
    if "/" in match:
        return True
    return " " not in match and match[:3].upper() not in _ORDINARY and luhn(only_digits(match))


DETECTOR = Detector(
    name="epic",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6); DPDP Act 2(t)",
    pattern="[a-z]{3}[ ./-]?[0-9]{7}|[a-z]{2}/[0-9]{2}/[0-9]{3}/[0-9]{6,7}",
    strength=Strength.LIKELY,
    validate=_is_epic,
    words=("voter", "epic", "election", "वोटर", "मतदाता", "வாக்காளர்", "ఓటరు", "ఓటర్", "ভোটার"),
    keys=("epic", "epicno", "epicnumber", "voterid", "voteridnumber", "votercard", "voternumber"),
    hits=("WKH1186253", "ABC1234566", "wkh1186253", "WKH-1186253", "KA/12/345/678901"),
    misses=("WKH1186263", "ORD1234566", "won 1234566", "AB1234566"),
)
