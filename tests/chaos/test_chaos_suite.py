"""The chaos suite itself: a short run that must be clean, and a loss that it must notice."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from pipeline.policy.vocabulary import Region
from pipeline.sandbox.chaos.audit import Audit
from pipeline.sandbox.chaos.clock import WrongClock
from pipeline.sandbox.chaos.load import Load
from pipeline.sandbox.chaos.scene import OVERRIDES, Scene
from pipeline.sandbox.deployment import Deployment
from pipeline.stream.log_reader import LogReader
from pipeline.stream.topics import RAW

SEED = os.environ.get("CHAOS_SEED", "10018")  # CHAOS_SEED=random for another one each time; it is printed


def test_a_short_run_accounts_for_every_event() -> None:
    seed = [] if SEED == "random" else ["--seed", SEED]
    command = [sys.executable, "-m", "pipeline.sandbox.chaos", *seed, "--faults", "7", "--pace", "0.1"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    *_, last = run.stdout.splitlines()
    figures = json.loads(last)
    assert run.returncode == 0, run.stdout + run.stderr
    assert list(figures) == ["faults", "published", "unaccounted", "leaks", "duplicates_sent"]
    assert figures["faults"] == 7
    assert figures["published"] > 1_000
    assert (figures["unaccounted"], figures["leaks"]) == (0, 0)


def test_events_that_are_acknowledged_and_never_judged_are_noticed() -> None:
    with Deployment(overrides=OVERRIDES) as deployment:
        scene = Scene(deployment)
        sanitize = scene.add("sanitize")
        scene.add("rights")
        for region in Region:
            scene.add("deliver", region.value)
        deployment.wait_ready()
        with Load(deployment.broker.bootstrap, seed=3, rate=500) as load:
            audit = Audit(scene, load)
            try:
                scene.remove(sanitize)
                load.resume()
                while load.acknowledgements < 400:
                    time.sleep(0.05)
                load.pause()
                first = _skip(deployment, 0)  # what a consumer that acknowledges too early does when it is killed
                scene.add("sanitize")
                assert audit.quiesce(240.0) is not None
                audit.check()
            finally:
                audit.close()
    places = {(each.place.topic, each.place.partition) for each in audit.tally.unaccounted}
    assert places == {("events.raw", 0)}
    assert min(each.place.offset for each in audit.tally.unaccounted) >= first
    assert audit.tally.leaks == []
    assert audit.tally.fates["delivered"] > 0


def _skip(deployment: Deployment, partition: int) -> int:
    """Acknowledge everything of a partition in the name of the sanitizers; return the first offset."""
    kafka = deployment.settings.kafka
    reader = LogReader(kafka, kafka.topic_prefix + RAW, f"{kafka.group_prefix}-sanitize")
    try:
        first, end = reader.bounds(partition)
        reader.save(partition, end, "")
    finally:
        reader.close()
    return first


def test_a_process_lives_by_the_clock_that_it_is_given(tmp_path: Path) -> None:
    clock = WrongClock(tmp_path / "clock")
    code = (
        "import sys, time; from pathlib import Path; from pipeline.sandbox.chaos.clock import WrongClock;"
        "WrongClock(Path(sys.argv[1])).install();"
        "print(time.time(), flush=True); sys.stdin.readline(); print(time.time_ns() / 1e9)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(clock.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    right = float(process.stdout.readline())
    clock.set(-7200)
    wrong = float(process.communicate("\n", timeout=60)[0])
    assert right - 7200 <= wrong < right - 3600
