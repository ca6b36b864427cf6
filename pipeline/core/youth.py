"""Find out whether an event reveals that its person is young: R01, actual knowledge (16 CFR 312.3).

A property named like a birth date, an age or a school grade, in any spelling and at any depth, is read. A value
that says under 13 or under 18 counts, and so does one that cannot be read: the client meant to say something.
"""

import re
import unicodedata
from calendar import month_abbr, month_name, monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from pipeline.core.envelope import SECONDS_BELOW
from pipeline.policy.vocabulary import Age

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")
PART = re.compile(r"[^\W\d_]+")
AGE_WORDS = {"age", "ages", "aged", "grade", "grades", "dob", "yob", "bday", "bdate", "born", "edad"}
# Run together, "age" is also the end of page, image, language, so whole spellings are listed. No two alternatives may
# spell the same text ("years" is "year" and "s"): clients choose the names, and every such pair doubles the time.
AGE_SPELLINGS = re.compile(
    r"(?<!re)birth|dateofb|yearofb|bday|nacimiento|cumplea|"
    r"^(my|users?|child|childs|children|kids?|players?|profile|students?|person|members?|customer|account|son|"
    r"daughter|baby|teens?|minor|self|current|actual|real|exact|approx|estimated|declared|reported|verified|school|"
    r"class|his|her|their|the|in|is)*(age|dob|yob|grade)(s|d|group|band|range|bucket|bracket|year|yrs|month|"
    r"inyear|inmonth|level|value|val|num|number|int|str|text|ofuser|ofchild|ofkid|ofplayer|ofstudent)*$"
)
# one of these is in every telling name
HINT = re.compile(r"age|grade|dob|yob|birth|ofb|bday|bdate|born|edad|nacimiento|cumplea")
BIRTH_WORDS = re.compile(r"birth|dob|yob|bday|bdate|born|dateofb|yearofb")
UNITS = {"month": 12, "months": 12, "week": 52, "weeks": 52, "day": 365, "days": 365}
OTHER_LANGUAGES = (  # Hindi, Tamil, Telugu, Kannada, Malayalam, Bengali, Gujarati, Punjabi, Odia, Urdu
    "उम्र", "आयु", "जन्म", "வயது", "பிறந்த", "వయస", "పుట్టిన", "ವಯಸ್ಸು", "ಜನ್ಮ", "വയസ്സ്", "പ്രായം", "ജനന",
    "বয়স", "জন্ম", "ઉંમર", "જન્મ", "ਉਮਰ", "ਜਨਮ", "ବୟସ", "ଜନ୍ମ", "عمر", "پیدائش",
)  # fmt: skip
# Cyrillic and Greek letters that pass for Latin ones
LOOKALIKES = str.maketrans(
    "аЬԁеɡіорсуıɑοαԍАВЕОРСУІԀԌΑΒΕΟΙΥ",
    "abdegiopcyiaoagABEOPCYIDGABEOIY",
)
ADULT_WORDS = {"adult", "18+", "18plus", "over18", "21+", "senior", "grownup", "parent"}
TEEN_WORDS = {"teen", "teenager", "13-17", "13-15", "16-17", "teens"}
MONTHS = {name.lower(): number for names in (month_name, month_abbr) for number, name in enumerate(names) if name}
WRITTEN_DATE = re.compile(r"(?P<day>[0-9]{1,2}) (?P<month>[a-z]+) (?P<year>[0-9]{4})")
WRITTEN_DATE_US = re.compile(r"(?P<month>[a-z]+) (?P<day>[0-9]{1,2}) (?P<year>[0-9]{4})")
WRITTEN_MONTH = re.compile(r"(?P<month>[a-z]+) (?P<year>[0-9]{4})|(?P<y>[0-9]{4})[-/](?P<m>[0-9]{1,2})")
WRITTEN_MONTH_FIRST = re.compile(r"(?P<m>[0-9]{1,2})[-/](?P<y>[0-9]{4})")
ADULT_AT, TEEN_AT = 18, 13
OLDEST = 120
LONGEST_NAME = 256  # of a name, what is looked at; Mixpanel cuts names there
LONGEST = 64  # characters; nothing longer is a date or an age
LAST_MONTH = 12
REMEMBERED = 16_384  # signs of other scripts
KNOWN_NAMES, KNOWN_UNITS = 8192, 1024  # kept at hand; clients choose names, so the stores are bounded
COUNTED = re.compile(r"(\d{1,3}(?:\.\d+)?)(?: ?\+| ?(?:-|–|to) ?\d{1,3})?")  # 25, 35+, 25-34: the youngest counts
SEPARATED = re.compile(r"(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})(?:[t ].*)?")
YEAR_FIRST, YEAR_DIGITS = 1900, 4
COMPACT_DATE_DIGITS = 8
COMPACT_TIME_DIGITS = (12, 14)  # a compact date with hours, minutes, seconds
STAMP_DIGITS = 9  # a time stamp of this century's people has as many; fewer are a date cut short


