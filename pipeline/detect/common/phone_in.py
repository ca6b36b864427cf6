"""Telephone number of India: a mobile number, ten digits from 6, 7, 8 or 9; or a landline with its area code.

The country code 91 or a trunk zero may precede it. Ten digits in a row count unless the neighbouring word says that
they are a score, a price or an order, or they are nobody's (`runs`). Pairs and single digits count where dashes or dots
part them, for scores stand apart by spaces; any other grouping counts beside a word that names a telephone.
Source: Department of Telecommunications, National Numbering Plan.
"""

import re

from pipeline.detect.common.phone_words import PHONE
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.digits import GAP, spread
from pipeline.detect.runs import ORDER, is_no_order

_PREFIX = rf"(?:\(?(?:\+|00)?91\)?{GAP}|\(?0\)?{GAP})?"
_LANDLINE = r"(?:(?:\+|00)?91[ .-]?|\(?0)[1-9][0-9]{1,3}\)?[ .-]{1,2}[2-6][0-9]{2,4}[ .-]?[0-9]{3,4}"
_GROUPINGS = ("5 5", "4 3 3", "3 3 4", "4 4 2", "2 4 4", "3 4 3", "4 6", "6 4", "3 7", "2 8", "5 3 2", "5 2 3")


def _grouped(sizes: str) -> str:
    """A pattern for groups of these sizes, all apart by the same separator."""
    first, *rest = sizes.split()
    same = f"_{sizes.replace(' ', '_')}"
    groups = [f"[0-9]{{{size}}}" for size in rest]
    return f"[0-9]{{{first}}}(?P<{same}>[ .-]+)" + f"(?P={same})".join(groups)


_BRACKETED = r"\([6-9][0-9]{4}\)[ .-]?\(?[0-9]{5}\)?"

# after a prefix any grouping will do
_ROW = (
    f"[0-9]{{10}}|{'|'.join(map(_grouped, _GROUPINGS))}"
    r"|[0-9]{2}(?P<pairs>[.-])(?:[0-9]{2}(?P=pairs)){3}[0-9]{2}|[0-9](?P<ones>[.-])(?:[0-9](?P=ones)){8}[0-9]"
)
_FORM = re.compile(
    rf"(?:(?:\(?(?:\+|00)?91|\(?0)[) .-]*[6-9][0-9 .-]{{9,}}|(?=[6-9])(?:{_ROW})|{_LANDLINE}|{_BRACKETED})"
)


def _is_phone(text: str) -> bool:
    return _FORM.fullmatch(text) is not None


DETECTOR = Detector(
    name="phone_in",
    kind=Kind.CONTACT,
    law="16 CFR 312.2 PI (5); DPDP Act 2(t)",
    pattern=f"{ORDER}|{_LANDLINE}|{_PREFIX}{spread(10)}|{_BRACKETED}",
    strength=Strength.LIKELY,
    exact=is_no_order,
    validate=_is_phone,
    words=PHONE,
    digits=(10, 14),
    counted=True,
    hits=(
        "9876543210",
        "98765 43210",
        "+91 98765 43210",
        "+91-9876543210",
        "09876543210",
        "00919876543210",
        "9876 5432 10",
        "987-654-3210",
        "9876.5432.10",
        "022-2345 6789",
        "0141 2345678",
        "call 98 76 54 32 10",
        "98-76-54-32-10",
        "(98765) 43210",
        "97.42.51.38.06",
        "9-7-4-2-5-1-3-8-0-6",
        "919876543210",
    ),
    misses=(
        "987654321",
        "score 9876543210",
        "5876543210",
        "98765432101",
        "₹9876543210",
        "9 8 7 6 5 4 3 2 1 0",
        "99 95 12 50 10",
        "90-80-70-60-50",
        "706-9887049-6101583",
        "800 900 1000",
        "91 92 93 94 95 96",
        "8589934592",
    ),
)
