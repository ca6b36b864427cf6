"""IMEI: fifteen digits that name a phone, the last is Luhn's (3GPP TS 23.003); sixteen as IMEISV, without a check."""

from pipeline.detect.checksums import luhn
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import group_sizes, only_digits, spread

_GROUPINGS = frozenset(
    {(15,), (4, 4, 4, 3), (2, 6, 6, 1), (8, 6, 1), (6, 2, 6, 1), (3, 3, 3, 3, 3), (5, 5, 5), (14, 1), (8, 7)}
)


def _is_imei(text: str) -> bool:
    return group_sizes(text) in _GROUPINGS and luhn(only_digits(text))


DETECTOR = Detector(
    name="imei",
    kind=Kind.DEVICE,
    law="16 CFR 312.2 PI (7); Google Play Families policy",
    pattern=spread(15, 16),
    strength=Strength.LIKELY,
    validate=_is_imei,
    words=("imei", "imeisv", "meid", "आईएमईआई"),
    keys=("imei", "imei1", "imei2", "imeisv", "meid", "deviceimei"),
    digits=(15, 16),
    hits=("356938035643809", "3569 3803 5643 809", "35-693803-564380-9", "imei 356938035643808"),
    misses=("356938035643808", "35693803564380"),
)
