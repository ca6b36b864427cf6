"""The kill switch and the end of a document reach the queue: cohort by cohort, and never more than that."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord

from pipeline.deliver.batch import Batch, Fates, Ticket
from pipeline.deliver.reasons import Fate
from pipeline.deliver.stopped import Stopped
from pipeline.ops.metrics import Metrics
from pipeline.policy.compiled import CompiledPolicy
from pipeline.policy.compiling import load_policy
from pipeline.policy.vocabulary import Cohort, Region
from pipeline.sandbox.deployment import DEMO_SETTINGS
from pipeline.stream.chunk import Chunk, TopicPartition
from pipeline.stream.clean_headers import HEADERS

NOW_MS = 1_780_000_000_000
OF_US = [cohort for cohort in Cohort if cohort.startswith("US/")]
DEMO = load_policy(DEMO_SETTINGS)
WAITING: list[Any] = [
    HEADERS[Cohort.US_CHILD],
    HEADERS[Cohort.US_ADULT],
    [],
    [("cohort", b"US/giant")],
    [("other", b"x"), *HEADERS[Cohort.US_TEEN]],
    [("cohort", None)],
    HEADERS[Cohort.US_CHILD],
]


def open_to_all(**changes: Any) -> CompiledPolicy:
    gates: Mapping[Cohort, int] = dict.fromkeys(Cohort, NOW_MS + 1)
    return replace(DEMO, **{"gates": gates, "killed": frozenset(), **changes})


def taken_out(
    policy: CompiledPolicy, region: Region = Region.US, then: CompiledPolicy | None = None
) -> tuple[set[int], list[int]]:
    """Return the places in `WAITING` that are given up, and those that are left. then: the policy after the wait."""

    async def run() -> tuple[set[int], list[int]]:
        records = [
            ConsumerRecord("t", 0, at, NOW_MS, 0, b"k", b"{}", None, 1, 2, headers)
            for at, headers in enumerate(WAITING)
        ]
        done: asyncio.Future[Fates] = asyncio.get_running_loop().create_future()
        ticket = Ticket(Chunk(TopicPartition("t", 0), records), done)
        batch = Batch(records, [(ticket, len(records))], 22)
        metrics = Metrics({})
        later: list[Callable[[], None]] = []
        again: list[Batch] = []
        stopped = Stopped(region, policy, metrics, lambda: NOW_MS, later=later.append, again=again.append)
        left = stopped.take_out(batch)
        assert ticket.fates == []  # nothing is given up at once
        assert len(later) == (left is not batch)
        stopped.policy = then or policy
        for decide in later:
            decide()
        gone = {offset for fate, offsets in ticket.fates for offset in offsets if fate is Fate.STOPPED}
        assert then is not None or (left is batch) == (not gone)
        counted = [each for metric in metrics.registry.collect() for each in metric.samples]
        assert sum(each.value for each in counted if each.name == "coppice_stopped_events_total") == len(gone)
        return gone, sorted(record.offset for each in (left, *again) for record in each.records)

    return asyncio.run(run())


def test_while_nothing_is_stopped_everything_leaves_and_no_header_is_asked_for() -> None:
    assert taken_out(open_to_all()) == (set(), [0, 1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize(
    ("cohort", "gone"),
    [
        (Cohort.US_CHILD, {0, 2, 3, 5, 6}),
        (Cohort.US_ADULT, {1, 2, 3, 5}),
        (Cohort.US_TEEN, {2, 3, 4, 5}),
        (Cohort.US_UNKNOWN, {2, 3, 5}),
    ],
)
def test_a_stopped_cohort_takes_its_own_and_what_may_be_its_own(cohort: Cohort, gone: set[int]) -> None:
    left = [at for at in range(len(WAITING)) if at not in gone]
    assert taken_out(open_to_all(killed=frozenset({cohort}))) == (gone, left)
    gates = dict.fromkeys(Cohort, NOW_MS + 1)
    assert taken_out(open_to_all(gates={**gates, cohort: NOW_MS})) == (gone, left), "the document ends at this moment"
    del gates[cohort]
    assert taken_out(open_to_all(gates=gates)) == (gone, left), "there is no document"


def test_cohorts_of_the_other_region_stop_nothing_here() -> None:
    elsewhere = frozenset({Cohort.IN_ADULT, Cohort.IN_CHILD, Cohort.IN_UNKNOWN})
    assert taken_out(open_to_all(killed=elsewhere))[0] == set()
    assert taken_out(open_to_all(killed=frozenset(OF_US)), Region.IN)[0] == set()


def test_a_stopped_region_is_held_by_the_pause_and_nothing_of_it_is_given_up() -> None:
    assert taken_out(open_to_all(killed=frozenset(OF_US)))[0] == set()
    assert taken_out(open_to_all(killed=frozenset(Cohort), gates={}))[0] == set()


def test_a_cohort_whose_ways_ask_for_no_document_needs_none() -> None:
    ways = {key: tuple(replace(way, require=()) for way in each) for key, each in DEMO.decisions.items()}
    only = Cohort.US_ADULT, Cohort.US_UNKNOWN
    closed = {cohort: NOW_MS + 1 for cohort in OF_US if cohort not in only}
    assert taken_out(open_to_all(gates=closed))[0] == {1, 2, 3, 5}
    assert taken_out(open_to_all(gates=closed, decisions=ways))[0] == set()


def test_what_was_held_leaves_when_the_policy_turns_out_to_have_been_an_old_one() -> None:
    """The sanitizer has read that a cohort is open, and this worker has not yet."""
    old = open_to_all(killed=frozenset({Cohort.US_CHILD}))
    assert taken_out(old, then=open_to_all()) == (set(), [0, 1, 2, 3, 4, 5, 6])
    other = open_to_all(killed=frozenset({Cohort.US_ADULT}))
    assert taken_out(old, then=other) == ({2, 3, 5}, [0, 1, 4, 6]), "what was not held is not judged again"
