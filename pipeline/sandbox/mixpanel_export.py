"""The stand-in's raw export: what the project has stored, one event a line, for who may ask and in good form.

Source: https://docs.mixpanel.com/reference/raw-event-export. Where that page leaves room the narrow reading is taken.
"""

import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from pipeline.ops.credentials import INGESTION_HOST
from pipeline.sandbox import mixpanel_answers as answers
from pipeline.sandbox.mixpanel_answers import TEXT_TYPE, Answer, json_answer
from pipeline.sandbox.mixpanel_faults import Fault, FaultScript
from pipeline.sandbox.mixpanel_import import ImportEndpoint, ImportRequest
from pipeline.sandbox.mixpanel_rules import epoch_ms

RAW_EXPORT: Final = "/api/2.0/export"
LARGEST_LIMIT: Final = 100_000

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_PARAMETERS: Final = frozenset({"project_id", "from_date", "to_date", "limit", "event", "time_in_ms"})  # of the page's
_NOT_SHOWN: Final = frozenset({"token", "ip"})
_AS_USUAL: Final = Fault()


@dataclass(slots=True)
class ExportOptions:
    """How the export behaves; may be changed while it runs.

    endpoint: the host that `$mp_api_endpoint` names. visible_s: seconds until an event that has come is shown.
    an_hour, a_second: most queries.
    """

    endpoint: str
    visible_s: float = 0.0
    an_hour: int = 60
    a_second: int = 3


class ExportEndpoint:
    """Answers queries about what an import endpoint keeps. Not safe for threads: the server guards it."""

    def __init__(self, region: str, imports: ImportEndpoint) -> None:
        self.options = ExportOptions(INGESTION_HOST.get(region, ""))
        self.script = FaultScript()
        self.queries: list[Mapping[str, str]] = []
        self._imports = imports
        self._asked: deque[float] = deque()

    def handle(self, request: ImportRequest, now: float) -> Answer:
        """Answer one query. now: seconds since the epoch."""
        self.queries.append(request.query)
        fault = self.script.take() or _AS_USUAL
        if fault.answer is not None:
            return fault.answer
        if "project_id" not in request.query or not self._imports.authorized(request):
            return answers.unauthorized()
        if not self._within_rate(now):
            return answers.rate_limited()
        today = datetime.fromtimestamp(now, UTC).date()
        try:
            return Answer(200, self._found(request.query, today, now), TEXT_TYPE)
        except ValueError as error:
            return json_answer(400, {"error": str(error), "request": RAW_EXPORT})

    def _within_rate(self, now: float) -> bool:
        while self._asked and self._asked[0] <= now - 3600:
            self._asked.popleft()
        last_second = sum(asked > now - 1 for asked in self._asked)
        if len(self._asked) >= self.options.an_hour or last_second >= self.options.a_second:
            return False
        self._asked.append(now)
        return True

    def _found(self, query: Mapping[str, str], today: date, now: float) -> str:
        """Return the events asked for. Raises ValueError for a query that the page does not know."""
        unknown = sorted(set(query) - _PARAMETERS)
        if unknown:
            raise ValueError(f"unknown parameter: {unknown[0]}")
        first, last = _date(query, "from_date"), _date(query, "to_date")
        if first > last:
            raise ValueError("from_date must not be after to_date")
        if last > today:
            raise ValueError("to_date cannot be later than today")
        limit = int(query.get("limit", LARGEST_LIMIT))
        if not 0 < limit <= LARGEST_LIMIT:
            raise ValueError(f"limit must not be over {LARGEST_LIMIT}")
        names = _names(query.get("event"))
        in_ms = query.get("time_in_ms", "false") == "true"
        lines = []
        for event in self._imports.store.events():
            at = epoch_ms(event["properties"]["time"])
            day = datetime.fromtimestamp(at / 1000, UTC).date()
            arrived = self._imports.store.arrived(event)
            if (
                first <= day <= last
                and (names is None or event["event"] in names)
                and arrived + self.options.visible_s <= now
            ):
                lines.append(self._line(event, at if in_ms else at // 1000, arrived))
        return "".join(lines[:limit])

    def _line(self, event: Mapping[str, Any], shown: int, arrived: float) -> str:
        properties = {name: value for name, value in event["properties"].items() if name not in _NOT_SHOWN}
        added = {
            "$import": True,
            "$mp_api_endpoint": self.options.endpoint,
            "$mp_api_timestamp_ms": int(arrived * 1000),
            "mp_processing_time_ms": int(arrived * 1000),
        }
        return json.dumps({"event": event["event"], "properties": {**properties, **added, "time": shown}}) + "\n"


def _date(query: Mapping[str, str], name: str) -> date:
    text = query.get(name, "")
    if not _DATE.fullmatch(text):
        raise ValueError(f"{name} must be given as yyyy-mm-dd")
    return date.fromisoformat(text)


def _names(text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("event must be a JSON array of names")
    return frozenset(names)