class _Table(dict[int, "str | None"]):
    """A table for str.translate that works itself out: going through the signs one by one takes many times as long."""

    def __init__(self, made_of: Callable[[str], str | None]) -> None:
        """made_of: says what stands for a sign, None when nothing does."""
        super().__init__()
        self._made_of = made_of

    def __missing__(self, point: int) -> str | None:
        """Return what stands for a code point, None when nothing does."""
        found = self._made_of(chr(point))
        if len(self) < REMEMBERED:
            self[point] = found
        return found


def _folded(sign: str) -> str | None:
    digit = unicodedata.decimal(sign, None)
    if digit is not None:
        return str(digit)
    return None if unicodedata.category(sign) == "Cf" or sign == "\u034f" else sign


def _bared(sign: str) -> str | None:
    return None if unicodedata.category(sign) == "Mn" else sign.translate(LOOKALIKES)


_FOLDED, _BARE = _Table(_folded), _Table(_bared)


def fold(text: str) -> str:
    """Write text one way: compatibility forms, digits of every script as ASCII, no invisible characters."""
    text = unicodedata.normalize("NFKC", text)
    return text if text.isascii() else text.translate(_FOLDED)


_OTHER_LANGUAGES = tuple(fold(word) for word in OTHER_LANGUAGES)


def _plain(folded: str) -> str:
    return folded if folded.isascii() else unicodedata.normalize("NFD", folded).translate(_BARE)


def names_age(name: str) -> bool:
    """Say whether a property is named like a birth date, an age or a grade."""
    return _known_name(name) if len(name) <= LONGEST else _names_age(name)


def _names_age(name: str) -> bool:
    folded = fold(name[:LONGEST_NAME])
    if len(folded) > LONGEST_NAME:  # a name of signs that stand for many others hides something
        return True
    if not folded.isascii():
        low = folded.lower()
        if any(word in low for word in _OTHER_LANGUAGES):
            return True
    text = _plain(folded)
    parts = PART.findall(text.lower())  # DoB is one part, though two words
    if not HINT.search("".join(parts)):
        return False
    words = [word.lower() for word in WORD.findall(text)]
    spelt = "".join(part if len(part) == 1 else f" {part} " for part in parts).split()  # d.o.b.
    texts = {*words, *parts, *spelt, "".join(words)}
    return not AGE_WORDS.isdisjoint(texts) or any(AGE_SPELLINGS.search(each) for each in texts)


_known_name = lru_cache(KNOWN_NAMES)(_names_age)


