"""Invented strings that look like those of events.

RE2 builds its automaton while it reads, and each set of findings has states of its own, so what is read first costs
tens of times what the same costs later.
"""

from collections.abc import Iterator

from pipeline.detect.catalogue import CATALOGUE

ROUNDS = 32
_STEP = 0x9E3779B97F4A7C15F39CC0605CEDC835  # the golden ratio's digits: multiples of it are spread evenly over 128 bits
_PARTS = (
    *(
        "level_completed",
        "purchase_completed",
        "app_opened",
        "jungle",
        "hard",
        "gems_pack_100",
        "q-fractions-7",
        "E1042",
    ),
    *("ios", "android", "wifi", "US", "IN", "USD", "INR", "en-IN", "5.3.0", "iPhone17,3", "SM-S928B", "adult", "input"),
    *("Asia/Kolkata", "America/Chicago", "2026-11-25T18:30:15Z", "1795600000", "profile-1-049", "192.0.2.41"),
    *("I finished level 42 with 1,250 points in 93.5 s and it crashed!", "मेरा स्कोर १२३४५ है, लेवल 42 कठिन है"),
)
_EVERY = 6  # parts from one id to the next


def events() -> Iterator[list[str]]:
    """Yield the strings of an event: each time in another order and with other ids."""
    for turn in range(ROUNDS):
        first = turn * 7 % len(_PARTS)
        parts = [*_PARTS[first:], *_PARTS[:first]]
        for place in range(1, len(parts), _EVERY):
            parts[place] = _uuid(turn * len(parts) + place)
        yield parts


def examples() -> Iterator[str]:
    """Yield every identifier beside a word that names it."""
    for detector in CATALOGUE:
        for hit in detector.hits:
            yield f"{' '.join(detector.words[:1])} {hit}"


def _uuid(number: int) -> str:
    digits = f"{number * _STEP & (1 << 128) - 1:032x}"
    text = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return text if number % 2 else text.upper()
