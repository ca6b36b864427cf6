"""What the stand-in keeps of accepted events, and how it shows them: duplicates, hot shards, geolocation."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from pipeline.sandbox.mixpanel_rules import epoch_ms, truncate_event

HOT_SHARD_LIMIT: Final = 200_000
"""Events of one distinct_id on one event date that keep their name and id.

Source: https://docs.mixpanel.com/docs/tracking-best-practices/hot-shard-limits
"""

HOT_SHARD_EVENT: Final = "$hotshard_events"

REQUEST_GEO: Final = {"$city": "Boardman", "$region": "Oregon", "mp_country_code": "US"}
"""Where the service places users whose events come from a server without `ip: 0`: in its data centre."""


class EventKey(NamedTuple):
    """The four fields by which a report recognises two copies of one event, compared exactly.

    Source: https://docs.mixpanel.com/reference/event-deduplication
    """

    event: str
    distinct_id: str
    time: int
    insert_id: str


class EventStore:
    """Accepted events as a report shows them. Not safe for threads: the server guards it."""

    def __init__(self, hot_shard_limit: int = HOT_SHARD_LIMIT) -> None:
        self._limit = hot_shard_limit
        self._events: dict[EventKey, dict[str, Any]] = {}
        self._arrived: dict[EventKey, float] = {}
        self._of_the_day: Counter[tuple[str, int]] = Counter()
        self.stored = 0
        self.duplicates = 0
        self.ignored = 0
        self.hot_shard = 0
        self.geo_violations: list[str] = []

    def add(self, event: Mapping[str, Any], arrived: float = 0.0) -> None:
        """Keep one accepted event; one with a truthy `$ignore` vanishes, as in the service.

        arrived: when it came, in seconds since the epoch.
        """
        if event["properties"].get("$ignore"):
            self.ignored += 1
            return
        kept = truncate_event(event)
        self._locate(kept["properties"])
        self._relieve_hot_shard(kept)
        key = _key_of(kept)
        self.stored += 1
        self.duplicates += key in self._events
        self._events[key] = kept
        self._arrived.setdefault(key, arrived)

    def arrived(self, event: Mapping[str, Any]) -> float:
        """Return when an event that is kept came first, in seconds since the epoch."""
        return self._arrived[_key_of(event)]

    def events(self) -> list[dict[str, Any]]:
        """Return the distinct events in order of first arrival, each in the version that came last."""
        return list(self._events.values())

    def of(self, distinct_ids: Collection[str]) -> list[dict[str, Any]]:
        """Return the distinct events of these ids."""
        wanted = set(distinct_ids)
        return [event for key, event in self._events.items() if key.distinct_id in wanted]

    def remove(self, distinct_ids: Collection[str]) -> None:
        """Delete the events of these ids; what comes later is kept again."""
        wanted = set(distinct_ids)
        for key in [key for key in self._events if key.distinct_id in wanted]:
            del self._events[key], self._arrived[key]

    def _locate(self, properties: dict[str, Any]) -> None:
        ip = properties.get("ip")
        if ip == "0" or (type(ip) is int and ip == 0):
            return
        self.geo_violations.append(properties["$insert_id"])
        properties.pop("ip", None)
        for name, value in REQUEST_GEO.items():
            properties.setdefault(name, value)

    def _relieve_hot_shard(self, event: dict[str, Any]) -> None:
        properties = event["properties"]
        distinct_id = properties["distinct_id"]
        if distinct_id == "":
            return
        date = datetime.fromtimestamp(epoch_ms(properties["time"]) / 1000, UTC).toordinal()
        self._of_the_day[distinct_id, date] += 1
        if self._of_the_day[distinct_id, date] <= self._limit:
            return
        self.hot_shard += 1
        properties["mp_original_event_name"] = event["event"]
        properties["mp_original_distinct_id"] = distinct_id
        properties["distinct_id"] = ""
        event["event"] = HOT_SHARD_EVENT


def _key_of(event: Mapping[str, Any]) -> EventKey:
    properties = event["properties"]
    return EventKey(event["event"], properties["distinct_id"], properties["time"], properties["$insert_id"])
