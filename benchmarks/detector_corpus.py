"""A labelled corpus for the detectors: identifiers in every disguise and language, and ordinary text without any.

It shares no sentence with the unit tests and is the same for every tool that is measured on it. Everything comes from
one seed; people and numbers are invented and pass their check digits.
"""

import base64
import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass

from benchmarks.corpus_sentences import BARE, CLEAN, LANGUAGES, NAMED, NAMES
from benchmarks.corpus_values import DIGITS, IDENTIFIERS, Maker, ordinary

SEED = 20261125
ROUNDS = 2  # sentences for each identifier, disguise and language
CLEAN_ROUNDS = 120  # fillings of each clean sentence in English; other languages come to about a third of that

SCRIPTS = {
    "devanagari": "०१२३४५६७८९",
    "bengali": "০১২৩৪৫৬৭৮৯",
    "tamil": "௦௧௨௩௪௫௬௭௮௯",
    "telugu": "౦౧౨౩౪౫౬౭౮౯",
    "full-width": "０１２３４５６７８９",
    "arabic": "٠١٢٣٤٥٦٧٨٩",
}
_GAPS = {"spaces": " ", "dashes": "-", "dots": "."}


_ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "zero-width": lambda value: f"{value[: len(value) // 2]}\u200b{value[len(value) // 2 :]}",
    "percent": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
    "html": lambda value: "".join(sign if sign.isalnum() else f"&#{ord(sign)};" for sign in value),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "upper": str.upper,
    "lower": str.lower,
}
DISGUISES = (*_GAPS, *SCRIPTS, *_ENCODINGS)


@dataclass(frozen=True, slots=True)
class Sample:
    """One text. identifier: what is planted in it, "" for nothing; value: in plain form."""

    text: str
    identifier: str = ""
    value: str = ""
    disguise: str = "plain"
    language: str = "en"


def disguise(how: str, value: str) -> str | None:
    """Return the value in a disguise; None where it makes no difference."""
    if how in _GAPS:
        text = _GAPS[how].join(value[i : i + 4] for i in range(0, len(value), 4)) if value.isdigit() else value
    elif how in SCRIPTS:
        text = value.translate(str.maketrans(DIGITS, SCRIPTS[how]))
    else:
        text = _ENCODINGS[how](value)
    return text if how == "plain" or text != value else None


def planted(seed: int = SEED) -> Iterator[Sample]:
    """Texts with one identifier each."""
    rng = random.Random(seed)
    maker = Maker(rng)
    for identifier in IDENTIFIERS:
        for how in DISGUISES:
            for index, language in enumerate(LANGUAGES):
                for _ in range(ROUNDS):
                    value: str = getattr(maker, identifier)()
                    hidden = disguise(how, value)
                    if hidden is None:
                        continue
                    name = NAMES[identifier][index] if identifier in NAMES else ""
                    sentence = rng.choice((NAMED if name else BARE)[language])
                    yield Sample(sentence.format(name=name, value=hidden), identifier, value, how, language)


def clean(seed: int = SEED) -> Iterator[Sample]:
    """Texts without personal data."""
    rng = random.Random(seed + 1)
    maker = Maker(rng)
    for language, sentences in CLEAN.items():
        for sentence in sentences:
            for _ in range(CLEAN_ROUNDS):
                text = sentence.format(**ordinary(maker))
                digits = rng.choice(list(SCRIPTS.values())) if language != "en" and rng.random() < 0.2 else DIGITS
                yield Sample(text.translate(str.maketrans(DIGITS, digits)), language=language)


def corpus(seed: int = SEED) -> list[Sample]:
    """The whole corpus."""
    return [*planted(seed), *clean(seed)]


def fingerprint(samples: list[Sample]) -> str:
    """SHA-256 of a corpus: results of another tool count only for the same one."""
    return hashlib.sha256(repr([astuple(sample) for sample in samples]).encode()).hexdigest()
