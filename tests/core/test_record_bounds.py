"""No record holds up everybody else's events: what it may ask for is bounded, and what is beyond that stays behind."""

import json
from itertools import islice, permutations
from typing import Any

import pytest

from pipeline.core.outcome import Clean, Outcome, Rejected, RejectReason
from pipeline.core.sanitize import MOST_EVENTS
from pipeline.core.work import MOST_AGES, MOST_NAMES, MOST_PLACES, MOST_SIGNS, Work
from tests.core.worlds import OPEN, RECORDS, adult_world, encode, kept_names, raw_event, stripped, world

WORLD = adult_world()
HOSTILE = "1." * 60  # a number that is refused again and again
EVENTS = 400


def event(number: int, **properties: Any) -> dict[str, Any]:
    return raw_event(event_id=f"e-{number}", properties={"level": 7, **properties})


def array(*events: dict[str, Any]) -> list[Outcome]:
    return WORLD.judge(encode(list(events)))


def notes(outcomes: list[Outcome]) -> list[bool]:
    """Say of each event whether its note left; every event leaves."""
    assert all(isinstance(each, Clean) for each in outcomes)
    return ["note" in kept_names(each) for each in outcomes]


def test_free_text_beyond_what_an_array_may_ask_for_stays_behind_and_every_event_leaves() -> None:
    outcomes = array(*(event(n, note=f"{n} {'ab1.' * 30}") for n in range(EVENTS)))
    left = notes(outcomes)
    assert 20 < sum(left) < EVENTS
    assert left == sorted(left, reverse=True), "the first are looked at, the rest are not"
    assert stripped(outcomes[-1])["free_text"] == 1
    assert "note" not in json.loads(outcomes[-1].value)["properties"]  # type: ignore[union-attr]


def test_a_hostile_text_uses_up_more_of_it() -> None:
    quiet = notes(array(*(event(n, note=f"note {n}") for n in range(EVENTS))))
    hostile = [event(n, note=f"{n} {HOSTILE}") for n in range(30)]
    after = notes(array(*hostile, *(event(n, note=f"note {n}") for n in range(30, EVENTS))))
    assert all(quiet)
    assert not any(after[-300:])


def values(outcome: Outcome) -> tuple[bytes, tuple[str, ...]]:
    assert isinstance(outcome, Clean)
    return outcome.value, outcome.lost


def test_the_same_array_is_judged_the_same_whatever_came_before() -> None:
    raw = encode([event(n, phrase=f"part_{n % 7}_of_x", note=f"{n} {HOSTILE}") for n in range(100)])
    first = WORLD.judge(raw)
    for n in range(20):  # what is remembered now was not then
        WORLD.one(event(n, phrase=f"part_{n}_of_x", note="something else"))
    assert WORLD.judge(raw) == first
    assert [values(each) for each in adult_world().judge(raw)] == [values(each) for each in first]
    assert not all(notes(first))


def test_registered_text_beyond_it_stays_behind_too() -> None:
    outcomes = array(*(event(n, note=f"{n} {HOSTILE}", phrase=f"some_{n}") for n in range(100)))
    phrases = ["phrase" in kept_names(each) for each in outcomes]
    assert phrases[0]
    assert not phrases[-1]


def test_registered_text_is_counted_in_an_array_whether_it_is_known_or_not() -> None:
    events = [event(n, phrase=f"{'a' * 30}_word") for n in range(800)]
    fresh = adult_world().judge(encode(events))
    phrases = ["phrase" in kept_names(each) for each in fresh]
    assert 100 < sum(phrases) < 700
    assert phrases == sorted(phrases, reverse=True)
    WORLD.one(events[0])
    assert [values(each) for each in array(*events)] == [values(each) for each in fresh]


def test_text_that_nothing_is_found_in_is_counted_too() -> None:
    events = [event(n, phrase="far_away_from_the_seas") for n in range(900)]
    phrases = ["phrase" in kept_names(each) for each in array(*events)]
    assert 600 < sum(phrases) < 900
    assert phrases == sorted(phrases, reverse=True)


