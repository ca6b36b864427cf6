"""Updates of adults' profiles and of groups, on their way to `/engage` and `/groups` (R16).

They come on the same topic as events, and what sees to events sees to them: suppression, leak stop, pause, back-off,
rejections. But they have no id by which Mixpanel would know a repetition, and the later one of two counts. So each of
the two endpoints gets one request at a time, in the order of the records.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar, cast

from pipeline.deliver.answers import Answer
from pipeline.deliver.batch import Batch, Ticket, body_of
from pipeline.deliver.client import ImportClient, Look
from pipeline.deliver.leak_stop import Seen
from pipeline.deliver.limits import Limits
from pipeline.deliver.packer import Packer
from pipeline.deliver.profile_answers import read_profile_answer
from pipeline.deliver.profile_messages import REPEATABLE, Messages, read
from pipeline.deliver.reasons import DeliveryRejectReason
from pipeline.deliver.rejections import Refused
from pipeline.deliver.sender import Route, Sender
from pipeline.ops.credentials import MixpanelProject
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import DeliverSettings
from pipeline.stream.chunk import Record

MOST_UPDATES: Final = 2000
"""Messages in a request, https://docs.mixpanel.com/reference/user-profile-limits. A record has one per operator."""

START: Final = b'{"$'
_WITHOUT_GZIP: Final = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "coppice"}

T = TypeVar("T")


class Endpoint(StrEnum):
    """Where updates go, by the last part of the address."""

    PEOPLE = "engage"
    GROUPS = "groups"


def apart(records: Sequence[Record]) -> tuple[Sequence[Record], Sequence[Record]]:
    """Return the events and the updates among records; all of them, and nothing, at little cost where none is."""
    if START not in {value[:3] for record in records if (value := record.value)}:
        return records, ()
    updates = [record for record in records if record.value and record.value.startswith(START)]
    return [record for record in records if not (record.value and record.value.startswith(START))], updates


class ProfileClient(ImportClient):
    """Posts updates to one endpoint: not compressed, and the token inside is all that the service asks for."""

    _signs = False

    def __init__(self, project: MixpanelProject, endpoint: Endpoint, metrics: Metrics, *, timeout_s: float) -> None:
        super().__init__(project, metrics, connections=1, timeout_s=timeout_s)
        self._url = f"{project.host}/{endpoint}?ip=0&strict=1&verbose=1"
        self._headers = _WITHOUT_GZIP
        self._messages = Messages(project.token)

    async def encode(self, values: Sequence[bytes]) -> bytes:
        """Return the request body of these updates; equal updates give equal bytes."""
        return (await self.encode_seen(values, lambda _body, _values: None))[0]

    async def encode_seen(self, values: Sequence[bytes], look: Look[T]) -> tuple[bytes, T]:
        """Return the same, and what `look` says of the messages in it, by the places of their updates."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._encode_seen, values, look)

    def _encode_seen(self, values: Sequence[bytes], look: Look[T]) -> tuple[bytes, T]:
        messages: list[bytes] = []
        owners: list[int] = []
        for number, value in enumerate(values):
            own = self._messages.of(value)
            messages += own
            owners += [number] * len(own)
        body = body_of(messages)
        seen = look(body, messages)
        return body, cast("T", seen.owned_by(owners)) if isinstance(seen, Seen) else seen

    @staticmethod
    def _read(status: int, body: bytes, sent: int, retry_after: float | None) -> Answer:
        return read_profile_answer(status, body, sent, retry_after)

    def _track(self, change: int) -> None:
        """Do nothing: the figure is that of imports."""


class Lane:
    """The updates of one endpoint. What has come in while a request was under way makes up the next one."""

    def __init__(self, sender: Sender, route: Route) -> None:
        self._sender = sender
        self._route = route
        self._packer = Packer(route.limits, 0.0)
        self._full: deque[Batch] = deque()
        self._more = asyncio.Event()

    def add(self, ticket: Ticket, records: Sequence[Record], now: float) -> list[Refused]:
        """Queue updates in order; return those that can never be sent. now: as for `Packer.add`."""
        packed = self._packer.add(ticket, records, now)
        self._full.extend(packed.full)
        self._more.set()
        return packed.refused

    async def work(self) -> None:
        """Send what is queued, without end."""
        while True:
            batch = self._full.popleft() if self._full else self._packer.flush()
            if batch is None:
                self._more.clear()
                await self._more.wait()
            else:
                await self._sender.send(batch, self._route)


class Profiles:
    """Both lanes of one region. sender: that of its events, so that what halts the one halts the other."""

    def __init__(self, project: MixpanelProject, settings: DeliverSettings, sender: Sender, metrics: Metrics) -> None:
        most = min(settings.max_events, MOST_UPDATES // len(REPEATABLE))
        self._clients = {
            each: ProfileClient(project, each, metrics, timeout_s=settings.request_timeout_s) for each in Endpoint
        }
        self._lanes: Mapping[Endpoint, Lane] = {
            each: Lane(sender, Route(client, Limits(project.region, most, settings.max_bytes)))
            for each, client in self._clients.items()
        }

    def open(self) -> None:
        """Open the connections' pools."""
        for client in self._clients.values():
            client.open()

    def work(self) -> Iterator[Coroutine[Any, Any, None]]:
        """Yield what has to run for anything to be sent."""
        for lane in self._lanes.values():
            yield lane.work()

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.close()

    def add(self, ticket: Ticket, updates: Sequence[Record], now: float) -> list[Refused]:
        """Queue updates of a chunk in order; return those that can never be sent."""
        refused: list[Refused] = []
        queued: dict[Endpoint, list[Record]] = {}
        for record in updates:
            endpoint = _endpoint_of(record.value or b"")
            if endpoint is None:
                refused.append(Refused(ticket.tp, record.offset, DeliveryRejectReason.NOT_AN_EVENT))
            else:
                queued.setdefault(endpoint, []).append(record)
        for endpoint, mine in queued.items():
            refused += self._lanes[endpoint].add(ticket, mine, now)
        return refused


def _endpoint_of(value: bytes) -> Endpoint | None:
    """Say where an update goes; None for what the sanitizer has not written."""
    update = read(value)
    if update is None:
        return None
    return Endpoint.GROUPS if "$group_key" in update else Endpoint.PEOPLE
