import asyncio
import json
from collections.abc import Iterator, Sequence

import pytest
from aiokafka.structs import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deliver.batch import Batch, Ticket, body_of
from pipeline.deliver.limits import EVENT_LIMIT, Limits
from pipeline.deliver.packer import Packer
from pipeline.deliver.reasons import DeliveryRejectReason, Fate
from pipeline.stream.chunk import Chunk, TopicPartition

TP = TopicPartition("events.clean.us", 3)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    created = asyncio.new_event_loop()
    yield created
    created.close()


def chunk_of(values: Sequence[bytes | None], first: int) -> Chunk:
    return Chunk(
        TP,
        [
            ConsumerRecord(*TP, first + index, 1_750_000_000_000, 0, b"key", value, None, 3, -1, ())
            for index, value in enumerate(values)
        ],
    )


def ticket_of(chunk: Chunk, loop: asyncio.AbstractEventLoop) -> Ticket:
    return Ticket(chunk, loop.create_future())


def offsets(batch: Batch) -> list[int]:
    return [record.offset for record in batch.records]


value = st.one_of(
    st.none(),
    st.just(b""),
    st.integers(2, 60).map(lambda size: b"{" + b"x" * (size - 2) + b"}"),
    st.integers(90, 130).map(lambda size: b"{" + b"x" * (size - 2) + b"}"),
)


@given(
    chunks=st.lists(st.lists(value, min_size=1, max_size=30), min_size=1, max_size=8),
    max_events=st.integers(1, 7),
    max_bytes=st.integers(20, 120),
    lowered=st.one_of(st.none(), st.integers(20, 120)),
)
def test_no_event_is_lost_doubled_or_reordered_and_the_limits_hold(
    loop: asyncio.AbstractEventLoop,
    chunks: list[list[bytes | None]],
    max_events: int,
    max_bytes: int,
    lowered: int | None,
) -> None:
    limits = Limits("us", max_events, max_bytes)
    packer = Packer(limits, 1.0)
    batches: list[Batch] = []
    refused: list[int] = []
    tickets: list[Ticket] = []
    first = 0
    for values in chunks:
        if lowered is not None and len(tickets) == len(chunks) // 2:
            limits.ceiling = min(limits.ceiling, lowered)
            limits.target = min(limits.target, lowered)
        chunk = chunk_of(values, first)
        ticket = ticket_of(chunk, loop)
        tickets.append(ticket)
        first += len(values)
        packed = packer.add(ticket, chunk.records, 0.0)
        batches += packed.full
        for item in packed.refused:
            assert item.tp == TP
            gone = values[item.offset - chunk.first_offset]
            expected = DeliveryRejectReason.TOO_LARGE if gone else DeliveryRejectReason.NOT_AN_EVENT
            assert item.reason is expected
            assert not gone or len(gone) + 2 > limits.ceiling
            refused.append(item.offset)
        ticket.unsettled -= len(packed.refused)
    last = packer.flush()
    if last is not None:
        batches.append(last)
    assert packer.flush() is None
    assert packer.due is None

    sent = [offset for batch in batches for offset in offsets(batch)]
    assert sent == sorted(sent)
    assert sorted(sent + refused) == list(range(first))
    for batch in batches:
        assert len(batch.records) <= max_events
        assert batch.size == len(body_of(batch.values)) <= max_bytes
        batch.settle(Fate.DELIVERED)
    assert all(ticket.unsettled == 0 for ticket in tickets)


def test_a_body_is_the_json_array_of_the_values() -> None:
    values = [b'{"event":"a"}', '{"event":"नमस्ते"}'.encode(), b"{}"]
    assert json.loads(body_of(values)) == [{"event": "a"}, {"event": "नमस्ते"}, {}]


