"""What an HTTP answer to a strict import says about the events that were sent, as a pure function.

Source: https://docs.mixpanel.com/reference/import-events. Every text in an answer may quote an event's
values, so no text is kept but a field name from a short list.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import msgspec

FIELDS = frozenset(
    {
        "event",
        "properties",
        "properties.time",
        "properties.distinct_id",
        "properties.$insert_id",
        "properties.ip",
        "properties.token",
        "$insert_id",
    }
)
"""Fields of the envelope: names that Mixpanel gives, not names of properties."""

LONGEST_WAIT_S = 3600.0  # whatever Retry-After asks for: an operator must see that the region still tries

_LIMIT = re.compile(rb"max limit of ([0-9]{1,12}) bytes")


@dataclass(frozen=True, slots=True)
class FailedRecord:
    """One refused event: its place in the request, and the field at fault if it is in `FIELDS`, else ""."""

    index: int
    field: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """Everything that was sent is stored."""


@dataclass(frozen=True, slots=True)
class Partial:
    """The listed events are refused for good, all others are stored. Indexes are valid and distinct."""

    failed: Sequence[FailedRecord]


@dataclass(frozen=True, slots=True)
class Refused400:
    """At least one event is at fault, but the answer does not tell which in a way that adds up."""


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The request is too large. limit: most bytes of an uncompressed body, if the answer says so."""

    limit: int | None


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """These credentials may not write to this project: no request with them can succeed."""

    status: int


@dataclass(frozen=True, slots=True)
class Busy:
    """The project is over its rate. retry_after: seconds to wait at least, if the answer says so."""

    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No word on the events: a server error, or no answer at all. They may have been stored."""

    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class NotAnAnswer:
    """Something answered, but not with an import's result: a page, a redirect, a count that is not right."""


Answer = Accepted | Partial | Refused400 | TooLarge | Unauthorized | Busy | Unavailable | NotAnAnswer


class _Failed(msgspec.Struct):
    index: int
    field: Any = ""


class _Document(msgspec.Struct):
    num_records_imported: int | None = None
    failed_records: list[_Failed] | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Document)


def read_answer(status: int, body: bytes, sent: int, retry_after: float | None) -> Answer:
    """Return what the answer to a request of `sent` events means. A doubtful one is never a success."""
    match status:
        case HTTPStatus.OK:
            return Accepted() if _is_complete(_parse(body), sent) else NotAnAnswer()
        case HTTPStatus.BAD_REQUEST:
            return _partial(_parse(body), sent) or Refused400()
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return Unauthorized(status)
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            stated = _LIMIT.search(body)
            return TooLarge(int(stated[1]) if stated else None)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Busy(retry_after)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unavailable(retry_after)
        case _:
            return NotAnAnswer()


def read_retry_after(header: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110 §10.2.3), None if it is not readable.

    now: seconds since the epoch, for the form that gives a date.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment.timestamp() - now, 0.0), LONGEST_WAIT_S)


def _parse(body: bytes) -> _Document | None:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _is_complete(document: _Document | None, sent: int) -> bool:
    return (
        document is not None
        and document.num_records_imported == sent
        and not document.failed_records
        and not document.error
    )


def _partial(document: _Document | None, sent: int) -> Partial | None:
    """Return the refused events, known by index alone, if they and the stored ones add up."""
    if document is None or not document.failed_records:
        return None
    failed = document.failed_records
    indexes = {item.index for item in failed}
    if (
        len(indexes) != len(failed)
        or not all(0 <= index < sent for index in indexes)
        or document.num_records_imported != sent - len(failed)
    ):
        return None
    return Partial([FailedRecord(item.index, _known(item.field)) for item in failed])


def _known(field: object) -> str:
    return field if isinstance(field, str) and field in FIELDS else ""
