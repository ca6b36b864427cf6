"""The rights agent: carries out what people ask for, for the profiles whose consent is this worker's (R25-R27, R30).

It looks at the requests that are open and takes each a step further. What it knows is on the topics (`book`), so it may
be killed at any moment; what it does is done again without harm.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping

from pipeline.core.identity import KeyRing
from pipeline.ops.credentials import privacy_access
from pipeline.ops.logging import get_logger
from pipeline.ops.metric_table import (
    PRIVACY_OLDEST_OPEN_REQUEST_AGE_SECONDS,
    PRIVACY_OPEN_REQUESTS,
    RIGHTS_HALTED,
)
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.vocabulary import Region
from pipeline.rights.book import Case, Refusal
from pipeline.rights.courier import LOOK_S, Courier
from pipeline.rights.halt import RightsHaltWhy
from pipeline.rights.hold import HOLD_MS, held_until
from pipeline.rights.identities import Identity
from pipeline.rights.journal import Journal
from pipeline.rights.requests import Kind
from pipeline.rights.results import Done, Held, Note, Refused, refusal_id
from pipeline.rights.shared_wait import SharedWait
from pipeline.rights.stopping import Stopping
from pipeline.stream.agent import fail_stop
from pipeline.stream.producer import ConfirmedProducer

log = get_logger(__name__)


class RightsAgent:
    """All requests of one worker. Its methods are for the event loop that started it."""

    def __init__(
        self,
        settings: Settings,
        policy_of: Callable[[], CompiledPolicy],
        keys: Callable[[], KeyRing],
        identities: Callable[[str], Identity | None],
        caught_up: Callable[[int], Awaitable[None]],
        producer: ConfirmedProducer,
        metrics: Metrics,
        clock: Callable[[], int],
        *,
        fail_stop: Callable[[BaseException], object] = fail_stop,
    ) -> None:
        """Describe the work; nothing is contacted before `start`.

        Args:
            settings: of the deployment.
            policy_of: returns the policy in force.
            keys: the key ring of the moment, with every version that is not retired.
            identities: returns what is known of a profile of this worker, by its normalised id.
            caught_up: returns when the consent watch has processed all that was on a consent partition.
            producer: running; shared with the watch.
            metrics: of the worker.
            clock: returns milliseconds since the epoch.
            fail_stop: called with what made going on impossible; it must end the process.

        Raises:
            ConfigError: an application host is not its region's own.

        """
        self._settings = settings
        self._policy_of = policy_of
        self._metrics = metrics
        self._clock = clock
        self._fail_stop = fail_stop
        self._journal = Journal(settings.kafka, producer, metrics)
        self._caught_up = SharedWait(caught_up)
        self._stopping = Stopping(
            settings.kafka, policy_of, keys, identities, self._caught_up, producer, self._journal, clock
        )
        found = {region: privacy_access(settings, region) for region in Region}
        self._couriers = {
            region: Courier(
                region,
                access,
                self._journal,
                settings.rights,
                metrics,
                cases=self._at_mixpanel,
                ready=self._may_delete,
                clock=clock,
            )
            for region, access in found.items()
            if access is not None
        }
        self._mine: frozenset[int] = frozenset()
        self._loaded = False
        self._ending = False
        self._steps: dict[str, asyncio.Task[None]] = {}
        self._endless: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to read the topics; work begins when they are read and partitions are assigned."""
        await self._journal.start()
        self._endless = [asyncio.create_task(self._run())]
        for task in self._endless:
            task.add_done_callback(self._ended)

    async def finish(self) -> None:
        """Begin nothing more, and return when the calls under way are on record; other steps may be taken twice."""
        self._ending = True
        await asyncio.gather(*(courier.finish() for courier in self._couriers.values()))

    async def close(self) -> None:
        """Stop; whatever was under way is done again by whoever comes next."""
        tasks = [*self._endless, *self._steps.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._caught_up.close()
        await self._journal.stop()

    def assigned(self, partitions: frozenset[int]) -> None:
        """Take note of the consent partitions whose profiles are this worker's; others' steps are given up."""
        self._mine = partitions
        for case in self._journal.book.open():
            if case.home not in partitions and (step := self._steps.get(case.request_id)) is not None:
                step.cancel()

    def checks(self) -> Mapping[str, bool]:
        """Every request is known, and the broker has said lately that there is no more."""
        return {
            "privacy_requests_loaded": self._loaded,
            "privacy_requests_fresh": self._journal.age_s() <= self._settings.consent.max_lag_s,
        }

    def publish(self) -> None:
        """Set the gauges; called every second or so."""
        now, cases = self._clock(), self._cases()
        for kind in Kind:
            self._metrics.set(PRIVACY_OPEN_REQUESTS, sum(case.kind is kind for case in cases), kind=kind)
        waiting = [since for case in cases if (since := self._waiting_since(case, now)) is not None]
        self._metrics.set(PRIVACY_OLDEST_OPEN_REQUEST_AGE_SECONDS, (now - min(waiting, default=now)) / 1000)
        for region in Region:
            lacking = region not in self._couriers and any(
                batch.region is region for case in cases for batch in case.batches
            )
            self._metrics.set(RIGHTS_HALTED, float(lacking), region=region, why=RightsHaltWhy.NOT_CONFIGURED)
        for courier in self._couriers.values():
            courier.publish()

    async def _run(self) -> None:
        """Look for steps to take, for ever, with a courier for each region."""
        await self._journal.load()
        self._loaded = True
        couriers = [asyncio.create_task(courier.run()) for courier in self._couriers.values()]
        try:
            for task in couriers:
                task.add_done_callback(self._ended)
            while True:
                self._journal.drain()
                if not self._ending:
                    self._look()
                await asyncio.sleep(LOOK_S)
        finally:
            for task in couriers:
                task.cancel()
            await asyncio.gather(*couriers, return_exceptions=True)

    def _look(self) -> None:
        """Begin the next step of everything of ours that has one and is not in the middle of it."""
        for case in self._cases():
            if case.request_id not in self._steps and (step := self._next_step(case)) is not None:
                self._begin(case.request_id, step)
        for refusal in self._journal.book.refusals():
            name = refusal_id(*refusal.place)
            if refusal.home in self._mine and name not in self._steps:
                self._begin(name, self._refuse(refusal))

    def _next_step(self, case: Case) -> Coroutine[None, None, None] | None:
        if not case.at_mixpanel():
            return self._stopping.stop(case)
        if case.finished():
            return self._finish(case)
        now, stopped_at = self._clock(), case.progress.stopped_at
        if case.kind is not Kind.ERASE or stopped_at is None:
            return None
        waiting = {batch.region for batch in case.batches if batch.tracking_id is None and not batch.completed}
        for region in waiting - case.progress.held:
            until = held_until(self._policy_of(), region, stopped_at, now)
            if until is not None:
                return self._journal.write(Held(request_id=case.request_id, at=now, region=region, held_until=until))
        return None

    def _begin(self, name: str, step: Coroutine[None, None, None]) -> None:
        task = self._steps[name] = asyncio.create_task(step)

        def ended(task: "asyncio.Task[None]") -> None:
            del self._steps[name]
            if not task.cancelled() and (error := task.exception()) is not None:
                self._fail_stop(error)

        task.add_done_callback(ended)

    async def _finish(self, case: Case) -> None:
        note = None if case.batches else Note.NOTHING_HELD
        await self._journal.write(Done(request_id=case.request_id, at=self._clock(), kind=case.kind, note=note))
        log.info("a privacy request is answered", kind=case.kind.value)

    async def _refuse(self, refusal: Refusal) -> None:
        partition, offset = refusal.place
        await self._journal.write(
            Refused(
                request_id=refusal_id(partition, offset),
                at=self._clock(),
                reason=refusal.fault,
                partition=partition,
                offset=offset,
            )
        )
        log.error("a privacy request was refused", reason=refusal.fault.value, partition=partition, offset=offset)

    def _cases(self) -> list[Case]:
        return [case for case in self._journal.book.open() if case.home in self._mine]

    def _at_mixpanel(self) -> list[Case]:
        return [case for case in self._cases() if case.at_mixpanel()]

    def _may_delete(self, case: Case, region: Region) -> bool:
        """True when what was on the wire at the last suppression has arrived, and no law holds the copy."""
        stopped_at = case.progress.stopped_at
        if case.kind is not Kind.ERASE or stopped_at is None:
            return True
        now = self._clock()
        settled = now >= stopped_at + self._settings.rights.settle_s * 1000
        return settled and held_until(self._policy_of(), region, stopped_at, now) is None

    def _waiting_since(self, case: Case, now: int) -> int | None:
        """Return since when a person waits for us, None while only the law keeps us."""
        stopped_at, left = case.progress.stopped_at, {each.region for each in case.batches if not each.completed}
        if case.kind is not Kind.ERASE or stopped_at is None or not left or not left <= case.progress.held:
            return case.received_at
        if all(held_until(self._policy_of(), region, stopped_at, now) is not None for region in left):
            return None
        return min(now, stopped_at + HOLD_MS)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            self._fail_stop(task.exception() or RuntimeError("the rights agent has ended"))
