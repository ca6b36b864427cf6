"""IMSI: fifteen digits that name a SIM, country first (ITU-T E.212): 310–316 are the United States, 404–406 India."""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import group_sizes, only_digits, spread


def _is_imsi(text: str) -> bool:
    sizes = group_sizes(text)
    return only_digits(text)[:3] in _COUNTRIES and (sizes[0] in {3, 15} or sizes == (4, 4, 4, 3))


_COUNTRIES = frozenset({"310", "311", "312", "313", "314", "315", "316", "404", "405", "406"})

DETECTOR = Detector(
    name="imsi",
    kind=Kind.DEVICE,
    law="16 CFR 312.2 PI (7); Google Play Families policy",
    pattern=spread(15),
    strength=Strength.LIKELY,
    validate=_is_imsi,
    words=("imsi", "sim", "subscriber"),
    keys=("imsi", "subscriberid", "simsubscriber"),
    digits=(15, 15),
    hits=("310150123456789", "404 20 1234567890", "imsi 208150123456789"),
    misses=("208150123456789", "31015012345678"),
)
