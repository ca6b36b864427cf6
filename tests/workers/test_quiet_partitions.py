"""A partition on which nothing happens is not one that is stuck."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from faust.types import TP

from pipeline.sandbox.deployment import PARTITIONS, Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.scrape import Samples, scrape
from pipeline.sandbox.supervisor import SupervisedWorker
from pipeline.stream.committed import committed
from pipeline.workers.bounds import Bounds

DEADLINE_S = 90.0
LAG = "coppice_consumer_lag_records"
AGE = "coppice_committed_offset_age_seconds"
QUIET = ("events.raw", 3)


def test_lag_of_every_partition_is_known_without_any_record_and_after_one(kafka: EmbeddedKafka) -> None:
    with Deployment(broker=kafka, prefix=f"quiet-{uuid.uuid4().hex[:8]}.") as deployment:
        worker = deployment.add_worker("sanitize", "all")
        until(lambda: _lags(worker) == [0.0] * PARTITIONS, "no lag on any partition")
        settings = deployment.settings.kafka
        with deployment.publisher() as publisher:
            publisher.publish_raw(b"no json", b"key").result(DEADLINE_S)
        until(lambda: len(committed(settings, f"{settings.group_prefix}-sanitize")) == 1, "the record acknowledged")
        looked = _looked(worker)
        until(lambda: _looked(worker) > looked, "figures of after that")
        until(lambda: _lags(worker) == [0.0] * PARTITIONS, "no lag on any partition")
        until(lambda: (scrape(worker.port) or Samples("")).total(AGE) == 0, "nothing that waits for a commit")


def _lags(worker: SupervisedWorker) -> list[float]:
    return [lag for _, lag in (scrape(worker.port) or Samples("")).each(LAG)]


def _looked(worker: SupervisedWorker) -> float:
    """Return something that grows each time that the figures are made anew."""
    return (scrape(worker.port) or Samples("")).total("coppice_key_age_seconds")


def until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
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
