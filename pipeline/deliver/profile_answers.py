"""What an HTTP answer to updates of profiles or groups says about them, as a pure function.

With `verbose=1` the service tells success and failure apart inside an answer 200 only (T39;
https://docs.mixpanel.com/reference/profile-set). An error text may quote values, so none is kept.
"""

from http import HTTPStatus
from typing import Any

import msgspec

from pipeline.deliver.answers import Accepted, Answer, NotAnAnswer, Refused400, read_answer


class _Document(msgspec.Struct):
    status: Any = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Document)


def read_profile_answer(status: int, body: bytes, sent: int, retry_after: float | None) -> Answer:
    """Return what the answer to a request of `sent` updates means: all of them are stored, or none is known to be."""
    if status == HTTPStatus.OK:
        return _in_success(body)
    if status == HTTPStatus.BAD_REQUEST:
        return Refused400()
    return read_answer(status, body, sent, retry_after)


def _in_success(body: bytes) -> Answer:
    try:
        document = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NotAnAnswer()
    number = document.status if type(document.status) is int else None
    if document.error or number == 0:
        return Refused400()
    return Accepted() if number == 1 else NotAnAnswer()
