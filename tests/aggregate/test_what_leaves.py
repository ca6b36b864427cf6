"""From raw events of children to what Mixpanel gets: no id, no time, no small group, nobody to be told apart (R11)."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aggregate.emission import Emission
from pipeline.aggregate.records import Window
from pipeline.core.outcome import Clean, Counted
from tests.aggregate.counts import (
    START,
    child,
    child_event,
    close,
    contributions,
    counts_world,
    judged,
    left,
    shuffled,
    told,
)
from tests.core.worlds import DAY, HOUR, NOW

WINDOW = Window(START, HOUR)
CHILDREN = [child(number) for number in range(30)]
WORLDS = ("ocean", "jungle")
HERE = counts_world(CHILDREN)


def day_of(children: list[str]) -> list[dict[str, Any]]:
    """Let every child play; the first ten also in the jungle, the first of all a lot."""
    events = [child_event(name, 1 + at, properties={"world": "ocean", "won": True}) for at, name in enumerate(children)]
    events += [child_event(name, 100 + at, properties={"world": "jungle"}) for at, name in enumerate(children[:10])]
    events += [child_event(children[0], 200 + at, properties={"world": "ocean", "won": True}) for at in range(50)]
    return events


def leaves(events: list[dict[str, Any]]) -> Emission:
    return left([*contributions(judged(HERE, events)), close(WINDOW)], WINDOW)


def test_a_crowd_is_counted_and_a_handful_is_not() -> None:
    made = leaves(day_of(CHILDREN))
    assert told(made) == {'{"won": true, "world": "ocean"}': 80}
    assert made.below_k == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_linkage_with_the_children_exchanged_the_same_bytes_leave(seed: int) -> None:
    assert leaves(day_of(shuffled(CHILDREN, seed))) == leaves(day_of(CHILDREN))


def test_linkage_the_order_of_events_is_not_told() -> None:
    assert leaves(shuffled(day_of(CHILDREN))) == leaves(day_of(CHILDREN))


def test_linkage_who_was_in_the_crowd_is_not_told() -> None:
    """Twenty of thirty children or another twenty: nobody who sees what leaves can say whether a child was there."""
    first = [child_event(name) for name in CHILDREN[:20]]
    others = [child_event(name) for name in CHILDREN[10:]]
    assert leaves(first) == leaves(others)


def test_nothing_that_leaves_is_or_comes_from_a_childs_id() -> None:
    outcomes = judged(HERE, day_of(CHILDREN))
    made = leaves(day_of(CHILDREN))
    written = b"".join(key + value for key, value in made.records)
    own = {text for outcome in outcomes for text in (outcome.who, outcome.id)}
    own |= {*CHILDREN, "device-0001", *(event["event_id"] for event in day_of(CHILDREN))}
    assert not [text for text in own if text.encode() in written or text.replace("-", "").encode() in written]


@given(times=st.lists(st.integers(0, HOUR - 1), min_size=25, max_size=25))
def test_no_time_finer_than_the_window_leaves(times: list[int]) -> None:
    events = [
        child_event(name, time=START + at, received_at=START + at) for name, at in zip(CHILDREN, times, strict=False)
    ]
    made = leaves(events)
    for _, value in made.records:
        numbers = {int(each) for each in re.findall(rb"[0-9]{9,}", re.sub(rb'"\$insert_id":"[0-9a-f]+"', b"", value))}
        assert numbers <= {START}
    assert sum(told(made).values()) == 25


@given(
    plays=st.lists(
        st.tuples(st.sampled_from(CHILDREN), st.sampled_from(WORLDS), st.just(True), st.integers(0, 5)),
        min_size=30,
        max_size=150,
    )
)
def test_whatever_children_do_no_group_below_twenty_leaves(plays: list[tuple[str, str, bool, int]]) -> None:
    events = [
        child_event(name, 1 + number, properties={"world": world, "won": won}) for name, world, won, number in plays
    ]
    groups: dict[str, set[str]] = {}
    for name, world, won, _ in plays:
        groups.setdefault(json.dumps({"won": won, "world": world}), set()).add(name)
    assert set(told(leaves(events))) == {group for group, children in groups.items() if len(children) >= 20}


def test_without_the_setting_no_consent_lets_anything_leave() -> None:
    dropping = counts_world(CHILDREN, {"india_child": {"mode": "drop"}})
    assert not [o for o in map(dropping.one, day_of(CHILDREN)) if isinstance(o, Clean | Counted)]


def test_a_days_window_is_counted_by_the_day() -> None:
    daily = counts_world(CHILDREN, {"india_child": {"aggregates": {"window": "day"}}})
    midnight = NOW - NOW % DAY - DAY
    events = [
        child_event(name, time=midnight + at * HOUR // 2, received_at=midnight + at * HOUR // 2)
        for at, name in enumerate(CHILDREN)
    ]
    window = Window(midnight, DAY)
    made = left([*contributions(judged(daily, events)), close(window)], window)
    (properties,) = [json.loads(value)["properties"] for _, value in made.records]
    assert (properties["time"], properties["count"], properties["window_hours"]) == (midnight, 30, 24)
