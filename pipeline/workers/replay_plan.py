"""What a replay has to look at again: stretches of `events.raw`, by time or by the coordinates of rejections."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pipeline.core.outcome import RejectReason
from pipeline.ops.errors import ConfigError
from pipeline.stream.log_reader import LogReader, Saved
from pipeline.stream.rejection import parse_rejection
from pipeline.stream.topics import RAW, TOPICS

ANY = "any"
NEAR = 500  # rejected records less than this apart are reached by reading on, others by going there
RAW_MS = next(topic.retention_ms for topic in TOPICS if topic.name == RAW)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the operator asked for; times in milliseconds since the epoch, `from_ms` included, `to_ms` not.

    reasons: empty for everything that arrived in that time; else what was rejected in that time for one of these
    reasons, `ANY` for all. partition: of `events.raw`, None for all of them. region: the one the job may process.
    """

    from_ms: int
    to_ms: int
    partition: int | None = None
    reasons: tuple[str, ...] = ()
    region: str | None = None

    def check(self, now_ms: int) -> None:
        """Raise ConfigError for what cannot be asked."""
        if self.from_ms >= self.to_ms:
            raise ConfigError("--from must be before --to")
        if self.to_ms > now_ms:
            raise ConfigError("--to is in the future: a replay has an end, and new events have their workers")
        known = [*RejectReason, ANY]
        if wrong := sorted(set(self.reasons) - set(known)):
            raise ConfigError(
                f"--reason {', '.join(each[:40] for each in wrong)}: raw events are not rejected for that; give"
                f" {', '.join(known)}. What Mixpanel refused is replayed by the time of the raw event, without --reason"
            )

    def digest(self) -> str:
        """Return 12 hexadecimal characters that tell this request from others, and are the same when it is repeated."""
        parts = (self.from_ms, self.to_ms, self.partition, sorted(set(self.reasons)), self.region)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


class Gone(NamedTuple):
    """Records that were asked for and that the topic does not hold any more, by offset, both included."""

    partition: int
    first_offset: int
    last_offset: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Offsets `start` to before `end` of a partition; only: those of them that are wanted, None for all."""

    partition: int
    start: int
    end: int
    only: frozenset[int] | None = None

    def __len__(self) -> int:
        return self.end - self.start if self.only is None else len(self.only)

    def after(self, offset: int) -> "Stretch":
        """Return what is left of it when everything before `offset` is done."""
        only = self.only if self.only is None else frozenset(each for each in self.only if each >= offset)
        return replace(self, start=min(max(self.start, offset), self.end), only=only)


@dataclass(frozen=True, slots=True)
class Plan:
    """stretches: what to do, by partition and offset. gone: what cannot be done. done: records of earlier runs.

    cut: partitions that begin later than what was asked for, so that nobody knows what is missing there. heads: digests
    of the last receipts of earlier runs, by partition.
    """

    stretches: tuple[Stretch, ...]
    gone: tuple[Gone, ...] = ()
    cut: tuple[int, ...] = ()
    done: int = 0
    heads: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self.stretches))


def plan_by_time(raw: LogReader, wanted: Wanted, partitions: Iterable[int], now_ms: int) -> Plan:
    """Return everything that arrived in the time that was asked for."""
    stretches, cut = [], []
    for partition in partitions:
        first, end = raw.offset_at(partition, wanted.from_ms), raw.offset_at(partition, wanted.to_ms)
        stretches.append(Stretch(partition, first, max(first, end)))
        if wanted.from_ms < now_ms - RAW_MS and raw.bounds(partition)[0] > 0:
            cut.append(partition)
    return Plan(tuple(stretches), cut=tuple(cut))


def plan_by_rejection(raw: LogReader, rejected: LogReader, wanted: Wanted, partitions: Iterable[int]) -> Plan:
    """Return the records of which an event was rejected in that time, as far as they are still there."""
    found = _rejected(raw.topic, rejected, wanted)
    stretches: list[Stretch] = []
    gone: list[Gone] = []
    for partition in partitions:
        low, high = raw.bounds(partition)
        offsets = sorted(found[partition])
        gone += [Gone(partition, each, each) for each in offsets if not low <= each < high]
        stretches += _stretches(partition, [each for each in offsets if low <= each < high])
    return Plan(tuple(stretches), tuple(gone))


def _rejected(topic: str, rejected: LogReader, wanted: Wanted) -> dict[int, set[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    everything = ANY in wanted.reasons
    for partition in range(rejected.partitions()):
        first, end = rejected.offset_at(partition, wanted.from_ms), rejected.offset_at(partition, wanted.to_ms)
        for record in rejected.read(partition, first, end):
            each = parse_rejection(record.value)
            if each is not None and each.topic == topic and (everything or each.reason in wanted.reasons):
                found[each.partition].add(each.offset)
    return found


def _stretches(partition: int, offsets: list[int]) -> Iterator[Stretch]:
    """Put offsets that lie close together into one stretch."""
    together: list[int] = []
    for offset in offsets:
        if together and offset - together[-1] > NEAR:
            yield Stretch(partition, together[0], together[-1] + 1, frozenset(together))
            together = []
        together.append(offset)
    if together:
        yield Stretch(partition, together[0], together[-1] + 1, frozenset(together))


def left_of(plan: Plan, saved: Mapping[int, Saved], ends: Mapping[int, Saved], raw: LogReader) -> Plan:
    """Return what earlier runs of the same job have left of a plan, and what went away in between.

    saved: how far they came; ends: where they had to end, which today's log may no longer tell.
    """
    gone = [each for each in plan.gone if each.partition not in saved or each[1] >= saved[each.partition].offset]
    stretches: list[Stretch] = []
    for stretch in plan.stretches:
        partition = stretch.partition
        if partition not in saved:
            rest = stretch
        elif stretch.only is not None:
            rest = stretch.after(saved[partition].offset)
        else:
            reached = saved[partition].offset
            end = ends[partition].offset if partition in ends else stretch.end
            begins = min(max(raw.bounds(partition)[0], reached), end)
            if reached < begins:
                gone.append(Gone(partition, reached, begins - 1))
            rest = Stretch(partition, begins, end)
        stretches.append(rest)
    done = max(0, len(plan) - sum(map(len, stretches)))
    return Plan(tuple(each for each in stretches if len(each)), tuple(gone), plan.cut, done)
