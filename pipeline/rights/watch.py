"""The consent watch: every change of consent that ends the leave of queued events reaches the sinks (R25, R28).

It consumes `consent` with committed offsets of its own, so a change that comes while nobody watches is found later.
For each record it updates the profile's identity, and suppresses the pseudonyms of what is over.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from pipeline.ops import metric_table as table
from pipeline.ops.metrics import Metrics
from pipeline.rights.findings import Ended, Findings, Terms, Tombstone, pseudonyms
from pipeline.rights.identities import IdentityState, encode_identity
from pipeline.rights.requests import Kind, Request, encode_request
from pipeline.stream.chunk import Chunk
from pipeline.stream.follower import Follower
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.suppression import Suppression, encode_suppression, key_for_marketing, key_from
from pipeline.stream.topics import IDENTITIES, PRIVACY_REQUESTS, SUPPRESSIONS

BATCH = 10_000  # suppressions between two confirmations: a chunk of withdrawals may have a million of them


class ConsentWatch:
    """The chunk role of the rights worker, for a window of one chunk: the next is judged with what this one wrote."""

    def __init__(
        self,
        identities: Follower[IdentityState],
        terms: Callable[[], Terms],
        producer: ConfirmedProducer,
        metrics: Metrics,
        prefix: str,
        clock: Callable[[], int],
    ) -> None:
        """`terms` and `clock` are asked once for each chunk; the clock gives milliseconds since the epoch."""
        self._identities = identities
        self._terms = terms
        self._producer = producer
        self._metrics = metrics
        self._clock = clock
        self._topic = prefix + IDENTITIES
        self._suppressions = prefix + SUPPRESSIONS
        self._requests = prefix + PRIVACY_REQUESTS

    async def prepare(self, chunk: Chunk) -> None:
        """Wait until every identity that was confirmed before now is known, whoever wrote it."""
        chunk.prepared = await self._identities.barrier(chunk.tp.partition)

    def begin(self, chunk: Chunk) -> "asyncio.Future[None]":
        """Judge the chunk; the future resolves when suppressions, requests and identities are confirmed."""
        state, terms, now_ms = chunk.prepared, self._terms(), self._clock()
        assert isinstance(state, IdentityState)
        findings = Findings(state, terms, now_ms)
        for record in chunk.records:
            findings.take(record)
        return asyncio.ensure_future(self._confirm(chunk.tp.partition, findings, terms, now_ms))

    async def repair(self, state: IdentityState) -> None:
        """Write identities anew over which somebody who had lost the partition has written older ones.

        Raises:
            DeliveryError: the broker refused a record.

        """
        batch = self._producer.batch()
        for key, value in state.overwritten():
            batch.add(self._topic, value, key, state.partition)
        await batch.done()

    async def _confirm(self, partition: int, findings: Findings, terms: Terms, now_ms: int) -> None:
        """Write identities last: one says that everything up to the record it was made from has been dealt with."""
        for confirmed in self._suppress(findings.ended, terms, now_ms):
            await confirmed
        batch = self._producer.batch()
        for tombstone in findings.tombstones:
            key, value = _request(tombstone, partition)
            batch.add(self._requests, value, key)
        await batch.done()
        batch = self._producer.batch()
        for profile, identity in findings.written.items():
            batch.add(self._topic, encode_identity(identity), profile.encode(), partition)
        await batch.done()

    def _suppress(self, ended: Sequence[Ended], terms: Terms, now_ms: int) -> "Iterator[asyncio.Future[None]]":
        """Produce suppressions, and yield the confirmation of some thousand at a time."""
        batch, size, waiting = self._producer.batch(), 0, list[Ended]()
        for number, each in enumerate(ended, 1):
            value = encode_suppression(Suppression(now_ms, each.why))
            names = pseudonyms(each, terms, now_ms)
            for name in names:
                batch.add(self._suppressions, value, _key(each, name.encode()))
            size += len(names)
            waiting.append(each)
            if size >= BATCH or number == len(ended):
                yield batch.done()
                self._count(waiting, size)
                batch, size, waiting = self._producer.batch(), 0, []

    def _count(self, confirmed: Sequence[Ended], suppressions: int) -> None:
        now_ms = self._clock()
        self._metrics.add(table.SUPPRESSIONS, suppressions)
        for each in confirmed:
            self._metrics.add(table.CONSENT_CHANGES, why=each.why)
            self._metrics.observe(table.WITHDRAWAL_SECONDS, max(0, now_ms - each.ms) / 1000)


def _key(ended: Ended, pseudonym: bytes) -> bytes:
    if ended.marketing_only:
        return key_for_marketing(pseudonym)
    return pseudonym if ended.from_ms is None else key_from(pseudonym, ended.from_ms)


def _request(tombstone: Tombstone, partition: int) -> tuple[bytes, bytes]:
    """Return the request for what the consent service began by itself; found again, it is the same request."""
    name = f"tombstone-{partition}-{tombstone.at.offset}"
    return encode_request(Request(name, tombstone.profile, Kind.ERASE, "consent_service", tombstone.at.ms))
