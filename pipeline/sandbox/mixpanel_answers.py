"""The answers of Mixpanel's import endpoint, as bytes on the wire.

Source: https://docs.mixpanel.com/reference/import-events and the ingestion OpenAPI description it links.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

JSON_TYPE: Final = "application/json"
HTML_TYPE: Final = "text/html"
TEXT_TYPE: Final = "text/plain"


class Answer(NamedTuple):
    """One HTTP answer: status, body, content type and further headers."""

    status: int
    body: str
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = {}


def json_answer(status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer with `document` as its JSON body."""
    return Answer(status, json.dumps(document), headers=headers or {})


def imported(count: int) -> Answer:
    """Return the answer of a strict import where every one of the `count` events was accepted."""
    return json_answer(200, {"code": 200, "num_records_imported": count, "status": "OK"})


def received(count: int) -> Answer:
    """Return the answer of an import without strict=1, which claims success whatever became of the events.

    This is the shape that the `mixpanel` package reads: status 1, error null.
    """
    return json_answer(200, {"code": 200, "num_records_imported": count, "status": 1, "error": None})


def partly_refused(count: int, failed: Iterable[Mapping[str, Any]]) -> Answer:
    """Return the answer of a strict import that stored `count` events and refused those in `failed`."""
    return json_answer(
        400,
        {
            "code": 400,
            "error": "some data points in the request failed validation",
            "failed_records": list(failed),
            "num_records_imported": count,
            "status": "Bad Request",
        },
    )


def wholly_refused(error: str) -> Answer:
    """Return the answer to a request that could not be read as events: nothing stored, nothing named."""
    return json_answer(400, {"code": 400, "error": error, "status": "Bad Request"})


def unauthorized() -> Answer:
    """Return the answer to wrong or missing credentials."""
    return json_answer(401, {"code": 401, "error": "Invalid credentials", "status": "Unauthorized"})


def forbidden() -> Answer:
    """Return the answer to a blocked sender."""
    return json_answer(403, {"error": "Forbidden", "status": "error"})


def not_found(method: str, path: str) -> Answer:
    """Return the answer for everything that this stand-in does not serve."""
    error = f"{method} {path} is not served by the Mixpanel stand-in: only POST /import is"
    return json_answer(404, {"code": 404, "error": error, "status": "Not Found"})


def too_large(limit: int, unit: str = "bytes") -> Answer:
    """Return the answer to a request over the limit, which it names."""
    error = f"request exceeds max limit of {limit} {unit}"
    return json_answer(413, {"code": 413, "error": error, "status": "Request Entity Too Large"})


def rate_limited(retry_after: str | None = None) -> Answer:
    """Return the answer to a project over its rate; `retry_after`, seconds or a date, is that header."""
    error = "Project exceeded rate limits. Please retry the request with exponential backoff."
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return json_answer(429, {"code": 429, "error": error, "status": "Too Many Requests"}, headers)


def html(status: int, title: str) -> Answer:
    """Return the page that a load balancer in front of the service answers with."""
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, page, HTML_TYPE)
