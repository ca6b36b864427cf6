"""Invents a stream of raw events and the consent records that go with it, for demo, tests and benchmarks.

The same seed and clock give the same stream. Events follow the event registry, also a team's own.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from itertools import count as numbers
from pathlib import Path
from random import Random
from typing import Any

from pipeline.publish import Published, Publisher
from pipeline.sandbox.people import Player, make_id, make_player
from pipeline.sandbox.plants import Plants
from pipeline.sandbox.schema_values import value_maker
from pipeline.schemas import event_schemas

TYPICAL_BYTES = 800
"""Size of a raw event as apps send it, with the properties that client libraries add."""

_CLIENT_LIBRARY = {
    "$os_version": "18.2.1",
    "$model": "iPhone17,3",
    "$screen_width": 1179,
    "$screen_height": 2556,
    "$carrier": "Jio",
    "$wifi": True,
    "$app_version_string": "5.3.0",
    "$app_build_number": "5301",
    "mp_lib": "swift",
    "$lib_version": "6.5.1",
}


def _wall_clock() -> int:
    return time.time_ns() // 1_000_000


class Generator:
    """Makes events of a fixed group of invented players.

    seed: the same seed gives the same players and events. profiles: how many players. registry: directory of
    the event schemas, None for the shipped one. dirty: plant personal data. size: bytes of JSON to reach, by
    padding with properties that nobody registered. clock: milliseconds since the epoch.

    Raises ConfigError for a registry that cannot be used or followed.
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        profiles: int = 1_000,
        registry: Path | None = None,
        dirty: bool = False,
        size: int = TYPICAL_BYTES,
        clock: Callable[[], int] = _wall_clock,
    ) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable on purpose
        self._clock, self._dirty, self._size = clock, dirty, size
        schemas = event_schemas(registry)
        self._events = [
            (name, [(key, value_maker(each)) for key, each in schema.get("properties", {}).items()])
            for name, schema in schemas.items()
        ]
        now = clock()
        self.players: tuple[Player, ...] = tuple(
            make_player(self._random, f"player-{seed}-{number:06d}", now) for number in range(profiles)
        )

    def consents(self) -> Iterator[dict[str, Any]]:
        """Yield the consent record of every player who has one."""
        return (player.consent for player in self.players if player.consent is not None)

    def event(self) -> dict[str, Any]:
        """Return one raw event that happens now."""
        return self.planted_event()[0]

    def planted_event(self) -> tuple[dict[str, Any], list[str]]:
        """Return one raw event and every personal text that was planted in it, which must not leave."""
        random = self._random
        player = random.choice(self.players)
        name, makers = random.choice(self._events)
        properties = {key: make(random) for key, make in makers}
        plants = Plants(random)
        if self._dirty:
            plants.add_to(properties, player.band)
        now = self._clock()
        event: dict[str, Any] = {
            "event": name,
            "event_id": make_id(random),
            "time": random.choice((now, now / 1000, now // 1000, str(now))),
            "received_at": now + random.randint(0, 900),
            "profile_id": player.profile_id,
            "device_id": player.device_id,
            "region": player.region,
            "platform": player.platform,
            "properties": properties,
        }
        if random.getrandbits(1):
            event["age"] = {"band": player.band, "source": player.age_source}
        self._pad(event)
        return event, plants.planted

    def events(self, count: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield events as fast as they are taken; without a count, for ever."""
        return (self.event() for _ in (numbers() if count is None else range(count)))

    def stream(
        self,
        rate_per_s: float,
        count: int | None = None,
        *,
        sleep: Callable[[float], object] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Iterator[dict[str, Any]]:
        """Yield events at a steady rate; after a pause of the taker it catches up."""
        start = monotonic()
        for number, event in enumerate(self.events(count)):
            if (early := start + number / rate_per_s - monotonic()) > 0:
                sleep(early)
            yield event

    def _pad(self, event: dict[str, Any]) -> None:
        missing = self._size - len(encode(event))
        if missing <= 0:
            return
        properties = event["properties"]
        for name, value in _CLIENT_LIBRARY.items():
            cost = len(json.dumps({name: value}, separators=(",", ":"))) - 1
            if cost <= missing:
                properties[name] = value
                missing -= cost
        if (room := missing - len(',"client_trace":""')) > 0:
            properties["client_trace"] = f"{self._random.getrandbits(4 * room):0{room}x}"


def encode(record: Mapping[str, Any]) -> bytes:
    """Return a record as the bytes of one Kafka value, or of one line of a file."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def publish_consents(publisher: Publisher, records: Iterable[Mapping[str, Any]]) -> int:
    """Publish consent records; return their number once all are acknowledged. Raises as Publisher.flush."""
    published = [publisher.publish_consent(record) for record in records]
    publisher.flush()
    return len(published)


def publish_events(publisher: Publisher, events: Iterable[Mapping[str, Any]]) -> Iterator[Future[Published]]:
    """Publish events one by one as they are taken, unchecked, since dirty ones break their schemas."""
    for event in events:
        yield publisher.publish_raw(encode(event), event["profile_id"].encode())
