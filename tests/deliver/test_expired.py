"""A consent that runs out reaches the queue: before the first attempt, and between two of them (R04, R08)."""

from collections.abc import Sequence
from typing import Any

import pytest

from pipeline.deliver.batch import Batch
from pipeline.deliver.expired import Expired
from pipeline.deliver.reasons import Fate
from pipeline.ops.metrics import Metrics
from pipeline.policy.vocabulary import Cohort
from pipeline.stream.clean_headers import HEADERS, headers_of
from pipeline.stream.producer import Headers

NOW_MS = 1_795_600_000_000
ADULT = HEADERS[Cohort.US_ADULT]


def until(ms: int, *, marketing: bool = False) -> Headers:
    return headers_of(Cohort.US_ADULT, marketing=marketing, until_ms=ms)


class Sink:
    """A delivery whose clock stands still, with what a worker asks before each attempt."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.metrics = Metrics({})
        self.attempts: list[list[int]] = []
        self._expired = Expired("us", self.metrics, lambda: self.now_ms)

    async def may_leave(self, batch: Batch) -> Batch:
        left = self._expired.take_out(batch)
        if left is batch:
            self.attempts.append([record.offset for record in left.records])
        return left


def delivered(standin: Any) -> list[int]:
    return [int(each["properties"]["$insert_id"][3:]) for each in standin.events()]


async def fates_of(
    us: Any, running: Any, event: Any, chunk: Any, headers: Sequence[Headers]
) -> tuple[dict[Fate, list[int]], float]:
    sink = Sink()
    async with running(us, options={"before_attempt": sink.may_leave}, metrics=sink.metrics) as rig:
        done = rig.delivery.offer(chunk([event(each) for each in range(len(headers))], headers=headers))
        await rig.settled(done)
        assert rig.failures == []
        fates: dict[Fate, list[int]] = {}
        for fate, offsets in done.result():
            fates.setdefault(fate, []).extend(offsets)
        return fates, rig.metric("expired_events_total", region="us")


async def test_before_the_first_attempt_it_is_exact_to_the_millisecond(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    headers: list[Headers] = [
        ADULT,
        until(NOW_MS + 1),
        until(NOW_MS),
        until(NOW_MS - 1, marketing=True),
        until(NOW_MS + 1, marketing=True),
        [],
        [("cohort", b"US/adult"), ("until", b"?")],
    ]
    fates, counted = await fates_of(us, running, event, chunk, headers)
    assert fates == {Fate.EXPIRED: [2, 3, 6], Fate.DELIVERED: [0, 1, 4, 5]}
    assert counted == 3
    assert delivered(us) == [0, 1, 4, 5]


async def test_a_queue_from_before_there_was_an_end_beside_it_leaves_as_before(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    fates, counted = await fates_of(us, running, event, chunk, [ADULT, [], ADULT])
    assert (sorted(fates[Fate.DELIVERED]), len(fates), counted) == ([0, 1, 2], 1, 0)


async def test_a_chunk_of_which_all_ran_out_is_settled_without_a_request(
    us: Any, running: Any, event: Any, chunk: Any
) -> None:
    fates, _ = await fates_of(us, running, event, chunk, [until(NOW_MS)] * 3)
    assert fates == {Fate.EXPIRED: [0, 1, 2]}
    assert us.requests == []


@pytest.mark.parametrize(
    ("fault", "options"),
    [("unavailable", {}), ("rate_limited", {"retry_after": "1"})],
    ids=["back-off", "Retry-After"],
)
async def test_between_two_attempts_the_clock_is_asked_again(
    us: Any, running: Any, event: Any, chunk: Any, fault: str, options: dict[str, Any]
) -> None:
    sink = Sink()
    headers = [ADULT, until(NOW_MS + 1_000), until(NOW_MS + 2_000), ADULT]
    async with running(us, options={"before_attempt": sink.may_leave}, metrics=sink.metrics) as rig:
        us.fail(fault, None, **options)
        done = rig.delivery.offer(chunk([event(each) for each in range(4)], headers=headers))
        await rig.until(lambda: sink.attempts)
        sink.now_ms += 1_000
        await rig.until(lambda: sink.attempts[-1] == [0, 2, 3])  # none that began earlier is under way
        us.clear_faults()
        await rig.settled(done)
        assert rig.failures == []
        assert sink.attempts[0] == [0, 1, 2, 3]
        assert sink.attempts[-1] == delivered(us) == [0, 2, 3]
        assert (Fate.EXPIRED, range(1, 2)) in done.result()
