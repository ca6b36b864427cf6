"""What an answer of Mixpanel's deletion and retrieval API says, as pure functions.

Source: https://docs.mixpanel.com/reference/gdpr-api, and the OpenAPI description behind its reference pages. They
differ in the answer to a new task; both forms are read. A doubtful answer is never a success.
"""

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

from pipeline.deliver.answers import Busy, Unavailable
from pipeline.rights.results import TaskStatus

_TRACKING_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")  # it becomes a part of an address


@dataclass(frozen=True, slots=True)
class Created:
    """A task has been made."""

    tracking_id: str


@dataclass(frozen=True, slots=True)
class Found:
    """How far a task is. link: where the file of a finished retrieval can be fetched, a secret by itself."""

    status: TaskStatus
    link: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """The token has expired, or may not do this: somebody has to renew it. status None: there is no token to send."""

    status: int | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The call is not what Mixpanel wants: something in it, not the moment, is at fault."""

    status: int


@dataclass(frozen=True, slots=True)
class NotAnAnswer:
    """Something answered, but not this API: a page, a redirect, a document of another form."""


Trouble = Busy | Unavailable | Unauthorized | Refused | NotAnAnswer


def read_created(status: int, body: bytes, retry_after: float | None) -> Created | Trouble:
    """Return what the answer to a new task means."""
    if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        return _trouble(status, retry_after)
    results = _results(body)
    if isinstance(results, list):
        results = results[0] if len(results) == 1 else None
    if isinstance(results, dict):
        named = results.get("tracking_id", results.get("task_id"))
        text = str(named) if isinstance(named, str | int) else ""
        if _TRACKING_ID.fullmatch(text):
            return Created(text)
    return NotAnAnswer()


def read_status(status: int, body: bytes, retry_after: float | None) -> Found | Trouble:
    """Return what the answer to a question about a task means."""
    if status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
        return _trouble(status, retry_after)
    results = _results(body)
    if isinstance(results, dict):
        try:
            found = TaskStatus(str(results.get("status")))
        except ValueError:
            return NotAnAnswer()
        if status == HTTPStatus.NOT_FOUND and found is not TaskStatus.NOT_FOUND:
            return NotAnAnswer()
        links = (results.get(name) for name in ("results", "result", "destination_url"))
        return Found(found, next((link for link in links if isinstance(link, str) and link), ""))
    return NotAnAnswer()


def _trouble(status: int, retry_after: float | None) -> Trouble:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Unauthorized(status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Busy(retry_after)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return Unavailable(retry_after)
    return Refused(status) if status >= HTTPStatus.BAD_REQUEST else NotAnAnswer()


def _results(body: bytes) -> Any:
    """Return the part of the document that tells, None where there is none."""
    try:
        document = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    return document.get("results") if isinstance(document, dict) and document.get("status", "ok") == "ok" else None
