"""The import endpoint without HTTP: credentials, body, judgement of each event, answer."""

import base64
import binascii
import hmac
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from pipeline.sandbox import mixpanel_answers as answers
from pipeline.sandbox.mixpanel_answers import Answer
from pipeline.sandbox.mixpanel_body import BodyFault, SizedEvent, count_events, decompress, read_events
from pipeline.sandbox.mixpanel_faults import Fault, FaultScript
from pipeline.sandbox.mixpanel_rules import DEFAULT_LIMITS, Failed, Limits, check_event
from pipeline.sandbox.mixpanel_store import HOT_SHARD_LIMIT, EventStore

MAX_EVENTS: Final = 2000
MAX_BYTES: Final = 2_097_152
"""The request limit that the published sample of a 413 names; the prose says 10 MB."""

InsertIdKey = Literal["insert_id", "$insert_id"] | None
"""How `failed_records` names the id: Mixpanel's pages show both spellings; None leaves it out."""


@dataclass(frozen=True, slots=True)
class Project:
    """A Mixpanel project and the credentials that its stand-in accepts."""

    project_id: str
    token: str = field(repr=False)
    service_account_user: str
    secret: str = field(repr=False)
    privacy_token: str = field(default="sandbox-privacy-token", repr=False)


@dataclass(slots=True)
class ImportOptions:
    """How the endpoint differs from the service's defaults; may be changed while it runs.

    `max_bytes` counts uncompressed bytes of a request. `clock` returns seconds since the epoch.
    """

    max_bytes: int = MAX_BYTES
    max_events: int = MAX_EVENTS
    insert_id_key: InsertIdKey = "$insert_id"
    hot_shard_limit: int = HOT_SHARD_LIMIT
    limits: Limits = DEFAULT_LIMITS
    clock: Callable[[], float] = time.time


class ImportRequest(NamedTuple):
    """What the endpoint reads of a request; header names in lower case, `body` as it came over the wire."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Outcome(NamedTuple):
    """The answer to one request, with the size of its uncompressed body and its number of events."""

    answer: Answer
    body_bytes: int = 0
    events: int = 0


class ImportEndpoint:
    """Judges import requests and keeps what they brought. Not safe for threads: the server guards it."""

    def __init__(self, project: Project, options: ImportOptions, script: FaultScript) -> None:
        self.project = project
        self.options = options
        self.script = script
        self.store = EventStore(options.hot_shard_limit)
        self.refused: Counter[str] = Counter()
        self.silently_dropped = 0
        self.counted = 0

    def count(self, request: ImportRequest) -> Outcome:
        """Count the events and answer success, without looking at anything else: for benchmarks.

        A lone event without a name is refused even so: with it workers ask whether anybody looks.
        """
        encoding = request.headers.get("content-encoding", "")
        body = decompress(request.body, encoding, None)
        if isinstance(body, BodyFault):
            return Outcome(answers.wholly_refused(body))
        events = count_events(body, request.content_type)
        if events == 1 and b'"event":""' in body:
            return self.handle(request, Fault())
        self.counted += events
        strict = request.query.get("strict") == "1"
        return Outcome(answers.imported(events) if strict else answers.received(events), len(body), events)

    def handle(self, request: ImportRequest, fault: Fault) -> Outcome:
        """Answer one request as the service would, except for what `fault` scripts."""
        encoding = request.headers.get("content-encoding", "").strip().lower()
        body = decompress(request.body, encoding, self.options.max_bytes)
        size = len(request.body) if isinstance(body, BodyFault) else len(body)
        if fault.replaces_import:
            return Outcome(fault.answer or answers.wholly_refused("connection closed"), size)
        if not self.authorized(request):
            return Outcome(answers.unauthorized(), size)
        if body is BodyFault.TOO_LARGE:
            return Outcome(answers.too_large(self.options.max_bytes), size)
        events = body if isinstance(body, BodyFault) else read_events(body, request.content_type)
        if isinstance(events, BodyFault):
            return Outcome(answers.wholly_refused(events), size)
        if len(events) > self.options.max_events:
            return Outcome(answers.too_large(self.options.max_events, "events"), size, len(events))
        kept = events[: len(events) - fault.shortfall]
        answer = self._import(kept, strict=request.query.get("strict") == "1", keep=not fault.lose)
        return Outcome(fault.answer or answer, size, len(events))

    def authorized(self, request: ImportRequest) -> bool:
        """True for the service account with its project id, or for the project token without one."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            sent = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        project = self.project
        if "project_id" not in request.query:
            expected = f"{project.token}:"
        elif request.query["project_id"] == project.project_id:
            expected = f"{project.service_account_user}:{project.secret}"
        else:
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(sent, expected.encode())

    def _import(self, events: list[SizedEvent], *, strict: bool, keep: bool) -> Answer:
        now = self.options.clock()
        now_ms = int(now * 1000)
        failed: list[dict[str, Any]] = []
        for index, (size, event) in enumerate(events):
            failure = self._judge(event, index, size, now_ms)
            if failure is None:
                if keep:
                    self.store.add(event, now)
            else:
                failed.append(self._failed_record(failure, event))
        if not strict:
            self.silently_dropped += len(failed)
            return answers.received(len(events))
        self.refused.update(record["message"] for record in failed)
        if failed:
            return answers.partly_refused(len(events) - len(failed), failed)
        return answers.imported(len(events))

    def _judge(self, event: Mapping[str, Any], index: int, size: int, now_ms: int) -> Failed | None:
        message = self.script.refusal(event)
        if message is not None:
            return Failed(index, "event", message)
        options = self.options
        return check_event(event, index, size=size, now_ms=now_ms, token=self.project.token, limits=options.limits)

    def _failed_record(self, failure: Failed, event: Mapping[str, Any]) -> dict[str, Any]:
        record: dict[str, Any] = {"index": failure.index}
        if self.options.insert_id_key is not None:
            properties = event.get("properties")
            insert_id = properties.get("$insert_id") if isinstance(properties, dict) else None
            record[self.options.insert_id_key] = insert_id if isinstance(insert_id, str) else ""
        return record | {"field": failure.field, "message": failure.message}
