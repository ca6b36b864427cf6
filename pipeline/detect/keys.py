"""What a property's name says about its value."""

import re
from collections.abc import Iterable

from pipeline.detect.detector import Detector
from pipeline.detect.words import word_set

LONGEST = 128  # characters of a key that are read; a longer one names nothing

# whose it is says nothing about what it is: "parent_email", "user.phone", "client_ip"
_OWNERS = word_set(
    "parent parents guardian mother father mom mum dad child childs kid kids user users player person people "
    "customer client contact account member profile student teacher sender recipient billing shipping home work "
    "office personal primary secondary alternate alt emergency my your their raw full device app mp x last current"
)
_WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\x00-\x7f]+")


def words_of(key: str) -> list[str]:
    """Split a name in camelCase, snake_case, kebab-case or with dots into lower-case words."""
    return [word.lower() for word in _WORD.findall(key[:LONGEST])]


class KeyNames:
    """Finds the detector whose `keys` name a property."""

    def __init__(self, detectors: Iterable[Detector]) -> None:
        self._owners = {key: detector for detector in detectors for key in detector.keys}

    def detector(self, key: str) -> Detector | None:
        """Return the detector that a key names, also behind the words for an owner; None if it names none."""
        words = words_of(key)
        for start, word in enumerate(words):
            found = self._owners.get("".join(words[start:]))
            if found is not None:
                return found
            if word not in _OWNERS:
                return None
        return None
