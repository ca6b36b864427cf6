"""After each fault: the fate of every event that was published since the last look, and whether anything leaked."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from pipeline.core.consent import ConsentRecord
from pipeline.sandbox.chaos.arrivals import Arrivals, key_of
from pipeline.sandbox.chaos.fates import Found, Offence, Place, Tally, account, unexpected
from pipeline.sandbox.chaos.judging import Change, Consents, judge, own_texts
from pipeline.sandbox.chaos.leaks import is_findable, stands_in
from pipeline.sandbox.chaos.load import Load
from pipeline.sandbox.chaos.scene import Scene, Span
from pipeline.sandbox.chaos.tails import Tail, behind
from pipeline.sandbox.chaos.updates import Key, profiles_with_clubs
from pipeline.stream.log_reader import Stored
from pipeline.stream.rejection import parse_rejection
from pipeline.stream.topics import CLEAN_IN, CLEAN_US, CONSENT, RAW, REJECTED, SUPPRESSIONS
from pipeline.workers.context import load_context
from pipeline.workers.keys import load_key_ring
from pipeline.workers.leaks import leak_scan

IN_FLIGHT_MS: Final = 5_000
"""How long after the confirmation of a suppression a request that was on its way already may arrive."""
POLL_S: Final = 0.5
CLEAN: Final = {CLEAN_US: "us", CLEAN_IN: "in"}


class Audit:
    """Looks at topics and stand-ins from outside; asks no worker what it has counted, since it may have been killed."""

    def __init__(self, scene: Scene, load: Load) -> None:
        settings = scene.deployment.settings
        self._scene, self._load, self._kafka = scene, load, settings.kafka
        context = load_context(settings, None, load_key_ring(settings))
        self._context = replace(context, profile=profiles_with_clubs(context.policy))
        self._scan = leak_scan(self._context.registry, settings, self._context.profile)
        self._tails = {
            name: Tail(settings.kafka, name) for name in (CONSENT, RAW, CLEAN_US, CLEAN_IN, REJECTED, SUPPRESSIONS)
        }
        self._arrivals = Arrivals(scene.deployment.standins.values())
        self._consents, self._found = Consents(), Found()
        self._expected: dict[Key, tuple[str, Place]] = {}
        self._clean_places: dict[Place, Key] = {}
        self._named: dict[str, dict[str, int]] = {}  # profile → pseudonym → number of the consent record it stems from
        self._places: dict[str, Place] = {}  # pseudonym → where one of its events lies
        self._groups: dict[str, list[str]] = {}  # pseudonym → the groups that it has written to
        self._texts: dict[Key, list[str]] = {}
        self._late: set[str] = set()
        self._last: dict[int, int] = {}
        self._fresh: dict[Key, tuple[str, dict[str, Any]]] = {}
        self.tally = Tally()
        self._arrivals.start()

    def close(self) -> None:
        """Stop looking."""
        self._arrivals.stop()

    @property
    def duplicates(self) -> int:
        """Return how many events and updates Mixpanel has been sent more than once."""
        copies = sum(standin.duplicates for standin in self._scene.deployment.standins.values())
        return copies + self._arrivals.repeated

    def quiesce(self, deadline_s: float) -> float | None:
        """Wait until every group has acknowledged everything and all workers are ready; return the seconds it took.

        None: not within the deadline; what waits is noted as unaccounted.
        """
        start = time.monotonic()
        waiting: dict[tuple[str, int], int] = {}
        while time.monotonic() < start + deadline_s:
            waiting = behind(self._kafka)
            if not waiting and self._scene.ready():
                return time.monotonic() - start
            time.sleep(POLL_S)
        for (topic, partition), offset in waiting.items():
            self.tally.unaccounted.append(Offence("not acknowledged in time", Place(topic, partition, offset)))
        if not waiting:
            self.tally.unaccounted.append(Offence("a worker is not ready", Place("", -1, -1)))
        return None

    def check(self) -> None:
        """Account for everything since the last call. Call it when the load is paused and everything is quiet."""
        self._read_outside()
        changes = [self._consents.take(record) for _, record in self._tails[CONSENT].new()]
        ends: dict[int, int] = {}
        for partition, record in self._tails[RAW].new():
            ends[partition] = record.offset
            self._judge(partition, record)
        for partition, offset in self._load.acknowledged.items():
            if self._last.setdefault(partition, -1) < offset and ends.get(partition, -1) < offset:
                place = Place(RAW, partition, offset)
                self.tally.unaccounted.append(Offence("acknowledged, and not on the topic", place))
        self._last.update(ends)
        self._look_for_leaks(changes)

    def _read_outside(self) -> None:
        found = self._found
        self._fresh = {key_of(event): (region, event) for region, event in self._arrivals.take()}
        found.delivered.update((key, region) for key, (region, _) in self._fresh.items())
        for topic, region in CLEAN.items():
            for partition, record in self._tails[topic].new():
                key = key_of(msgspec.json.decode(record.value or b"{}"))
                found.queued[key] = region
                found.makers[key] = (record.key or b"").decode()
                self._clean_places[Place(topic, partition, record.offset)] = key
        for _, record in self._tails[SUPPRESSIONS].new():
            found.suppressed.setdefault((record.key or b"").decode(), record.timestamp)
        for _, record in self._tails[REJECTED].new():
            rejection = parse_rejection(record.value)
            assert rejection is not None
            topic = rejection.topic
            place = Place(topic, rejection.partition, rejection.offset, rejection.index or 0)
            if topic in CLEAN:
                found.refused.add(self._clean_places[place])
            else:
                found.rejected[place] = rejection.reason

    def _judge(self, partition: int, record: Stored) -> None:
        shifts = {span.shift_s for span in self._scene.skewed if span.end_ms >= record.timestamp - IN_FLIGHT_MS}
        texts = list(own_texts(record.value))
        profile = (record.key or b"").decode()
        for index, possible in enumerate(judge(record, self._consents, self._context, shifts)):
            place = Place(RAW, partition, record.offset, index)
            account(place, possible, self._found, self.tally)
            event_id, ids = texts[index] if index < len(texts) else ("", [])
            planted = self._load.planted.pop(event_id, [])
            for key, region in possible.clean.items():
                self._expected[key] = region, place
                if key in self._fresh:
                    self._texts[key] = [*ids, *filter(is_findable, planted)]
                    if self._fresh[key][1] != possible.content[key]:
                        self.tally.leaks.append(Offence("changed on its way", place))
                if key in self._found.queued:
                    pseudonym = self._found.makers[key]
                    number = possible.names(key).get(pseudonym)
                    if number is None:
                        self.tally.leaks.append(Offence("queued under a name that it must not have", place))
                        continue
                    self._named.setdefault(profile, {}).setdefault(pseudonym, number)
                    self._places.setdefault(pseudonym, place)
                    if key in possible.whose:
                        self._groups.setdefault(pseudonym, []).append(key[1])

    def _look_for_leaks(self, changes: Sequence[Change]) -> None:
        tally, nowhere = self.tally, Place("", -1, -1)
        tally.leaks += unexpected({key: region for key, (region, _) in self._fresh.items()}, self._expected)
        for key, (_, event) in self._fresh.items():
            place = self._expected.get(key, ("", nowhere))[1]
            value = msgspec.json.encode(event)
            if self._scan.scan(b"[" + value + b"]", [value]):
                tally.leaks.append(Offence("the leak scan finds something", place))
            if stands_in(self._texts.pop(key, []), event):
                tally.leaks.append(Offence("a planted text or own id has left", place))
        for profile, number, state in changes:
            if not isinstance(state, ConsentRecord) or state.withdrawn_at is None:
                continue
            for pseudonym, under in self._named.get(profile, {}).items():
                if under < number and pseudonym not in self._found.suppressed:
                    tally.leaks.append(Offence("withdrawn, and not suppressed", self._places[pseudonym]))
        for pseudonym, since_ms in self._found.suppressed.items():
            names = (pseudonym, *self._groups.get(pseudonym, ()))
            last_ms = max(self._arrivals.last_ms.get(name, 0) for name in names)
            if pseudonym not in self._late and late_ms(since_ms, last_ms, self._scene.held) > IN_FLIGHT_MS:
                self._late.add(pseudonym)
                tally.leaks.append(
                    Offence("arrived after its suppression was confirmed", self._places.get(pseudonym, nowhere))
                )


def late_ms(since_ms: int, last_ms: int, held: Sequence[Span]) -> int:
    """Return how long after a suppression something arrived, not counting the time for which it was held up."""
    late = last_ms - since_ms
    for span in held:
        late -= max(0, min(last_ms, span.end_ms) - max(since_ms, span.start_ms))
    return late
