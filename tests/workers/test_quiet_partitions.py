"""A partition on which nothing happens is not one that is stuck."""

import asyncio
import time
import uuid
from collections.abc import Mapping

import pytest
from faust.types import TP

from pipeline.sandbox.deployment import PARTITIONS, Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.scrape import Samples, scrape
from pipeline.workers.bounds import Bounds

DEADLINE_S = 30.0
LAG = "coppice_consumer_lag_records"
QUIET = ("events.raw", 3)


def test_lag_of_every_partition_is_known_without_any_record(kafka: EmbeddedKafka) -> None:
    with Deployment(broker=kafka, prefix=f"quiet-{uuid.uuid4().hex[:8]}.") as deployment:
        worker = deployment.add_worker("sanitize", "all")
        deadline = time.monotonic() + DEADLINE_S
        while True:
            samples = scrape(worker.port) or Samples("")
            lags = [lag for _, lag in samples.each(LAG)]
            if lags == [0.0] * PARTITIONS and samples.total("coppice_committed_offset_age_seconds") == 0:
                return
            assert time.monotonic() < deadline, lags
            time.sleep(0.05)


class Broker:
    def __init__(self) -> None:
        self.away = False
        self.asked = 0

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        return await self._answer(partitions, 7)

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        return await self._answer(partitions, 9)

    async def _answer(self, partitions: tuple[TP, ...], offset: int) -> Mapping[TP, int]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise ConnectionError
        return dict.fromkeys(partitions, offset)


async def _answered(bounds: Bounds) -> None:
    assert bounds._asking is not None
    await bounds._asking


async def test_what_the_broker_said_is_remembered_and_what_it_did_not_say_is_unknown() -> None:
    bounds, broker = Bounds(), Broker()
    broker.away = True
    bounds.ask(broker, [QUIET])
    await _answered(bounds)
    assert bounds.of(QUIET) == (None, None)
    broker.away = False
    bounds.ask(broker, [QUIET])
    bounds.ask(broker, [QUIET])  # while the first is under way
    await _answered(bounds)
    assert broker.asked == 3
    assert bounds.of(QUIET) == (7, 9)
    broker.away = True
    bounds.ask(broker, [QUIET])
    await _answered(bounds)
    assert bounds.of(QUIET) == (7, 9)


@pytest.mark.parametrize("partitions", [[], ()])
async def test_nothing_is_asked_about_nothing(partitions: list[tuple[str, int]]) -> None:
    bounds = Bounds()
    bounds.ask(Broker(), partitions)
    assert bounds._asking is None
