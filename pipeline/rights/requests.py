"""What a person, or the privacy desk for her, asks for: records of the topic `privacy.requests`.

Rights: 16 CFR 312.6 (parents of US children), DPDP Act s.6(4), s.11 and s.12 (India).
Schema: schemas/privacy-request.json.
"""

import json
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from pipeline.core.consent import Id, Millis, normalise_id

RequestId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Word = Annotated[str, Meta(pattern=r"^[a-z0-9_.-]{1,64}$")]


class Kind(StrEnum):
    """What is asked for."""

    ERASE = "erase"  # R26
    EXPORT = "export"  # R27
    WITHDRAW = "withdraw"  # R25


class RequestFault(StrEnum):
    """Why a record is no request. Each is answered with a refusal; the reason never quotes the record."""

    NOT_JSON = "not_json"
    UNKNOWN_KIND = "unknown_kind"
    BREAKS_SCHEMA = "breaks_schema"
    KEY_IS_NOT_PROFILE = "key_is_not_profile"  # it would not reach the worker that has the profile's consent
    ID_IN_USE = "id_in_use"  # another request has this id already


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """One request. received_at: when it reached the desk, milliseconds since the epoch; its deadline counts from it."""

    request_id: RequestId
    profile_id: Id
    kind: Kind
    requested_by: Word
    received_at: Millis

    @property
    def profile(self) -> str:
        """The profile's id, written as its consent is kept."""
        return normalise_id(self.profile_id)

    def __repr__(self) -> str:  # may reach a log line
        return f"<Request to {self.kind}>"


_decoder = msgspec.json.Decoder(Request)


def encode_request(request: Request) -> tuple[bytes, bytes]:
    """Return key and value of the record."""
    return request.profile_id.encode(), msgspec.json.encode(request)


def parse_request(key: bytes | None, value: bytes | None) -> Request | RequestFault:
    """Read a record of `privacy.requests`. Whatever is in it, the answer is a request or a fault."""
    try:
        document = json.loads(value or b"", object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return RequestFault.NOT_JSON
    if isinstance(document, dict) and isinstance(kind := document.get("kind"), str) and kind not in set(Kind):
        return RequestFault.UNKNOWN_KIND
    try:
        request = _decoder.decode(value or b"")
    except (ValueError, RecursionError):  # msgspec's and Unicode's errors are ValueErrors
        return RequestFault.BREAKS_SCHEMA
    if not request.profile or request.profile_id.encode("utf-8", "surrogatepass") != key:
        return RequestFault.KEY_IS_NOT_PROFILE
    return request


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found
