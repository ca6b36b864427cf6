"""The barrier against a broker whose answers the test gives by hand."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping

import pytest

from pipeline.stream import barrier as module
from pipeline.stream.barrier import Barrier
from pipeline.stream.followed import Followed

NEVER_S = 3_600.0


class State(Followed):
    """How far a partition was read; the barrier asks nothing else of a state."""

    def apply(self, key: bytes | None, value: bytes | None, timestamp_ms: int) -> None:
        raise NotImplementedError


class Broker:
    """Records what is asked; the test answers."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[tuple[set[int], asyncio.Future[Mapping[int, int]]]] = asyncio.Queue()

    async def ask(self, partitions: Collection[int]) -> Mapping[int, int]:
        answer: asyncio.Future[Mapping[int, int]] = asyncio.get_running_loop().create_future()
        self.asked.put_nowait((set(partitions), answer))
        return await answer

    async def next(self) -> tuple[set[int], "asyncio.Future[Mapping[int, int]]"]:
        async with asyncio.timeout(60):
            return await self.asked.get()


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def states() -> list[State]:
    return [State(partition) for partition in range(3)]


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
async def barrier(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Barrier]:
    monkeypatch.setattr(module, "RETRY_S", 0.0)
    barrier = Barrier(broker.ask, lambda: {0, 1, 2}, NEVER_S, "test")
    running = asyncio.create_task(barrier.run())
    yield barrier
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_everybody_who_waits_shares_one_request(barrier: Barrier, broker: Broker, states: list[State]) -> None:
    waits = [barrier.enter(states[number % 2]) for number in range(50)]
    asked, answer = await broker.next()
    assert asked == {0, 1}
    answer.set_result({0: 0, 1: 0})
    assert await asyncio.gather(*waits) == [True] * 50
    assert broker.asked.empty()


async def test_a_request_sent_before_the_arrival_does_not_serve_it(
    barrier: Barrier, broker: Broker, states: list[State]
) -> None:
    early = barrier.enter(states[0])
    _, first = await broker.next()
    late = barrier.enter(states[0])
    first.set_result({0: 0})
    assert await early
    asked, second = await broker.next()
    assert asked == {0}
    assert not late.done()
    second.set_result({0: 7})
    await settle()
    assert not late.done()
    states[0].advance(7)
    barrier.advance(states[0])
    assert await late


async def test_a_wait_ends_when_the_position_reaches_its_end(
    barrier: Barrier, broker: Broker, states: list[State]
) -> None:
    state = states[0]
    wait = barrier.enter(state)
    (await broker.next())[1].set_result({0: 10})
    await settle()
    assert state.watched
    state.advance(9)
    barrier.advance(state)
    assert not wait.done()
    assert state.watched
    state.advance(10)
    barrier.advance(state)
    assert await wait
    assert not state.watched


async def test_no_answer_is_asked_again_for_ever_and_logged_once(
    barrier: Barrier, broker: Broker, states: list[State], caplog: pytest.LogCaptureFixture
) -> None:
    wait = barrier.enter(states[0])
    for _ in range(200):
        (await broker.next())[1].set_result({})
    assert not wait.done()
    (await broker.next())[1].set_result({0: 0})
    assert await wait
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


async def test_only_partitions_without_an_answer_wait_on(barrier: Barrier, broker: Broker, states: list[State]) -> None:
    waits = [barrier.enter(state) for state in states]
    (await broker.next())[1].set_result({0: 0, 2: 0})
    assert await waits[0]
    assert await waits[2]
    asked, answer = await broker.next()
    assert asked == {1}
    assert not waits[1].done()
    answer.set_result({1: 0})
    assert await waits[1]


async def test_giving_up_ends_waits_at_every_stage(barrier: Barrier, broker: Broker, states: list[State]) -> None:
    waiting = barrier.enter(states[0])
    other = barrier.enter(states[1])
    (await broker.next())[1].set_result({0: 5, 1: 5})
    await settle()
    in_flight = barrier.enter(states[0])
    _, answer = await broker.next()
    arrived = barrier.enter(states[0])
    barrier.give_up([states[0]])
    assert [await wait for wait in (waiting, in_flight, arrived)] == [False] * 3
    answer.set_result({0: 0})
    await settle()
    assert not other.done()
    assert not states[0].watched


async def test_a_cancelled_wait_is_forgotten(barrier: Barrier, broker: Broker, states: list[State]) -> None:
    first, second = barrier.enter(states[0]), barrier.enter(states[0])
    _, answer = await broker.next()
    first.cancel()
    answer.set_result({0: 3})
    await settle()
    second.cancel()
    states[0].advance(3)
    barrier.advance(states[0])
    assert not states[0].watched


async def test_ends_are_asked_for_when_nobody_waits(broker: Broker) -> None:
    barrier = Barrier(broker.ask, lambda: {4, 5}, keep_alive_s=0.001, topic="test")
    running = asyncio.create_task(barrier.run())
    before = barrier.answered_at
    for _ in range(3):
        asked, answer = await broker.next()
        assert asked == {4, 5}
        answer.set_result({4: 9, 5: 1})
    await settle()
    assert barrier.ends == {4: 9, 5: 1}
    assert barrier.answered_at > before
    running.cancel()
