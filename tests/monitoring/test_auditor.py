"""The auditor on a real broker: what is wrong with the ledger becomes a metric within one look."""

import asyncio
import contextlib
import threading
import uuid
from collections.abc import Iterator

import pytest

from pipeline.ledger.verify import Fault, FaultKind, Verdict
from pipeline.ops import metric_table as table
from pipeline.ops.metrics import Metrics
from pipeline.ops.settings import Settings
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.scrape import Samples, readiness, scrape
from pipeline.sandbox.supervisor import SupervisedWorker
from pipeline.workers.auditor import Auditor
from pipeline.workers.labels import LABEL_VALUES
from tests.monitoring.servers import wait_until

FAULTS, VERIFIED = table.LEDGER_FAULTS.name, table.LEDGER_VERIFIED_TIMESTAMP_SECONDS.name


@pytest.fixture(scope="module")
def deployment(kafka: EmbeddedKafka) -> Iterator[Deployment]:
    """Topics, and the auditor as the only process."""
    with Deployment(broker=kafka, prefix=f"auditor-{uuid.uuid4().hex[:8]}.") as running:
        arguments = ["auditor", "--every", "0.2", "--config", str(running.directory / "base.yaml")]
        port_file = running.directory / "base.port"
        running.workers.append(SupervisedWorker("auditor", arguments, running.directory, port_file=port_file))
        running.workers[-1].start()
        yield running


def test_a_record_that_is_no_receipt_is_shown(deployment: Deployment) -> None:
    (auditor,) = deployment.workers

    def seen() -> Samples:
        return scrape(auditor.port) or Samples("")

    def told() -> str:
        return auditor.log.read_text(encoding="utf-8")[-2000:]

    wait_until(lambda: seen().total(VERIFIED) > 0, told)
    wait_until(lambda: (readiness(auditor.port) or {}).get("ready") is True, told)
    wait_until(lambda: seen().total("coppice_worker_ready", role="auditor") == 1, told)
    assert seen().total(FAULTS) == 0
    with deployment.publisher() as publisher:
        publisher.publish_raw(b"nobody-may-see-this", b"x", topic=deployment.topic("ledger"))
    wait_until(lambda: seen().total(FAULTS, kind="unreadable") == 1, told)
    wait_until(lambda: seen().total(FAULTS) == 1, told)
    assert "nobody-may-see-this" not in auditor.log.read_text(encoding="utf-8")


def test_a_verdict_replaces_the_one_before() -> None:
    metrics = Metrics(LABEL_VALUES)
    auditor = Auditor(Settings(), metrics, every_s=1, within_h=1, clock=lambda: 5000)
    hole = Fault(FaultKind.HOLE, "events.raw", 0, 7)

    def shown() -> Samples:
        return Samples(metrics.render()[0].decode())

    auditor.show(Verdict({}, (hole, hole), 2))
    assert (shown().total(FAULTS, kind="hole"), shown().total(FAULTS)) == (2, 2)
    assert shown().total(VERIFIED) == 5
    auditor.show(Verdict({}, (), 0))
    assert shown().total(FAULTS) == 0


def test_an_end_does_not_wait_for_a_look_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    looking, may_end = threading.Event(), threading.Event()

    def look(_self: Auditor) -> Verdict:
        looking.set()
        may_end.wait(240)
        return Verdict({}, (), 0)

    async def until_cancelled() -> None:
        auditor = Auditor(Settings(), Metrics(LABEL_VALUES), every_s=1, within_h=1)
        task = asyncio.create_task(auditor.run())
        await asyncio.to_thread(looking.wait, 120)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    monkeypatch.setattr(Auditor, "_verdict", look)
    process = threading.Thread(target=asyncio.run, args=(until_cancelled(),), daemon=True)
    process.start()
    process.join(120)
    ended = not process.is_alive()
    may_end.set()
    assert ended
