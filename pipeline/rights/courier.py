"""Taking batches of ids to one region's privacy API, one call at a time, and asking until Mixpanel is done.

It never gives up: a call that cannot succeed is tried again later, and what needs somebody is a metric.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from pipeline.deliver.answers import Busy, Unavailable
from pipeline.ops.credentials import PrivacyAccess
from pipeline.ops.logging import get_logger
from pipeline.ops.metric_table import RIGHTS_HALTED
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import RightsSettings
from pipeline.policy.vocabulary import Region
from pipeline.rights.answers import Created, Found, NotAnAnswer, Refused, Trouble, Unauthorized
from pipeline.rights.book import Case
from pipeline.rights.client import PrivacyClient
from pipeline.rights.halt import RightsHaltWhy
from pipeline.rights.journal import Journal
from pipeline.rights.results import Completed, Failed, Submitted, TaskStatus
from pipeline.rights.schedule import Call, Schedule, backoff_ms

LOOK_S: Final = 0.25
_ON_THE_WAY: Final = (TaskStatus.PENDING, TaskStatus.STAGING, TaskStatus.STARTED)

log = get_logger(__name__)


_BY_STATUS: Final = {401: RightsHaltWhy.UNAUTHORIZED, 403: RightsHaltWhy.FORBIDDEN, None: RightsHaltWhy.NO_TOKEN}


class Courier:
    """The calls of one region."""

    def __init__(
        self,
        region: Region,
        access: PrivacyAccess,
        journal: Journal,
        settings: RightsSettings,
        metrics: Metrics,
        *,
        cases: Callable[[], list[Case]],
        ready: Callable[[Case, Region], bool],
        clock: Callable[[], int],
    ) -> None:
        """`cases` are those that wait for Mixpanel and are this worker's. clock: milliseconds since the epoch."""
        self._region = region
        self._access = access
        self._client = PrivacyClient(access, timeout_s=settings.request_timeout_s)
        self._journal = journal
        self._settings = settings
        self._metrics = metrics
        self._cases = cases
        self._ready = ready
        self._clock = clock
        self._schedule = Schedule(region)
        self._failures = 0
        self._not_before = 0  # ms since the epoch
        self._busy = 0  # how often in a row no new task was taken; questions may be answered meanwhile
        self._no_new_before = 0
        self._halted: RightsHaltWhy | None = None
        self._refused_bearer: str | None = None
        self._ending = False
        self._calling = asyncio.Lock()

    async def run(self) -> None:
        """Make calls until cancelled. Raises what writing a result raises."""
        self._client.open()
        try:
            while True:
                call = None if self._ending else self._next()
                if call is None:
                    await asyncio.sleep(LOOK_S)
                    continue
                async with self._calling:
                    await self._make(call)
                await asyncio.sleep(self._settings.call_gap_s)
        finally:
            await self._client.close()

    async def finish(self) -> None:
        """Begin no call any more, and return when the one under way is on record: it would be made twice."""
        self._ending = True
        async with self._calling:
            return

    def publish(self) -> None:
        """Set the gauges of what needs somebody."""
        refused = any(wait.refused for wait in self._schedule.waits.values())
        for why in _BY_STATUS.values():
            self._metrics.set(RIGHTS_HALTED, float(why is self._halted), region=self._region, why=why)
        self._metrics.set(RIGHTS_HALTED, float(refused), region=self._region, why=RightsHaltWhy.REFUSED)

    def _next(self) -> Call | None:
        now = self._clock()
        if self._halted is not None and self._access.bearer() != self._refused_bearer:
            self._not_before = 0  # somebody has renewed the token
            self._schedule.everybody_now()
        if now < self._not_before:
            return None
        may_submit = now >= self._no_new_before
        return self._schedule.next(
            self._cases(), now, lambda case: self._ready(case, self._region), may_submit=may_submit
        )

    async def _make(self, call: Call) -> None:
        if call.tracking_id is None:
            await self._conclude(call, await self._client.submit(call.task, call.ids))
        else:
            await self._conclude(call, await self._client.poll(call.task, call.tracking_id))

    async def _conclude(self, call: Call, answer: Created | Found | Trouble) -> None:
        match answer:
            case Created(tracking_id):
                self._goes_on(call)
                self._busy = 0
                await self._submitted(call, tracking_id)
            case Found(status):
                self._goes_on(call)
                await self._found(call, status)
            case Busy(retry_after) if call.tracking_id is None:
                self._busy += 1
                self._no_new_before = self._put_off(call, self._busy, retry_after)
            case Busy(retry_after) | Unavailable(retry_after):
                self._pause(call, retry_after)
            case NotAnAnswer():
                self._pause(call)
            case Unauthorized(status):
                self._halt(_BY_STATUS[status])
                self._pause(call)
            case Refused(status):
                self._refused(call, status)

    async def _submitted(self, call: Call, tracking_id: str) -> None:
        now = self._clock()
        await self._journal.write(
            *(
                Submitted(
                    request_id=case.request_id, at=now, region=self._region, batch=batch.number, tracking_id=tracking_id
                )
                for case, batch in call.parcels
            )
        )
        self._due_in(call, int(self._settings.poll_s * 1000))

    async def _found(self, call: Call, status: TaskStatus) -> None:
        now, tracking_id = self._clock(), call.tracking_id
        assert tracking_id is not None
        if status in _ON_THE_WAY:
            self._due_in(call, int(self._settings.poll_s * 1000))
        elif status is TaskStatus.SUCCESS:
            await self._journal.write(
                *(
                    Completed(
                        request_id=case.request_id,
                        at=now,
                        region=self._region,
                        batch=batch.number,
                        tracking_id=tracking_id,
                    )
                    for case, batch in call.parcels
                )
            )
        else:
            log.error("a privacy task came to nothing, it is submitted again", region=self._region, status=status)
            await self._journal.write(
                *(
                    Failed(
                        request_id=case.request_id,
                        at=now,
                        region=self._region,
                        batch=batch.number,
                        tracking_id=tracking_id,
                        status=status,
                    )
                    for case, batch in call.parcels
                )
            )
            self._put_off_failed(call)

    def _goes_on(self, call: Call) -> None:
        """Note that Mixpanel works with us: what was halted is over."""
        self._failures = 0
        if self._halted is not None:
            self._halted = self._refused_bearer = None
            log.warning("privacy calls go on", region=self._region)
        for parcel in call.parcels:
            self._schedule.of(parcel).refused = False

    def _pause(self, call: Call, retry_after: float | None = None) -> None:
        """Let everybody wait after a failure, and put the call behind the others."""
        self._failures += 1
        self._not_before = self._put_off(call, self._failures, retry_after)

    def _put_off(self, call: Call, failures: int, retry_after: float | None) -> int:
        """Return when a call may be made again, after so many failures in a row."""
        pause = max(backoff_ms(self._settings, failures), int(1000 * (retry_after or 0.0)))
        log.warning("a privacy call got no result, later again", region=self._region, delay_s=pause // 1000)
        return self._due_in(call, pause)

    def _due_in(self, call: Call, ms: int) -> int:
        due = self._clock() + ms
        for parcel in call.parcels:
            self._schedule.of(parcel).due = due
        return due

    def _put_off_failed(self, call: Call) -> None:
        for parcel in call.parcels:
            wait = self._schedule.of(parcel)
            wait.failures += 1
            wait.due = self._clock() + backoff_ms(self._settings, wait.failures)

    def _halt(self, why: RightsHaltWhy) -> None:
        if self._halted is not why:
            log.error("privacy calls are halted: renew the token", region=self._region, why=why.value)
        self._halted = why
        self._refused_bearer = self._access.bearer()

    def _refused(self, call: Call, status: int) -> None:
        """Find out whose batch is at fault by sending each alone; that one waits, and is alarmed."""
        log.error("Mixpanel refuses a privacy call", region=self._region, status=status, count=len(call.parcels))
        if len(call.parcels) > 1:
            for parcel in call.parcels:
                self._schedule.of(parcel).alone = True
            return
        for parcel in call.parcels:
            self._schedule.of(parcel).refused = True
        self._put_off_failed(call)
