"""The stand-in's deletion and retrieval API: tasks about lists of ids that somebody has to ask after until they end.

Sources: https://docs.mixpanel.com/reference/gdpr-api and the OpenAPI description that its reference pages show. The two
differ in what the answer to a new task looks like (`PrivacyOptions.named_by`); a client has to read both.
"""

import hmac
import itertools
import json
import re
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple, Protocol

from pipeline.sandbox import mixpanel_answers as answers
from pipeline.sandbox.mixpanel_answers import Answer, json_answer
from pipeline.sandbox.mixpanel_faults import Connection, Fault, FaultScript
from pipeline.sandbox.mixpanel_store import EventStore

API_PREFIX: Final = "/api/app/"
EXPORT_PREFIX: Final = "/_export/"
MAX_IDS: Final = 1999

_PATH: Final = re.compile(r"/api/app/(data-deletions|data-retrievals)/v3\.0(?:/([^/]+))?/?")
_STAGES: Final = ("PENDING", "STAGING", "STARTED", "SUCCESS")
_FINAL: Final = ("SUCCESS", "FAILURE", "REVOKED")
_AS_USUAL: Final = Fault()
Json = Mapping[str, Any]


class Task(StrEnum):
    """What a task does, by its place in the address."""

    DELETION = "data-deletions"
    RETRIEVAL = "data-retrievals"


@dataclass(slots=True)
class PrivacyOptions:
    """How the API behaves; may be changed while it runs.

    bearers: tokens that are accepted; put another one there and the old ones have expired. named_by: which of the two
    published forms the answer to a new task has. gap_s: at least so many seconds between two calls, else 429.
    outstanding: most tasks that may be unfinished at a time, else 429; the service limits a project to about five
    years of days to scan. polls_a_stage: how often each stage is reported before the next one.
    """

    bearers: set[str]
    named_by: Literal["tracking_id", "task_id"] = "tracking_id"
    max_ids: int = MAX_IDS
    gap_s: float = 1.0
    outstanding: int | None = None
    polls_a_stage: int = 1


class PrivacyCall(NamedTuple):
    """One call as it came in. ids: those of a new task. status: None where the connection was broken instead."""

    method: str
    task: Task | None
    tracking_id: str | None
    ids: tuple[str, ...]
    document: Json
    token: str
    bearer: str
    status: int | None
    time: float


@dataclass(slots=True)
class PrivacyTask:
    """One task and how far it is."""

    tracking_id: str
    task: Task
    ids: tuple[str, ...]
    polls: int = 0
    status: str = "PENDING"
    export: bytes = field(default=b"", repr=False)


class Removable(Protocol):
    """What else a deletion deletes from."""

    def remove(self, distinct_ids: Collection[str]) -> None:
        """Delete what there is of these ids."""


