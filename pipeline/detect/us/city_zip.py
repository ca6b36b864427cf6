"""ZIP code behind a city and the letters of its state: "Austin, TX 78701".

The comma tells it from what games count ("XP 12000"). States whose letters are a word ("in", "me") count in capitals;
ID and OK are words of games themselves, and count beside a word that names an address (`zip_code`).
Source: USPS Publication 28, appendix B.
"""

import re

from pipeline.detect.cities import US_STATES
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.ordinary import COUNTING, with_unit
from pipeline.detect.words import word_set

_WORDS = word_set("AL AS CO CT DE HI IN LA MA MD ME MI MO MS MT OH OR PA PR SC")
_STATES = [state for state in US_STATES.split("|") if state not in {"ID", "OK"}]
_STATE = (
    f"(?:{'|'.join(state for state in _STATES if state not in _WORDS)}"
    f"|(?-i:{'|'.join(state for state in _STATES if state in _WORDS)}))"
)
_CODE = r"[0-9]{5}(?:-[0-9]{4})?"
_UNIT = re.compile(f"(?:{COUNTING})$", re.IGNORECASE).search


def _is_code(match: str) -> bool:
    return _UNIT(match) is None


DETECTOR = Detector(
    name="city_zip",
    kind=Kind.COARSE_LOCATION,
    law="16 CFR 312.2 PI (2)",
    pattern=rf"(?:[a-z][a-z.'-]{{1,20}} ){{0,2}}[a-z][a-z.'-]{{1,20}}, ?{_STATE},? {with_unit(_CODE)}",
    strength=Strength.LIKELY,
    validate=_is_code,
    probe=rf", ?{_STATE},? [0-9]{{5}}[^0-9A-Za-z]",
    hits=("Austin, TX 78701", "New York, NY 10001-1234", "st. louis, MO, 63101"),
    misses=("Sorry, OK 12345", "player, ID 48213", "great, XP 12000", "Austin, TX 787011", "boss, HP 12000 points"),
)
