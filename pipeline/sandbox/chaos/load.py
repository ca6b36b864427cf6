"""The steady load: events of invented players, some of them broken, and updates of profiles, while consents change."""

import threading
import time
from random import Random
from types import TracebackType
from typing import Any, Final, Self

from pipeline.publish import Published, Publisher, PublishError
from pipeline.sandbox.chaos.scene import now_ms
from pipeline.sandbox.chaos.updates import Updates, id_of
from pipeline.sandbox.generate import Generator, encode
from pipeline.sandbox.people import make_id

PROFILES: Final = 400
TICK_S: Final = 0.02
CHANGES, BROKEN, ARRAYS, UPDATES = 0.01, 0.01, 0.01, 0.05  # shares of what is published
HOUR_MS: Final = 3_600_000
YEARS_MS: Final = 10 * 365 * 24 * HOUR_MS
PATIENCE_MS: Final = 300_000  # a broker that is away for a minute must not cost an event before coppice has it


class Load:
    """Publishes at a steady rate in a thread of its own, as a context manager.

    seed: the same players and, but for the times, the same events. acknowledged: by partition, the last offset that
    the broker has acknowledged. planted: by event id or what stands for it, the personal texts in an event or update
    that nobody has looked for yet.
    """

    def __init__(self, bootstrap: str, *, seed: int, rate: float) -> None:
        self._generator = Generator(seed, profiles=PROFILES, dirty=True)
        self._random = Random(seed)  # noqa: S311 - repeatable on purpose
        self._updates = Updates(Random(seed + 1), self._generator.players)  # noqa: S311
        self._publisher = Publisher(bootstrap, strict=False, client_config={"delivery.timeout.ms": PATIENCE_MS})
        self._records = {player.profile_id: player.consent for player in self._generator.players}
        self._rate = rate
        self._running, self._idle, self._stopping = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="load", daemon=True)
        self._lock = threading.Lock()
        self.acknowledged: dict[int, int] = {}
        self.acknowledgements = 0
        self.planted: dict[str, list[str]] = {}

    def __enter__(self) -> Self:
        for record in self._generator.consents():
            self._publisher.publish_consent(record)
        self._publisher.flush()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._running.set()
        self._thread.join()
        try:
            self._publisher.close()
        except PublishError:
            if error is None:  # never hide what went wrong first
                raise

    def resume(self) -> None:
        """Publish from now on."""
        self._idle.clear()
        self._running.set()

    def pause(self) -> None:
        """Stop publishing; return when everything is acknowledged. Raise PublishError if that takes too long."""
        self._running.clear()
        self._idle.wait()
        self._publisher.flush(PATIENCE_MS / 1000)

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._idle.set()
            self._running.wait()
            due, last = 0.0, time.monotonic()
            while self._running.is_set() and not self._stopping.is_set():
                now = time.monotonic()
                due = min(due + (now - last) * self._rate, self._rate)  # after a wait it does not catch up for ever
                last = now
                while due >= 1:
                    self._publish_one()
                    due -= 1
                time.sleep(TICK_S)

    def _publish_one(self) -> None:
        kind = self._random.random()
        if kind > 1 - UPDATES:
            self._publish_update()
            return
        event, planted = self._generator.planted_event()
        if kind < CHANGES:
            self._change_consent()
        elif kind < CHANGES + BROKEN:
            self._send(event["profile_id"], self._broken(event))
        elif kind < CHANGES + BROKEN + ARRAYS:
            events = [event] + [event | {"event_id": make_id(self._random)} for _ in range(self._random.randint(1, 3))]
            self.planted.update((each["event_id"], planted) for each in events)
            self._send(event["profile_id"], b"[" + b",".join(map(encode, events)) + b"]")
        else:
            self.planted[event["event_id"]] = planted
            self._send(event["profile_id"], encode(event))

    def _publish_update(self) -> None:
        update, planted = self._updates.make(now_ms())
        self.planted[id_of(update)] = planted
        self._send(update["coppice"]["profile_id"], encode(update))

    def _broken(self, event: dict[str, Any]) -> bytes:
        match self._random.randrange(5):
            case 0:
                return encode(event)[: self._random.randint(0, 200)]
            case 1:
                return encode({name: value for name, value in event.items() if name != "profile_id"})
            case 2:
                return encode(event | {"time": now_ms() + 10 * HOUR_MS})
            case 3:
                return encode(event | {"time": now_ms() - YEARS_MS})
            case _:
                return encode(event | {"event": "nobody_registered_this"})

    def _change_consent(self) -> None:
        """Let one of the players withdraw, narrow, or grant anew."""
        known = [(profile, record) for profile, record in self._records.items() if record is not None]
        profile, record = self._random.choice(known)
        granted = {name: value for name, value in record.items() if name != "withdrawn_at"}
        kind = self._random.random()
        if "withdrawn_at" in record or kind < 0.2:  # noqa: PLR2004 - a share
            changed = granted | {"consent_id": make_id(self._random), "granted_at": now_ms()}
            changed["purposes"] = {"analytics": True, "third_party_disclosure": True, "marketing": False}
        elif kind < 0.8:  # noqa: PLR2004 - a share
            changed = record | {"withdrawn_at": now_ms()}
        else:
            changed = record | {"purposes": record["purposes"] | {"analytics": False}}
        self._records[profile] = changed
        self._publisher.publish_consent(changed)

    def _send(self, profile: str, value: bytes) -> None:
        self._publisher.publish_raw(value, profile.encode()).add_done_callback(self._acknowledged)

    def _acknowledged(self, future: Any) -> None:
        if future.exception() is not None:
            return  # the broker may have it or not; the topic says
        published: Published = future.result()
        with self._lock:
            last = self.acknowledged.get(published.partition, -1)
            self.acknowledged[published.partition] = max(last, published.offset)
            self.acknowledgements += 1
