"""What stands around the ordinary numbers of a game: scores, prices, orders, builds.

Nine digits are a social security number by shape, and also a high score. Patterns here cannot look around, so a
detector takes the neighbouring word into its match and its `validate` then sees that the number counts something.
A word that names the identifier still wins over this.
"""

import re

from pipeline.detect.digits import SEPARATOR

_COUNTED = (
    "score|scores|points|point|pts|xp|coins|coin|gems|gem|stars|rank|level|lvl|order|orders|invoice|receipt|ticket|"
    "price|cost|total|rs|inr|usd|build|version|frame|frames|seed|timestamp|"
    "स्कोर|अंक|सिक्के|ऑर्डर|"
    "ஸ்கோர்|மதிப்பெண்|நாணயங்கள்|ஆர்டர்|"
    "స్కోరు|స్కోర్|పాయింట్లు|నాణేలు|ఆర్డర్|"
    "স্কোর|পয়েন্ট|কয়েন|অর্ডার"
)
_LINK = "is|was|of|no|number|num|id|hai|है|నంబర్|नंबर|எண்|নম্বর"
_BEFORE = rf"(?:(?:(?:{_COUNTED})(?: ?[.:#=-]? ?(?:{_LINK}))?[ .:#=-]{{0,3}})|[$₹#]{SEPARATOR}?)?"
_AFTER = rf"(?: ?(?:{_COUNTED}|coins?|ms|seconds|रुपये|ரூபாய்|రూపాయలు|টাকা))?"

COUNTING = rf"{_COUNTED}|coins?|ms|seconds|रुपये|ரூபாய்|రూపాయలు|টাকা"
"""The words that `with_neighbours` takes along; beside them the signs $, ₹ and #."""

_GAME_UNIT = "coins?|points?|pts|xp|gems?|stars?|अंक|सिक्के|நாணயங்கள்|புள்ளிகள்|పాయింట్లు|నాణేలు|পয়েন্ট|কয়েন"
NOT_IN_GAME_UNITS = re.compile(f"(?!.*(?:{_GAME_UNIT})$).*", re.IGNORECASE | re.DOTALL)
"""Refuses a match of `with_unit` that brought a unit along."""


def with_unit(number: str) -> str:
    """A pattern for the number together with the unit of a game that it is counted in, where there is one."""
    return f"(?:{number})(?: ?(?:{_GAME_UNIT}))?"


def with_neighbours(number: str) -> str:
    """A pattern for the number together with the word that says what it counts, where there is one."""
    return f"{_BEFORE}(?:{number}){_AFTER}"


def is_counted(match: str) -> bool:
    """True if a match of `with_neighbours` brought such a word along."""
    return not (match[:1].isdigit() and match[-1:].isdigit())
