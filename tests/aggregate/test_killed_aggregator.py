"""Aggregators that are killed, and that take over from each other: every count arrives once, and is right (R11)."""

import signal
from pathlib import Path

from pipeline.sandbox.deployment import Deployment
from tests.aggregate.running import (
    arrived,
    from_child,
    marks,
    past_window,
    run_to_death,
    sent,
    wait_until,
    worlds_together,
    write_contributions,
    write_settings,
)

WORLDS = ("jungle", "ocean", "space", "city")


def test_killed_before_amid_and_after_its_counts(counting: Deployment) -> None:
    window = past_window(40)
    *worlds, few = worlds_together(window, 4)  # of one partition, so that one mark is for all
    children = {world: 20 + number for number, world in enumerate(worlds)}
    log = [from_child(window, world, child) for world, number in children.items() for child in range(number)]
    log += [from_child(window, few, child) for child in range(19)]
    write_contributions(counting, [*log, *log[:7]])
    for deaths, (where, records) in enumerate([("before", 0), ("middle", 1), ("after", 1 + len(worlds))]):
        run_to_death(counting, f"dying-{where}", "aggregate", where)
        assert marks(counting, window) == ["close"]
        assert len(sent(counting)[window.start_ms]) == records
        # what comes between a death and the next aggregator is late: the mark stands
        late = [from_child(window, world, 1_000 + number + 100 * deaths) for world in worlds for number in range(3)]
        late += [from_child(window, few, 1_000 + number + 100 * deaths) for number in range(20)]
        write_contributions(counting, late)
    worker = counting.add_worker("aggregate", "all", wait=False)
    try:
        wait_until(lambda: marks(counting, window) == ["close", "emitted"], "the window marked as sent")
        wait_until(lambda: arrived(counting, window) == children, "the counts as they were when the window was closed")
    finally:
        counting.workers.remove(worker)
        worker.stop()
    after = sent(counting)[window.start_ms]
    assert len(after) == 1 + 2 * len(worlds)
    assert len(set(after)) == len(worlds)  # what was sent again had the same bytes


def test_aggregators_that_take_partitions_from_each_other(counting: Deployment, settings_file: Path) -> None:
    windows = [past_window(hours) for hours in range(2, 26)]
    expected = {window: dict.fromkeys(WORLDS, 20 + at % 5) for at, window in enumerate(windows)}
    write_settings(settings_file, stopped=True)
    workers = [counting.add_worker("aggregate", "all", wait=False) for _ in range(2)]
    try:
        log = [
            from_child(window, world, child)
            for window, worlds in expected.items()
            for world, number in worlds.items()
            for child in range(number)
        ]
        write_contributions(counting, log)
        counting.wait_ready(*workers)
        assert marks(counting, *windows) == []
        write_settings(settings_file)  # every window is due at once, while the partitions move
        workers[0].send(signal.SIGTERM)  # it comes back, and takes partitions again
        wait_until(lambda: all(arrived(counting, at) == expected[at] for at in windows), "every count, once")
    finally:
        for worker in workers:
            counting.workers.remove(worker)
            worker.stop()
    after = sent(counting)
    for window in windows:
        assert arrived(counting, window) == expected[window]
        assert len(set(after[window.start_ms])) == len(WORLDS)
