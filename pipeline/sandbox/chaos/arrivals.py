"""What arrived at the stand-ins, and when, as seen from outside: late by a look, never early."""

import threading
from collections.abc import Iterable
from typing import Any, Final

from pipeline.sandbox.chaos.scene import now_ms
from pipeline.sandbox.chaos.updates import Key, put_together, update_key
from pipeline.sandbox.mixpanel import MixpanelStandIn

LOOK_S: Final = 0.1


def key_of(event: dict[str, Any]) -> Key:
    """Return the four fields by which Mixpanel knows two copies of an event, and for an update what does for it.

    Source: https://docs.mixpanel.com/reference/event-deduplication
    """
    properties = event.get("properties")
    if properties is None:
        return update_key(event)
    return event["event"], properties["distinct_id"], properties["time"], properties["$insert_id"]


class Arrivals:
    """Watches stand-ins in a thread.

    last_ms: by pseudonym or group, when something new of it was last seen to have arrived, or any update. repeated:
    updates that had arrived before; Mixpanel counts copies of events only.
    """

    def __init__(self, standins: Iterable[MixpanelStandIn]) -> None:
        self._standins = list(standins)
        self._known = [0] * len(self._standins)
        self._known_updates = [0] * len(self._standins)
        self._updates: set[tuple[str, Key]] = set()  # with the region
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._fresh: list[tuple[str, dict[str, Any]]] = []
        self._thread = threading.Thread(target=self._watch, name="arrivals", daemon=True)
        self.last_ms: dict[str, int] = {}
        self.repeated = 0

    def start(self) -> None:
        """Watch from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join()

    def take(self) -> list[tuple[str, dict[str, Any]]]:
        """Return region and content of the distinct events and updates that came since the last call."""
        self._look()
        with self._lock:
            fresh, self._fresh = self._fresh, []
            return fresh

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_S):
            self._look()

    def _look(self) -> None:
        with self._lock:
            for index, standin in enumerate(self._standins):
                self._look_for_updates(index, standin)
                if standin.stored_count - standin.duplicates == self._known[index]:
                    continue
                now, events = now_ms(), standin.events()
                for event in events[self._known[index] :]:
                    self.last_ms[event["properties"]["distinct_id"]] = now
                    self._fresh.append((standin.region, event))
                self._known[index] = len(events)

    def _look_for_updates(self, index: int, standin: MixpanelStandIn) -> None:
        taken = standin.updates(self._known_updates[index])
        self._known_updates[index] += len(taken)
        now = now_ms()
        for update in put_together(each.update for each in taken):
            key = update_key(update)
            self.last_ms[key[1]] = now
            if (standin.region, key) in self._updates:
                self.repeated += 1
            else:
                self._updates.add((standin.region, key))
                self._fresh.append((standin.region, update))
