"""A broker that restarts, freezes and goes away under load, with workers that a supervisor restarts: none is lost."""

import time
from collections.abc import Callable, Iterable

from confluent_kafka import KafkaException

from pipeline.sandbox.kafka import EmbeddedKafka
from tests.stream.copying import Copying, Worker, wait_until

FROZEN_S = 20.0  # longer than the session timeout: the group is gone when the broker wakes
AWAY_S = 30.0
LAST_LINES = 60  # of a worker, told if they do not get there
LOG_LINES = 1_000  # of a worker, over the whole test; without a rate limit the outage alone would write more


def supervise(workers: Iterable[Worker], until: Callable[[], bool], what: str, timeout_s: float = 180.0) -> None:
    """Restart workers that ended, as the container runtime would, until the condition holds."""

    def tend() -> bool:
        for worker in workers:
            worker.restart_if_ended()
        return until()

    wait_until(tend, what, timeout_s)


def after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def committed(copying: Copying) -> int:
    """How much the group has committed, 0 while the broker does not say."""
    try:
        return sum(copying.committed().values())
    except KafkaException:
        return 0


def test_nothing_is_lost_when_the_broker_restarts_freezes_and_goes_away(
    own_kafka: EmbeddedKafka, copying_on: Callable[[EmbeddedKafka], Copying]
) -> None:
    copying = copying_on(own_kafka)
    with copying.load(per_second=2_000):
        workers = [copying.start(), copying.start()]
        supervise(workers, lambda: committed(copying) > 0, "the group works")

        before = committed(copying)
        own_kafka.restart()
        supervise(workers, lambda: committed(copying) > before, "work goes on after the restart")

        before = committed(copying)
        own_kafka.pause()
        supervise(workers, after(FROZEN_S), "the broker is frozen")
        own_kafka.resume()
        supervise(workers, lambda: committed(copying) > before, "work goes on after the freeze")

        before = committed(copying)
        own_kafka.kill()
        supervise(workers, after(AWAY_S), "the broker is away")
        own_kafka.start()
        supervise(workers, lambda: committed(copying) > before, "work goes on after the outage")
    try:
        supervise(workers, copying.drained, "everything is committed")
    except AssertionError as exc:
        exc.add_note(f"committed {copying.committed()} of {copying.ends(copying.source)}")
        for worker in workers:
            exc.add_note("\n".join([worker.log.name, *worker.text().splitlines()[-LAST_LINES:]]))
        raise
    copying.assert_nothing_lost()
    assert all(len(worker.text().splitlines()) < LOG_LINES for worker in workers)
