"""Driver's licence of a US state; there is no national form.

One or two letters and five to fourteen digits, or six to fourteen digits, sometimes in groups. Half of all numbers
look like that, so a word or a key has to name it.
Source: AAMVA, formats by state; presidio-analyzer's US_DRIVER_LICENSE recogniser.
"""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import spread
from pipeline.detect.ordinary import NOT_IN_GAME_UNITS, with_unit
from pipeline.detect.words import DRIVING_LICENCE

DETECTOR = Detector(
    name="driver_license",
    kind=Kind.GOVERNMENT_ID,
    law="16 CFR 312.2 PI (6)",
    pattern=f"[a-z]{{1,2}}-?{spread(5, 14)}|{with_unit(spread(6, 14))}",
    strength=Strength.CONTEXT,
    exact=NOT_IN_GAME_UNITS.fullmatch,
    words=DRIVING_LICENCE,
    keys=("driverlicense", "driverslicense", "driverlicence", "driverslicence", "licensenumber", "licencenumber", "dl"),
    hits=("D1234567", "S123-4567-8901", "12345678"),
    misses=("12345", "1234567 xp", "level", "ABC12"),
)
