"""A broker that is away: no process floods its log, none ends of itself, and one that is told to end does in time."""

import json
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.supervisor import SupervisedWorker

LINES = 40  # until the same failure is told the third time; there are a handful that repeat, and some that come once
STOP_S = 10.0  # the contract
NOTICED_S = 5.0  # until a busy machine lets a process see its signal, and its supervisor see the end
Wait = Callable[..., None]


def with_auditor(deployment: Deployment) -> SupervisedWorker:
    deployment.load("auditor")
    arguments = ["auditor", "--every", "0.5", "--config", str(deployment.directory / "auditor.yaml")]
    port_file = deployment.directory / "auditor.port"
    worker = SupervisedWorker("auditor", arguments, deployment.directory, port_file=port_file)
    deployment.workers.append(worker)
    worker.start()
    return worker


class Tail:
    """What a worker has logged since it was asked first."""

    def __init__(self, worker: SupervisedWorker) -> None:
        self.worker = worker
        self._from = len(self._all())

    def _all(self) -> list[str]:
        return self.worker.log.read_text(encoding="utf-8").splitlines()

    def lines(self) -> list[str]:
        return self._all()[self._from :]

    def most_told(self) -> int:
        """Return how often it has told what it told most often."""
        told: Counter[Any] = Counter()
        for line in self.lines():
            record = json.loads(line)  # every line is one JSON object, whoever logs
            told[record["logger"], record["level"], record["event"], record.get("where")] += 1
        return max(told.values(), default=0)


def test_an_outage_is_told_in_few_lines_and_holds_up_no_end(wait_until: Wait) -> None:
    with Deployment(prefix="away.", partitions=2) as deployment:
        for role, region in (("sanitize", "all"), ("deliver", "us"), ("rights", "all"), ("aggregate", "all")):
            deployment.add_worker(role, region, wait=False)
        with_auditor(deployment)
        deployment.wait_ready()
        tails = [Tail(worker) for worker in deployment.workers]
        deployment.broker.kill()
        wait_until(lambda: all(tail.most_told() >= 3 for tail in tails), "each tells of it the third time")
        for tail in tails:
            assert len(tail.lines()) <= LINES, tail.worker.name
        deployment.broker.start()
        deployment.wait_ready()
        assert [worker.restarts for worker in deployment.workers] == [0] * 5

        deployment.broker.kill()
        for worker in deployment.workers:
            worker.last_exit = None
            worker.send(signal.SIGTERM)
        wait_until(
            lambda: all(w.last_exit is not None for w in deployment.workers), "the end of all", STOP_S + NOTICED_S
        )
        deployment.broker.start()  # or those that their supervisors have started again would wait for it
