"""How people write long numbers: in a row, in groups, or digit by digit.

A match that is refused is passed over whole, so patterns name the groupings that occur instead of allowing a separator
anywhere: "2016 123-45-6789" must not lose its number because the year makes nine digits with half of it.
"""

import re

SEPARATOR = "[ .-]"  # what is left of the many spaces and dashes after normalising
GAP = "[ .-]{0,3}"  # "1234 - 5678" is one number too

_NUMBER = re.compile("[0-9]+")


def spread(least: int, most: int | None = None) -> str:
    """A pattern for `least` to `most` digits with at most one separator between any two of them.

    Without boundaries around it, it is also the cheapest probe for a number of `least` digits in any grouping.
    """
    repeats = f"{{{least - 1}}}" if most is None else f"{{{least - 1},{most - 1}}}"
    return f"[0-9](?:{SEPARATOR}?[0-9]){repeats}"


def groups(*sizes: int) -> str:
    """A pattern for a number that is written in groups of these sizes, with or without gaps."""
    return GAP.join(f"[0-9]{{{size}}}" for size in sizes)


def grouped(count: int, *sizes: int) -> str:
    """A pattern for a number of `count` digits in a row, or in equal groups of one of these sizes and a rest."""
    ways = [f"[0-9]{{{count}}}"]
    for size in sizes:
        whole, rest = divmod(count, size)
        way = f"[0-9]{{{size}}}(?:{SEPARATOR}[0-9]{{{size}}}){{{whole - 1}}}"
        ways.append(f"{way}{SEPARATOR}[0-9]{{{rest}}}" if rest else way)
    return "|".join(ways)


def only_digits(text: str) -> str:
    """The digits of a text, in order."""
    return "".join(_NUMBER.findall(text))


def group_sizes(text: str) -> tuple[int, ...]:
    """How long the runs of digits in a text are: (4, 4, 4) for "2341 2341 2346"."""
    return tuple(len(run) for run in _NUMBER.findall(text))
