"""Whether a region's host, project, token and account belong together, and whether what is sent there arrives.

Mixpanel promises no error for a project of another residency: "No data will be ingested to your India data residency
project unless your SDK is sending data to the India URL endpoint"
(https://docs.mixpanel.com/docs/privacy/in-residency). So an event can be confirmed and be nowhere.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from pipeline import __version__
from pipeline.deliver.answers import Accepted, Answer, Partial, Refused400, Unauthorized
from pipeline.deliver.backoff import Backoff
from pipeline.deliver.client import ImportClient
from pipeline.deliver.gate import Gate
from pipeline.deliver.raw_export import RawExport, Seen, SightRefused
from pipeline.deliver.reasons import HaltWhy
from pipeline.ops.account import ServiceAccount
from pipeline.ops.credentials import INGESTION_HOST, MixpanelProject

CANARY_EVENT: Final = "coppice_residency_canary"
PROBE: Final = b'{"event":"","properties":{}}'
"""An event that nobody can store: strict imports refuse one without a name, a time and an id."""

RECHECK_S: Final = 60.0  # a refusal may also end because of what somebody does at Mixpanel
_HOSTS: Final = {*INGESTION_HOST.values(), "api-eu.mixpanel.com", "api-js.mixpanel.com"}
_ALIASES: Final = {"api-js.mixpanel.com": "api.mixpanel.com"}  # the US host by another name


class Verdict(StrEnum):
    """What is known of a region's access after a check."""

    PASSED = "passed"
    UNANSWERED = "unanswered"  # no verdict: 429, 5xx, a page of a proxy, no answer
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    TOKEN_REFUSED = "token_refused"  # noqa: S105  # a word, not a token
    NOT_JUDGED = "not_judged"  # an event that cannot be stored was confirmed
    CANARY_REFUSED = "canary_refused"
    CANARY_MISSING = "canary_missing"
    CANARY_ELSEWHERE = "canary_elsewhere"
    EXPORT_REFUSED = "export_refused"


HALT: Final = {
    Verdict.UNAUTHORIZED: HaltWhy.UNAUTHORIZED,
    Verdict.TOKEN_REFUSED: HaltWhy.UNAUTHORIZED,
    Verdict.FORBIDDEN: HaltWhy.FORBIDDEN,
}
"""Why a region halts after a verdict that is neither passed nor missing; RESIDENCY for the others."""


class Canary(NamedTuple):
    """An event about nobody. Sent twice a day or a hundred times, it is one event by Mixpanel's four-field key."""

    value: bytes
    insert_id: str
    first: date
    last: date


def canary_of(project: MixpanelProject, today: date) -> Canary:
    """Return the canary of a day (UTC), and the days within which the raw export has it.

    Its time is 06:00 UTC of the day before. Older projects count days in a time zone of their own; in each of them
    this is that day or the one before, and neither is later than today, for which the export has an error.
    """
    yesterday = today - timedelta(days=1)
    named = f"{project.region}\n{project.host}\n{project.project_id}\n{project.token}\n{today.isoformat()}"
    insert_id = hashlib.sha256(named.encode()).hexdigest()[:32]
    at = datetime.combine(yesterday, time(6), UTC)
    properties = {
        "token": project.token,
        "distinct_id": "",
        "time": int(at.timestamp() * 1000),
        "$insert_id": insert_id,
        "ip": 0,
        "coppice_version": __version__,
    }
    value = msgspec.json.encode({"event": CANARY_EVENT, "properties": properties})
    return Canary(value, insert_id, yesterday - timedelta(days=1), yesterday)


class Plan(NamedTuple):
    """What is asked for. canary: also to look for an event of our own, found within `wait_s` seconds."""

    canary: bool
    wait_s: float


