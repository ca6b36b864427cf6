"""ICCID: the serial number of a SIM, 89 and 17 or 18 more digits, the last of them Luhn's (ITU-T E.118)."""

from pipeline.detect.detector import Detector, Kind
from pipeline.detect.digits import SEPARATOR

DETECTOR = Detector(
    name="iccid",
    kind=Kind.DEVICE,
    law="16 CFR 312.2 PI (7); Google Play Families policy",
    pattern=f"89(?:{SEPARATOR}?[0-9]){{17,18}}f?",
    keys=("iccid", "simserial", "simserialnumber", "simid", "simnumber"),
    digits=(19, 20),
    hits=("8991101200003204510", "89 91 10 1200 00 320451 0", "89014103211118510720"),
    misses=("899110120000320451", "7991101200003204510"),
)
