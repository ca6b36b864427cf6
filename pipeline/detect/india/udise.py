"""PEN and UDISE+: the permanent education number of a pupil in India, and the code of the school.

Both come from the Ministry of Education's UDISE+ register. Eleven digits usually; sources give up to fourteen. There is
no check digit, and a time in milliseconds has thirteen, so it counts beside a word that names it.
Source: Ministry of Education, udiseplus.gov.in.
"""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import spread

DETECTOR = Detector(
    name="udise",
    kind=Kind.EDUCATION,
    law="16 CFR 312.2 PI (6); DPDP Act 2(t)",
    pattern=spread(11, 14),
    strength=Strength.CONTEXT,
    words=(
        *("pen", "udise", "udise+", "permanent education number", "permanent education"),
        *("पेन नंबर", "पेन नम्बर", "यूडाइस", "யுடைஸ்", "యూడైస్", "ইউডাইস"),
    ),
    keys=("pen", "pennumber", "penno", "udise", "udisecode", "udiseplus", "udiseid", "permanenteducationnumber"),
    hits=("21234567890", "12345678901234"),
    misses=("1234567890", "123456789012345"),
)
