"""A deployment that counts, its settings file, its topics read and written by hand, and workers that die on purpose."""

import itertools
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from ruamel.yaml import YAML

from pipeline.aggregate.records import Window, parse_record
from pipeline.core.counting import cell_bytes
from pipeline.core.outcome import Cell
from pipeline.policy.vocabulary import Region
from pipeline.sandbox.deployment import DEMO_SETTINGS, PARTITIONS, Deployment
from pipeline.stream.client_config import LibrdkafkaLog
from pipeline.stream.partition import murmur2_partition
from tests.core.worlds import HOUR, merged

ROOT = Path(__file__).parents[2]
WAIT_S = 150.0
K = 20
SETTINGS: dict[str, Any] = {
    "india_child": {
        "mode": "aggregate_only",
        "aggregates": {"window": "hour", "grace_minutes": 1, "events": {"level_completed": ["world"]}},
    },
    "vendor_gate": {"in_child_counts": {"document": "D-1", "until": "2099-12-31"}},
    "consent": {"notice_versions": {"in_child": ["2026-04"]}},
}


def write_settings(path: Path, *, stopped: bool = False) -> Path:
    """Write the demo's settings with counts switched on. stopped: the kill switch holds them back."""
    demo = YAML(typ="safe").load(DEMO_SETTINGS.read_text(encoding="utf-8"))
    over = merged(SETTINGS, {"kill_switch": {"cohorts": ["IN/child"] if stopped else []}})
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        YAML().dump(merged(demo, over), file)
    fresh.replace(path)
    return path


def past_window(hours_ago: int) -> Window:
    """Return an hour that has ended some hours ago, at least one."""
    now_ms = time.time_ns() // 1_000_000
    return Window(now_ms - now_ms % HOUR - (hours_ago + 1) * HOUR, HOUR)


def from_child(window: Window, world: str, child: int, event: int = 0) -> bytes:
    """Make a contribution as the sanitiser does."""
    record = {
        "kind": "contribution",
        "window_start": window.start_ms,
        "window_ms": window.length_ms,
        "event": "level_completed",
        "dimensions": {"world": world},
        "who": f"{child:016x}{window.start_ms:016x}",
        "id": f"{event * 100_000 + child:016x}{0:016x}",
    }
    return json.dumps(record).encode()


def worlds_together(window: Window, number: int) -> list[str]:
    """Return so many worlds whose cells of a window lie on one partition."""
    named = ((f"w{at}", Cell(*window, "level_completed", (("world", f"w{at}"),))) for at in itertools.count())
    here = (name for name, cell in named if murmur2_partition(cell_bytes(cell), PARTITIONS) == 0)
    return list(itertools.islice(here, number))


def write_contributions(deployment: Deployment, values: Iterable[bytes]) -> None:
    """Write contributions to the topic, each to its cell's partition."""
    producer = Producer({"bootstrap.servers": deployment.broker.bootstrap, "partitioner": "murmur2_random"})
    for value in values:
        record: Any = parse_record(value)
        producer.produce(deployment.topic("aggregates.in"), value, cell_bytes(record.cell))
    assert producer.flush(WAIT_S) == 0


def read_topic(deployment: Deployment, name: str) -> list[tuple[bytes | None, bytes]]:
    """Return every record of a topic as key and value, by partition."""
    topic = deployment.topic(name)
    config = {"bootstrap.servers": deployment.broker.bootstrap, "group.id": "look", "enable.auto.commit": False}
    consumer = Consumer(config, logger=LibrdkafkaLog())
    found: list[Any] = []
    try:
        places = [
            TopicPartition(topic, each) for each in consumer.list_topics(topic, timeout=WAIT_S).topics[topic].partitions
        ]
        bounds: list[Any] = [consumer.get_watermark_offsets(place, timeout=WAIT_S) for place in places]
        consumer.assign([TopicPartition(topic, p.partition, low) for p, (low, _) in zip(places, bounds, strict=True)])
        due = sum(high - low for low, high in bounds)
        deadline = time.monotonic() + WAIT_S
        while len(found) < due and time.monotonic() < deadline:
            found += consumer.consume(due - len(found), 0.1)
    finally:
        consumer.close()
    assert len(found) == due
    assert not any(message.error() for message in found)
    found.sort(key=lambda message: (message.partition(), message.offset()))
    return [(message.key(), message.value()) for message in found]


def marks(deployment: Deployment, *windows: Window) -> list[str]:
    """Return which marks of these windows are on the log."""
    known = [json.loads(value) for _, value in read_topic(deployment, "aggregates.in")]
    starts = {window.start_ms for window in windows}
    return [each["kind"] for each in known if each["kind"] != "contribution" and each["window_start"] in starts]


def sent(deployment: Deployment) -> dict[int, list[tuple[bytes | None, bytes]]]:
    """Return what was sent of each window, by its start, with every repetition."""
    found = defaultdict(list)
    for key, value in read_topic(deployment, "events.clean.in"):
        found[json.loads(value)["properties"]["time"]].append((key, value))
    return found


def arrived(deployment: Deployment, window: Window) -> dict[str, int]:
    """Return the counts of a window that Mixpanel's reports would show, by world."""
    events = [event["properties"] for event in deployment.standins[Region.IN].events()]
    return {each["world"]: each["count"] for each in events if each["time"] == window.start_ms}


def run_to_death(deployment: Deployment, name: str, role: str, where: str) -> None:
    """Run a worker that kills itself with SIGKILL at a point of its work, and see it die.

    It has a group of its own, so that its successor need not wait until the broker gives it up.
    """
    deployment.load(name)
    config = deployment.directory / f"{name}.yaml"
    written = config.read_text(encoding="utf-8")
    assert "group_prefix: " in written
    config.write_text(written.replace("group_prefix: ", f"group_prefix: {name}-"), encoding="utf-8")
    arguments: Sequence[str] = (sys.executable, "-m", "tests.aggregate.dying_worker", role, where, str(config))
    done = subprocess.run(arguments, cwd=ROOT, timeout=WAIT_S, check=False, capture_output=True, text=True)
    assert done.returncode == -9, done.stdout + done.stderr


def wait_until(condition: Callable[[], Any], what: str, timeout_s: float = WAIT_S) -> None:
    """Wait for a condition, and say what was not reached."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.05)
