import json
from typing import Any

import pytest

from pipeline.deliver.answers import (
    LONGEST_WAIT_S,
    Accepted,
    Answer,
    Busy,
    FailedRecord,
    NotAnAnswer,
    Partial,
    Refused400,
    TooLarge,
    Unauthorized,
    Unavailable,
    read_answer,
    read_retry_after,
)

PAGE = "<html><head><title>Welcome</title></head><body>Hello</body></html>"
STRICT_OK = {"code": 200, "num_records_imported": 3, "status": "OK"}


def partly(stored: int, *failed: dict[str, Any]) -> dict[str, Any]:
    return {
        "code": 400,
        "error": "some data points in the request failed validation",
        "status": "Bad Request",
        "num_records_imported": stored,
        "failed_records": list(failed),
    }


TIME = {"index": 1, "$insert_id": "a", "field": "properties.time", "message": "'properties.time' is invalid"}
ID = {"index": 0, "insert_id": "b", "field": "$insert_id", "message": "'$insert_id' is invalid: 'ab cd'"}
BARE = {"index": 2}
SECRET = {"index": 2, "field": "properties.Asha Rao", "message": "Asha Rao is invalid"}

CASES: list[tuple[str, int, Any, Answer]] = [
    ("everything stored", 200, STRICT_OK, Accepted()),
    ("one less than sent", 200, {**STRICT_OK, "num_records_imported": 2}, NotAnAnswer()),
    ("more than sent", 200, {**STRICT_OK, "num_records_imported": 4}, NotAnAnswer()),
    ("no count", 200, {"code": 200, "status": "OK"}, NotAnAnswer()),
    ("a count that is a text", 200, {**STRICT_OK, "num_records_imported": "3"}, NotAnAnswer()),
    ("a count that is a truth value", 200, {**STRICT_OK, "num_records_imported": True}, NotAnAnswer()),
    ("an error inside a 200", 200, {**STRICT_OK, "error": "quota", "status": 0}, NotAnAnswer()),
    ("refused events inside a 200", 200, {**STRICT_OK, "failed_records": [TIME]}, NotAnAnswer()),
    ("the answer of /track", 200, "1", NotAnAnswer()),
    ("a list", 200, "[]", NotAnAnswer()),
    ("nothing", 200, "", NotAnAnswer()),
    ("a page", 200, PAGE, NotAnAnswer()),
    ("bytes that are not UTF-8", 200, b'{"error": "\xff"}', NotAnAnswer()),
    ("endless nesting", 200, '{"error":' + "[" * 100_000, NotAnAnswer()),
    ("created", 201, STRICT_OK, NotAnAnswer()),
    ("no content", 204, "", NotAnAnswer()),
    ("a redirect", 302, PAGE, NotAnAnswer()),
    ("key $insert_id", 400, partly(2, TIME), Partial([FailedRecord(1, "properties.time")])),
    ("key insert_id", 400, partly(2, ID), Partial([FailedRecord(0, "$insert_id")])),
    ("index only", 400, partly(2, BARE), Partial([FailedRecord(2, "")])),
    ("a field that the client named", 400, partly(2, SECRET), Partial([FailedRecord(2, "")])),
    ("a field that is no text", 400, partly(2, {**BARE, "field": 7}), Partial([FailedRecord(2, "")])),
    (
        "all refused",
        400,
        partly(0, ID, TIME, BARE),
        Partial([FailedRecord(0, "$insert_id"), FailedRecord(1, "properties.time"), FailedRecord(2, "")]),
    ),
    ("index out of range", 400, partly(2, {**TIME, "index": 3}), Refused400()),
    ("negative index", 400, partly(2, {**TIME, "index": -1}), Refused400()),
    ("index twice", 400, partly(1, TIME, TIME), Refused400()),
    ("no index", 400, partly(2, {"insert_id": "a"}), Refused400()),
    ("index is a text", 400, partly(2, {**TIME, "index": "1"}), Refused400()),
    ("does not add up", 400, partly(3, TIME), Refused400()),
    ("stored unknown", 400, {"code": 400, "failed_records": [TIME]}, Refused400()),
    ("no failed_records", 400, {"code": 400, "error": "bad", "status": "Bad Request"}, Refused400()),
    ("empty failed_records", 400, partly(3), Refused400()),
    ("400 page", 400, PAGE, Refused400()),
    ("401", 401, {"code": 401, "error": "Invalid credentials", "status": "Unauthorized"}, Unauthorized(401)),
    ("403", 403, {"error": "Forbidden", "status": "error"}, Unauthorized(403)),
    ("403 page", 403, PAGE, Unauthorized(403)),
    ("404", 404, PAGE, NotAnAnswer()),
    ("408", 408, "", NotAnAnswer()),
    (
        "413 with a limit",
        413,
        {"code": 413, "error": "request exceeds max limit of 2097152 bytes"},
        TooLarge(2_097_152),
    ),
    ("413 without", 413, {"code": 413, "error": "Request Entity Too Large"}, TooLarge(None)),
    ("413 with an absurd limit", 413, {"error": f"max limit of {10**30} bytes"}, TooLarge(None)),
    ("413 page", 413, PAGE, TooLarge(None)),
    ("429", 429, {"code": 429, "error": "Project exceeded rate limits."}, Busy(7.0)),
    ("429, old form", 429, {"error": "rate", "status": 0}, Busy(7.0)),
    ("500", 500, "", Unavailable(7.0)),
    ("502 page", 502, PAGE, Unavailable(7.0)),
    ("503 text", 503, "upstream connect error or disconnect/reset before headers", Unavailable(7.0)),
    ("599", 599, STRICT_OK, Unavailable(7.0)),
]


@pytest.mark.parametrize(("status", "body", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_every_documented_answer_has_its_meaning(status: int, body: Any, expected: Answer) -> None:
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    assert read_answer(status, content, 3, 7.0) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("12", 12.0),
        (" 0 ", 0.0),
        ("Wed, 25 Nov 2026 10:00:30 GMT", 30.0),
        ("Wed, 25 Nov 2026 10:00:30 -0000", 30.0),
        ("Wed, 25 Nov 2026 09:59:00 GMT", 0.0),
        ("999999999999", LONGEST_WAIT_S),
        ("Fri, 25 Nov 2050 10:00:00 GMT", LONGEST_WAIT_S),
        ("-5", None),
        ("١٢", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_in_both_forms(header: str | None, expected: float | None) -> None:
    assert read_retry_after(header, 1_795_600_800.0) == expected
