"""An event that reveals youth: which names are looked at, and how their values are read (R01)."""

import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.core.outcome import Clean, Dropped, DropReason, RejectReason
from pipeline.core.youth import age_in, names_age
from pipeline.policy.vocabulary import Age, Cohort
from tests.core.names import shown
from tests.core.worlds import NOW, adult_world, fate, raw_event

WORLD = adult_world()
LEAVES = WORLD.one(raw_event())
CHILD = (DropReason.CONSENT_AGE, Cohort.US_CHILD)  # the adult's own consent is not a child's
TODAY = date(2026, 11, 25)

HERE = Path(__file__).parent
TELLING = (HERE / "telling_names.txt").read_text(encoding="utf-8").split()
DISGUISED = [
    "\u0430ge",  # Cyrillic а
    "\u0410ge",  # Cyrillic А
    "\u0410G\u0415",
    "ag\u0435",
    "\u0251ge",
    "a\u0261e",
    "d\u03bfb",  # Greek omicron
    "\u0501ob",
    "\uff41\uff47\uff45",  # full width
    "\uff24\uff2f\uff22",
    "\U0001d41a\U0001d420\U0001d41e",  # mathematical bold
    "a\u200bge",  # zero width space
    "b\u00adirthday",  # soft hyphen
    "\ufeffage",
    "a\u200dg\u2060e",
    "a\u034fge",
    "âge",
    "a\u0301ge",
    "u\u0455er_\u0430ge",
    "ａge_group",
]
INNOCENT = (HERE / "innocent_names.txt").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("name", [*TELLING, *DISGUISED], ids=shown)
def test_name_that_tells_an_age_is_seen_at_every_depth(name: str) -> None:
    assert names_age(name)
    for event in (
        raw_event(properties={name: "9"}),
        raw_event(properties={"level": 7, "a": {"b": [{"c": [[{name: "9"}]]}]}}),
        raw_event(properties={"level": 7, "items": [1, {name: "9"}]}),
        raw_event(**{name: "9"}) if name != "age" else raw_event(properties={name: "9"}),
        raw_event(age={"band": "adult", "source": "id_document", name: "9"}),
        raw_event(properties={"level": 7}, age={"band": "adult", "source": "id_document", name: "9"}),
        raw_event(properties={}, **({name: "9"} if name != "age" else {"Age": "9"})),
        raw_event(age={"band": "adult", "source": "id_document", "more": {name: "9"}}),
        raw_event(extra={"x": {name: "9"}}),
    ):
        assert fate(WORLD.one(event)) == CHILD
        first, second = WORLD.judge([event, raw_event()])
        assert (fate(first), second) == (CHILD, LEAVES)


@pytest.mark.parametrize("name", INNOCENT, ids=shown)
def test_innocent_name_is_not_looked_at(name: str) -> None:
    assert not names_age(name)
    event = raw_event()
    event["properties"] |= {"x": {name: "9"}} | ({} if name in event["properties"] else {name: "9"})
    assert isinstance(WORLD.one(event), Clean)


def test_names_of_a_shape_are_remembered_and_judged_alike() -> None:
    for _ in range(3):
        assert fate(WORLD.one(raw_event(properties={"level": 7, "dob": "2016-04-09"}))) == CHILD
        assert isinstance(WORLD.one(raw_event(properties={"level": 7, "dob": "1990-04-09"})), Clean)


def test_no_name_takes_time_that_doubles_with_its_length() -> None:
    units = ["years", "yearsyrs", "age", "my", "childs", "users", "inmonths", "d", "ofkids"]
    code = f"from pipeline.core.youth import names_age\nfor u in {units}: names_age('age' + u * 4_000 + 'x')"
    # where two alternatives spell the same text this does not end in anybody's lifetime
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


# --- values

