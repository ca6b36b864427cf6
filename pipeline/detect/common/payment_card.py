"""Payment card: 12 to 19 digits that begin with an issuer's number and end with Luhn's digit (ISO/IEC 7812).

RuPay's ranges (508, 60, 65, 81, 82) are included. Without the check digit it counts beside a word that names a card.
"""

from pipeline.detect.checksums import luhn
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import group_sizes, spread
from pipeline.detect.runs import is_no_order

_MASTERCARD_2 = range(2221, 2721)
_JCB = range(3528, 3590)
_LENGTHS = {
    "4": (13, 16, 19),
    "51 52 53 54 55": (16,),
    "34 37": (15,),
    "300 301 302 303 304 305 36 38 39": (14, 16, 19),
    "6011 644 645 646 647 648 649 65 508 60 81 82 62": (16, 17, 18, 19),
    "5018 5020 5038 56 57 58 6304 67": (12, 13, 14, 15, 16, 17, 18, 19),
}
_ISSUERS = {number: lengths for numbers, lengths in _LENGTHS.items() for number in numbers.split()}
_LEAST_GROUP = 3


def _is_card(text: str) -> bool:
    digits = text.replace(" ", "").replace("-", "").replace(".", "")
    if not _is_issued(digits):
        return False
    if len(digits) != len(text) and min(group_sizes(text)[:-1]) < _LEAST_GROUP:
        return False
    return luhn(digits)


def _is_issued(digits: str) -> bool:
    for size in (1, 2, 3, 4):
        lengths = _ISSUERS.get(digits[:size])
        if lengths is not None:
            return len(digits) in lengths
    first = int(digits[:4])
    return len(digits) == 16 and (first in _MASTERCARD_2 or first in _JCB)  # noqa: PLR2004


DETECTOR = Detector(
    name="payment_card",
    kind=Kind.FINANCIAL,
    law="16 CFR 312.2 PI (11); DPDP Act 2(t)",
    pattern=spread(12, 19),
    strength=Strength.LIKELY,
    exact=is_no_order,
    validate=_is_card,
    words=(
        "card",
        "card number",
        "credit",
        "debit",
        "visa",
        "mastercard",
        "amex",
        "rupay",
        "maestro",
        "discover",
        "cc",
        "cvv",
        "कार्ड",
        "கார்டு",
        "అట్ట",
        "కార్డు",
        "కార్డ్",
        "কার্ড",
    ),
    keys=(
        "card",
        "cardnumber",
        "cardno",
        "creditcard",
        "debitcard",
        "pan16",
        "ccnumber",
        "cc",
        "creditcardnumber",
        "paymentcard",
        "cvv",
        "cvc",
    ),
    digits=(12, 19),
    hits=(
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "3782 822463 10005",
        "378282246310005",
        "2221000000000009",
        "6521111111111110",
        "card 4111111111111112",
    ),
    misses=("4111111111111112", "1234567890123456", "1795600000000", "411111111111", "813-1659081-9765735"),
)
