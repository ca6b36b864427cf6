from pipeline.deliver.backoff import Backoff


class Time:
    """A clock that moves only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


def lowest(low: float, _high: float) -> float:
    return low


def backoff(time: Time, *, jitter_s: float = 5.0) -> Backoff:
    return Backoff(2.0, 60.0, jitter_s, clock=time.clock, sleep=time.sleep, uniform=lowest)


async def test_waits_double_from_two_to_sixty_seconds_with_jitter_on_top() -> None:
    time = Time()
    shared = backoff(time)
    for _ in range(8):
        shared.failed(await shared.ready())
    await shared.ready()
    assert time.slept == [3.0, 5.0, 9.0, 17.0, 33.0, 61.0, 61.0, 61.0]  # 1 s of it is the least jitter


async def test_jitter_is_drawn_between_one_and_five_seconds() -> None:
    asked: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    time = Time()
    shared = Backoff(2.0, 60.0, 5.0, clock=time.clock, sleep=time.sleep, uniform=draw)
    shared.failed(await shared.ready())
    await shared.ready()
    assert asked == [(1.0, 5.0)]
    assert time.slept == [7.0]


async def test_requests_that_fail_together_count_once() -> None:
    time = Time()
    shared = backoff(time, jitter_s=0.0)
    began = [await shared.ready() for _ in range(8)]
    for each in began:
        shared.failed(each)
    await shared.ready()
    assert time.slept == [2.0]


async def test_success_starts_the_doubling_again() -> None:
    time = Time()
    shared = backoff(time, jitter_s=0.0)
    shared.failed(await shared.ready())
    shared.failed(await shared.ready())
    shared.succeeded(await shared.ready())
    shared.failed(await shared.ready())
    await shared.ready()
    assert time.slept == [2.0, 4.0, 2.0]


async def test_success_of_a_request_from_before_the_failure_proves_nothing() -> None:
    time = Time()
    shared = backoff(time, jitter_s=0.0)
    early = await shared.ready()
    shared.failed(await shared.ready())
    shared.succeeded(early)
    shared.failed(await shared.ready())
    await shared.ready()
    assert time.slept == [2.0, 4.0]


async def test_retry_after_lengthens_a_wait_and_never_shortens_it() -> None:
    time = Time()
    shared = backoff(time, jitter_s=0.0)
    shared.failed(await shared.ready(), retry_after=30.0)
    shared.failed(await shared.ready(), retry_after=1.0)
    await shared.ready()
    assert time.slept == [30.0, 4.0]


async def test_a_later_retry_after_holds_those_who_thought_they_were_ready() -> None:
    time = Time()
    shared = backoff(time, jitter_s=0.0)
    first, second = await shared.ready(), await shared.ready()
    shared.failed(first)
    waiting_in = shared.round
    shared.failed(second, retry_after=30.0)
    assert shared.round != waiting_in
    await shared.ready()
    assert time.slept == [30.0]
