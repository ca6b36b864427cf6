"""SIGTERM under load: a worker ends within 10 s with nothing unacknowledged, so that the next one repeats nothing."""

import json
import signal
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Self

import pytest

from pipeline.ledger.reading import heads_of, open_ledger, verify_ledger
from pipeline.ledger.receipt import parse_receipt
from pipeline.policy.vocabulary import Region
from pipeline.publish import Publisher
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.supervisor import SupervisedWorker
from pipeline.stream.committed import committed
from pipeline.stream.log_reader import LogReader

STOP_S = 10.0  # the contract
NOTICED_S = 5.0  # until a busy machine lets a process see its signal, and its supervisor see the end
PEOPLE = 50
Make = Callable[..., dict[str, Any]]
Wait = Callable[..., None]


class Load:
    """Publishes until it is told to stop; `count` records are with the broker then."""

    def __init__(self, deployment: Deployment, publish: Callable[[Publisher, int], object]) -> None:
        self._deployment = deployment
        self._publish = publish
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.count = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        with self._deployment.publisher() as publisher:
            while not self._over.wait(0.05):
                for number in range(self.count, self.count + 10):
                    self._publish(publisher, number)
                self.count += 10


@pytest.fixture(scope="module")
def running(kafka: EmbeddedKafka) -> Iterator[Deployment]:
    overrides = {"deliver": {"linger_s": 0.5, "max_events": 50, "retry_base_s": 0.1, "retry_cap_s": 0.5}}
    with Deployment(broker=kafka, prefix=f"end-{uuid.uuid4().hex[:8]}.", overrides=overrides) as deployment:
        deployment.add_worker("sanitize", "all", wait=False)
        deployment.add_worker("deliver", "us", wait=False)
        deployment.add_worker("rights", "all", wait=False)
        deployment.add_worker("aggregate", "all", wait=False)
        deployment.wait_ready()
        yield deployment


@pytest.fixture
def events(running: Deployment, adult: Make, level_event: Make) -> Load:
    """People have consented, and their events can be published."""
    with running.publisher() as publisher:
        for number in range(PEOPLE):
            publisher.publish_consent(adult(f"k-{number}"))
    run = uuid.uuid4().hex

    def publish(publisher: Publisher, number: int) -> None:
        event = level_event(f"k-{number % PEOPLE}", event_id=f"{run}-{number}")
        publisher.publish_raw(json.dumps(event).encode(), event["profile_id"].encode())

    return Load(running, publish)


def end(worker: SupervisedWorker, wait_until: Wait) -> None:
    """Send SIGTERM; the process ends in time and in good order, and its supervisor starts another one."""
    restarts, worker.last_exit = worker.restarts, None
    worker.send(signal.SIGTERM)
    wait_until(lambda: worker.last_exit is not None, "the end of the process", STOP_S + NOTICED_S)
    assert worker.last_exit == 0, worker.log.read_text()[-3000:]
    wait_until(lambda: worker.restarts == restarts + 1, "another process")


def offsets_of_receipts(deployment: Deployment) -> Counter[tuple[str, int, int]]:
    """Count by topic, partition and offset how often a record was decided about."""
    ledger = open_ledger(deployment.load("base").kafka)
    seen: Counter[tuple[str, int, int]] = Counter()
    for partition in range(ledger.partitions()):
        for record in ledger.read(partition, *ledger.bounds(partition)):
            receipt = parse_receipt(record.value)
            assert receipt is not None
            source = receipt.source
            for offset in range(source.first_offset, source.last_offset + 1):
                seen[source.topic, source.partition, offset] += 1
    ledger.close()
    return seen


def length(deployment: Deployment, topic: str) -> int:
    """Return how many records a topic has had."""
    reader = LogReader(deployment.load("base").kafka, deployment.topic(topic), "test")
    found = sum(reader.bounds(partition)[1] for partition in range(reader.partitions()))
    reader.close()
    return found


def acknowledged(deployment: Deployment, group: str) -> int:
    """Return how many records a role has acknowledged."""
    kafka = deployment.load("base").kafka
    return sum(noted.offset for noted in committed(kafka, f"{kafka.group_prefix}-{group}").values())


def test_a_restart_under_load_repeats_nothing(running: Deployment, events: Load, wait_until: Wait) -> None:
    sanitize, deliver, _, aggregate = running.workers
    us = running.standins[Region.US]
    with events:
        for worker in (sanitize, deliver):
            before = us.stored_count
            wait_until(lambda before=before: us.stored_count > before + 200, "events under way")
            end(worker, wait_until)
            running.wait_ready(worker)
        end(aggregate, wait_until)
    wait_until(lambda: len(us.events()) >= events.count, "every event delivered")

    assert us.duplicates == 0
    assert len(us.events()) == events.count == length(running, "events.clean.us")
    wait_until(lambda: acknowledged(running, "deliver-us") == events.count, "every event acknowledged")
    decided = offsets_of_receipts(running)
    assert {key: times for key, times in decided.items() if times > 1} == {}
    assert len(decided) == 2 * events.count  # once by each role
    kafka = running.load("base").kafka
    heads = heads_of(kafka)
    ledger = open_ledger(kafka)
    assert verify_ledger(ledger, heads).sound
    ledger.close()
    assert sum(head.next_offset or 0 for head in heads.values()) == len(decided)  # they were committed with the offsets


def test_what_a_rights_worker_has_written_is_acknowledged(running: Deployment, adult: Make, wait_until: Wait) -> None:
    """Nobody's consent is looked at twice: as many identities as acknowledged records, each of another person."""
    rights = running.workers[2]
    run = uuid.uuid4().hex
    wait_until(lambda: acknowledged(running, "rights") == length(running, "consent"), "what was there before")
    before = length(running, "identities"), acknowledged(running, "rights")
    with Load(running, lambda publisher, number: publisher.publish_consent(adult(f"{run}-{number}"))):
        wait_until(lambda: acknowledged(running, "rights") > before[1] + 50, "consents under way")
        end(rights, wait_until)
        running.wait_ready(rights)
        wait_until(lambda: acknowledged(running, "rights") > before[1] + 100, "consents under way again")
        rights.stop()
    assert length(running, "identities") - before[0] == acknowledged(running, "rights") - before[1]
    rights.start()


def test_what_mixpanel_does_not_answer_is_left_for_the_next_one(
    running: Deployment, events: Load, wait_until: Wait
) -> None:
    deliver, us = running.workers[1], running.standins[Region.US]
    before = us.stored_count
    with events:
        wait_until(lambda: us.stored_count > before + 100, "events under way")
        us.fail("unavailable", None)
        wait_until(lambda: any(request.status == 503 for request in us.requests), "Mixpanel is away")
        settled = us.stored_count
        end(deliver, wait_until)
        assert acknowledged(running, "deliver-us") <= us.stored_count == settled
        us.clear_faults()
    wait_until(lambda: len(us.events()) >= before + events.count, "every event delivered")
    assert len(us.events()) == before + events.count
