"""A worker process that is killed by SIGKILL at one point of its work: `dying_worker ROLE WHERE CONFIG`.

WHERE: for `aggregate`, before or in the middle of the counts that it sends, or after them; for `sanitize`, when its
first chunk is confirmed and not yet acknowledged.
"""

import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pipeline.workers.aggregate
import pipeline.workers.sanitize
from pipeline.ops.logging import configure_logging
from pipeline.ops.settings import load_settings
from pipeline.stream.producer import ConfirmedProducer, Headers, ProduceBatch, Row


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """A batch that is looked at record by record."""

    def __init__(self, batch: ProduceBatch, producer: Any, where: str) -> None:
        self._batch = batch
        self._producer = producer
        self._where = where
        self._counts = 0

    def add(
        self,
        topic: str,
        value: bytes,
        key: bytes | None = None,
        partition: int | None = None,
        headers: Headers | None = None,
    ) -> None:
        counts = topic.endswith("events.clean.in")
        if counts and (self._where == "before" or (self._where == "middle" and self._counts)):
            self._producer.flush(30)
            die()
        if self._where == "after" and b'"emitted"' in value:
            die()
        self._counts += counts
        self._batch.add(topic, value, key, partition, headers)

    def add_all(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.add(*row)

    def done(self) -> Any:
        done = self._batch.done()
        if self._where == "confirmed":
            done.add_done_callback(die)
        return done


class DyingProducer(ConfirmedProducer):
    """Makes batches that are looked at."""

    where = ""

    def batch(self) -> Any:
        return Watched(super().batch(), self._producer, self.where)


if __name__ == "__main__":
    role, DyingProducer.where, config = sys.argv[1:]
    module: Any = {"aggregate": pipeline.workers.aggregate, "sanitize": pipeline.workers.sanitize}[role]
    module.ConfirmedProducer = DyingProducer
    settings = load_settings(Path(config))
    configure_logging("info")
    sys.exit(module.run_aggregate(settings) if role == "aggregate" else module.run_sanitize(settings, None))
