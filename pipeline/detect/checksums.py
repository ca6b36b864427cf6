"""Check digits of the identifiers that carry one.

Every function takes ASCII text without separators and answers whether the check holds; text of another alphabet is
simply not valid. A check that fails never clears a value that its shape and its context already name.
"""

from itertools import cycle

_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# Multiplication in the dihedral group D5, and the position-dependent permutation (J. Verhoeff, 1969).
_D5 = tuple(
    tuple((i + j) % 5 + (0 if j < 5 else 5) if i < 5 else (i - j) % 5 + (5 if j < 5 else 0) for j in range(10))  # noqa: PLR2004
    for i in range(10)
)
_FIRST_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _permutations() -> tuple[tuple[int, ...], ...]:
    rows = [tuple(range(10))]
    for _ in range(7):
        rows.append(tuple(_FIRST_PERMUTATION[digit] for digit in rows[-1]))
    return tuple(rows)


_PERMUTED = _permutations()
_PERMUTED_SIGNS = tuple({ord(str(digit)): value for digit, value in enumerate(row)} for row in _PERMUTED)


def is_digits(text: str) -> bool:
    """True if the text is one or more ASCII digits."""
    return text.isascii() and text.isdigit()


def luhn(text: str) -> bool:
    """Luhn's sum over decimal digits, check digit last: payment cards, IMEI, EPIC (ISO/IEC 7812-1, annex B)."""
    if not is_digits(text):
        return False
    total = 0
    for position, digit in enumerate(map(int, reversed(text))):
        doubled = digit * (1 + position % 2)
        total += doubled // 10 + doubled % 10
    return total % 10 == 0


def luhn36(text: str) -> bool:
    """Luhn's sum in base 36 over digits and capital letters, check character last: GSTIN."""
    if not text or any(sign not in _BASE36 for sign in text):
        return False
    total = 0
    for position, value in enumerate(map(_BASE36.index, reversed(text))):
        doubled = value * (1 + position % 2)
        total += doubled // 36 + doubled % 36
    return total % 36 == 0


def verhoeff(text: str) -> bool:
    """Verhoeff's check over decimal digits, check digit last: Aadhaar and its virtual id."""
    if not is_digits(text):
        return False
    product = 0
    for permuted, sign in zip(cycle(_PERMUTED_SIGNS), reversed(text.encode()), strict=False):
        product = _D5[product][permuted[sign]]
    return product == 0


def aba(text: str) -> bool:
    """The weights 3-7-1 over the nine digits of a bank routing number of the American Bankers Association."""
    if not is_digits(text) or len(text) != 9:  # noqa: PLR2004
        return False
    return sum(weight * int(digit) for weight, digit in zip((3, 7, 1) * 3, text, strict=True)) % 10 == 0


def npi(text: str) -> bool:
    """Luhn's sum over a National Provider Identifier behind 80840, the prefix of US health cards (45 CFR 162.406)."""
    return luhn("80840" + text)