CHILDISH: list[Any] = [
    9, 12, 0, 1, 12.99, 9.0, "9", "12", " 9 ", "9.5", "९", "९ ", "９", "൯", "٩", "௯", "১২", "2016-04-09",
    "2016/04/09", "2016.04.09", "2016 04 09", "2016-4-9", "09/04/2016", "04/09/2016", "9.4.2016", "09-04-2016",
    "20160409", "09042016", "201604090930", "20160409093000", 20160409, "April 9, 2016", "9 April 2016",
    "Apr 9 2016", "9 apr 2016", "APRIL 9 2016", "2016-04-09T10:00:00Z", "2016-04-09 10:00",
    "2016-04-09T10:00:00+05:30", "2016-04", "04/2016", "April 2016", "२०१६-०४-०९", "２０１６-０４-０９",
    "2016\u200b-04-09", 2016, "2016", 1460160000, 1460160000000, "1460160000", "1460160000000", "2031-01-01",
    1924992000,
]  # fmt: skip
TEENISH: list[Any] = [
    13, 17, "13", "17", 13.0, "17.9", "teen", "Teen", "teenager", "13-17", "16-17", "2012-04-09", "09/04/2012",
    "20120409", "April 9, 2012", 2012, "2012", 1334000000, "2012-04",
]  # fmt: skip
GROWN: list[Any] = [
    18, 30, 99, "18", "42", 18.0, "adult", "Adult", "18+", "18 plus", "over_18", "1990-04-09", "1990/04/09",
    "09/04/1990", "04/09/1990", "9.4.1990", "19900409", "09041990", "April 9, 1990", "9 April 1990", "Apr 9 1990",
    "1990-04-09T10:00:00Z", "1990-04", "04/1990", "April 1990", 1990, "1990", 639792000, 639792000000,
    "639792000000", "१९९०-०४-०९", "1990\u200b-04-09", "1990\u034f-04-09", 120, "January 1990", "01/1990",
    "25041990", "04251990", "1906-01-01",
]  # fmt: skip
UNREADABLE: list[Any] = [
    None, True, False, "", " ", "x", "n/a", "unknown", "secret", "young", "nine", "under 18", "-5", -5, 121, 1e300,
    10**40, float("nan"), float("inf"), [], {}, [30], {"value": 30}, "30;", "1990-13-45", "20161309", "160409",
    "090416", "201604", "16", "1" * 5_000, "9" * 70, "0x1e", "1990-04-09" * 9, "3000-01-01", "1800-01-01",
    "30 or 9", "09/04/16", "16-04-09", "9 Foo 1990", "Foo 1990", "1905-01-01",
]  # fmt: skip


def age(value: Any, name: str = "age", now_ms: int = NOW) -> Age:
    return age_in(name, value, now_ms)


@pytest.mark.parametrize("value", CHILDISH, ids=shown)
def test_value_under_13(value: Any) -> None:
    assert age(value) is Age.CHILD


@pytest.mark.parametrize("value", TEENISH, ids=shown)
def test_value_from_13_to_17(value: Any) -> None:
    assert age(value) is Age.TEEN


@pytest.mark.parametrize("value", GROWN, ids=shown)
def test_value_of_an_adult(value: Any) -> None:
    assert age(value) is Age.ADULT


@pytest.mark.parametrize("value", UNREADABLE, ids=lambda value: ascii(value)[:40])
def test_value_that_cannot_be_read_counts_as_a_child(value: Any) -> None:
    assert age(value, "dob") is Age.CHILD
    event = raw_event()
    event["properties"]["dob"] = value
    assert fate(WORLD.one(event)) == CHILD


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ageInMonths", 96, Age.CHILD),
        ("age_in_months", 155, Age.CHILD),
        ("age_in_months", "156", Age.TEEN),
        ("age_months", 216, Age.ADULT),
        ("age_months", 360, Age.ADULT),
        ("age_in_days", 2900, Age.CHILD),
        ("age_in_days", 1990, Age.CHILD),  # five years, or the year 1990: the youngest reading counts
        ("age_in_weeks", 100, Age.CHILD),
        ("age_years", 96, Age.ADULT),
        ("birth_year", 16, Age.CHILD),  # 2016
        ("birth_year", "2008", Age.TEEN),
        ("birthday", 25, Age.CHILD),  # a day of a month says nothing
        ("birth_month", 12, Age.CHILD),
        ("yob", 2007, Age.ADULT),
        ("grade", 5, Age.CHILD),
        ("grade", "A", Age.CHILD),
        ("school_grade", "४", Age.CHILD),
    ],
)
def test_name_says_what_a_bare_number_counts(name: str, value: Any, expected: Age) -> None:
    assert age(value, name) is expected


