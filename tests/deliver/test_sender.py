"""The order of events between several batches of a region, which HTTP alone would leave to chance."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pipeline.deliver.answers import Accepted, Answer, Busy, Unauthorized, Unavailable
from pipeline.deliver.backoff import Backoff
from pipeline.deliver.batch import Batch, Ticket, body_size
from pipeline.deliver.client import ImportClient
from pipeline.deliver.concurrency import Concurrency
from pipeline.deliver.limits import Limits
from pipeline.deliver.pause import Pause
from pipeline.deliver.reasons import Fate, HaltWhy
from pipeline.deliver.rejections import Rejector
from pipeline.deliver.sender import BeforeAttempt, Sender
from pipeline.ops.metrics import Metrics
from pipeline.stream.rejection import Rejection


class Time:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self.began = asyncio.Event()
        self.may_pass = asyncio.Event()
        self.may_pass.set()

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.began.set()
        end = self.now + seconds
        await self.may_pass.wait()
        self.now = max(self.now, end)


class ScriptedClient(ImportClient):
    """Answers from a list. `may_compress` and `may_answer` hold the requests at that point until they are set."""

    def __init__(self, time: Time, *answers: Answer) -> None:
        self.time = time
        self.posted_at: list[float] = []
        self.answers = list(answers)
        self.posted: list[bytes] = []
        self.started = asyncio.Event()
        self.may_compress = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_compress.set()
        self.may_answer.set()
        self.compressing = 0
        self.compressed = 0

    async def encode(self, values: Sequence[bytes]) -> bytes:
        self.compressing += 1
        await self.may_compress.wait()
        self.compressing -= 1
        self.compressed += 1
        return b"".join(values)

    async def post(self, body: bytes, sent: int) -> Answer:
        assert sent == len(body)  # every value is one byte here
        self.posted.append(body)
        self.posted_at.append(self.time.now)
        self.started.set()
        await self.may_answer.wait()
        return self.answers.pop(0)


async def never(_rejections: list[Rejection]) -> None:
    raise AssertionError("nothing is rejected here")


async def all_may_leave(batch: Batch) -> Batch:
    return batch


def sender_of(
    client: ImportClient, time: Time, before_attempt: BeforeAttempt = all_may_leave, places: int = 9
) -> Sender:
    metrics = Metrics({})
    return Sender(
        "us",
        client,
        limits=Limits("us", 2000, 1_900_000),
        pause=Pause("us", metrics),
        backoff=Backoff(2.0, 60.0, 0.0, clock=time.clock, sleep=time.sleep),
        rejector=Rejector("us", "test-1", never, metrics),
        metrics=metrics,
        before_attempt=before_attempt,
        places=Concurrency(places),
    )


def batch_of(make_chunk: Callable[..., Any], value: bytes) -> Batch:
    chunk = make_chunk([value])
    ticket = Ticket(chunk, asyncio.get_running_loop().create_future())
    return Batch(chunk.records, [(ticket, 1)], body_size([len(value)]))


def is_done(batch: Batch) -> bool:
    return batch.shares[0][0].done.done()


async def one_posted_one_compressing(
    client: ScriptedClient, sender: Sender, first: Batch, second: Batch
) -> "tuple[asyncio.Future[None], asyncio.Future[None]]":
    client.may_answer.clear()
    sending = asyncio.ensure_future(sender.send(first))
    await client.started.wait()
    client.may_compress.clear()
    other = asyncio.ensure_future(sender.send(second))
    await asyncio.sleep(0)
    assert client.compressing == 1
    return sending, other


async def test_a_batch_that_was_being_compressed_when_another_was_refused_waits_too(chunk: Any) -> None:
    time = Time()
    client = ScriptedClient(time, Busy(30.0), Accepted(), Accepted())
    sender = sender_of(client, time)
    first, second = batch_of(chunk, b"1"), batch_of(chunk, b"2")
    sending, other = await one_posted_one_compressing(client, sender, first, second)
    time.may_pass.clear()
    client.may_answer.set()
    await time.began.wait()
    client.may_compress.set()
    for _ in range(10):  # more turns than the second would need to be posted
        await asyncio.sleep(0)
    assert client.posted == [b"1"]
    time.may_pass.set()
    await asyncio.gather(sending, other)
    assert sorted(client.posted) == [b"1", b"1", b"2"]
    assert client.posted_at == [0.0, 30.0, 30.0]
    assert is_done(first)
    assert is_done(second)


async def test_a_result_ends_the_doubling(chunk: Any) -> None:
    time = Time()
    client = ScriptedClient(time, Busy(None), Unavailable(), Accepted(), Busy(None), Accepted())
    sender = sender_of(client, time)
    await sender.send(batch_of(chunk, b"1"))
    await sender.send(batch_of(chunk, b"2"))
    assert time.slept == [2.0, 4.0, 2.0]


async def test_a_batch_that_was_being_compressed_at_the_halt_is_not_sent(chunk: Any) -> None:
    time = Time()
    client = ScriptedClient(time, Unauthorized(401), Accepted(), Accepted(), Accepted())
    sender = sender_of(client, time)
    first, second, third = (batch_of(chunk, value) for value in (b"1", b"2", b"3"))
    sending, other = await one_posted_one_compressing(client, sender, first, second)
    client.may_answer.set()
    await sender.gate.closing()
    client.may_compress.set()
    last = asyncio.ensure_future(sender.send(third))
    for _ in range(10):
        await asyncio.sleep(0)
    assert client.posted == [b"1"]
    assert not any(is_done(batch) for batch in (first, second, third))
    sender.gate.reopen()
    await asyncio.gather(sending, other, last)
    assert sorted(client.posted) == [b"1", b"1", b"2", b"3"]
    assert all(is_done(batch) for batch in (first, second, third))


async def test_a_refusal_that_is_older_than_the_reopening_halts_nothing(chunk: Any) -> None:
    """A request left with the old secret; its answer comes when the new one has been accepted already."""
    client = ScriptedClient(Time(), Unauthorized(401), Accepted())
    sender = sender_of(client, client.time)
    batch = batch_of(chunk, b"1")
    client.may_answer.clear()
    sending = asyncio.ensure_future(sender.send(batch))
    await client.started.wait()
    sender.gate.halt(HaltWhy.UNAUTHORIZED)  # as the answer to another request does
    sender.gate.reopen()
    client.may_answer.set()
    await sending
    assert client.posted == [b"1", b"1"]
    assert sender.gate.halted is None
    assert is_done(batch)


async def test_nothing_is_waited_for_between_the_look_at_suppressions_and_the_request(chunk: Any) -> None:
    client = ScriptedClient(Time(), Accepted())
    looked: list[tuple[int, int]] = []
    turned: list[int] = []

    async def before(batch: Batch) -> Batch:
        await asyncio.sleep(0)
        looked.append((client.compressed, len(client.posted)))
        asyncio.get_running_loop().call_soon(lambda: turned.append(len(client.posted)))
        return batch

    await sender_of(client, client.time, before).send(batch_of(chunk, b"1"))
    await asyncio.sleep(0)
    assert looked == [(1, 0)]  # it was compressed by then
    assert turned == [1]  # and was on its way when the loop had its next turn


@pytest.mark.parametrize("meanwhile", ["paused", "back-off", "halted"])
async def test_what_happens_during_a_long_look_at_suppressions_counts(chunk: Any, meanwhile: str) -> None:
    time = Time()
    answers: tuple[Answer, ...] = (
        (Unauthorized(401), Accepted(), Accepted()) if meanwhile == "halted" else (Accepted(),)
    )
    client = ScriptedClient(time, *answers)
    looking, may_leave = asyncio.Event(), asyncio.Event()

    async def before(batch: Batch) -> Batch:
        if batch.values == [b"1"]:
            looking.set()
            await may_leave.wait()
        return batch

    sender = sender_of(client, time, before)
    batch = batch_of(chunk, b"1")
    sending = asyncio.ensure_future(sender.send(batch))
    await looking.wait()
    if meanwhile == "paused":
        sender._pause.switch(on=True)
    elif meanwhile == "back-off":
        time.may_pass.clear()
        sender._backoff.failed(sender._backoff.round, 30.0)
    else:
        other = asyncio.ensure_future(sender.send(batch_of(chunk, b"2")))
        await sender.gate.closing()
    may_leave.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert b"1" not in client.posted
    assert not is_done(batch)
    sender._pause.switch(on=False)
    sender.gate.reopen()
    time.may_pass.set()
    await sending
    assert is_done(batch)
    if meanwhile == "halted":
        await other


async def test_what_is_taken_out_is_not_compressed_again_with_the_rest(chunk: Any) -> None:
    client = ScriptedClient(Time(), Accepted())
    records = chunk([b"1", b"2", b"3"])
    ticket = Ticket(records, asyncio.get_running_loop().create_future())

    async def before(batch: Batch) -> Batch:
        gone = {index for index, value in enumerate(batch.values) if value == b"2"}
        if not gone:
            return batch
        left, taken = batch.apart(gone)
        taken.settle(Fate.SUPPRESSED)
        return left

    batch = Batch(records.records, [(ticket, 3)], body_size([1, 1, 1]))
    await sender_of(client, client.time, before).send(batch)
    assert client.posted == [b"13"]
    assert ticket.fates == [(Fate.SUPPRESSED, range(1, 2)), (Fate.DELIVERED, [0, 2])]
    assert ticket.done.done()


async def test_a_place_is_taken_before_anybody_asks_who_is_suppressed(chunk: Any) -> None:
    client = ScriptedClient(Time(), Accepted(), Accepted())
    looked: list[tuple[bytes, int]] = []

    async def before(batch: Batch) -> Batch:
        looked.append((batch.values[0], len(client.answers)))
        return batch

    sender = sender_of(client, client.time, before, places=1)
    client.may_answer.clear()
    sending = [asyncio.ensure_future(sender.send(batch_of(chunk, value))) for value in (b"1", b"2")]
    for _ in range(20):
        await asyncio.sleep(0)
    assert (looked, client.posted) == ([(b"1", 2)], [b"1"])
    client.may_answer.set()
    await asyncio.gather(*sending)
    assert looked[1:] == [(b"2", 1)]


async def test_a_place_is_given_back_when_nothing_is_sent(chunk: Any) -> None:
    client = ScriptedClient(Time(), Accepted())

    async def before(batch: Batch) -> Batch:
        if batch.values == [b"2"]:
            raise LookupError
        return batch if batch.values == [b"3"] else Batch([], [], body_size([]))

    sender = sender_of(client, client.time, before, places=1)
    await sender.send(batch_of(chunk, b"1"))
    with pytest.raises(LookupError):
        await sender.send(batch_of(chunk, b"2"))
    await asyncio.wait_for(sender.send(batch_of(chunk, b"3")), 60)
    assert client.posted == [b"3"]
