"""Bank account of the US: eight to seventeen digits, given by the bank, without a common check digit.

A word or a key has to name it.
Source: the lengths of the ACH file format (Nacha); presidio-analyzer's US_BANK_NUMBER recogniser.
"""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import spread
from pipeline.detect.ordinary import NOT_IN_GAME_UNITS, with_unit
from pipeline.detect.words import BANK_ACCOUNT

DETECTOR = Detector(
    name="us_bank_account",
    kind=Kind.FINANCIAL,
    law="16 CFR 312.2 PI (11)",
    pattern=with_unit(spread(8, 17)),
    strength=Strength.CONTEXT,
    exact=NOT_IN_GAME_UNITS.fullmatch,
    words=BANK_ACCOUNT,
    keys=("usbankaccount", "checkingaccount", "savingsaccount", "iban"),
    hits=("12345678", "12345678901234567"),
    misses=("1234567", "12345678 coins", "123456789012345678"),
)
