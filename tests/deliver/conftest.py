"""Shared by the tests of delivery: stand-ins over real HTTP, chunks, a Delivery whose effects can be seen."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import pytest
from aiokafka.structs import ConsumerRecord
from mixpanel import ServiceAccountCredentials

from pipeline.deliver.batch import Batch
from pipeline.deliver.pipeline import Delivery
from pipeline.ops.credentials import MixpanelProject
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import DeliverSettings
from pipeline.sandbox.mixpanel import MixpanelStandIn, sandbox_project
from pipeline.stream.chunk import Chunk, TopicPartition
from pipeline.stream.producer import Headers
from pipeline.stream.rejection import Rejection

DEADLINE_S = 90.0


async def all_may_leave(batch: Batch) -> Batch:
    return batch


class MakeEvent(Protocol):
    def __call__(self, number: int, *, region: str = "us", padding: int = 0, **changes: Any) -> bytes: ...


class MakeChunk(Protocol):
    def __call__(
        self,
        values: Sequence[bytes | None],
        *,
        topic: str = "events.clean.us",
        partition: int = 0,
        first: int = 0,
        keys: Sequence[bytes | None] | None = None,
        headers: Sequence[Headers] | None = None,
    ) -> Chunk: ...


@dataclass
class Rig:
    """A running Delivery and everything it did besides sending."""

    delivery: Delivery
    metrics: Metrics
    rejected: list[Rejection] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"coppice_{name}", labels) or 0.0

    async def settled(self, *futures: "asyncio.Future[None]") -> None:
        _, pending = await asyncio.wait(futures, timeout=DEADLINE_S)
        assert not pending, f"not settled in {DEADLINE_S} s; failures: {self.failures}"

    async def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, f"not reached in {DEADLINE_S} s; failures: {self.failures}"
            await asyncio.sleep(0.005)


@pytest.fixture
def us() -> Iterator[MixpanelStandIn]:
    with MixpanelStandIn(sandbox_project("us"), region="us") as standin:
        yield standin


@pytest.fixture
def india() -> Iterator[MixpanelStandIn]:
    with MixpanelStandIn(sandbox_project("in"), region="in") as standin:
        yield standin


@pytest.fixture
def event() -> MakeEvent:
    def make(number: int, *, region: str = "us", padding: int = 0, **changes: Any) -> bytes:
        pads = {f"pad{index}": "x" * min(250, padding - index * 250) for index in range(-(-padding // 250))}
        properties = {
            "token": sandbox_project(region).token,
            "distinct_id": f"person-{number}",
            "time": 1_750_000_000_000 + number,
            "$insert_id": f"id-{number}",
            "ip": 0,
            **pads,
            **changes,
        }
        return msgspec.json.encode({"event": "level_completed", "properties": properties})

    return make


@pytest.fixture
def chunk() -> MakeChunk:
    def make(
        values: Sequence[bytes | None],
        *,
        topic: str = "events.clean.us",
        partition: int = 0,
        first: int = 0,
        keys: Sequence[bytes | None] | None = None,
        headers: Sequence[Headers] | None = None,
    ) -> Chunk:
        given = zip(keys or [b"key"] * len(values), values, headers or [[]] * len(values), strict=True)
        records = [
            ConsumerRecord(topic, partition, first + index, 1_750_000_000_000, 0, key, value, None, 3, -1, beside)
            for index, (key, value, beside) in enumerate(given)
        ]
        return Chunk(TopicPartition(topic, partition), records)

    return make


@pytest.fixture
def project() -> Callable[[MixpanelStandIn], MixpanelProject]:
    return project_of


def project_of(standin: MixpanelStandIn) -> MixpanelProject:
    served = standin.project
    return MixpanelProject(
        standin.region,
        standin.url,
        served.project_id,
        served.token,
        ServiceAccountCredentials(served.service_account_user, served.secret, served.project_id),
    )


@pytest.fixture
def running() -> Callable[..., Any]:
    """Return an async context manager: `async with running(standin, linger_s=…) as rig`."""

    @asynccontextmanager
    async def run(
        standin: MixpanelStandIn,
        *,
        record: Callable[[list[Rejection]], Awaitable[None]] | None = None,
        options: dict[str, Any] | None = None,
        metrics: Metrics | None = None,
        **settings: Any,
    ) -> AsyncIterator[Rig]:
        fast = {"linger_s": 0.01, "retry_base_s": 0.001, "retry_cap_s": 0.004, "retry_jitter_s": 0.0}
        metrics = metrics or Metrics({})
        rejected: list[Rejection] = []
        failures: list[BaseException] = []

        async def keep(rejections: list[Rejection]) -> None:
            await asyncio.sleep(0)
            rejected.extend(rejections)

        delivery = Delivery(
            project_of(standin),
            DeliverSettings.model_validate({**fast, **settings}),
            record_rejections=record or keep,
            metrics=metrics,
            policy="test-1",
            fail_stop=failures.append,
            **{"before_attempt": all_may_leave, **(options or {})},
        )
        delivery.start()
        try:
            yield Rig(delivery, metrics, rejected, failures)
        finally:
            await delivery.close(0)

    return run
