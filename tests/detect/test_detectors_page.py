"""docs/detectors.md is what the measurement gives, and what it gives is what is asked of the detectors."""

import pytest

from benchmarks import detector_table as table
from benchmarks.corpus_values import IDENTIFIERS
from benchmarks.detector_corpus import Sample, corpus
from benchmarks.measure import Score, measure
from benchmarks.spelled_table import measure_spelled

LEAST_RECALL, LEAST_PRECISION = 0.995, 0.98


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return corpus()


@pytest.fixture(scope="module")
def score(samples: list[Sample]) -> Score:
    return measure(samples, table.judge)


def test_the_page_is_what_the_measurement_gives(samples: list[Sample], score: Score) -> None:
    assert table.PAGE.read_text() == table.page(samples, score), "run: make detectors"


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_every_identifier_is_found_and_little_else(score: Score, identifier: str) -> None:
    assert score.recall([identifier]) >= LEAST_RECALL
    assert (score.precision(table.COPPICE.get(identifier, (identifier,))) or 0) >= LEAST_PRECISION


def test_what_is_said_and_spelled_is_found_and_what_comes_close_is_left() -> None:
    spelled = measure_spelled()
    assert {way: spelled.found[way] / texts for way, texts in spelled.texts.items()} == dict.fromkeys(spelled.texts, 1)
    assert len(spelled.damaged) / spelled.clean <= 1 - LEAST_PRECISION, spelled.damaged


def test_clean_text_is_left_alone(score: Score) -> None:
    assert score.damaged / score.clean <= 1 - LEAST_PRECISION


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_the_other_tool_is_nowhere_ahead(samples: list[Sample], score: Score, identifier: str) -> None:
    _, others = table.read_opponent(samples)
    mine = score.precision(table.COPPICE.get(identifier, (identifier,))) or 0
    assert others, "run: make detectors"
    for other in others.values():
        assert score.recall([identifier]) >= other.recall([identifier])
        if identifier in table.PRESIDIO:
            assert mine >= (other.precision([table.PRESIDIO[identifier]]) or 0)
