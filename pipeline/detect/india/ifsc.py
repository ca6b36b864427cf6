"""IFSC: the code of a bank branch in India, from the Reserve Bank of India; it stands beside an account number.

Four letters of the bank, the digit 0, six letters or digits. Codes in games that begin with a word of four letters
("item0001234") have the shape too; such words count only beside a word that names the code or the bank.
Source: RBI, list of NEFT-enabled branches.
"""

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.words import BANK_ACCOUNT, word_set

IFSC = "[a-z]{4}0[a-z0-9]{6}"
_ORDINARY = word_set(
    "BOOK BOSS CARD CHAT CODE COIN CREW DATA EASY FILE GAME GEMS GIFT GOLD HARD HERO ITEM KING LOBB LOOT MODE "
    "NODE PACK PAGE PART PASS PLAN PLAY PUZZ QUIZ RANK ROOM SALE SHOP SKIN SLOT SONG STAR STEP TASK TEAM TEST "
    "TIME TURN USER VIEW WAVE WORD ZONE"
)


def _is_ifsc(match: str) -> bool:
    return match[:4].upper() not in _ORDINARY


DETECTOR = Detector(
    name="ifsc",
    kind=Kind.FINANCIAL,
    law="DPDP Act 2(t)",
    pattern=IFSC,
    strength=Strength.LIKELY,
    validate=_is_ifsc,
    words=BANK_ACCOUNT,
    keys=("ifsc", "ifsccode"),
    hits=("HDFC0002255", "sbin0001234", "UTIB0000ABC"),
    misses=("SBIN1234567", "item0001234", "HDFC000225"),
)
