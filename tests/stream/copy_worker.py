"""A worker process for the loss tests: copies integers from one topic to another through the real loop.

Run with one argument, a JSON object with the fields of `Options`.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

from pipeline.ops.logging import configure_logging
from pipeline.ops.settings import KafkaSettings, Settings
from pipeline.stream.agent import run_role
from pipeline.stream.app import ChunkApp, create_app, run_worker
from pipeline.stream.chunk import Chunk
from pipeline.stream.client_config import client_config
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.transport import ChunkConsumer, ChunkSchema


@dataclass
class Options:
    bootstrap: str
    source: str
    destination: str
    group: str
    instance_id: str | None = None
    chunked: bool = True
    fail_at: int | None = None  # begin raises at this value, after half of the chunk was produced
    hang_at: int | None = None  # begin stops dead at this value, after half of the chunk was confirmed
    assigned: str = ""  # file written once it has partitions
    marker: str = ""  # file written once it hangs, or once it has dropped the first fetch
    delay_s: float = 0.0  # extra time before a chunk counts as delivered
    seek: str = "ours"  # or "stock"
    drop_first_fetch: bool = False  # stop the flow while the first records are on their way


class Copy:
    """Sends every value on; misbehaves where it is told to."""

    def __init__(self, options: Options, producer: ConfirmedProducer) -> None:
        self._options = options
        self._producer = producer

    async def prepare(self, _chunk: Chunk) -> None:
        await asyncio.sleep(0)

    def begin(self, chunk: Chunk) -> "asyncio.Future[None]":
        batch = self._producer.batch()
        for record in chunk.records:
            value = record.value
            assert value is not None
            if int(value) == self._options.fail_at:
                raise ValueError(f"secret {value.decode()}")
            batch.add(self._options.destination, value)
            if int(value) == self._options.hang_at:
                self._hang()
        return self._delayed(batch.done())

    def _hang(self) -> None:
        self._producer._producer.flush(60)
        Path(self._options.marker).touch()
        while True:
            time.sleep(1)

    def _delayed(self, confirmed: "asyncio.Future[None]") -> "asyncio.Future[None]":
        if not self._options.delay_s:
            return confirmed

        async def later() -> None:
            await confirmed
            await asyncio.sleep(self._options.delay_s)

        return asyncio.ensure_future(later())


class StockSeekConsumer(ChunkConsumer):
    """Everything of ours but the seek."""

    def _new_consumer_thread(self) -> Any:
        return AIOKafkaConsumerThread(self, loop=self.loop, beacon=self.beacon)


def drop_first_fetch(consumer_class: type[ChunkConsumer], marker: str) -> type[ChunkConsumer]:
    """Stop the flow while the first non-empty fetch is under way, then let it go on: what a rebalance does."""

    class Dropping(consumer_class):  # type: ignore[valid-type,misc]  # the base is a parameter
        dropped = False

        async def _getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109
            fetched = await super()._getmany(active_partitions, timeout)
            if fetched and not self.dropped:
                self.dropped = True
                self.stop_flow()
                self.loop.call_soon(self.resume_flow)
                Path(marker).touch()  # noqa: ASYNC240 - once
            return fetched

    return Dropping


def announce(assigned: Path) -> Any:
    def write(_app: Any, partitions: set[Any], **_signal: Any) -> None:
        if partitions:
            assigned.touch()

    return write


def build(options: Options) -> ChunkApp:
    kafka = KafkaSettings(bootstrap=options.bootstrap, instance_id=options.instance_id, group_prefix=options.group)
    settings = Settings(kafka=kafka)
    app = create_app(settings, "copy", {options.source} if options.chunked else set())
    consumer_class: type[ChunkConsumer] = ChunkConsumer if options.seek == "ours" else StockSeekConsumer
    if options.drop_first_fetch:
        consumer_class = drop_first_fetch(consumer_class, options.marker)
    app.transport.Consumer = consumer_class  # type: ignore[misc]  # declared per class, read per instance
    app.on_partitions_assigned.connect(announce(Path(options.assigned)))
    producers: list[ConfirmedProducer] = []

    def producer() -> ConfirmedProducer:
        producers.append(ConfirmedProducer(options.bootstrap, client_config=client_config(kafka)))
        return producers[-1]

    async def copy_chunks(stream: Any) -> None:
        confirmed = producer()
        await run_role(stream, Copy(options, confirmed), background=[confirmed.run])

    async def copy_records(stream: Any) -> None:
        confirmed = producer()
        running = asyncio.ensure_future(confirmed.run())
        stream = stream.noack()
        async for event in stream.events():
            batch = confirmed.batch()
            batch.add(options.destination, event.value)  # a single value: a chunk would be refused here
            await batch.done()
            await stream.ack(event)
        running.cancel()

    if options.chunked:
        app.agent(app.topic(options.source, schema=ChunkSchema()))(copy_chunks)
    else:
        app.agent(app.topic(options.source))(copy_records)
    return app


if __name__ == "__main__":
    configure_logging("info")
    sys.exit(run_worker(build(Options(**json.loads(sys.argv[1])))))
