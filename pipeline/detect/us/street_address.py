"""Street address of the US form: house number, one to four words, and a street suffix, perhaps with a flat.

Suffixes are everyday words too ("10 points on the way"), so without a word that names an address the words between
must not be ones that never stand in a street's name. City and postal code behind the street go with it. It finds part
of the addresses only; those of India have no such grammar, and free text is to be treated as unsafe in any case.
Source: USPS Publication 28, appendix C1, in part.
"""

import re

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.words import ADDRESS, word_set

_SUFFIXES = (
    "street|st|str|avenue|ave|av|boulevard|blvd|road|rd|drive|dr|lane|ln|court|ct|place|pl|way|terrace|ter|circle|cir|"
    "highway|hwy|parkway|pkwy|square|sq|trail|trl|alley|aly|plaza|plz|loop|crescent|cres|marg|nagar|chowk|gali"
)
_NEVER_IN_A_NAME = word_set(
    "a an the this that these those my your his her our their its i you he she we they it me us in on at to from "
    "of for by with and or but not is are was were be been am has have had do did does all any each every more "
    "most first second third last next half no out off up down over into per than then so as if when while win "
    "won wins lose lost got get gets take took find found make made went go goes going came finish finished "
    "played play try tried ran run walk drove turn near times time points point pts xp coins coin gems gem stars "
    "star lives life levels level lvl players player people friends kids cars car races race laps lap minutes "
    "minute mins min seconds secs sec hours hour days day weeks week months month years year pm percent rupees "
    "rupee rs dollars dollar bucks items item enemies monsters quests boss bosses kills games game rounds round "
    "steps step meters metres miles km words questions answers"
)
_WORD = re.compile("[a-z0-9']+")
_CITY = (  # up to six words, then a PIN or ZIP code
    r"(?:(?:,? [a-z][a-z.'-]{1,20}){0,6}(?:, ?| ?- ?| )(?:[0-9]{5}-[0-9]{4}|[1-9][0-9]{2} ?[0-9]{3}|[0-9]{5}))?"
)
_UNIT = r"(?:,? ?(?:apt|apartment|unit|suite|ste|flat|#)\.? ?[0-9a-z-]{1,6})?"


_STREET = rf"[0-9]{{1,6}}(?:[ -]?[a-z])?,? (?:[a-z0-9][a-z0-9'.-]{{0,20}} ){{1,4}}(?:{_SUFFIXES})"
_FRONT = re.compile(f"{_STREET}(?![0-9A-Za-z])", re.IGNORECASE | re.ASCII).match


def _is_address(match: str) -> bool:
    street = _FRONT(match)
    words = _WORD.findall((street.group() if street is not None else match).lower())
    return not _NEVER_IN_A_NAME.intersection(words[1:])


DETECTOR = Detector(
    name="street_address",
    kind=Kind.CONTACT,
    law="16 CFR 312.2 PI (2); DPDP Act 2(t)",
    pattern=f"{_STREET}{_UNIT}{_CITY}",
    strength=Strength.LIKELY,
    validate=_is_address,
    words=ADDRESS,
    keys=(
        *("address", "streetaddress", "homeaddress", "postaladdress", "mailingaddress", "shippingaddress", "street"),
        *("billingaddress", "address1", "address2", "addressline1", "addressline2"),
    ),
    probe=rf"[0-9][ -]?[a-z]?,? [a-z0-9'. -]+ (?:{_SUFFIXES})(?:[^0-9a-z]|$)",
    hits=(
        "1600 Pennsylvania Ave",
        "42-B Baker Street",
        "350 5th Ave, Apt 4B",
        "12 North Lake Shore Dr",
        "4, MG Road, Bengaluru 560001",
    ),
    misses=("level 3 boss", "10 points on the way", "5 stars all the way", "3 races on Rainbow Road", "Baker Street"),
)
