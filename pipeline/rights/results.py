"""What became of a request: records of the topic `privacy.results`, which are also the agent's only memory.

Keyed by request id. They hold pseudonyms, task numbers and times, never a profile id and never a value: proof without
personal data (R26). Schema: schemas/privacy-result.json.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

import msgspec
from msgspec import Struct

from pipeline.policy.vocabulary import Region
from pipeline.rights.requests import Kind, RequestFault

MAX_IDS = 1999
"""Most ids in one call, by https://docs.mixpanel.com/reference/gdpr-api; another page says 2,000."""

PLAN_CHARACTERS = 16


class Note(StrEnum):
    """What the desk should know about how a request ended."""

    NOTHING_HELD = "nothing_held"  # no consent was ever recorded for the profile
    ALREADY_WITHDRAWN = "already_withdrawn"
    GRANTED_ANEW = "granted_anew"  # consent given after the request was received stands
    NO_RECORD = "no_record"  # events of US adults may leave without one; only a record that objects stops that
    UNREADABLE_RECORD = "unreadable_record"  # the consent record grants nothing, and cannot be rewritten


class TaskStatus(StrEnum):
    """How far a task at Mixpanel is. Source: https://docs.mixpanel.com/reference/gdpr-api."""

    PENDING = "PENDING"
    STAGING = "STAGING"
    STARTED = "STARTED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    REVOKED = "REVOKED"
    NOT_FOUND = "NOT_FOUND"
    UNKNOWN = "UNKNOWN"


class _Result(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="state", kw_only=True):
    """at: when it was written, milliseconds since the epoch."""

    request_id: str
    at: int


class Refused(_Result, frozen=True, tag="refused"):
    """The record at this place of `privacy.requests` is no request. request_id is made from the place."""

    reason: RequestFault
    partition: int
    offset: int


class Accepted(_Result, frozen=True, tag="accepted"):
    """The ids that the request is about, one record for each batch: at most `MAX_IDS` ids of one region.

    plan: names the whole set, so that batches of two sets are never mixed. batches: how many records the set has;
    where there are no ids, one record with 0 batches stands for it.
    """

    kind: Kind
    received_at: int
    plan: str
    batches: int
    batch: int = 0
    region: Region | None = None
    ids: tuple[str, ...] = ()


class Stopped(_Result, frozen=True, tag="stopped"):
    """Nothing of the person leaves any more: suppressed, and identity and consent are gone."""


class Held(_Result, frozen=True, tag="held"):
    """The copy at Mixpanel stays until then by law (DPDP Rules r.8(3); R30, J8), and is deleted afterwards."""

    region: Region
    held_until: int


class Submitted(_Result, frozen=True, tag="submitted"):
    """Mixpanel has taken a batch on."""

    region: Region
    batch: int
    tracking_id: str


class Failed(_Result, frozen=True, tag="failed"):
    """Mixpanel has given a task up, or lost it: the batch is submitted again."""

    region: Region
    batch: int
    tracking_id: str
    status: TaskStatus


class Completed(_Result, frozen=True, tag="completed"):
    """Mixpanel reports success for a batch."""

    region: Region
    batch: int
    tracking_id: str


class Done(_Result, frozen=True, tag="done"):
    """The request is answered: the last record about it."""

    kind: Kind
    note: Note | None = None


Result = Refused | Accepted | Stopped | Held | Submitted | Failed | Completed | Done

STATES = ("refused", "accepted", "stopped", "held", "submitted", "failed", "completed", "done")

_decoder: msgspec.json.Decoder[Result] = msgspec.json.Decoder(Result)


def encode_result(result: Result) -> tuple[bytes, bytes]:
    """Return key and value of the record."""
    return result.request_id.encode(), msgspec.json.encode(result)


def parse_result(value: bytes | None) -> Result | None:
    """Read a record of `privacy.results`; None for one that coppice did not write."""
    try:
        return _decoder.decode(value or b"")
    except (ValueError, RecursionError):
        return None


def state_of(result: Result) -> str:
    """Return the state that a result reports."""
    return str(type(result).__struct_config__.tag)


def refusal_id(partition: int, offset: int) -> str:
    """Name what has no usable id of its own by its place in `privacy.requests`."""
    return f"record-{partition}-{offset}"


def plan(
    request_id: str, kind: Kind, received_at: int, ids: Mapping[Region, Collection[str]], at: int
) -> list[Accepted]:
    """Cut the ids of a request into batches that Mixpanel takes, region by region."""
    batches = [(region, part) for region in sorted(ids) for part in _parts(sorted(ids[region]))]
    digest = hashlib.sha256(msgspec.json.encode(batches)).hexdigest()[:PLAN_CHARACTERS]

    def record(**part: object) -> Accepted:
        return msgspec.structs.replace(
            Accepted(
                request_id=request_id, at=at, kind=kind, received_at=received_at, plan=digest, batches=len(batches)
            ),
            **part,
        )

    if not batches:
        return [record()]
    return [record(batch=number, region=region, ids=part) for number, (region, part) in enumerate(batches)]


def _parts(ids: list[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(ids), MAX_IDS):
        yield tuple(ids[start : start + MAX_IDS])
