"""Words that name identifiers are compared with normalised text, so they have to be in that form themselves."""

import pytest

from pipeline.detect.catalogue import CATALOGUE
from pipeline.detect.detector import Detector, Strength
from pipeline.detect.normalise import fold

NAMED = [detector for detector in CATALOGUE if detector.words]


@pytest.mark.parametrize("detector", NAMED, ids=lambda detector: detector.name)
def test_words_are_normalised(detector: Detector) -> None:
    assert [word for word in detector.words if fold(word).lower() != word] == []


@pytest.mark.parametrize("detector", CATALOGUE, ids=lambda detector: detector.name)
def test_what_needs_context_has_words_for_it(detector: Detector) -> None:
    assert detector.strength is not Strength.CONTEXT or detector.words
