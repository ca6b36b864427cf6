"""Bank account of India: nine to eighteen digits, given by the bank; no check digit is common to all banks.

It counts beside a word or under a key that names it; beside an IFSC see `bank_details`.
Source: the lengths are from the banks' published formats.
"""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import spread
from pipeline.detect.ordinary import NOT_IN_GAME_UNITS, with_unit
from pipeline.detect.words import BANK_ACCOUNT

ACCOUNT = spread(9, 18)

DETECTOR = Detector(
    name="indian_bank_account",
    kind=Kind.FINANCIAL,
    law="16 CFR 312.2 PI (11); DPDP Act 2(t)",
    pattern=with_unit(ACCOUNT),
    strength=Strength.CONTEXT,
    exact=NOT_IN_GAME_UNITS.fullmatch,
    words=BANK_ACCOUNT,
    keys=("accountnumber", "accountno", "bankaccount", "bankaccountnumber", "accno", "acctno", "beneficiaryaccount"),
    hits=("50100123456789", "123456789", "1234 5678 9012 34"),
    misses=("12345678", "1234567890123456789", "123456789 coins"),
)
