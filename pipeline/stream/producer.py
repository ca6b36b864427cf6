"""A producer whose caller learns when every record of a batch is safe on the broker."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline.stream.client_config import LibrdkafkaLog, producer_config
from pipeline.stream.errors import DeliveryError

POLL_S = 0.002  # delivery reports are collected this often while any are due
IDLE_POLL_S = 0.1  # and this often while none are, for librdkafka's own log lines
FULL_QUEUE_WAIT_S = 0.01
NOW = 0  # librdkafka: the time of the call; the broker writes its own over it
ANY_PARTITION = -1  # librdkafka: let the partitioner choose by key

Headers = list[tuple[str, str | bytes | None]]
Row = tuple[str, bytes, bytes, int, Headers | None]
"""Of `ProduceBatch.add_all`: topic, value, key, partition, headers."""


class ProduceBatch:
    """Records that succeed or fail together. Add them all, then call `done` once."""

    __slots__ = ("_done", "_due", "_producer", "_sealed", "_wake")

    def __init__(self, producer: Producer, wake: asyncio.Event, done: "asyncio.Future[None]") -> None:
        self._producer = producer
        self._wake = wake
        self._done = done
        self._due = 0
        self._sealed = False

    def add(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None = None,
        partition: int | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Queue a record, a tombstone if `value` is None; without `partition` the key decides where it goes.

        Never raises for what the broker or librdkafka refuses: the batch's future fails instead. While
        librdkafka's queue is full this blocks the event loop until reports free a place, which pushes back on
        consumption.
        """
        if self._done.done():  # already failed: the caller will stop, more records would only be repeated
            return
        where = ANY_PARTITION if partition is None else partition
        while True:
            try:
                self._producer.produce(topic, value, key, where, self._delivered, None, NOW, headers)
            except BufferError:
                self._producer.poll(FULL_QUEUE_WAIT_S)
            except KafkaException as exc:
                self._fail(exc.args[0])
                return
            else:
                self._due += 1
                return

    def add_all(self, rows: Iterable[Row]) -> None:
        """Queue records as `add` does, a little faster each."""
        produce, delivered, due = self._producer.produce, self._delivered, 0
        for topic, value, key, partition, headers in rows:
            try:
                produce(topic, value, key, partition, delivered, None, NOW, headers)
            except (BufferError, KafkaException):
                self.add(topic, value, key, partition, headers)
                if self._done.done():
                    break
            else:
                due += 1
        self._due += due

    def done(self) -> "asyncio.Future[None]":
        """Close the batch and return its future.

        It resolves when the broker has acknowledged every record (at once for an empty batch).

        Raises (from the future):
            DeliveryError: the first record that was refused.

        """
        self._sealed = True
        if self._due:
            self._wake.set()
        else:
            self._resolve()
        return self._done

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        self._due -= 1
        if error is not None:
            self._fail(error)
        elif self._sealed and not self._due:
            self._resolve()

    def _resolve(self) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _fail(self, error: KafkaError) -> None:
        if not self._done.done():
            self._done.set_exception(DeliveryError(error.name()))
            self._done.exception()  # seen: a stopping agent may drop the batch, which is no reason to warn


class ConfirmedProducer:
    """librdkafka's producer inside the event loop.

    `run` must be running for any batch to resolve; reports are handled in the loop's thread, so nothing here
    locks.
    """

    def __init__(self, bootstrap: str, *, client_config: Mapping[str, Any] | None = None) -> None:
        """Connect lazily to `bootstrap`; `client_config` is laid over the safe librdkafka settings."""
        config = {**producer_config(), **(client_config or {}), "bootstrap.servers": bootstrap}
        self._producer = Producer(config, logger=LibrdkafkaLog())
        self._wake = asyncio.Event()

    def batch(self) -> ProduceBatch:
        """Start an empty batch. Call it from the event loop."""
        return ProduceBatch(self._producer, self._wake, asyncio.get_running_loop().create_future())

    async def run(self) -> None:
        """Collect delivery reports until cancelled."""
        producer = self._producer
        while True:
            producer.poll(0)
            if len(producer):
                await asyncio.sleep(POLL_S)
                continue
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), IDLE_POLL_S)
            except TimeoutError:
                continue

    async def close(self, timeout_s: float = 5.0) -> None:
        """Wait up to `timeout_s` seconds for records under way, then give the rest up: they are repeated."""
        deadline = time.monotonic() + timeout_s
        while len(self._producer) and time.monotonic() < deadline:
            self._producer.poll(0)
            await asyncio.sleep(POLL_S)
        self._producer.purge()
        self._producer.poll(0)
