"""The envelope, field by field: what each may hold, and the outcome of everything else."""

import dataclasses
from typing import Any

import pytest

from pipeline.core.consent import ConsentFault
from pipeline.core.outcome import Clean, DropReason, Rejected, RejectReason
from pipeline.policy.vocabulary import Cohort, Region
from tests.core.bad_records import GOOD
from tests.core.worlds import HOUR, NOW, World, adult_world, fate, raw_event, without

WORLD = adult_world()
EXPECTED = WORLD.one(GOOD)


def rejected(reason: RejectReason, path: str = "") -> Rejected:
    return Rejected(reason, path)


ODD_TYPES: list[Any] = [True, False, [], {}, [1], {"a": 1}]
FORBIDDEN = [
    "00000000-0000-0000-0000-000000000000", "anon", "anonymous", "nil", "none", "null", "n/a", "na", "undefined",
    "unknown", "<nil>", "0", "-1", "true", "false", "[]", "{}",
]  # fmt: skip


@pytest.mark.parametrize("field", ["event", "profile_id", "time", "received_at", "properties"])
@pytest.mark.parametrize("value", [None, ""], ids=repr)
def test_empty_field_is_missing(field: str, value: Any) -> None:
    assert WORLD.one(raw_event(**{field: value})) == rejected(RejectReason.MISSING_FIELD, field)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("event", [*ODD_TYPES, 5, 1.5]),
        ("profile_id", [*ODD_TYPES, 1.5, 123.0, float("nan"), "x" * 257]),
        ("properties", [True, [], [1], 5, "x", 1.5]),
        ("time", [*ODD_TYPES, "yesterday", "12:30", "2026-11-25", " 1795596400", "1795596400 ", "1e10", "-5",
                  "１７９５５９６４００", "१७९५५९६४००", float("nan"), float("inf"), "NaN"]),
        ("received_at", [*ODD_TYPES, "yesterday", float("-inf")]),
    ],
)  # fmt: skip
def test_field_of_another_type(field: str, values: list[Any]) -> None:
    for value in values:
        assert WORLD.one(raw_event(**{field: value})) == rejected(RejectReason.WRONG_TYPE, field), value


@pytest.mark.parametrize("value", [1e999, -1e999])
def test_time_out_of_every_range(value: float) -> None:
    raw = GOOD.replace(str(NOW - HOUR).encode(), b"1e999" if value > 0 else b"-1e999", 1)
    assert WORLD.one(raw) == rejected(RejectReason.WRONG_TYPE, "time")


@pytest.mark.parametrize("field", ["time", "received_at"])
@pytest.mark.parametrize(
    "value", [0, 1, -1, -0.5, -1e308, -(10**400), 31_535_999, 31_536_000, 99_999_999.9, 1000, "000000000"]
)
def test_time_before_march_1973(field: str, value: Any) -> None:
    assert WORLD.one(raw_event(**{field: value})) == rejected(RejectReason.TIME_TOO_OLD, field)


@pytest.mark.parametrize("field", ["time", "received_at"])
@pytest.mark.parametrize(
    "value", [NOW + HOUR + 1, (NOW + HOUR) / 1000 + 1, 10**15, 10**400, 1e300, "99999999999999", str(NOW + 2 * HOUR)]
)
def test_time_more_than_an_hour_ahead(field: str, value: Any) -> None:
    assert WORLD.one(raw_event(**{field: value})) == rejected(RejectReason.TIME_IN_FUTURE, field)


@pytest.mark.parametrize(
    ("written", "millis"),
    [
        (1_795_596_400_123, 1_795_596_400_123),
        (1_795_596_400_123.0, 1_795_596_400_123),
        (1_795_596_400, 1_795_596_400_000),
        (1_795_596_400.123, 1_795_596_400_123),
        (1_795_596_400.0, 1_795_596_400_000),
        ("1795596400123", 1_795_596_400_123),
        ("1795596400", 1_795_596_400_000),
        ("1795596400.123", 1_795_596_400_123),
        (NOW + HOUR, NOW + HOUR),
    ],
)
def test_time_leaves_as_whole_milliseconds(written: Any, millis: int) -> None:
    properties = WORLD.clean(raw_event(time=written))
    assert (properties["time"], type(properties["time"])) == (millis, int)


def test_oldest_time_is_judged() -> None:
    outcome = WORLD.one(raw_event(time=100_000_000))
    assert fate(outcome) == (DropReason.BEFORE_CONSENT, Cohort.US_ADULT)


