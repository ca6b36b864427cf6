"""No more events of one person on one day than Mixpanel keeps apart."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.deliver.hot_shard import HotShard
from pipeline.deliver.reasons import DeliveryRejectReason
from pipeline.stream.topics import DAY_MS

TODAY = 20_783
NOW = TODAY * DAY_MS + 3_600_000


class Time:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


def record(key: str, day: int = TODAY, *, person: str | None = None) -> Any:
    person = key if person is None else person
    value = b'{"event":"e","properties":{"token":"t","distinct_id":"%b","time":%d,"$insert_id":"i"}}'
    written = value % (person.encode(), day * DAY_MS + 5)
    return ConsumerRecord("t", 0, 0, NOW, 0, key.encode(), written, None, 3, -1, ())


def counter(limit: int = 1000, clock: Any = None, **options: Any) -> HotShard:
    return HotShard(limit, clock or Time(), **{"every": 1, **options})


def kept(shard: HotShard, records: Sequence[Any], size: int = 100) -> Counter[tuple[str, int]]:
    """Count what is not beyond the limit, by person and day."""
    found: Counter[tuple[str, int]] = Counter()
    for first in range(0, len(records), size):
        chunk = records[first : first + size]
        over = set(shard.over(chunk))
        for place, each in enumerate(chunk):
            if place not in over:
                found[each.key.decode(), int(each.value.split(b'"time":')[1].split(b",")[0]) // DAY_MS] += 1
    return found


def test_what_is_beyond_the_limit_of_one_day_is_named_and_nobody_elses() -> None:
    shard = counter()
    records = [record("many") if place % 2 else record(f"person-{place}") for place in range(4000)]
    found = kept(shard, records)
    assert 950 <= found["many", TODAY] <= 1000
    assert all(found[f"person-{place}", TODAY] == 1 for place in range(0, 4000, 2))


def test_each_day_has_a_limit_of_its_own() -> None:
    shard = counter()
    records = [record("many", TODAY - place % 3) for place in range(2400)]
    found = kept(shard, records)
    assert sum(found.values()) == 2400
    assert set(found.values()) == {800}


def test_events_of_nobody_are_on_no_shard() -> None:
    shard = counter()
    assert sum(kept(shard, [record("anonymous", person="")] * 5000).values()) == 5000


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 2)), max_size=900),
    st.integers(1, 60),
    st.sampled_from([3, 1000]),
)
def test_nobody_passes_the_limit_whatever_the_order(given: list[tuple[str, int]], size: int, most_keys: int) -> None:
    shard = counter(limit=50, most_keys=most_keys)
    found = kept(shard, [record(key, TODAY - back) for key, back in given], size)
    assert all(number <= 50 for number in found.values())
    wanted = Counter((key, TODAY - back) for key, back in given)
    if most_keys == 1000:
        assert all(found[place] == number for place, number in wanted.items() if number <= 30 and len(given) <= 100)


def test_one_of_a_few_who_is_counted_one_in_eight_is_found_in_time() -> None:
    for seed in range(8):
        shard = counter(limit=20_000, every=8, draw=lambda most, seed=seed: (seed * 5) % most)
        records = [record("many") if place % 3 == 0 else record(f"person-{place % 997}") for place in range(75_000)]
        assert 18_000 <= kept(shard, records, 500)["many", TODAY] <= 20_000


def test_days_go_by_and_what_was_counted_counts() -> None:
    """A week of arrivals of one day's events: each day has fewer than the limit, all of them more."""
    time = Time()
    shard = counter(clock=time)
    total = 0
    for _ in range(6):
        total += sum(kept(shard, [record("many")] * 300).values())
        time.now += DAY_MS
    assert 900 <= total <= 1000


def test_somebody_with_few_is_forgotten_overnight_and_memory_stays_bounded() -> None:
    time = Time()
    shard = counter(clock=time, most_keys=100)
    for place in range(50):
        shard.over([record(f"person-{place}-{number}") for number in range(40)])
        assert len(shard._counts) <= 100
    time.now += DAY_MS
    shard.over([record("a")])
    assert list(shard._counts) == [b"a"]


def test_a_long_life_forgets_who_was_once_heavy() -> None:
    time = Time()
    shard = counter(clock=time)
    kept(shard, [record("many")] * 2000)
    for _ in range(40):
        time.now += DAY_MS
        shard.over([record("a", TODAY + 1)])
    assert list(shard._counts) == [b"a"]
    assert not shard._by_day
    assert not shard._before


@pytest.mark.parametrize("value", [None, b"", b"{", b'{"event":"e","properties":{"time":"x"}}'])
def test_what_tells_no_day_is_left_to_others(value: bytes | None) -> None:
    shard = counter(limit=10)
    broken = ConsumerRecord("t", 0, 0, NOW, 0, b"many", value, None, 3, -1, ())
    assert [shard.over([broken] * 10) for _ in range(20)] == [[]] * 20


# --- in the sink


async def test_mixpanel_never_sees_a_hot_shard(us: Any, running: Any, event: Any, chunk: Any) -> None:
    """The stand-in renames what is beyond its limit, as Mixpanel does; with the count there is nothing to rename."""
    limit = us._endpoint.store._limit = 400
    options = {"hot_shard": HotShard(limit, Time(), every=1)}
    values = [event(number, distinct_id="many" if number % 2 else f"person-{number}") for number in range(1200)]
    keys = [b"many" if number % 2 else b"key-%d" % number for number in range(1200)]
    async with running(us, options=options) as rig:
        done = [
            rig.delivery.offer(chunk(values[at : at + 100], keys=keys[at : at + 100], first=at))
            for at in range(0, 1200, 100)
        ]
        await rig.settled(*done)
        assert us._endpoint.store.hot_shard == 0
        stored = Counter(item["properties"]["distinct_id"] for item in us.events())
        assert stored.pop("many") + len(rig.rejected) == 600
        assert len(stored) == 600
        assert {item.reason for item in rig.rejected} == {DeliveryRejectReason.HOT_SHARD}
        assert all(item.offset % 2 for item in rig.rejected)
        assert rig.metric("delivery_rejected_total", region="us", reason="hot_shard") == len(rig.rejected) > 0
        fates = [(fate.value, len(offsets)) for future in done for fate, offsets in future.result()]
        assert sum(number for _, number in fates) == 1200


async def test_without_the_count_it_would(us: Any, running: Any, event: Any, chunk: Any) -> None:
    us._endpoint.store._limit = 400
    async with running(us) as rig:
        await rig.settled(rig.delivery.offer(chunk([event(n, distinct_id="many") for n in range(500)])))
        assert us._endpoint.store.hot_shard == 100
