"""The half of a request that coppice does itself: know the ids, stop what is on its way, forget the profile.

Every step is repeated without harm, and each is confirmed before the next: after a crash it goes on where the results
on record say.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection

from pipeline.core.identity import KeyRing
from pipeline.ops.settings import KafkaSettings
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.vocabulary import Region
from pipeline.rights.book import Case
from pipeline.rights.current import CurrentConsent
from pipeline.rights.identities import Identity
from pipeline.rights.journal import Journal
from pipeline.rights.reach import reach, without_record
from pipeline.rights.requests import Kind
from pipeline.rights.results import Done, Note, Stopped, plan
from pipeline.rights.withdrawal import withdrawn
from pipeline.stream.producer import ConfirmedProducer
from pipeline.stream.suppression import Suppression, SuppressWhy, encode_suppression
from pipeline.stream.topics import CONSENT, IDENTITIES, SUPPRESSIONS

AT_A_TIME = 8  # requests that write; any number may wait


class Stopping:
    """Carries requests to the point where only Mixpanel has something left to do."""

    def __init__(
        self,
        kafka: KafkaSettings,
        policy_of: Callable[[], CompiledPolicy],
        keys: Callable[[], KeyRing],
        identities: Callable[[str], Identity | None],
        caught_up: Callable[[int], Awaitable[None]],
        producer: ConfirmedProducer,
        journal: Journal,
        clock: Callable[[], int],
    ) -> None:
        self._policy_of = policy_of
        self._keys = keys
        self._identities = identities
        self._caught_up = caught_up
        self._producer = producer
        self._journal = journal
        self._clock = clock
        self._current = CurrentConsent(kafka)
        self._suppressions = kafka.topic_prefix + SUPPRESSIONS
        self._identity_topic = kafka.topic_prefix + IDENTITIES
        self._consent = kafka.topic_prefix + CONSENT
        self._slots = asyncio.Semaphore(AT_A_TIME)
        self._rotations: set[int] = set()

    async def stop(self, case: Case) -> None:
        """Carry one request as far as it goes without Mixpanel.

        Raises:
            DeliveryError: the broker refused a record.

        """
        if case.progress.batches is None or case.kind is Kind.WITHDRAW:
            await self._caught_up(case.home)
        async with self._slots:
            match case.kind:
                case Kind.ERASE:
                    await self._accept(case)
                    await self._erase(case)
                case Kind.EXPORT:
                    await self._accept(case)
                case Kind.WITHDRAW:
                    await self._withdraw(case)

    async def _accept(self, case: Case) -> None:
        """Put on record what the request is about, once; the ids cannot be computed any more when consent is gone."""
        if case.progress.batches is None:
            await self._write_plan(case, self._reach(case))

    async def _erase(self, case: Case) -> None:
        ids = [each for batch in case.batches for each in batch.ids]
        await self._suppress(ids, SuppressWhy.ERASED)
        key = case.request.profile.encode()
        await self._produce(self._identity_topic, key, None)
        await self._produce(self._consent, key, None)
        await self._journal.write(Stopped(request_id=case.request_id, at=self._clock()))

    async def _withdraw(self, case: Case) -> None:
        """Write into the consent record that it was withdrawn (16 CFR 312.6(a)(2); DPDP Act s.6(4))."""
        if case.progress.batches is None:
            await self._write_plan(case, {})  # nothing of it goes to Mixpanel
        ids = self._reach(case, granted_until=case.received_at)
        await self._suppress([each for found in ids.values() for each in found], SuppressWhy.REQUEST)
        record = await self._current.get(case.request.profile)
        note: Note | None
        if record is None:
            note = Note.NO_RECORD if without_record(self._policy_of()) else Note.NOTHING_HELD
        else:
            changed = withdrawn(*record, case.received_at)
            note = changed if isinstance(changed, Note) else None
            if isinstance(changed, bytes):
                await self._produce(self._consent, record[0], changed)
        await self._journal.write(Done(request_id=case.request_id, at=self._clock(), kind=case.kind, note=note))

    def _reach(self, case: Case, granted_until: int | None = None) -> dict[Region, set[str]]:
        policy, profile = self._policy_of(), case.request.profile
        self._rotations.update(policy.rotation_ms.values())  # names under a rotation of lately are about, too
        identity = self._identities(profile)
        now_ms = max(self._clock(), case.received_at)
        return reach(self._keys(), policy, self._rotations, profile, identity, now_ms, granted_until=granted_until)

    async def _write_plan(self, case: Case, ids: dict[Region, set[str]]) -> None:
        await self._journal.write(*plan(case.request_id, case.kind, case.received_at, ids, self._clock()))

    async def _suppress(self, ids: Collection[str], why: SuppressWhy) -> None:
        value = encode_suppression(Suppression(self._clock(), why))
        batch = self._producer.batch()
        for each in ids:
            batch.add(self._suppressions, value, each.encode())
        await batch.done()

    async def _produce(self, topic: str, key: bytes, value: bytes | None) -> None:
        batch = self._producer.batch()
        batch.add(topic, value, key)
        await batch.done()
