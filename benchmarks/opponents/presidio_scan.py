"""What Presidio finds in the detector corpus: every US, Indian and common pattern recogniser, no language model.

It runs in an environment of its own, made from locks/opponents.txt, and writes one JSON file: version, the corpus's
fingerprint, and what `benchmarks.measure` counts.

    .venv-opponents/bin/python -m benchmarks.opponents.presidio_scan
"""

import importlib.metadata
import inspect
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import spacy  # type: ignore[import-not-found]
import tldextract  # type: ignore[import-not-found]
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry  # type: ignore[import-not-found]
from presidio_analyzer.nlp_engine import SpacyNlpEngine  # type: ignore[import-not-found]
from presidio_analyzer.predefined_recognizers import generic  # type: ignore[import-not-found]
from presidio_analyzer.predefined_recognizers.country_specific import india, us  # type: ignore[import-not-found]

from benchmarks.detector_corpus import Sample, corpus, fingerprint
from benchmarks.measure import Verdict, measure

RESULTS = Path(__file__).with_name("presidio.json")
THRESHOLDS = (0.0, 0.35)  # the default, where patterns for "any number" count as well; and without those


class Words(SpacyNlpEngine):  # type: ignore[misc]
    """English words without a model: enough for Presidio's context words, with each word as its own lemma."""

    def load(self) -> None:
        self.nlp = {"en": spacy.blank("en")}

    def process_text(self, text: str, language: str) -> Any:
        artifacts = super().process_text(text, language)
        artifacts.lemmas = [token.text.lower() for token in artifacts.tokens]
        artifacts.keywords = [word for word in artifacts.lemmas if not self.is_stopword(word, language)]
        return artifacts


def recognisers() -> Iterator[Any]:
    """Every recogniser of the packages, whether it is on by default or not."""
    for package in (generic, india, us):
        for name in package.__all__:
            if inspect.isclass(recogniser := getattr(package, name)):
                yield recogniser()


def without(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with spans, which may overlap, replaced."""
    parts: list[str] = []
    done = 0
    for start, end in sorted(spans):
        parts += (text[done : max(start, done)], "[found]")
        done = max(done, end)
    return "".join((*parts, text[done:]))


def main() -> None:
    # the list of public suffixes that comes with the package, instead of one from the network
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    samples = corpus()
    found = list(recognisers())
    words = Words()
    words.load()
    analyzer = AnalyzerEngine(registry=RecognizerRegistry(found), nlp_engine=words, supported_languages=["en"])

    def judge(sample: Sample, least: float) -> Verdict:
        results = analyzer.analyze(sample.text, "en", score_threshold=least)
        left = without(sample.text, [(result.start, result.end) for result in results])
        return Verdict(left, frozenset(result.entity_type for result in results))

    scores = {}
    for least in THRESHOLDS:
        scores[str(least)] = measure(samples, partial(judge, least=least)).counts()
    result = {
        "tool": "presidio-analyzer",
        "version": importlib.metadata.version("presidio-analyzer"),
        "recognisers": sorted(type(recogniser).__name__ for recogniser in found),
        "corpus": fingerprint(samples),
        "scores": scores,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
