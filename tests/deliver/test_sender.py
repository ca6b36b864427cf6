"""The order of events between several batches of a region, which HTTP alone would leave to chance."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.deliver.answers import Accepted, Answer, Busy, Unauthorized, Unavailable
from pipeline.deliver.backoff import Backoff
from pipeline.deliver.batch import Batch, Ticket, body_size
from pipeline.deliver.client import ImportClient
from pipeline.deliver.limits import Limits
from pipeline.deliver.pause import Pause
from pipeline.deliver.rejections import Rejection, Rejector
from pipeline.deliver.sender import Sender
from pipeline.ops.metrics import Metrics


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

    async def encode(self, values: Sequence[bytes]) -> bytes:
        self.compressing += 1
        await self.may_compress.wait()
        self.compressing -= 1
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


def sender_of(client: ImportClient, time: Time) -> Sender:
    metrics = Metrics({})
    return Sender(
        "us",
        client,
        limits=Limits("us", 2000, 1_900_000),
        pause=Pause("us", metrics),
        backoff=Backoff(2.0, 60.0, 0.0, clock=time.clock, sleep=time.sleep),
        rejector=Rejector("us", "test-1", never, metrics),
        metrics=metrics,
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
    client = ScriptedClient(time, Unauthorized(401))
    sender = sender_of(client, time)
    first, second, third = (batch_of(chunk, value) for value in (b"1", b"2", b"3"))
    sending, other = await one_posted_one_compressing(client, sender, first, second)
    client.may_answer.set()
    await sending
    client.may_compress.set()
    await other
    await sender.send(third)
    assert client.posted == [b"1"]
    assert not any(is_done(batch) for batch in (first, second, third))