def age_in(name: str, value: Any, now_ms: int) -> Age:
    """Read the age group that a value states under a name; a value that cannot be read counts as a child.

    Every reading of an ambiguous value (days and months swapped, an age or a year) is tried, and the youngest wins.
    """
    text = str(value) if type(value) in (str, int, float) else ""
    ages = []
    if len(text) <= LONGEST:
        today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
        ages = _readings(fold(text).strip(), _per_year(name[:LONGEST_NAME]), today)
    if not ages or min(ages) < TEEN_AT:
        return Age.CHILD
    return Age.TEEN if min(ages) < ADULT_AT else Age.ADULT


@lru_cache(KNOWN_UNITS)
def _per_year(name: str) -> int | None:
    """Return how many of the unit that a bare number has under this name make a year; None when it is no age at all."""
    words = [word.lower() for word in WORD.findall(_plain(fold(name)))]
    joined = "".join(words)
    if BIRTH_WORDS.search(joined):
        return None  # of a birth date, 16 is a day, or the year 2016
    return max((UNITS[word] for word in words if word in UNITS), default=12 if "month" in joined else 1)


def _readings(text: str, per_year: int | None, today: date) -> list[float]:
    """Return every age in years that the text can mean; empty when it means none."""
    low = re.sub(r"[\s,]+", " ", text.lower())
    word = re.sub(r"[\s_]", "", low)
    if word in ADULT_WORDS:
        return [ADULT_AT]
    if word in TEEN_WORDS:
        return [TEEN_AT]
    if found := SEPARATED.fullmatch(low):
        a, b, c = (int(g) for g in found.groups())
        return _ages([(a, b, c), (c, b, a), (c, a, b)], today)
    if found := COUNTED.fullmatch(low):
        count = float(found[1])
        return [count / per_year] if per_year is not None and count <= OLDEST * per_year else []
    if re.fullmatch(r"\d+", low):
        counted = [int(low) / per_year] if per_year is not None and per_year > 1 else []
        return counted + _digits(low, today)
    return _written(low, today)


def _written(text: str, today: date) -> list[float]:
    """Read a date with the name of its month, or a month: until its end somebody born in it has no birthday."""
    if found := WRITTEN_DATE.fullmatch(text) or WRITTEN_DATE_US.fullmatch(text):
        month = MONTHS.get(found["month"])
        return _ages([(int(found["year"]), month, int(found["day"]))], today) if month is not None else []
    if found := WRITTEN_MONTH.fullmatch(text):
        year, month = int(found["year"] or found["y"]), MONTHS.get(found["month"]) or int(found["m"] or 0)
    elif found := WRITTEN_MONTH_FIRST.fullmatch(text):
        year, month = int(found["y"]), int(found["m"])
    else:
        return []
    return _ages([(year, month, monthrange(year, month)[1])], today) if year and 1 <= month <= LAST_MONTH else []


def _digits(digits: str, today: date) -> list[float]:
    """Read a year, a compact date, or a time stamp in seconds or milliseconds."""
    if len(digits) == YEAR_DIGITS:
        return _ages([(int(digits), 12, 31)], today)
    ages: list[float] = []
    if len(digits) in {COMPACT_DATE_DIGITS, *COMPACT_TIME_DIGITS}:
        a, b, c, year = int(digits[:4]), int(digits[4:6]), int(digits[6:8]), int(digits[4:8])
        ages = _ages([(a, b, c), (year, a % 100, a // 100), (year, a // 100, a % 100)], today)
    if len(digits) >= STAMP_DIGITS:
        number = int(digits)
        try:
            born = datetime.fromtimestamp(number / 1000 if number >= SECONDS_BELOW else number, UTC).date()
        except (ValueError, OverflowError, OSError):
            return ages
        ages += _ages([(born.year, born.month, born.day)], today)
    return ages


def _ages(births: list[tuple[int, int, int]], today: date) -> list[float]:
    """Return the completed years since each possible birth date; impossible dates are no reading."""
    ages: list[float] = []
    for year, month, day in births:
        try:
            born = date(year, month, day)
        except ValueError:
            continue
        years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        if year >= YEAR_FIRST and years <= OLDEST:
            ages.append(years)
    return ages