def later(born: date, years: int) -> date:
    """Return the first day on which someone has completed so many years."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:  # 29 February: complete with the month
        return date(born.year + years, 3, 1)


def at(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def expected(born: date, today: date) -> Age:
    if today < later(born, 13):
        return Age.CHILD
    return Age.TEEN if today < later(born, 18) else Age.ADULT


@pytest.mark.parametrize(
    "born",
    [
        date(2013, 11, 25),
        date(2013, 11, 26),
        date(2013, 11, 24),
        date(2008, 11, 25),
        date(2008, 11, 26),
        date(2008, 11, 24),
    ],
)
def test_birthdays_around_today(born: date) -> None:
    for form in ("%Y-%m-%d", "%d %B %Y", "%Y%m%d", "%d%m%Y", "%m%d%Y", "%d/%m/%Y"):
        assert age(born.strftime(form)) is expected(born, TODAY)


def test_the_day_is_that_of_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    born, last = at(date(2013, 11, 25)), at(date(2013, 11, 26)) - 1000
    with monkeypatch.context() as patch:
        for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
            patch.setenv("TZ", zone)
            time.tzset()
            for value in ("2013-11-25", born // 1000, born, last // 1000, last):
                assert age(value, now_ms=at(TODAY) - 1) is Age.CHILD
                assert age(value, now_ms=at(TODAY)) is Age.TEEN
    time.tzset()


@pytest.mark.parametrize("years", [13, 18])
def test_born_on_a_leap_day(years: int) -> None:
    born = date(2008, 2, 29)
    year = 2008 + years
    assert age("2008-02-29", now_ms=at(date(year, 2, 28))) is not age("2008-02-29", now_ms=at(date(year, 3, 1)))
    assert age("2008-02-29", now_ms=at(date(year, 2, 28))) is expected(born, date(year, 2, 28))
    assert age("2008-02-29", now_ms=at(date(year, 3, 1)) - 1) is expected(born, date(year, 2, 28))


@pytest.mark.parametrize("text", ["2008-11", "11/2008", "November 2008", "Nov 2008", "2008/11", "11-2008"])
def test_month_of_birth_counts_from_its_last_day(text: str) -> None:
    assert age(text, now_ms=at(date(2026, 11, 30)) - 1) is Age.TEEN
    assert age(text, now_ms=at(date(2026, 11, 30))) is Age.ADULT


def test_month_of_birth_with_31_days() -> None:
    assert age("2013-12", now_ms=at(date(2026, 12, 30))) is Age.CHILD
    assert age("2013-12", now_ms=at(date(2026, 12, 31))) is Age.TEEN


def test_year_of_birth_counts_from_its_last_day() -> None:
    assert age(2008, now_ms=at(date(2026, 12, 31)) - 1) is Age.TEEN
    assert age(2008, now_ms=at(date(2026, 12, 31))) is Age.ADULT


DATES = st.dates(date(1910, 1, 1), date(2026, 11, 25))
FORMS = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d %B %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%b %d %Y",
    "%Y-%m-%dT%H:%M:%SZ",
]


@given(DATES, st.sampled_from(FORMS), st.dates(date(2026, 1, 1), date(2046, 12, 31)))
def test_dates_written_in_one_way_only_are_read_exactly(born: date, form: str, today: date) -> None:
    assume((today - born).days < 120 * 365 and born <= today)
    assert age(born.strftime(form), "dob", at(today)) is expected(born, today)


@given(DATES, st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m.%d.%Y", "%d%m%Y", "%m%d%Y"]))
def test_day_and_month_either_way_are_never_read_older(born: date, form: str) -> None:
    order = [Age.CHILD, Age.TEEN, Age.ADULT]
    assert order.index(age(born.strftime(form), "dob")) <= order.index(expected(born, TODAY))


@given(st.one_of(st.text(max_size=80), st.integers(), st.floats(), st.text(alphabet="0123456789०१२-/.: ", max_size=20)))
def test_every_value_has_an_age(value: Any) -> None:
    assert age(value) in {Age.CHILD, Age.TEEN, Age.ADULT}


@given(st.text(max_size=60))
def test_every_name_is_judged(name: str) -> None:
    assert names_age(name) in {True, False}


@given(
    st.sampled_from(TELLING),
    st.sampled_from("_-. "),
    st.sampled_from(["", "kind", "0", "xy1", "player", "2026", "Zoo"]),
)
def test_more_words_around_a_telling_name_do_not_hide_it(name: str, between: str, more: str) -> None:
    assert names_age(f"{name}{between}{more}")
    assert names_age(f"{more}{between}{name}")


def test_several_signals_the_youngest_counts() -> None:
    assert fate(WORLD.one(raw_event(properties={"age": 30, "x": {"dob": "1990-01-01"}, "y": [{"grade": 4}]}))) == CHILD
    teen = WORLD.one(raw_event(properties={"age": 30, "x": {"dob": "2012-01-01"}}))
    assert isinstance(teen, Clean | Dropped)
    assert teen.cohort == Cohort.US_TEEN


def test_too_deep_to_be_read_is_rejected_not_overlooked() -> None:
    value: Any = {"dob": "2016-04-09"}
    for _ in range(64):
        value = {"x": value}
    assert getattr(WORLD.one(raw_event(properties=value)), "reason", None) is RejectReason.TOO_DEEP
