"""ZIP code: five digits of the USPS. Five digits are mostly something else, so a word has to name it.

A ZIP code alone is tolerated for children (FTC FAQ G.3); beside an address it completes one.
Source: USPS Publication 28.
"""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.words import ADDRESS

DETECTOR = Detector(
    name="zip_code",
    kind=Kind.COARSE_LOCATION,
    law="16 CFR 312.2 PI (2)",
    pattern="[0-9]{5}|[0-9]{4}[ .-][0-9]",
    strength=Strength.CONTEXT,
    words=("zip", "zipcode", "zip code", "postal code", "postcode", *ADDRESS),
    keys=("zip", "zipcode", "zip5", "postalzip"),
    hits=("94105", "02139"),
    misses=("9410", "941055"),
)
