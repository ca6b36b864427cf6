"""Undoing at Mixpanel what an incident may have left there: deletion by id, driven to success (R26, R35)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

from pipeline.deliver.answers import Busy, Unavailable
from pipeline.deliver.incident import Incident, Task, written
from pipeline.deliver.incident_files import IncidentFiles, read, write
from pipeline.ops.credentials import privacy_access
from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings
from pipeline.rights.answers import Created, Found, Refused, Trouble, Unauthorized
from pipeline.rights.client import PrivacyClient
from pipeline.rights.client import Task as TaskKind
from pipeline.rights.results import MAX_IDS, TaskStatus
from pipeline.rights.schedule import backoff_ms

BY_HAND: Final = """\
What Mixpanel's console can still undo, by hand (https://docs.mixpanel.com/docs/data-governance/data-clean-up):
- Data Deletion, by event name and time: events of the last 180 days, at most 10 deletions a month, undone for 7 days if
  it was a mistake; they may stand in raw exports for 30 days more. It knows no property and no person.
  For this incident: project {project}, events from {first} to {last}, UTC.
- Drop filters stop further events of a form within 10 minutes, at most 15 of them; what they drop is gone.
- What is imported again after a deletion needs new $insert_id values, or Mixpanel takes it for known.
- A profile can be deleted by its id; that leaves its events where they are."""

_ENDED_BADLY: Final = (TaskStatus.FAILURE, TaskStatus.REVOKED, TaskStatus.NOT_FOUND, TaskStatus.UNKNOWN)

Sleep = Callable[[float], Awaitable[None]]


def by_hand(incident: Incident) -> str:
    """Return what somebody can do in Mixpanel's console, for the hour before the incident and the incident itself."""
    first = incident.sent_before[0].minute if incident.sent_before else incident.window[0]
    return BY_HAND.format(
        project=incident.destination.project_id, first=min(first, incident.window[0]), last=incident.window[1]
    )


def plan(path: Path) -> Incident:
    """Give every pseudonym of the incident a deletion, in the file; return it. Raises OSError, ConfigError."""

    def add(incident: Incident) -> None:
        known = {each for task in incident.clean_up for each in task.ids}
        missing = [each for each in incident.pseudonyms if each not in known]
        incident.clean_up += [Task(tuple(ids)) for ids in _parts(missing)]

    return _change(path, add)


async def drive(
    path: Path, settings: Settings, clock: Callable[[], int], say: Callable[[str], object], sleep: Sleep = asyncio.sleep
) -> None:
    """Have Mixpanel delete everything of the incident's pseudonyms; return when it says that it has.

    It takes days. Every step is in the file before the next one, so that it may be stopped and started again; what is
    submitted twice does no harm. clock: milliseconds since the epoch. Raises ConfigError where somebody has to help.
    """
    incident = plan(path)
    access = privacy_access(settings, incident.region)
    if access is None:
        name = f"COPPICE_MIXPANEL__{incident.region.upper()}__TOKEN"
        raise ConfigError(f"{name} is not set: the incident is of this region")
    client = PrivacyClient(access, timeout_s=settings.rights.request_timeout_s)
    client.open()
    try:
        await _Drive(path, settings, client, clock, say, sleep).run(incident)
    finally:
        await client.close()


class _Drive:
    """One run over the deletions of one file."""

    def __init__(
        self,
        path: Path,
        settings: Settings,
        client: PrivacyClient,
        clock: Callable[[], int],
        say: Callable[[str], object],
        sleep: Sleep,
    ) -> None:
        self._path, self._settings, self._client = path, settings, client
        self._clock, self._say, self._sleep = clock, say, sleep
        self._failures = 0

    async def run(self, incident: Incident) -> None:
        while open_tasks := [n for n, task in enumerate(incident.clean_up) if task.status != TaskStatus.SUCCESS]:
            for number in open_tasks:
                incident = await self._step(incident, number)
                await self._sleep(self._settings.rights.call_gap_s)
            if any(not task.tracking_id for task in incident.clean_up):
                continue
            if any(task.status != TaskStatus.SUCCESS for task in incident.clean_up):
                await self._sleep(self._settings.rights.poll_s)

    async def _step(self, incident: Incident, number: int) -> Incident:
        """Submit a deletion, or ask how far it is; return the incident as it is in the file then."""
        task = incident.clean_up[number]
        if not task.tracking_id:
            answer: Created | Found | Trouble = await self._client.submit(TaskKind.DELETION, task.ids)
        else:
            answer = await self._client.poll(TaskKind.DELETION, task.tracking_id)
        match answer:
            case Created(tracking_id):
                return self._note(number, tracking_id, TaskStatus.PENDING)
            case Found(status) if status in _ENDED_BADLY:
                self._say(f"deletion {number + 1} came to nothing ({status}): it is submitted again")
                await self._wait(None)
                return self._note(number, "", status)
            case Found(status):
                return self._note(number, task.tracking_id, status)
            case Unauthorized():
                name = f"COPPICE_MIXPANEL__{incident.region.upper()}__PRIVACY_TOKEN"
                raise ConfigError(
                    f"Mixpanel does not accept the token: renew {name} or its file, then start this again"
                )
            case Refused(status):
                raise ConfigError(f"Mixpanel refuses the deletion (HTTP {status}): see docs/incidents.md")
            case Busy(retry_after) | Unavailable(retry_after):
                await self._wait(retry_after)
            case _:
                await self._wait(None)
        return incident

    def _note(self, number: int, tracking_id: str, status: TaskStatus) -> Incident:
        self._failures = 0 if status not in _ENDED_BADLY else self._failures
        at = written(self._clock())

        def change(incident: Incident) -> None:
            task = incident.clean_up[number]
            task.tracking_id, task.status, task.at = tracking_id, str(status), at

        incident = _change(self._path, change)
        done = sum(task.status == TaskStatus.SUCCESS for task in incident.clean_up)
        self._say(f"deletion {number + 1} of {len(incident.clean_up)}: {status} ({done} done)")
        return incident

    async def _wait(self, retry_after: float | None) -> None:
        self._failures += 1
        pause_s = max(backoff_ms(self._settings.rights, self._failures) / 1000, retry_after or 0.0)
        self._say(f"no result, again in {pause_s:.0f} s")
        await self._sleep(pause_s)


def _change(path: Path, change: Callable[[Incident], None]) -> Incident:
    with IncidentFiles(path.parent).locked():
        incident = read(path)
        change(incident)
        write(path, incident)
    return incident


def _parts(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), MAX_IDS):
        yield ids[start : start + MAX_IDS]
