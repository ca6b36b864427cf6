"""Thirteenth and eighteenth birthdays: a parent's consent ends with them, and her own begins anew (R28, J15)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.age_transition import birthdays, growth_of
from pipeline.core.consent import ConsentRecord, parse_consent
from pipeline.core.explain import explain
from pipeline.core.outcome import Clean, Dropped, DropReason
from pipeline.core.signals import DECIDES
from pipeline.policy.vocabulary import Age, Cohort
from tests.core.worlds import (
    DAY,
    HOUR,
    NOW,
    OPEN,
    PERMISSIVE,
    encode,
    fate,
    merged,
    raw_event,
    record_of,
    world,
)

THIS_MONTH_13, LAST_MONTH_13 = "2013-11", "2013-10"  # NOW is in November 2026
THIS_MONTH_18, LAST_MONTH_18 = "2008-11", "2008-10"
END = 1_796_083_200_000  # 2026-12-01T00:00:00Z, the end of this month's birthdays


def instant(*parts: int) -> int:
    return round(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


def at(now_ms: int, record: dict[str, Any], *answers: dict[str, Any], **event: Any) -> Clean | Dropped:
    """Judge an event of this moment, unless it says otherwise."""
    moments = {"time": now_ms, "received_at": now_ms, "region": record["region"]}
    outcome = world(*(answers or (OPEN,)), records=(record,), now_ms=now_ms).one(raw_event(**(moments | event)))
    assert isinstance(outcome, Clean | Dropped)
    return outcome


# --- when it is


@pytest.mark.parametrize(
    ("month", "thirteen", "eighteen"),
    [
        ("2013-11", (2026, 12, 1), (2031, 12, 1)),
        ("2013-12", (2027, 1, 1), (2032, 1, 1)),  # December ends with the year
        ("2013-01", (2026, 2, 1), (2031, 2, 1)),
        ("2012-02", (2025, 3, 1), (2030, 3, 1)),  # born in a leap February, none in either year
        ("2011-02", (2024, 3, 1), (2029, 3, 1)),  # thirteen in one: February has 29 days then
        ("2014-02", (2027, 3, 1), (2032, 3, 1)),
        ("1900-01", (1913, 2, 1), (1918, 2, 1)),
        ("2099-12", (2113, 1, 1), (2118, 1, 1)),
    ],
)
def test_birthday_counts_from_the_end_of_its_month(
    month: str, thirteen: tuple[int, int, int], eighteen: tuple[int, int, int]
) -> None:
    assert birthdays(month) == (instant(*thirteen), instant(*eighteen))


@given(
    st.dates(date(1950, 1, 1), date(2080, 12, 31)),
    st.sampled_from([timedelta(hours=-10), timedelta(hours=-5), timedelta(hours=5.5), timedelta(hours=10)]),
)
def test_birthday_has_come_by_then_in_every_time_zone_and_not_a_month_ago(born: date, zone: timedelta) -> None:
    for years, end in zip((13, 18), birthdays(f"{born:%Y-%m}"), strict=True):
        try:
            birthday = born.replace(year=born.year + years)
        except ValueError:  # a leap day's, in a common year
            birthday = date(born.year + years, 2, 28)
        begins = datetime(birthday.year, birthday.month, birthday.day, tzinfo=UTC) - zone
        late = timedelta(milliseconds=end) + datetime(1970, 1, 1, tzinfo=UTC) - begins
        assert timedelta(0) < late <= timedelta(days=31) + abs(zone)


# --- what it does


def test_parents_consent_ends_when_the_child_is_13() -> None:
    record = record_of("US/child", birth_month=THIS_MONTH_13)
    assert isinstance(at(END - 1, record), Clean)
    assert fate(at(END, record)) == (DropReason.CONSENT_OUTGROWN, Cohort.US_UNKNOWN)
    assert isinstance(at(END, record_of("US/child", birth_month="2013-12")), Clean)
    assert fate(at(NOW, record_of("US/child", birth_month=LAST_MONTH_13)))[0] is DropReason.CONSENT_OUTGROWN


def test_event_of_the_child_that_is_judged_after_the_birthday_stays() -> None:
    record = record_of("US/child", birth_month=THIS_MONTH_13)
    late = at(END, record, time=END - 1, received_at=END - 1)
    assert fate(late) == (DropReason.CONSENT_OUTGROWN, Cohort.US_CHILD)


@pytest.mark.parametrize("clock", ["time", "received_at"])
def test_clock_that_is_past_the_birthday_counts_before_ours_is(clock: str) -> None:
    record = record_of("US/child", birth_month=THIS_MONTH_13)
    assert fate(at(END - HOUR, record, **{clock: END}))[0] is DropReason.CONSENT_OUTGROWN
    assert isinstance(at(END - HOUR, record, **{clock: END - 1}), Clean)


@pytest.mark.parametrize("band", ["child", "teen"])
def test_child_in_india_is_nobodys_at_18_until_she_consents_herself(band: str) -> None:
    record = record_of("IN/child", birth_month=THIS_MONTH_18, age={"band": band})
    assert fate(at(END - 1, record)) == (DropReason.INDIA_CHILD, Cohort.IN_CHILD)
    assert fate(at(END, record)) == (DropReason.CONSENT_OUTGROWN, Cohort.IN_UNKNOWN)
    assert fate(at(END, record, time=END - 1)) == (DropReason.INDIA_CHILD, Cohort.IN_CHILD)  # it was a child's
    assert fate(at(NOW, record_of("IN/child", birth_month=LAST_MONTH_13))) == (DropReason.INDIA_CHILD, Cohort.IN_CHILD)


@pytest.mark.parametrize(
    ("before", "after", "month", "region"),
    [("US/child", "US/teen", THIS_MONTH_13, "US"), ("IN/child", "IN/adult", THIS_MONTH_18, "IN")],
)
def test_her_own_consent_begins_anew_with_another_pseudonym(before: str, after: str, month: str, region: str) -> None:
    """Also where the consent service goes on using the consent id: the past never joins the future."""
    parents = record_of(before, birth_month=month)
    own = record_of(after, birth_month=month, granted_at=END + HOUR, consent_id=parents["consent_id"])
    assert fate(at(END + 2 * HOUR, own, time=END + HOUR - 1))[0] is DropReason.BEFORE_CONSENT
    now = at(END + 2 * HOUR, own)
    assert isinstance(now, Clean)
    assert now.cohort == after
    if region == "US":
        then = at(END - 1, parents)
        assert isinstance(then, Clean)
        assert then.key != now.key


@pytest.mark.parametrize(("cohort", "month"), [("US/teen", THIS_MONTH_13), ("IN/adult", THIS_MONTH_18)])
def test_consent_that_she_gave_as_a_child_stays_void(cohort: str, month: str) -> None:
    early, right = (record_of(cohort, birth_month=month, granted_at=granted) for granted in (END - 1, END))
    for age in ({"band": "adult", "source": "id_document"}, {"band": "teen", "source": "id_document"}, None):
        event = {"age": age} if age is not None else {}
        assert isinstance(at(END + DAY, early, PERMISSIVE, event="essential", **event), Dropped)
    assert fate(at(END + DAY, early)) == (DropReason.CONSENT_GRANTOR, Cohort(cohort))
    assert isinstance(at(END + DAY, right), Clean)


def test_month_of_birth_that_makes_her_younger_than_the_record_says_wins() -> None:
    child, teen = {"birth_month": THIS_MONTH_13}, {"birth_month": THIS_MONTH_18}
    assert fate(at(NOW, record_of("US/adult", **child))) == (DropReason.CONSENT_AGE, Cohort.US_CHILD)
    assert fate(at(NOW, record_of("US/teen", **child))) == (DropReason.CONSENT_AGE, Cohort.US_CHILD)
    assert at(NOW, record_of("US/adult", **teen)).cohort is Cohort.US_TEEN
    assert fate(at(NOW, record_of("IN/adult", **teen))) == (DropReason.INDIA_CHILD, Cohort.IN_CHILD)


def test_month_of_birth_makes_nobody_older() -> None:
    born = {"birth_month": "1990-01"}
    assert at(NOW, record_of("US/teen", **born)).cohort is Cohort.US_TEEN
    for band, cohort in (("unknown", Cohort.US_UNKNOWN), ("child", Cohort.US_UNKNOWN)):
        assert isinstance(at(NOW, record_of("US/adult", age={"band": band}, **born)), Dropped)
        assert at(NOW, record_of("US/adult", age={"band": band}, **born)).cohort is cohort


def test_teen_in_the_us_stays_one_at_18() -> None:
    record = record_of("US/teen", birth_month=THIS_MONTH_18)
    for now in (END - 1, END, END + 300 * DAY):
        outcome = at(now, record)
        assert isinstance(outcome, Clean)
        assert outcome.cohort is Cohort.US_TEEN


def test_outgrown_consent_opens_no_other_way() -> None:
    for grantor in ({"role": "parent", "adult_verified": True}, {"role": "self"}):
        record = record_of("US/child", birth_month=LAST_MONTH_13, grantor=grantor, method="in_app")
        for age in (None, *({"band": band, "source": "id_document"} for band in ("child", "teen", "adult", "unknown"))):
            for event in ("essential", "analytics", "marketing"):
                stated = {"age": age} if age is not None else {}
                outcome = at(NOW, record, PERMISSIVE, event=event, **stated)
                assert isinstance(outcome, Dropped), (grantor, age, event)
                assert outcome.reason in {DropReason.CONSENT_OUTGROWN, DropReason.PURPOSE_NEVER}


def test_path_without_consent_is_closed_to_whoever_is_13_by_an_accepted_source() -> None:
    """312.5(c)(7) is for children and unknown ages; a month of birth from an accepted source says that she is none."""
    record = record_of("US/child", age={"band": "unknown", "source": "id_document"})
    assert isinstance(at(NOW, record, PERMISSIVE, event="essential"), Clean)
    assert isinstance(at(NOW, record | {"birth_month": LAST_MONTH_13}, PERMISSIVE, event="essential"), Dropped)
    assert isinstance(at(NOW, record | {"birth_month": THIS_MONTH_13}, PERMISSIVE, event="essential"), Clean)


def test_withdrawal_is_named_before_age() -> None:
    record = record_of("US/child", birth_month=LAST_MONTH_13, withdrawn_at=NOW - DAY)
    assert fate(at(NOW, record, event="essential"))[0] is DropReason.CONSENT_WITHDRAWN


def test_audience_of_children_knows_no_teens() -> None:
    """J1: there only adults are shown to be older, so after 13 nobody can consent until she is one."""
    answers = merged(OPEN, {"coppa": {"audience": "primary_child"}, "age_sources": {"us": ["id_document"]}})
    assert fate(at(NOW, record_of("US/child", birth_month=LAST_MONTH_13), answers)) == (
        DropReason.CONSENT_OUTGROWN,
        Cohort.US_CHILD,
    )
    own = record_of("US/teen", birth_month=LAST_MONTH_13, granted_at=instant(2026, 11, 2))
    assert fate(at(NOW, own, answers)) == (DropReason.CONSENT_AGE, Cohort.US_CHILD)


def test_explanation_names_the_month_of_birth() -> None:
    for month, says in ((THIS_MONTH_13, "child"), (LAST_MONTH_13, "teen")):
        here = world(OPEN, records=(record_of("US/teen", birth_month=month),))
        (explanation,) = explain(encode(raw_event()), here.consents, here.context)
        (signal,) = [each for each in explanation.signals if each.source == "birth_month"]
        assert signal.says == says
        assert (signal.effect == DECIDES) == (says == "child")
    outgrown = world(OPEN, records=(record_of("US/child", birth_month=LAST_MONTH_13),))
    (explanation,) = explain(encode(raw_event()), outgrown.consents, outgrown.context)
    assert any("too old for this consent" in each.says for each in explanation.signals)


@pytest.mark.parametrize("early", range(3))
def test_each_of_the_three_clocks_can_keep_a_person_young_and_none_alone_makes_her_older(early: int) -> None:
    record = parse_consent(b"p", encode(record_of("US/child", profile_id="p", birth_month=THIS_MONTH_13)))
    assert isinstance(record, ConsentRecord)
    moments = [END, END, END]
    moments[early] = END - 1
    growth, grown = growth_of(record, *moments), growth_of(record, END, END, END)
    assert growth is not None
    assert grown is not None
    assert (growth.age, growth.outgrown) == (Age.CHILD, True)
    assert (grown.age, grown.outgrown) == (Age.TEEN, True)