class Residency:
    """Asks Mixpanel, and opens or closes the gate accordingly.

    backoff: makes the waiting between two questions without an answer. checked: what the plan asks for has been
    passed. answers: the last question about the credentials had an answer, to begin with: `answered`.
    """

    def __init__(
        self,
        project: MixpanelProject,
        client: ImportClient,
        export: RawExport,
        account: ServiceAccount,
        plan: Plan,
        backoff: Callable[[], Backoff],
        *,
        answered: bool = False,
        recheck_s: float = RECHECK_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._project = project
        self._client = client
        self._export = export
        self._account = account
        self._plan = plan
        self._backoff = backoff
        self._recheck_s = recheck_s
        self._now = now
        self._asked = account.version
        self._arrived = not plan.canary
        self.answers = answered

    @property
    def checked(self) -> bool:
        """True once everything has been passed that is asked for."""
        return self.answers and self._arrived

    async def ask(self) -> Verdict:
        """Ask whether the account and the token may import; nothing is stored by that."""
        self._asked = self._account.version
        for by_token in (False, True):
            verdict = _verdict(await self._client.ask([PROBE], by_token=by_token), by_token=by_token)
            if verdict is not Verdict.PASSED:
                break
        self.answers = verdict is not Verdict.UNANSWERED
        return verdict

    async def prove(self) -> Verdict:
        """Send a canary, and look for it until it is found or the time is over."""
        canary = canary_of(self._project, self._now().date())
        verdict = _sent(await self._client.ask([canary.value]))
        if verdict is not Verdict.PASSED:
            return verdict
        backoff, loop = self._backoff(), asyncio.get_running_loop()
        deadline = loop.time() + self._plan.wait_s
        while True:
            match sight := await self._export.look(CANARY_EVENT, canary.insert_id, canary.first, canary.last):
                case Seen(endpoint):
                    self._arrived = elsewhere(endpoint, self._project.region) is None
                    return Verdict.PASSED if self._arrived else Verdict.CANARY_ELSEWHERE
                case SightRefused():
                    return Verdict.EXPORT_REFUSED
                case _ if loop.time() >= deadline:
                    return Verdict.CANARY_MISSING
            backoff.failed(backoff.round, getattr(sight, "retry_after", None))
            await backoff.ready()

    async def keep(self, gate: Gate) -> None:
        """Open the gate when everything is passed; for ever ask again after a refusal has closed it.

        That is at once when the secret has changed since the last question, and every minute.
        """
        while True:
            if gate.closed:
                await self._pass(gate)
            await gate.closing()
            await self._account.changed(self._asked, self._recheck_s)

    async def _pass(self, gate: Gate) -> None:
        backoff = self._backoff()
        while True:
            verdict = await self.ask()
            if verdict is Verdict.PASSED and not self._arrived:
                verdict = await self.prove()
            if verdict is Verdict.PASSED:
                gate.reopen()
                return
            if verdict is Verdict.UNANSWERED:
                backoff.failed(backoff.round)
                await backoff.ready()
            else:
                gate.halt(HALT.get(verdict, HaltWhy.RESIDENCY))
                await self._account.changed(self._asked, self._recheck_s)


def elsewhere(endpoint: str, region: str) -> str | None:
    """Return the host of another region if that is what took an event; None for our own, and for an unknown one."""
    host = (urlsplit(endpoint).hostname if "://" in endpoint else endpoint.partition("/")[0]) or ""
    host = host.lower()
    if host not in _HOSTS or _ALIASES.get(host, host) == INGESTION_HOST[region]:
        return None
    return host


def _verdict(answer: Answer, *, by_token: bool) -> Verdict:
    match answer:
        case Partial() | Refused400():  # it was let in, and the event was not
            return Verdict.PASSED
        case Unauthorized(status):
            if by_token:
                return Verdict.TOKEN_REFUSED
            return Verdict.UNAUTHORIZED if status == 401 else Verdict.FORBIDDEN  # noqa: PLR2004  # the HTTP status
        case Accepted():
            return Verdict.NOT_JUDGED
        case _:
            return Verdict.UNANSWERED


def _sent(answer: Answer) -> Verdict:
    match answer:
        case Accepted():
            return Verdict.PASSED
        case Partial() | Refused400():
            return Verdict.CANARY_REFUSED
        case Unauthorized():
            return _verdict(answer, by_token=False)
        case _:
            return Verdict.UNANSWERED
