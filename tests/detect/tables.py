"""One table for each detector, and the tests that every table goes through.

A test module subclasses `DetectorTests` with its table. Sentences have a `{}` where the value stands.
"""

import base64
import json
import urllib.parse
from dataclasses import dataclass
from inspect import signature
from typing import Any, ClassVar

import pytest

from pipeline.detect.detector import Detector
from pipeline.detect.engine import scan, scan_value
from pipeline.detect.scrub import scrub

DIGITS = "0123456789"
SCRIPTS = {
    "devanagari": "०१२३४५६७८९",
    "bengali": "০১২৩৪৫৬৭৮৯",
    "gurmukhi": "੦੧੨੩੪੫੬੭੮੯",
    "gujarati": "૦૧૨૩૪૫૬૭૮૯",
    "odia": "୦୧୨୩୪୫୬୭୮୯",
    "tamil": "௦௧௨௩௪௫௬௭௮௯",
    "telugu": "౦౧౨౩౪౫౬౭౮౯",
    "kannada": "೦೧೨೩೪೫೬೭೮೯",
    "malayalam": "൦൧൨൩൪൫൬൭൮൯",
    "meetei": "꯰꯱꯲꯳꯴꯵꯶꯷꯸꯹",
    "ol chiki": "᱐᱑᱒᱓᱔᱕᱖᱗᱘᱙",
    "urdu": "۰۱۲۳۴۵۶۷۸۹",
    "full-width": "０１２３４５６７８９",
}

ORDINARY = (
    "level 45 score 128940 in 312 seconds",
    "my best is 12,34,567 points, rank #4812",
    "order 40281973 and order #551204 are late",
    "paid Rs 1,499.00 on 25/11/2026 and $4.99 on 2026-11-25",
    "crashed at 1795600000000, started at 1795599412",
    "build 20261125 of version 5.13.204.7781",
    "the code 482913 came late",
    "3f2a9c1e-77b0 was closed at 18:45:07",
    "world 4-4, 1920x1080, 60 fps, 99%",
    "E1042 in q-fractions-7 with gems_pack_100",
    "स्कोर 128940, लेवल 45, ₹1,499",
    "நிலை 45, 128940 புள்ளிகள், ₹1,499",
    "లెవెల్ 45, 128940 పాయింట్లు",
    "লেভেল ৪৫, ১২৮৯৪০ পয়েন্ট",
    "level 45 me 128940 points aaye, 12 baje",
)
"""Text of games that no detector of a number may touch."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a detector finds and what it leaves.

    alone: values found in any sentence. named: sentences that name the identifier, with a value of its shape, valid or
    not. ordinary: text in which it finds nothing, beside ORDINARY. keys: property names that say what the value is.
    """

    detector: Detector
    alone: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    ordinary: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    def examples(self) -> list[tuple[str, str]]:
        """Sentences, and the values in them that are found."""
        return [("note {} please", value) for value in self.alone] + list(self.named)


def disguises(value: str) -> dict[str, str]:
    """The value as people and programs write it."""
    half = len(value) // 2
    forms = {
        "plain": value,
        "lower": value.lower(),
        "upper": value.upper(),
        "zero-width": f"{value[:half]}\u200b{value[half:]}",
        "no-break": value.replace(" ", "\u00a0").replace("-", "\u2011"),
        "percent": urllib.parse.quote(value, safe=""),
        "html": value.replace("@", "&#64;").replace("-", "&#45;").replace(" ", "&nbsp;"),
        "json": json.dumps({"note": value}),
    }
    forms |= {name: value.translate(str.maketrans(DIGITS, script)) for name, script in SCRIPTS.items()}
    return forms


def names(text: str, key: str = "") -> set[str]:
    """Which detectors find something in a text."""
    return {finding.detector.name for finding in scan(text, key).findings}


def is_hidden(value: str, text: str) -> bool:
    """True if scrubbing takes the value out of the text."""
    left = scrub(text, limit=10_000)
    return left is None or value.lower() not in left.lower()


class DetectorTests:
    """The tests of a table."""

    table: ClassVar[Table]
    cases: ClassVar[dict[str, list[Any]]]

    def __init_subclass__(cls) -> None:
        """Read the table; a test without cases is none."""
        examples = cls.table.examples()
        cls.cases = {
            "alone": list(cls.table.alone),
            "named": list(cls.table.named),
            "example": examples,
            "numeric": [(sentence, value) for sentence, value in examples if value.isdigit() and value[0] != "0"],
            "ordinary": [*cls.table.ordinary, *ORDINARY],
            "miss": list(cls.table.detector.misses),
            "hit": list(cls.table.detector.hits),
            "key": list(cls.table.keys),
        }
        for name, test in vars(DetectorTests).items():
            if name.startswith("test_") and not all(
                cls.cases[case] for case in signature(test).parameters if case != "self"
            ):
                setattr(cls, name, None)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        for name in metafunc.fixturenames:
            if name in self.cases:
                metafunc.parametrize(name, self.cases[name])

    def test_finds_the_vector(self, hit: str) -> None:
        """In the words of the catalogue: by itself, or beside the detector's first word."""
        word = self.table.detector.words[0] if self.table.detector.words else ""
        assert names(hit) or names(f"{word} {hit}")

    def test_finds_it_in_any_sentence(self, alone: str) -> None:
        assert is_hidden(alone, f"this {alone} was typed by mistake")

    def test_finds_it_beside_its_name(self, named: tuple[str, str]) -> None:
        sentence, value = named
        assert is_hidden(value, sentence.format(value))

    def test_finds_it_in_every_disguise(self, example: tuple[str, str]) -> None:
        sentence, value = example
        missed = [how for how, hidden in disguises(value).items() if not is_hidden(hidden, sentence.format(hidden))]
        assert missed == []

    def test_finds_it_in_base64(self, alone: str) -> None:
        encoded = base64.b64encode(f"note: {alone}".encode()).decode()
        assert is_hidden(encoded, f"see {encoded}")

    def test_finds_it_as_a_number(self, numeric: tuple[str, str]) -> None:
        sentence, value = numeric
        key = sentence.replace("{}", "").strip()
        assert scan_value(key, int(value))
        assert scan_value("context", {"notes": [{key: int(value)}]})

    def test_finds_it_as_the_name_of_a_property(self, alone: str) -> None:
        found = scan_value("context", {alone: True})
        assert found
        assert all(alone not in map(str, each.path) for each in found)

    def test_the_property_name_tells(self, key: str) -> None:
        assert [found.detector.name for found in scan_value(key, "anything at all")] == [self.table.detector.name]

    def test_leaves_what_only_looks_like_it(self, miss: str) -> None:
        assert self.table.detector.name not in names(miss)

    def test_leaves_ordinary_text(self, ordinary: str) -> None:
        assert self.table.detector.name not in names(ordinary)
