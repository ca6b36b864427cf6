"""All detectors, compiled, and what the names of properties say by them."""

from collections.abc import Sequence
from typing import Final

from pipeline.detect.catalogue import CATALOGUE
from pipeline.detect.detector import Detector
from pipeline.detect.keys import LONGEST, KeyNames, words_of
from pipeline.detect.matcher import Matcher
from pipeline.detect.prefilter import Prefilter

KNOWN_KEYS: Final = 4096

_SHAPED: Final = tuple(detector for detector in CATALOGUE if detector.pattern)
MATCHERS: Final = tuple(Matcher(detector) for detector in _SHAPED)
"""Their places are the numbers by which the prefilter and everything below name detectors."""

PREFILTER: Final = Prefilter(_SHAPED)
CONTEXT: Final = frozenset(index for index, matcher in enumerate(MATCHERS) if not matcher.certain)
"""Those that count beside a word only."""

KeyFacts = tuple[Detector | None, str, frozenset[int]]

_KEYS: Final = KeyNames(CATALOGUE)
_known_keys: Final[dict[str, KeyFacts]] = {}


def key_facts(key: str) -> KeyFacts:
    """Return what a name says: the detector it speaks for, its words, and the detectors that these give context to."""
    facts = _known_keys.get(key)
    if facts is None:
        hint = " ".join(words_of(key))
        hinted = frozenset(index for index in _worded(hint) if MATCHERS[index].is_named_by(hint))
        facts = (_KEYS.detector(key), hint, hinted)
        if len(key) <= LONGEST:  # clients choose names: the store is bounded
            if len(_known_keys) >= KNOWN_KEYS:
                _known_keys.clear()
            _known_keys[key] = facts
    return facts


def _worded(text: str) -> Sequence[int]:
    """Return the detectors one of whose words may be in a text."""
    try:
        look = PREFILTER.look(text)
    except UnicodeEncodeError:
        return range(len(MATCHERS))
    return look.worded if look is not None else ()