def test_a_childs_text_beyond_it_is_no_identifier() -> None:
    here = world(OPEN, records=(RECORDS["US/child"],))
    outcomes = here.judge(encode([event(n, phrase=f"{'a' * 30}_word") for n in range(800)]))
    assert stripped(outcomes[0])["gameplay"] == 0
    assert stripped(outcomes[-1])["gameplay"] == 1


def test_what_an_event_may_ask_for_is_its_own_when_it_stands_alone() -> None:
    for n in range(30):
        WORLD.one(event(n, note=f"{n} {HOSTILE}"))
        assert notes([WORLD.one(event(n, note="well played"))]) == [True]


def test_an_array_of_events_is_judged_like_the_events() -> None:
    events = [event(n, note=f"call 98765 4321{n}", unknown=n, code="abc") for n in range(9)]
    assert array(*events) == [WORLD.one(each) for each in events]


def too_complex(outcomes: list[Outcome]) -> list[bool]:
    """Say of each event whether it was set aside as too complex; all others leave."""
    aside = Rejected(RejectReason.TOO_COMPLEX)
    assert all(each == aside or isinstance(each, Clean) for each in outcomes)
    return [each == aside for each in outcomes]


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param(lambda n: {f"k{n}_{i}": 1 for i in range(30)}, id="names"),
        pytest.param(lambda n: {"x": [{f"k{n}_{i}": 1} for i in range(30)]}, id="names in objects"),
        pytest.param(lambda n: {f"{n}_{i}" + "k" * 150: 1 for i in range(5)}, id="long names"),
        pytest.param(lambda n: {f"k{(n + i) % 97}": 1 for i in range(90)} | {f"o{n}": 1}, id="orders"),
        pytest.param(lambda n: {"x": [{"age": "20"}] * 40, "n": n}, id="ages"),
    ],
)
def test_events_of_an_array_with_too_much_to_read_are_set_aside_from_there_on(properties: Any) -> None:
    aside = too_complex(array(*(event(n, **properties(n)) for n in range(300))))
    assert not aside[0]
    assert aside[-1]
    assert aside == sorted(aside)


def test_one_event_with_long_names_is_set_aside() -> None:
    long = {f"{n}" + "k" * 250: 1 for n in range(MOST_SIGNS // 250)}
    assert too_complex([WORLD.one(event(1, **long))]) == [True]
    assert too_complex([WORLD.one(event(1, **dict(list(long.items())[:50])))]) == [False]


def test_a_name_of_signs_that_stand_for_many_others_counts_as_an_age() -> None:
    assert not isinstance(WORLD.one(event(1, **{"ﷺ" * 40: "x"})), Clean)
    assert isinstance(WORLD.one(event(1, **{"ﷺ" * 4: "x"})), Clean)


def test_bounds_count_what_is_different_once() -> None:
    work = Work()
    names = tuple(f"k{n}" for n in range(MOST_NAMES))
    assert all(work.may_read(names) for _ in range(100))
    assert not work.may_read(("one more",))
    assert all(work.may_tell(1) for _ in range(MOST_AGES))
    assert not work.may_tell(1)


def test_bounds_hold_to_the_last_one() -> None:
    work = Work()
    orders = islice(permutations("abcdefghijklmnopqrstuvwxyz012345"), MOST_PLACES // 32)
    assert all(work.may_read(order) for order in orders)
    assert not work.may_read(("a",))
    signs = Work()
    assert signs.may_read(("k" * (MOST_SIGNS - 1),))
    assert signs.may_read(("l",))
    assert not signs.may_read(("m",))


def test_an_array_may_have_so_many_events() -> None:
    assert WORLD.judge(b"[" + b"7," * (MOST_EVENTS - 1) + b"7]") == [Rejected(RejectReason.NOT_AN_OBJECT)] * MOST_EVENTS
    assert WORLD.judge(b"[" + b"7," * MOST_EVENTS + b"7]") == [Rejected(RejectReason.TOO_COMPLEX)]


def test_an_event_with_half_a_sign_is_no_text_and_its_neighbours_leave() -> None:
    good = encode(event(1))
    broken, other = WORLD.judge(b'[{"event":"\\ud800"},' + good + b"]")
    assert broken == Rejected(RejectReason.NOT_UTF8)
    assert isinstance(other, Clean)
