"""A consent watch on real topics, without Faust: what is handed to it are chunks as a test makes them."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # public, not in an __all__

from pipeline.core.identity import KeyRing, RegionKeys
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import KafkaSettings
from pipeline.policy.vocabulary import Region, Space
from pipeline.rights.findings import Terms
from pipeline.rights.identities import IdentityState
from pipeline.rights.watch import ConsentWatch
from pipeline.stream.chunk import Chunk, TopicPartition
from pipeline.stream.follower import Follower
from pipeline.stream.log_reader import LogReader, Stored
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.topics import CONSENT, IDENTITIES, PRIVACY_REQUESTS, SUPPRESSIONS
from pipeline.workers.labels import LABEL_VALUES
from tests.rights.consents import DAY, GRANTED

NOW = GRANTED + 20 * DAY
ROTATIONS = (30 * DAY, 365 * DAY)
KEYS = KeyRing({
    region: RegionKeys.single({space: f"{region}/{space}".encode() * 4 for space in Space}, f"{region}/ids".encode())
    for region in Region
})  # fmt: skip
TERMS = Terms(KEYS, provider=False, recordless=True, rotations_ms=ROTATIONS, kept_ms=730 * DAY)


def make_topics(
    bootstrap: str, prefix: str, names: Iterable[str] = (IDENTITIES, SUPPRESSIONS, PRIVACY_REQUESTS)
) -> None:
    """Make topics of one partition each, as far as this room writes them."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    created = admin.create_topics([NewTopic(prefix + name, 1, 1) for name in names])
    for future in created.values():
        future.result(timeout=60)


def stored(chunk: Chunk) -> list[Stored]:
    """Return the records of a chunk that `Watching.chunk` made."""
    return [each for each in chunk.records if isinstance(each, Stored)]


@dataclass(slots=True)
class Watching:
    """The watch and what can be seen of its work. offset: of the next consent record."""

    bootstrap: str
    prefix: str
    watch: ConsentWatch
    identities: Follower[IdentityState]
    producer: ConfirmedProducer
    metrics: Metrics
    offsets: "itertools.count[int]" = field(default_factory=itertools.count)

    def chunk(self, *records: tuple[str | bytes | None, bytes | None]) -> Chunk:
        """Make a chunk of consent records (profile or key, value), which come one ms after the other."""
        made = []
        for key, value in records:
            offset = next(self.offsets)
            raw = key.encode() if isinstance(key, str) else key
            made.append(Stored(offset, GRANTED + DAY + offset, raw, value, ()))
        return Chunk(TopicPartition(self.prefix + CONSENT, 0), made)

    async def process(self, chunk: Chunk) -> None:
        """Let the watch deal with a chunk, as the agent's loop does, until everything is confirmed."""
        await asyncio.wait_for(self.watch.prepare(chunk), 60)
        await asyncio.wait_for(self.watch.begin(chunk), 60)

    async def take(self, *records: tuple[str | bytes | None, bytes | None]) -> Chunk:
        """Process a chunk of these records."""
        chunk = self.chunk(*records)
        await self.process(chunk)
        return chunk

    async def state(self) -> IdentityState:
        """Return the identities as they are after everything that is confirmed."""
        return await asyncio.wait_for(self.identities.barrier(0), 60)

    def log(self, topic: str) -> list[Stored]:
        """Return every record of a topic."""
        reader = LogReader(KafkaSettings(bootstrap=self.bootstrap), self.prefix + topic, "tests")
        try:
            return list(reader.read(0, *reader.bounds(0)))
        finally:
            reader.close()

    def suppressed(self) -> dict[str, bytes]:
        """Return the newest suppression of each pseudonym."""
        return {(each.key or b"").decode(): each.value or b"" for each in self.log(SUPPRESSIONS)}


@asynccontextmanager
async def watching(
    bootstrap: str, prefix: str, *, terms: Callable[[], Terms] = lambda: TERMS, config: dict[str, Any] | None = None
) -> AsyncIterator[Watching]:
    """Run a watch whose clock stands still; topics of the prefix are there already."""
    failures: list[BaseException] = []
    follower = Follower(
        {"bootstrap.servers": bootstrap},
        prefix + IDENTITIES,
        IdentityState,
        name="identities",
        fail_stop=failures.append,
    )
    producer = ConfirmedProducer(bootstrap, client_config=config)
    metrics = Metrics(LABEL_VALUES)
    await follower.start()
    follower.follow({0})
    confirming = asyncio.ensure_future(producer.run())
    try:
        yield Watching(
            bootstrap,
            prefix,
            ConsentWatch(follower, terms, producer, metrics, prefix, lambda: NOW),
            follower,
            producer,
            metrics,
        )
    finally:
        confirming.cancel()
        await producer.close()
        await follower.stop()
        assert not failures
