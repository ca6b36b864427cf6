"""The residency check of a deliver worker: what the settings ask for, and what a refusal means in words."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from pipeline.deliver.backoff import Backoff
from pipeline.deliver.client import ImportClient
from pipeline.deliver.raw_export import RawExport
from pipeline.deliver.residency import CANARY_EVENT, Plan, Residency, Verdict
from pipeline.ops.account import ServiceAccount
from pipeline.ops.credentials import MixpanelProject, region_settings, setting_name
from pipeline.ops.errors import ConfigError
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.workers.labels import LABEL_VALUES

START_S = 10.0  # to wait for an answer at the start; who gets none starts all the same, and sends nothing yet

T = TypeVar("T")


class Check:
    """A check of one region that can be run by hand or before the worker's own event loop, and its connections."""

    def __init__(
        self,
        settings: Settings,
        project: MixpanelProject,
        metrics: Metrics,
        *,
        account: ServiceAccount | None = None,
        timeout_s: float | None = None,
        canary: bool | None = None,
        wait_s: float | None = None,
        answered: bool = False,
    ) -> None:
        asked, pace = region_settings(settings, project.region), settings.deliver
        timeout_s = timeout_s or pace.request_timeout_s
        account = account or ServiceAccount(project, metrics)
        self.client = ImportClient(project, metrics, connections=1, timeout_s=timeout_s, account=account)
        self.residency = Residency(
            project,
            self.client,
            RawExport(project, account, timeout_s=timeout_s),
            account,
            Plan(
                canary=asked.residency_check == "canary" if canary is None else canary,
                wait_s=wait_s or asked.residency_wait_s,
            ),
            lambda: Backoff(pace.retry_base_s, pace.retry_cap_s, pace.retry_jitter_s),
            answered=answered,
        )

    def run(self, work: Callable[[Residency], Coroutine[Any, Any, T]]) -> T:
        """Do something with the residency in an event loop of its own, from open to closed connections."""
        loop = asyncio.new_event_loop()  # not `asyncio.run`, which takes the thread's loop away from Faust
        try:
            return loop.run_until_complete(self._opened(work))
        finally:
            loop.close()

    async def _opened(self, work: Callable[[Residency], Coroutine[Any, Any, T]]) -> T:
        self.client.open()
        try:
            return await work(self.residency)
        finally:
            await self.client.close()


def admitted_at_start(settings: Settings, project: MixpanelProject) -> bool:
    """Ask once whether Mixpanel takes what this region sends. Return False where there was no answer.

    Raise ConfigError with the settings at fault where the answer is no.
    """
    if region_settings(settings, project.region).residency_check == "off":
        return True
    timeout_s = min(START_S, settings.deliver.request_timeout_s)
    verdict = Check(settings, project, Metrics(LABEL_VALUES), timeout_s=timeout_s).run(Residency.ask)
    if verdict is Verdict.UNANSWERED:
        return False
    if verdict is not Verdict.PASSED:
        raise ConfigError(explain(verdict, project))
    return True


def explain(verdict: Verdict, project: MixpanelProject) -> str:
    """Return what a verdict means for somebody who has to do something about it; it quotes no secret."""
    region, host = project.region, project.host
    name = {word: setting_name(region, word) for word in NAMED}
    words = {
        Verdict.UNANSWERED: f"{host} has given no answer about the credentials. Try again; is there a way to it?",
        Verdict.UNAUTHORIZED: (
            f"{host} refuses the service account of region {region} (401). Set {name['service_account_user']} and"
            f" {name['service_account_secret']} (or {name['service_account_secret_file']}) to an account of the"
            f" organisation that owns project {project.project_id}; that project must be of region {region}"
        ),
        Verdict.FORBIDDEN: (
            f"{host} lets the service account of region {region} in, but not into project {project.project_id} (403)."
            f" Make it an Owner or Admin of that project in Mixpanel, or correct {name['project_id']}"
        ),
        Verdict.TOKEN_REFUSED: (
            f"{host} knows no project with this token. Set {name['token']} to the token that the settings page of"
            f" project {project.project_id} shows; a token of another region's project is refused as well"
        ),
        Verdict.NOT_JUDGED: (
            f"{host} confirms an event that cannot be stored: it does not look at what project {project.project_id}"
            f" gets. Correct {name['project_id']} and {name['host']}: both must be of region {region}"
        ),
        Verdict.CANARY_REFUSED: (
            f"{host} accepts the credentials and refuses the event {CANARY_EVENT}. Is the project set up to take it?"
            f" {name['residency_check']}=probe does without it"
        ),
        Verdict.CANARY_MISSING: (
            f"the event {CANARY_EVENT} was confirmed by {host} and is not in project {project.project_id}, as far as"
            f" {project.export_host} tells. Is the project of region {region}? Set {name['project_id']} and"
            f" {name['token']} to one that is; {name['residency_wait_s']} gives the export more time"
        ),
        Verdict.CANARY_ELSEWHERE: (
            f"the event {CANARY_EVENT} was taken by another region's host, says Mixpanel. Correct {name['host']} and"
            f" {name['project_id']}: both must be of region {region}"
        ),
        Verdict.EXPORT_REFUSED: (
            f"{project.export_host} does not let the service account look for the event {CANARY_EVENT}. Give it a role"
            f" that may export, or set {name['residency_check']}=probe"
        ),
    }
    text = words[verdict]
    return f"{text}. {name['residency_check']}=off starts without asking" if verdict in REFUSALS else text


NAMED = (
    "host",
    "project_id",
    "token",
    "service_account_user",
    "service_account_secret",
    "service_account_secret_file",
    "residency_check",
    "residency_wait_s",
)
REFUSALS = (Verdict.UNAUTHORIZED, Verdict.FORBIDDEN, Verdict.TOKEN_REFUSED, Verdict.NOT_JUDGED)