@pytest.mark.parametrize("spelling", [str, str.upper, str.title, lambda text: f" {text}\t"])
@pytest.mark.parametrize("name", FORBIDDEN)
def test_ids_that_mean_nobody(name: str, spelling: Any) -> None:
    assert WORLD.one(raw_event(profile_id=spelling(name))) == rejected(RejectReason.FORBIDDEN_ID, "profile_id")


@pytest.mark.parametrize("number", [0, -1])
def test_numbers_that_mean_nobody(number: int) -> None:
    assert WORLD.one(raw_event(profile_id=number)) == rejected(RejectReason.FORBIDDEN_ID, "profile_id")


@pytest.mark.parametrize("blank", ["   ", "\u00a0", "\n\t"])
def test_blank_profile_is_missing(blank: str) -> None:
    assert WORLD.one(raw_event(profile_id=blank)) == rejected(RejectReason.MISSING_FIELD, "profile_id")


@pytest.mark.parametrize(
    ("one", "other"),
    [(123, "123"), ("José", "Jose\u0301"), ("ab", "  ab "), ("आरव", "\u00a0आरव"), (10**30, str(10**30))],
)
def test_one_person_however_the_id_is_written(one: Any, other: Any) -> None:
    record = WORLD.consents["profile-0001"]
    assert not isinstance(record, ConsentFault)
    # the consent reader writes ids the same way: NFC, trimmed
    world = World(WORLD.context, {str(one): record})
    first, second = world.clean(raw_event(profile_id=one)), world.clean(raw_event(profile_id=other))
    assert first == second


@pytest.mark.parametrize("region", [None, "", "us", "USA", "GB", "XX", " US", 1, True, [], {}, ["US"], float("nan")])
def test_region_that_no_law_is_configured_for(region: Any) -> None:
    assert fate(WORLD.one(raw_event(region=region))) == (DropReason.UNKNOWN_REGION, Cohort.XX)
    assert fate(WORLD.one(without(raw_event(), "region"))) == (DropReason.UNKNOWN_REGION, Cohort.XX)


@pytest.mark.parametrize(
    "age",
    [5, 40, "adult", "", True, [], {}, ["adult"], {"band": "adult"}, {"source": "id_document"},
     {"band": 1, "source": 2},
     {"band": "ADULT", "source": "id_document"}, {"band": "adult", "source": None}, {"band": [], "source": "x"}],
    ids=repr,
)  # fmt: skip
def test_age_that_cannot_be_read_makes_the_age_unknown(age: Any) -> None:
    assert fate(WORLD.one(raw_event(age=age))) == (DropReason.UNKNOWN_AGE, Cohort.US_UNKNOWN)


@pytest.mark.parametrize("age", [None, {"band": "unknown", "source": "age_screen"}])
def test_age_that_says_nothing_changes_nothing(age: Any) -> None:
    assert WORLD.one(raw_event(age=age)) == EXPECTED


@pytest.mark.parametrize("field", ["event_id", "device_id", "platform", "some_field"])
def test_fields_that_decide_nothing_may_be_anything(field: str) -> None:
    for value in [None, *ODD_TYPES, 5, 1.5, float("nan"), "x" * 300]:
        assert isinstance(WORLD.one(raw_event(**{field: value})), Clean), value


@pytest.mark.parametrize("signal", [True, 1, 0, "0", "false", None, [], {}])
def test_privacy_signal_that_cannot_be_read_is_one(signal: Any) -> None:
    assert fate(WORLD.one(raw_event(gpc=signal))) == (DropReason.PRIVACY_SIGNAL, Cohort.US_ADULT)


def test_no_privacy_signal() -> None:
    assert WORLD.one(raw_event(gpc=False)) == EXPECTED


def test_unknown_event_is_dropped() -> None:
    for name in ("level_begun", " analytics", "ANALYTICS", "x" * 5_000, "💥"):
        assert fate(WORLD.one(raw_event(event=name))) == (DropReason.UNKNOWN_EVENT, Cohort.US_ADULT)


def test_wrong_region_and_misrouted_key() -> None:
    context = WORLD.context
    only_india = World(dataclasses.replace(context, only=Region.IN), WORLD.consents)
    assert only_india.one(GOOD) == rejected(RejectReason.WRONG_REGION, "region")
    assert fate(only_india.one(raw_event(region="FR"))) == (DropReason.UNKNOWN_REGION, Cohort.XX)
    misrouted = World(context, {"profile-0001": ConsentFault.MISROUTED})
    assert misrouted.one(GOOD) == rejected(RejectReason.MISROUTED_KEY, "profile_id")