def test_a_batch_closes_at_its_count_and_takes_the_next_events_along(loop: asyncio.AbstractEventLoop) -> None:
    packer = Packer(Limits("us", 4, 10_000), 1.0)
    first, second = chunk_of([b"{}"] * 3, 0), chunk_of([b"{}"] * 6, 3)
    assert packer.add(ticket_of(first, loop), first.records, 0.0).full == []
    full = packer.add(ticket_of(second, loop), second.records, 0.0).full
    assert [offsets(batch) for batch in full] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    rest = packer.flush()
    assert rest is not None
    assert offsets(rest) == [8]


def test_brackets_and_commas_count(loop: asyncio.AbstractEventLoop) -> None:
    chunk = chunk_of([b"{....}"] * 3, 0)  # two of them: 1 + 6 + 1 + 6 + 1 bytes
    exact = Packer(Limits("us", 100, 15), 1.0).add(ticket_of(chunk, loop), chunk.records, 0.0)
    assert [len(batch.records) for batch in exact.full] == [2]
    tight = Packer(Limits("us", 100, 14), 1.0).add(ticket_of(chunk, loop), chunk.records, 0.0)
    assert [len(batch.records) for batch in tight.full] == [1, 1]


def test_linger_runs_from_the_first_event_of_the_batch(loop: asyncio.AbstractEventLoop) -> None:
    packer = Packer(Limits("us", 3, 10_000), 1.0)
    chunk = chunk_of([b"{}"], 0)
    assert packer.due is None
    packer.add(ticket_of(chunk, loop), chunk.records, 50.0)
    packer.add(ticket_of(chunk, loop), chunk.records, 50.9)
    assert packer.due == 51.0
    pair = chunk_of([b"{}"] * 2, 0)
    assert len(packer.add(ticket_of(pair, loop), pair.records, 50.95).full) == 1
    assert packer.due == 51.95


@pytest.mark.parametrize(("size", "sendable"), [(EVENT_LIMIT - 1, True), (EVENT_LIMIT, False)])
def test_an_event_of_one_mebibyte_is_never_sent(loop: asyncio.AbstractEventLoop, size: int, sendable: bool) -> None:
    packer = Packer(Limits("us", 2000, 1_900_000), 1.0)
    chunk = chunk_of([b"{}", b"x" * size, b"{}"], 0)
    packed = packer.add(ticket_of(chunk, loop), chunk.records, 0.0)
    assert [item.offset for item in packed.refused] == ([] if sendable else [1])
    rest = packer.flush()
    assert rest is not None
    assert offsets(rest) == ([0, 1, 2] if sendable else [0, 2])


def test_an_event_over_a_target_that_was_only_guessed_is_sent_alone(loop: asyncio.AbstractEventLoop) -> None:
    limits = Limits("us", 2000, 200_000)
    limits.learn(None, 100_000, 50)
    packer = Packer(limits, 1.0)
    chunk = chunk_of([b"{}", b"x" * 60_000, b"{}"], 0)
    packed = packer.add(ticket_of(chunk, loop), chunk.records, 0.0)
    assert packed.refused == []
    assert [offsets(batch) for batch in packed.full] == [[0], [1]]


def test_an_event_without_a_key_is_never_sent(loop: asyncio.AbstractEventLoop) -> None:
    packer = Packer(Limits("us", 2000, 1_900_000), 1.0)
    records = [
        ConsumerRecord(*TP, offset, 1_750_000_000_000, 0, key, b"{}", None, 3, -1, ())
        for offset, key in enumerate([b"key", None, b"", b"key"])
    ]
    chunk = Chunk(TP, records)
    packed = packer.add(ticket_of(chunk, loop), chunk.records, 0.0)
    assert [(item.offset, item.reason) for item in packed.refused] == [
        (1, DeliveryRejectReason.NO_KEY),
        (2, DeliveryRejectReason.NO_KEY),
    ]
    rest = packer.flush()
    assert rest is not None
    assert offsets(rest) == [0, 3]


