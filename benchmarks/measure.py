"""Recall and precision of a tool that takes identifiers out of text, measured the same way for every tool.

A value counts as found if it can no longer be read in what the tool leaves of the text, in any script, spacing or
encoding. A type of finding is right in a text whose value it helped to take out, wrong in any other.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from benchmarks.detector_corpus import Sample
from benchmarks.readings import is_readable

_TABLES = ("texts", "found", "right", "wrong")


class Verdict(NamedTuple):
    """What a tool makes of a text. left: the text without what it found; types: the kinds of what it found."""

    left: str
    types: frozenset[str]


@dataclass(slots=True)
class Score:
    """Counts. texts, found: by planted identifier; right, wrong: by the tool's types; clean, damaged: clean texts."""

    texts: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    clean: int = 0
    damaged: int = 0
    missed: list[Sample] = field(default_factory=list)

    def counts(self) -> dict[str, Any]:
        """The counts as JSON takes them, in order of their names."""
        tables = {name: dict(sorted(getattr(self, name).items())) for name in _TABLES}
        return {**tables, "clean": self.clean, "damaged": self.damaged}

    @classmethod
    def of(cls, counts: dict[str, Any]) -> "Score":
        """The score whose `counts` these are."""
        texts, found, right, wrong = (Counter[str](counts[name]) for name in _TABLES)
        return cls(texts, found, right, wrong, counts["clean"], counts["damaged"])

    def recall(self, identifiers: Iterable[str]) -> float:
        """The share of planted values that were found."""
        names = tuple(identifiers)
        return sum(self.found[name] for name in names) / sum(self.texts[name] for name in names)

    def precision(self, types: Iterable[str]) -> float | None:
        """The share of findings of these types that were right; None if there is no finding."""
        names = tuple(types)
        right, wrong = (sum(counts[name] for name in names) for counts in (self.right, self.wrong))
        return right / (right + wrong) if right + wrong else None


def measure(samples: Iterable[Sample], judge: Callable[[Sample], Verdict]) -> Score:
    """Let a tool judge every text, and count."""
    score = Score()
    for sample in samples:
        verdict = judge(sample)
        is_right = bool(sample.identifier) and not is_readable(sample.value, verdict.left)
        (score.right if is_right else score.wrong).update(verdict.types)
        if not sample.identifier:
            score.clean += 1
            score.damaged += bool(verdict.types)
            continue
        score.texts[sample.identifier] += 1
        score.found[sample.identifier] += is_right
        if not is_right:
            score.missed.append(sample)
    return score
