"""Replay: raw events that are still on their topic, judged again under today's policy and consent (R36).

The job runs the sanitize role itself, behind the same consent barrier, and produces to the same topics; each record
that it produces carries the header `coppice-replay`. `$insert_id`, time and pseudonym are pure functions of the raw
event and of what the person granted, so Mixpanel keeps one of two. Raw events are read and never written again: their
age stays theirs.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pipeline.ops import metric_table as table
from pipeline.ops.errors import ConfigError
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import KafkaSettings, Settings
from pipeline.policy.vocabulary import Region
from pipeline.stream.admin import require_topics
from pipeline.stream.committed import committed
from pipeline.stream.log_reader import LogReader
from pipeline.stream.topics import CONSENT, RAW, REJECTED
from pipeline.workers.context import load_context, now_ms
from pipeline.workers.keys import load_key_ring
from pipeline.workers.labels import LABEL_VALUES
from pipeline.workers.replay_job import Advance, Job, Summary
from pipeline.workers.replay_plan import Wanted, left_of, plan_by_rejection, plan_by_time
from pipeline.workers.rules import Rules

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def run_replay(
    settings: Settings,
    wanted: Wanted,
    *,
    name: str | None = None,
    restart: bool = False,
    dry_run: bool = False,
    advance: Advance = lambda _done, _total: None,
) -> Summary:
    """Do one replay, or go on with it, until it is done, or a signal says to stop.

    name: under which its progress is kept; restart: forget that progress. A dry run produces and keeps nothing.
    Raise ConfigError for a wrong request, settings, topics or broker, before anything is judged.
    """
    moment = now_ms()
    wanted.check(moment)
    name = name if name is not None else f"r-{wanted.digest()}"
    if not NAME.fullmatch(name):
        raise ConfigError("--id: give letters, digits, dots, dashes and underscores, at most 64")
    only = None if wanted.region is None else Region(wanted.region)
    metrics = Metrics(LABEL_VALUES)
    also = (settings.keys_file,) if settings.keys_file is not None else ()
    rules = Rules(settings, lambda: load_context(settings, only, load_key_ring(settings)), metrics, also=also)
    require_topics(settings)
    require_whole_consent(settings.kafka)
    group = group_of(settings.kafka, name, wanted)
    with _readers(settings.kafka, group) as (raw, ends, rejected):
        partitions = _partitions(raw, wanted)
        if wanted.reasons:
            plan = plan_by_rejection(raw, rejected, wanted, partitions)
        else:
            plan = plan_by_time(raw, wanted, partitions, moment)
        if not dry_run and not restart:
            plan = left_of(plan, raw.saved(raw.partitions()), ends.saved(raw.partitions()), raw)
            heads = {place[1]: noted.note for place, noted in committed(settings.kafka, group).items()}
            plan = replace(plan, heads=heads)
        summary = Summary(id=name, dry_run=dry_run, policy=rules.current.policy.version, earlier=plan.done)
        summary.gone, summary.cut = list(plan.gone), list(plan.cut)
        job = Job(settings, rules, metrics, raw, ends, summary, advance)
        asyncio.run(job.run(plan))
    for outcome, metric, label in (
        (summary.kept, table.EVENTS_KEPT, "region"),
        (summary.dropped, table.EVENTS_DROPPED, "reason"),
        (summary.rejected, table.EVENTS_REJECTED, "reason"),
        (summary.counted, table.AGGREGATE_CONTRIBUTIONS, "cohort"),
    ):
        outcome.update(_totals(metrics, metric.name, label))
    return summary


def group_of(kafka: KafkaSettings, name: str, wanted: Wanted) -> str:
    """Return the consumer group that keeps how far a job has come; the same name for another request is another job."""
    return f"{kafka.group_prefix}-replay-{name}-{wanted.digest()}"


def require_whole_consent(kafka: KafkaSettings) -> None:
    """Refuse a consent topic that ends before what the rights worker has already read of it (R36).

    It has been restored from an older copy: withdrawals that were made since are not in it. Raise ConfigError.
    """
    reader = LogReader(kafka, kafka.topic_prefix + CONSENT, f"{kafka.group_prefix}-rights")
    try:
        for partition, place in reader.saved(reader.partitions()).items():
            if place.offset > reader.bounds(partition)[1]:
                raise ConfigError(
                    f"{reader.topic} ends before what was read of partition {partition} already: it was restored from"
                    " an older copy, and withdrawals may be missing. Let the consent service publish its present"
                    " records, and the rights worker read them, before anything is replayed"
                )
    finally:
        reader.close()


@contextmanager
def _readers(kafka: KafkaSettings, group: str) -> Iterator[tuple[LogReader, LogReader, LogReader]]:
    """Open raw events with the job's progress, the same with the job's ends, and rejections."""
    raw = LogReader(kafka, kafka.topic_prefix + RAW, group)
    ends = LogReader(kafka, kafka.topic_prefix + RAW, f"{group}-ends")
    rejected = LogReader(kafka, kafka.topic_prefix + REJECTED, group)
    try:
        yield raw, ends, rejected
    finally:
        for reader in (rejected, ends, raw):
            reader.close()


def _partitions(raw: LogReader, wanted: Wanted) -> range:
    there = raw.partitions()
    if wanted.partition is None:
        return range(there)
    if not 0 <= wanted.partition < there:
        raise ConfigError(f"--partition: {raw.topic} has partitions 0 to {there - 1}")
    return range(wanted.partition, wanted.partition + 1)


def _totals(metrics: Metrics, name: str, label: str) -> dict[str, int]:
    """Return a counter's values by one of its labels, without zeros."""
    found: Counter[str] = Counter()
    for family in metrics.registry.collect():
        for sample in family.samples:
            if sample.name == name and sample.value:
                found[sample.labels[label]] += int(sample.value)
    return dict(sorted(found.items()))
