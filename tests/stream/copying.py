"""What the loss tests share: topics of integers, a steady load, worker processes and the final count."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # not marked as exported

from pipeline.stream.client_config import LibrdkafkaLog
from tests.stream.copy_worker import Options

PARTITIONS = 4
COORDINATOR_S = 60.0
COORDINATOR_MOVES = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}
WORKER = Path(__file__).with_name("copy_worker.py")
ROOT = WORKER.parents[2]


def wait_until(condition: Callable[[], Any], what: str, timeout_s: float = 150.0) -> Any:
    """Return the first true value of `condition`, tried every 50 ms; fail with `what` after the deadline."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout_s:.0f} s: {what}")


class Copying:
    """A source and a destination topic, a group that copies between them, and everything to judge it by."""

    def __init__(self, bootstrap: str, directory: Path, partitions: int = PARTITIONS) -> None:
        name = uuid.uuid4().hex[:12]
        self.bootstrap = bootstrap
        self.directory = directory
        self.partitions = partitions
        self.source, self.destination, self.group = f"source-{name}", f"destination-{name}", f"group-{name}"
        self.produced = 0
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "linger.ms": 5,
                "queue.buffering.max.messages": 1_000_000,
            },
            logger=LibrdkafkaLog(),
        )
        self._workers: list[Worker] = []
        topics = [NewTopic(topic, partitions, 1) for topic in (self.source, self.destination)]
        admin = AdminClient({"bootstrap.servers": bootstrap}, logger=LibrdkafkaLog())
        for future in admin.create_topics(topics).values():
            future.result(60)

    # the load

    def produce(self, count: int) -> None:
        """Append the next `count` integers to the source and wait until they are acknowledged."""
        for value in range(self.produced, self.produced + count):
            self._produce(value)
        self.produced += count
        self.flush()

    def _produce(self, value: int) -> None:
        while True:
            try:
                self._producer.produce(self.source, str(value), key=str(value))
            except BufferError:
                self._producer.poll(0.1)
            else:
                self._producer.poll(0)
                return

    def flush(self) -> None:
        assert self._producer.flush(120) == 0

    @contextlib.contextmanager
    def load(self, per_second: int) -> Iterator[None]:
        """Keep producing at about this rate while the block runs."""
        stop = threading.Event()

        def run() -> None:
            while not stop.wait(0.02):
                for _ in range(max(1, per_second // 50)):
                    self._produce(self.produced)
                    self.produced += 1

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.flush()

    # the workers

    def start(self, **options: Any) -> "Worker":
        """Start a worker process of the group."""
        log = self.directory / f"worker-{len(self._workers)}.log"
        options["assigned"] = str(log.with_suffix(".assigned"))
        worker = Worker(Options(self.bootstrap, self.source, self.destination, self.group, **options), log)
        self._workers.append(worker)
        return worker

    def close(self) -> None:
        for worker in self._workers:
            worker.kill()

    # the count

    def committed(self) -> dict[int, int]:
        """Committed offset of each partition of the source that has one."""
        wanted = [TopicPartition(self.source, number) for number in range(self.partitions)]
        with self._reader(f"{self.group}-copy") as reader:
            deadline = time.monotonic() + COORDINATOR_S
            while True:
                try:
                    offsets = reader.committed(wanted, timeout=30)
                    break
                except KafkaException as exc:  # the coordinator of a new group is still being chosen
                    if exc.args[0].code() not in COORDINATOR_MOVES or time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)
        return {entry.partition: entry.offset for entry in offsets if entry.offset >= 0}

    def ends(self, topic: str) -> dict[int, int]:
        """End offset of each partition that holds anything."""
        with self._reader() as reader:
            ends = {
                number: reader.get_watermark_offsets(TopicPartition(topic, number), timeout=60)[1]
                for number in range(self.partitions)
            }
        return {number: end for number, end in ends.items() if end}

    def drained(self) -> bool:
        """Whether every record of the source is committed by the group."""
        return self.committed() == self.ends(self.source)

    def wait_drained(self, timeout_s: float = 240.0) -> None:
        wait_until(self.drained, f"committed {self.committed()} reaches {self.ends(self.source)}", timeout_s)

    def arrived(self) -> Counter[int]:
        """Every integer in the destination and how often it is there."""
        ends = self.ends(self.destination)
        counts: Counter[int] = Counter()
        left = sum(ends.values())
        with self._reader() as reader:
            reader.assign([TopicPartition(self.destination, number, 0) for number in ends])
            deadline = time.monotonic() + 120
            while left > 0:
                assert time.monotonic() < deadline, f"{left} records of the destination cannot be read"
                for message in reader.consume(10_000, 0.2):
                    assert message.error() is None, message.error()
                    counts[int(message.value() or b"")] += 1
                    left -= 1
        return counts

    def assert_nothing_lost(self) -> int:
        """Fail unless every produced integer arrived; return how many arrived more than once."""
        arrived = self.arrived()
        lost = [value for value in range(self.produced) if value not in arrived]
        assert not lost, f"{len(lost)} of {self.produced} lost, for example {lost[:10]}"
        assert len(arrived) == self.produced
        return sum(arrived.values()) - self.produced

    @contextlib.contextmanager
    def _reader(self, group: str = "nobody") -> Iterator[Consumer]:
        # A new client each time: after a broker restart an old one may serve what it knew before.
        reader = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
            },
            logger=LibrdkafkaLog(),
        )
        try:
            yield reader
        finally:
            reader.close()


class Worker:
    """One worker process; everything it writes goes to `log`."""

    def __init__(self, options: Options, log: Path) -> None:
        self.log = log
        self._options = options
        self._start()

    def _start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-W",
                    "error::ResourceWarning",
                    str(WORKER),
                    json.dumps(asdict(self._options)),
                ],
                stdout=out,
                stderr=out,
                cwd=self.log.parent,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )

    def kill(self) -> None:
        """SIGKILL, unless it ended by itself."""
        self.process.kill()
        self.process.wait(30)

    def terminate(self, timeout_s: float = 150.0) -> int:
        """SIGTERM; return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def restart_if_ended(self) -> int:
        """Do a supervisor's work once: return 1 if the process had ended and was started again."""
        if self.process.poll() is None:
            return 0
        self._start()
        return 1

    def is_ready(self) -> bool:
        """Whether it has joined the group and was given partitions."""
        return Path(self._options.assigned).exists()

    def text(self) -> str:
        return self.log.read_text("utf-8", "replace")
