"""Values that are planted in the events of invented people and must never be seen on the way out (R35).

They follow from a seed, so that the publisher of canaries and the sinks know the same ones without talking. They are no
secrets and belong to nobody: hosts, numbers and addresses come from the ranges that are kept for examples.
"""

import base64
import hashlib
import re
from typing import Any, Final, NamedTuple

import re2

VERSION: Final = "99.999.999"
"""App version of every canary event, in `$app_version_string`: the sink sends none of them, alerts leave it out."""

MARK: Final = f'"$app_version_string":"{VERSION}"'.encode()
"""What marks a clean event as a canary's."""

_LETTERS: Final = "abcdefghijklmnoprstuvwxy"
_BETWEEN_DIGITS: Final = re.compile(r"(?<=[0-9])[ .()-]{1,2}(?=[0-9])")
_NO_DIGIT: Final = re.compile(r"[^0-9]+")
_SHORTEST: Final = 9  # digits that are told from an ordinary number


class Plants(NamedTuple):
    """What is planted with one person. Texts hold the letters q and z side by side, as no word of a language does."""

    profile: str
    device: str
    name: str
    email: str
    handle: str
    street: str
    note: str
    phone: str
    card: str
    address: str
    latitude: float
    longitude: float


class Planted:
    """Every value that is planted with anybody, and the forms in which it may hide."""

    def __init__(self, people: list[Plants]) -> None:
        texts = {str(value).casefold() for person in people for value in person}
        texts |= {part for person in people for part in person.name.casefold().split()}
        self._texts = _any_of(texts)
        self._digits = _any_of({bare for text in texts if len(bare := _NO_DIGIT.sub("", text)) >= _SHORTEST})
        self._coded = _any_of({form for person in people for value in person for form in _coded(str(value))})

    def stands_in(self, text: str) -> bool:
        """Say whether a decoded text holds a planted value, in any letter case, or the digits of one."""
        plain = text.casefold()
        if self._texts.search(plain) is not None:
            return True
        if len(_NO_DIGIT.sub("", plain)) < _SHORTEST:
            return False
        return self._digits.search(_BETWEEN_DIGITS.sub("", plain)) is not None

    def hides_in(self, text: str) -> bool:
        """Say whether a text as it leaves holds a planted value in base64 or hexadecimal, at any place."""
        return len(text) >= _SHORTEST and self._coded.search(text) is not None


def _any_of(texts: set[str]) -> Any:
    return re2.compile("|".join(re2.escape(text) for text in sorted(texts)))


def planted(seed: str) -> Planted:
    """Return what nobody may ever see of the canaries of a seed."""
    return Planted([plants(seed, cohort) for cohort in COHORTS])


COHORTS: Final = ("US/child", "US/teen", "US/adult", "US/unknown", "IN/child", "IN/adult")


def plants(seed: str, cohort: str) -> Plants:
    """Return what is planted with the canary of one cohort, the same for the same seed."""
    first, last, street = (f"qz{_word(seed, cohort, what)}" for what in ("first", "last", "street"))
    number = int.from_bytes(_digest(seed, cohort, "number")[:6], "big")
    us = cohort.startswith("US/")
    return Plants(
        profile=f"{first}-canary-{cohort.lower().replace('/', '-')}",
        device=_uuid(_digest(seed, cohort, "device")),
        name=f"{first.capitalize()} {last.capitalize()}",
        email=f"{first}.{last}@canary.example.com",
        handle=f"@{first}_{last}",
        street=f"{number % 900 + 100} {street.capitalize()} Lane",
        note=f"meet {first} behind the {street} mill",
        phone=f"+1 212-555-01{number % 100:02d}" if us else f"+91 9{number % 10_000:04d} {number // 7 % 100_000:05d}",
        card=_card(number),
        address=f"203.0.113.{number % 254 + 1}",
        latitude=_place(number, 8, 48),
        longitude=_place(number // 3, 68, 96),
    )


def _place(number: int, low: int, high: int) -> float:
    """Return a coordinate with five decimals, none of them a 0 at the end."""
    return low + number % (high - low) + (number % 8999 * 10 + 1007) / 100_000


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\x1f".join(("coppice canary", *parts)).encode()).digest()


def _word(*parts: str) -> str:
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in _digest(*parts)[:6])


def _uuid(digest: bytes) -> str:
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"


def _card(number: int) -> str:
    body = f"400000{number % 10**9:09d}"  # a test range; the last digit makes it pass the check
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in body[::2])
    return f"{body}{-(doubled + sum(map(int, body[1::2]))) % 10}"


def _coded(text: str) -> set[str]:
    """Return the forms in which no decoder of ours would find it: base64 at every alignment, hexadecimal."""
    raw = text.encode()
    if len(raw) < _SHORTEST:
        return set()
    forms = {raw.hex(), raw.hex().upper()}
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw)
        inner = coded[(0, 2, 3)[before] : len(coded) - (0, 4, 4)[(before + len(raw)) % 3]].decode()
        forms |= {inner, inner.translate(str.maketrans("+/", "-_"))}
    return forms