@given(
    counts=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    chosen=st.sets(st.integers(0, 29), max_size=30),
)
def test_taking_events_apart_keeps_order_tickets_sizes_and_fates(
    loop: asyncio.AbstractEventLoop, counts: list[int], chosen: set[int]
) -> None:
    packer = Packer(Limits("us", 100, 10_000), 1.0)
    chunks, tickets, first = [], [], 0
    for count in counts:
        chunks.append(chunk_of([b"{" + b"x" * (first + index) + b"}" for index in range(count)], first))
        tickets.append(ticket_of(chunks[-1], loop))
        packer.add(tickets[-1], chunks[-1].records, 0.0)
        first += count
    batch = packer.flush()
    assert batch is not None
    gone = {index for index in chosen if index < first}
    rest, taken = batch.apart(gone)
    assert (offsets(rest), offsets(taken)) == ([each for each in range(first) if each not in gone], sorted(gone))
    parts = [part for part in (rest, taken) if part.records]
    assert [part.size for part in parts] == [len(body_of(part.values)) for part in parts]
    taken.settle(Fate.SUPPRESSED)
    rest.settle(Fate.DELIVERED)
    for chunk, ticket in zip(chunks, tickets, strict=True):
        assert ticket.done.done()
        fates = {offset: fate for fate, each in ticket.fates for offset in each}
        whole = range(chunk.first_offset, chunk.last_offset + 1)
        assert fates == {offset: Fate.SUPPRESSED if offset in gone else Fate.DELIVERED for offset in whole}
        assert sum(len(each) for _, each in ticket.fates) == len(whole)


def test_halves_keep_order_tickets_and_sizes(loop: asyncio.AbstractEventLoop) -> None:
    packer = Packer(Limits("us", 100, 10_000), 1.0)
    tickets = []
    for first, count in ((0, 3), (3, 1), (4, 5)):
        chunk = chunk_of([b"{" + b"x" * (first + index) + b"}" for index in range(count)], first)
        tickets.append(ticket_of(chunk, loop))
        packer.add(tickets[-1], chunk.records, 0.0)
    batch = packer.flush()
    assert batch is not None
    left, right = batch.halves()
    assert offsets(left) + offsets(right) == list(range(9))
    assert [part.size for part in (left, right)] == [len(body_of(part.values)) for part in (left, right)]
    left.settle(Fate.DELIVERED)
    assert [ticket.unsettled for ticket in tickets] == [0, 0, 5]
    right.settle(Fate.DELIVERED)
    assert [ticket.unsettled for ticket in tickets] == [0, 0, 0]


@pytest.mark.parametrize(
    ("stated", "sent", "events", "target", "ceiling"),
    [
        (1_000_000, 1_500_000, 800, 1_000_000, 1_000_000),
        (None, 1_500_000, 800, 750_000, 1_900_000),
        (2_097_152, 1_500_000, 800, 750_000, 1_900_000),  # it would have fitted: the number explains nothing
        (10, 1_500_000, 800, 750_000, 1_900_000),  # believing it would condemn every event
        (None, 20_000, 2, 16_384, 1_900_000),
        (None, 900_000, 1, 1_900_000, 1_900_000),
        (500_000, 900_000, 1, 500_000, 500_000),
    ],
)
def test_what_is_learned_from_a_413(stated: int | None, sent: int, events: int, target: int, ceiling: int) -> None:
    limits = Limits("us", 2000, 1_900_000)
    limits.learn(stated, sent, events)
    assert (limits.target, limits.ceiling) == (target, ceiling)


def test_limits_never_rise() -> None:
    limits = Limits("us", 2000, 1_900_000)
    limits.learn(100_000, 1_500_000, 800)
    limits.learn(1_000_000, 1_500_000, 800)
    limits.learn(None, 1_500_000, 800)
    assert (limits.target, limits.ceiling, limits.event_bytes) == (100_000, 100_000, 99_998)