class PrivacyEndpoint:
    """Judges calls and keeps their tasks. Not safe for threads: the server guards it.

    A deletion that succeeds removes what is stored of its ids by then. Events that come later are kept again: the
    service deletes, it does not refuse.
    """

    def __init__(self, token: str, options: PrivacyOptions, store: EventStore) -> None:
        self.options = options
        self.script = FaultScript()
        self.calls: list[PrivacyCall] = []
        self.tasks: dict[str, PrivacyTask] = {}
        self.url = ""
        self.also: Removable | None = None
        self._token = token
        self._store = store
        self._numbers = itertools.count(1583792934719392965)
        self._statuses: deque[str] = deque()
        self._last_call = float("-inf")

    # For tests

    def next_status(self, *statuses: str) -> None:
        """Report these statuses instead of the true ones to the next polls; one that ends a task does end it."""
        self._statuses.extend(statuses)

    def submitted(self, task: Task = Task.DELETION) -> list[PrivacyCall]:
        """Return the calls that made a task."""
        made = (201,)
        return [call for call in self.calls if call.method == "POST" and call.task is task and call.status in made]

    def deleted_ids(self) -> Collection[str]:
        """Return every id of a deletion that has succeeded."""
        done = (task for task in self.tasks.values() if task.task is Task.DELETION and task.status == "SUCCESS")
        return {each for task in done for each in task.ids}

    # Serving

    def take_fault(self) -> Fault:
        """Return the fault that is scripted for the call at hand."""
        return self.script.take() or _AS_USUAL

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        *,
        now: float,
        fault: Fault,
    ) -> Answer:
        """Answer one call as the service would, except for what `fault` scripts. now: seconds since the epoch."""
        found = _PATH.fullmatch(path)
        task, tracking_id = (Task(found[1]), found[2]) if found else (None, None)
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        document, token = _document(body), query.get("token", "")
        answered = fault.connection is Connection.ANSWER
        if (fault.answer is not None or not answered) and not fault.store:
            answer = fault.answer or answers.wholly_refused("connection closed")
        elif (refusal := self._refusal(bearer if scheme.lower() == "bearer" else "", token, now)) is not None:
            answer = refusal
        else:
            answer = self._answer(method, task, tracking_id, document)
            answer = fault.answer or answer
        status = answer.status if answered else None
        ids = document.get("distinct_ids")
        named = tuple(map(str, ids)) if isinstance(ids, list) else ()
        self.calls.append(PrivacyCall(method, task, tracking_id, named, document, token, bearer, status, now))
        return answer

    def export(self, path: str) -> bytes | None:
        """Return the file that a finished retrieval's link leads to; the link is the only key to it."""
        found = self.tasks.get(path.removeprefix(EXPORT_PREFIX))
        return found.export if found is not None and found.task is Task.RETRIEVAL and found.export else None

    def _refusal(self, bearer: str, token: str, now: float) -> Answer | None:
        if not any(hmac.compare_digest(bearer, each) for each in self.options.bearers):
            return _error(401, "Invalid or expired OAuth token")
        if token != self._token:
            return _error(403, "User does not have access to this project")
        if now - self._last_call < self.options.gap_s:
            return answers.rate_limited()
        self._last_call = now
        return None

    def _answer(self, method: str, task: Task | None, tracking_id: str | None, document: Json) -> Answer:
        match method, task, tracking_id:
            case "POST", Task(), None:
                return self._create(task, document)
            case "GET", Task(), str():
                return self._status(task, tracking_id)
            case "DELETE", Task.DELETION, str():
                return self._cancel(tracking_id)
            case _, Task(), _:
                return _error(405, "method not allowed")
            case _:
                return _error(404, "not found")

    def _create(self, task: Task, document: Json) -> Answer:
        ids, compliance = document.get("distinct_ids"), str(document.get("compliance_type", "GDPR"))
        if not isinstance(ids, list) or not ids or not all(isinstance(each, str) for each in ids):
            return _error(400, "distinct_ids must be a list of strings")
        if len(ids) > self.options.max_ids:
            return _error(400, f"distinct_ids must not be more than {self.options.max_ids}")
        if compliance not in {"GDPR", "CCPA"}:
            return _error(400, "compliance_type must be GDPR or CCPA")
        limit = self.options.outstanding
        if limit is not None and sum(each.status not in _FINAL for each in self.tasks.values()) >= limit:
            return answers.rate_limited()
        made = PrivacyTask(str(next(self._numbers)), task, tuple(ids))
        self.tasks[made.tracking_id] = made
        if self.options.named_by == "task_id":
            return json_answer(201, {"status": "ok", "results": {"task_id": made.tracking_id}})
        about = {
            "status": "PENDING",
            "disclosure_type": "DATA",
            "date_requested": "2026-03-09T22:28:55.078315",
            "tracking_id": made.tracking_id,
            "project_id": 1978118,
            "compliance_type": compliance.lower(),
            "destination_url": None,
            "requesting_user": "desk@example.com",
            "distinct_id_count": len(ids),
        }
        return json_answer(201, {"status": "ok", "results": [about]})

    def _status(self, task: Task, tracking_id: str) -> Answer:
        found = self.tasks.get(tracking_id)
        if found is None or found.task is not task:
            return json_answer(200, {"status": "ok", "results": {"status": "NOT_FOUND", "distinct_ids": []}})
        reported = self._statuses.popleft() if self._statuses else self._advance(found)
        if reported == "FAILURE":
            found.status = reported
        link = f"{self.url}{EXPORT_PREFIX}{tracking_id}" if reported == "SUCCESS" and task is Task.RETRIEVAL else ""
        about = {"status": reported, "results": link, "tracking_id": tracking_id, "distinct_ids": list(found.ids)}
        return json_answer(200, {"status": "ok", "results": about})

    def _advance(self, task: PrivacyTask) -> str:
        if task.status in _FINAL:
            return task.status
        task.status = _STAGES[min(task.polls // max(1, self.options.polls_a_stage), len(_STAGES) - 1)]
        task.polls += 1
        if task.status == "SUCCESS":
            if task.task is Task.DELETION:
                self._store.remove(task.ids)
                if self.also is not None:
                    self.also.remove(task.ids)
            else:
                found = self._store.of(task.ids)
                task.export = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in found).encode() or b"\n"
        return task.status

    def _cancel(self, tracking_id: str) -> Answer:
        found = self.tasks.get(tracking_id)
        if found is None:
            return _error(404, "no such task")
        if found.status not in {"PENDING", "STAGING"}:
            return _error(405, "the task has started")
        found.status = "REVOKED"
        return Answer(204, "")


def _document(body: bytes) -> Json:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _error(status: int, error: str) -> Answer:
    return json_answer(status, {"error": error, "status": "error"})
