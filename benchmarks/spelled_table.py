"""Measures the detectors on what people spell and say (`corpus_spelled`): a part of docs/detectors.md."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from benchmarks.corpus_spelled import SEED, Text, clean, planted
from pipeline.detect.engine import scan
from pipeline.detect.scrub import scrub

_UNCUT: Final = 1_000_000  # characters
_TOKEN: Final = re.compile(r"\[[a-z0-9_]+\]")
_PIECE: Final = re.compile(r"[^\W_]{2,}")

HEAD: Final = """
### Said and spelled

Ways to write an identifier that a person understands and a plain pattern does not, in {texts} more texts, and {clean}
ordinary ones that come close ("count one two three four", "we are team7 on level33"), from seed {seed}. *Recall*: the
share of values of which no piece is left.

"""


@dataclass(slots=True)
class Spelled:
    """Counts: texts and those found of each way; clean texts and those changed."""

    texts: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    clean: int = 0
    damaged: list[str] = field(default_factory=list)


def measure_spelled() -> Spelled:
    """Judge every text."""
    score = Spelled()
    for text in planted():
        score.texts[text.way] += 1
        score.found[text.way] += _is_gone(text)
    for text in clean():
        score.clean += 1
        if scan(text.text).findings:
            score.damaged.append(text.text)
    return score


def _is_gone(text: Text) -> bool:
    left = scrub(text.text, limit=_UNCUT) or ""
    around = set(_PIECE.findall(text.text.replace(text.value, " ")))
    pieces = set(_PIECE.findall(text.value)) - around
    return left != text.text and pieces.isdisjoint(_PIECE.findall(_TOKEN.sub(" ", left)))


def section(score: Spelled) -> Iterator[str]:
    """Yield the lines of the page's part."""
    yield HEAD.format(texts=score.texts.total(), clean=score.clean, seed=SEED)
    yield "| How it is written | Texts | Recall |\n| --- | ---: | ---: |\n"
    for way, texts in score.texts.items():
        yield f"| {way} | {texts} | {score.found[way] / texts:.3f} |\n"
    yield f"| clean texts changed | {score.clean} | {len(score.damaged)} of {score.clean} |\n"
