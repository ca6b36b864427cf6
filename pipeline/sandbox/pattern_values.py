"""Makes texts that a pattern matches, for the patterns that event schemas use."""

import re
from collections.abc import Callable
from random import Random

from pipeline.ops.errors import ConfigError

TextMaker = Callable[[Random], str]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_ESCAPES = {"d": _DIGITS, "w": f"{_LETTERS}{_DIGITS}_", "s": " "}
_COUNT = re.compile(r"(?P<sign>[?*+])|\{(?P<low>\d+)(?P<open>,?)(?P<high>\d*)\}")
_MORE = 6  # how much more often than it must something without an upper limit repeats


def pattern_maker(pattern: str) -> TextMaker:
    r"""Compile a pattern into a function that returns one random text that it matches.

    Known are characters, `.`, `\d`, `\w`, `\s`, classes with ranges, groups, alternatives and counts.
    Raises ConfigError for a pattern that uses more.
    """
    try:
        parser = _Parser(pattern.removeprefix("^").removesuffix("$"))
        maker = parser.alternatives()
        known = not parser.rest() and re.search(pattern, maker(Random(0))) is not None  # noqa: S311 - no secret
    except (IndexError, ValueError, re.error):
        known = False
    if not known:
        raise ConfigError(f"event registry: the generator cannot follow the pattern {pattern!r}")
    return maker


class _Parser:
    """Reads a pattern from left to right; every method returns the maker of what it has read."""

    def __init__(self, source: str) -> None:
        self._source, self._at = source, 0

    def rest(self) -> str:
        """Return what has not been read."""
        return self._source[self._at :]

    def alternatives(self) -> TextMaker:
        options = [self._sequence()]
        while self.rest().startswith("|"):
            self._at += 1
            options.append(self._sequence())
        return options[0] if len(options) == 1 else lambda random: random.choice(options)(random)

    def _sequence(self) -> TextMaker:
        parts: list[TextMaker] = []
        while self.rest() and self.rest()[0] not in "|)":
            parts.append(self._counted(self._atom()))
        return lambda random: "".join([part(random) for part in parts])

    def _counted(self, atom: TextMaker) -> TextMaker:
        if (found := _COUNT.match(self._source, self._at)) is None:
            return atom
        self._at = found.end()
        if sign := found["sign"]:
            low, high = {"?": (0, 1), "*": (0, _MORE), "+": (1, 1 + _MORE)}[sign]
        else:
            low = int(found["low"])
            high = int(found["high"] or low + _MORE) if found["open"] else low
        return lambda random: "".join([atom(random) for _ in range(random.randint(low, high))])

    def _atom(self) -> TextMaker:
        char = self._next()
        match char:
            case "(":
                inside = self.alternatives()
                if self._next() != ")":
                    raise ValueError
                return inside
            case "[":
                return _one_of(self._characters())
            case ".":
                return _one_of(_LETTERS)
            case "\\":
                char = self._next()
                return _one_of(_ESCAPES.get(char, char))
            case "?" | "*" | "+" | "{" | "^" | "$":  # a lazy count, a look-around, an inner anchor
                raise ValueError
            case _:
                return lambda _random: char

    def _characters(self) -> str:
        """Return the members of a character class, whose opening bracket has been read."""
        members = ""
        while (char := self._next()) != "]":
            if char == "^" and not members:
                raise ValueError
            if char == "\\":
                char = self._next()
                members += _ESCAPES.get(char, char)
            elif char == "-" and members and self.rest()[0] != "]":
                members += "".join(map(chr, range(ord(members[-1]) + 1, ord(self._next()) + 1)))
            else:
                members += char
        return members

    def _next(self) -> str:
        self._at += 1
        return self._source[self._at - 1]


def _one_of(members: str) -> TextMaker:
    return lambda random: random.choice(members)
