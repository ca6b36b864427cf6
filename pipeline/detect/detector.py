"""What a detector is: one identifier, how it looks, and what tells it from ordinary text."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The class of data an identifier belongs to; the value of `x-class` in a schema, and a metric label."""

    GOVERNMENT_ID = "government_id"
    FINANCIAL = "financial"
    HEALTH = "health"
    EDUCATION = "education"
    CONTACT = "contact"
    SCREEN_NAME = "screen_name"
    NAME = "name"
    ADVERTISING_ID = "advertising_id"
    PERSISTENT_ID = "persistent_id"
    DEVICE = "device"
    NETWORK = "network"
    IP = "ip"
    PRECISE_LOCATION = "precise_location"
    COARSE_LOCATION = "coarse_location"
    BIRTH_DATE = "birth_date"
    AGE = "age"
    BIOMETRIC = "biometric"
    MARKETING = "marketing"
    MEDIA = "media"
    CREDENTIAL = "credential"


class Strength(StrEnum):
    """How much a match says by itself."""

    CERTAIN = "certain"  # the shape is the identifier's own: redact wherever it stands
    LIKELY = "likely"  # the shape, and a check that ordinary text passes rarely
    CONTEXT = "context"  # ordinary text has this shape too: counts only beside a word or under a key that names it


def always(_text: str) -> bool:
    """Accept every match of the pattern."""
    return True


@dataclass(frozen=True, slots=True)
class Detector:
    """One identifier.

    name: its token in scrubbed text, for example "aadhaar" → `[aadhaar]`.
    pattern: how it looks in normalised text (see `normalise`): RE2 syntax without look-around or back-references,
    matched case-insensitively, without unbounded repeats, so that its matcher is linear. Empty: only a key can name it.
    bounded: beside a match stands the text's edge or a sign that is no ASCII letter or digit; if False, a match may
    begin anywhere and takes the rest of its token with it.
    exact: what must also hold of the whole match, where RE2 cannot say it: true, or a match of a Python pattern.
    bare: the part of `pattern` that `validate` can accept, where it refuses most: looked for in its place where no word
    is.
    signs: one of these, in lower case, stands in every match in ASCII text.
    validate: arithmetic and lists on the matched text; a failing check clears nothing that the shape and its context
    already say.
    words: what stands beside it (or in its key), lower case, in every language users write: needed when strength is
    CONTEXT, and enough in place of `validate` otherwise.
    unless: words that say it is something else, right before a match ("version 1.2.3.4").
    counted: a neighbouring word that says what a bare row of digits counts (`ordinary`) refuses a match.
    keys: property names under which any value is this identifier, folded to lower-case letters and digits.
    hits, misses: the spec's vectors, for the contract suite.

    For the prefilter, where `pattern` would cost it many states (unused when strength is CONTEXT; words decide then):
    digits: least and most digits of a match, which is one number with at most four of `space . - ( ) / +` between two
    digits, perhaps with words before and behind; digits are then counted. probe: a wider pattern, used without
    boundaries.
    """

    name: str
    kind: Kind
    law: str
    pattern: str = ""
    strength: Strength = Strength.CERTAIN
    exact: Callable[[str], object] | None = None
    bare: str = ""
    signs: tuple[str, ...] = ()
    validate: Callable[[str], bool] = always
    words: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    bounded: bool = True
    probe: str = ""
    digits: tuple[int, int] | None = None
    counted: bool = False
    hits: tuple[str, ...] = field(default=())
    misses: tuple[str, ...] = field(default=())


class Finding(NamedTuple):
    """Something that was found: which detector, and where in the normalised text (start, end)."""

    detector: Detector
    start: int
    end: int
