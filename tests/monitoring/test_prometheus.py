"""A real Prometheus, with the shipped configuration and rules, watches a whole deployment."""

import json
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.policy.vocabulary import Region
from pipeline.sandbox.demo import publish_samples
from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.guarded import GuardedProcess
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.kafka_config import free_ports
from tests.monitoring.promql import selectors
from tests.monitoring.shipped import EXPRESSIONS, MONITORING, PROMETHEUS, tool

DEADLINE_S = 30.0
SCRAPE = "500ms"


class Prometheus:
    """A Prometheus on loopback."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/api/v1/"

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return `data` of an answer of the HTTP API."""
        url = f"{self._base}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            document = json.loads(answer.read())
        assert document["status"] == "success"
        data: dict[str, Any] = document["data"]
        return data

    def series(self, expr: str) -> list[dict[str, Any]]:
        """Return what an expression evaluates to now."""
        found: list[dict[str, Any]] = self.get("query", query=expr)["result"]
        return found


def wait_until(condition: Callable[[], Any], what: Callable[[], str], timeout_s: float = DEADLINE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def configuration(deployment: Deployment, own_port: int) -> dict[str, Any]:
    """The shipped configuration, quicker, with the deployment's workers in place of compose's services."""
    workers = {f"coppice-{w.name.rpartition('-')[0].removesuffix('-all')}": w.port for w in deployment.workers}
    ports = {**workers, "prometheus": own_port}
    assert set(ports) == {job["job_name"] for job in PROMETHEUS["scrape_configs"]}
    return {
        "global": {**PROMETHEUS["global"], **dict.fromkeys(PROMETHEUS["global"], SCRAPE)},
        "rule_files": [str(MONITORING / path) for path in PROMETHEUS["rule_files"]],
        "scrape_configs": [
            {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for name, port in ports.items()
        ],
    }


@pytest.fixture(scope="module")
def deployment(kafka: EmbeddedKafka) -> Iterator[Deployment]:
    """Both regions: the US one had to send a request twice, the India one was refused and has halted."""
    prefix = f"monitoring-{uuid.uuid4().hex[:8]}."
    quick = {"deliver": {"retry_base_s": 0.1, "retry_jitter_s": 0.0, "linger_s": 0.1}}
    with Deployment(broker=kafka, prefix=prefix, overrides=quick) as running:
        running.standins[Region.US].fail("unavailable", 1)
        running.standins[Region.IN].fail("unauthorized", None)
        for role, region in (("sanitize", "all"), ("deliver", "us"), ("deliver", "in")):
            running.add_worker(role, region, wait=False)
        running.wait_ready()
        with running.publisher() as publisher:
            publish_samples(publisher, running.topic("consent"))
        yield running


@pytest.fixture(scope="module")
def prometheus(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    program = tool("prometheus")
    directory = tmp_path_factory.mktemp("prometheus")
    (port,) = free_ports(1)
    with (directory / "prometheus.yml").open("w", encoding="utf-8") as file:
        YAML().dump(configuration(deployment, port), file)
    process = GuardedProcess(directory)
    try:
        log = directory / "log"
        config, data = f"--config.file={directory / 'prometheus.yml'}", f"--storage.tsdb.path={directory / 'data'}"
        process.spawn([program, config, data, f"--web.listen-address=127.0.0.1:{port}"], log)
        server = Prometheus(port)
        wait_until(lambda: _answers(server), lambda: log.read_text(encoding="utf-8")[-2000:])
        yield server
    finally:
        process.close()


def _answers(server: Prometheus) -> bool:
    try:
        return bool(server.get("status/buildinfo"))
    except OSError:
        return False


def test_every_worker_is_scraped(prometheus: Prometheus) -> None:
    jobs = {job["job_name"] for job in PROMETHEUS["scrape_configs"]}

    def up() -> bool:
        return {found["metric"]["job"] for found in prometheus.series("up == 1")} == jobs

    wait_until(up, lambda: str(prometheus.get("targets")["activeTargets"]))


def test_every_series_that_rules_and_dashboard_name_exists(prometheus: Prometheus) -> None:
    missing = {selector.text for expr in EXPRESSIONS.values() for selector in selectors(expr)}
    assert len(missing) > 30

    def found_all() -> bool:
        missing.difference_update([text for text in missing if prometheus.series(text)])
        return not missing

    wait_until(found_all, lambda: f"no series for {sorted(missing)}")


@pytest.mark.parametrize("expr", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_every_expression_evaluates(prometheus: Prometheus, expr: str) -> None:
    assert isinstance(prometheus.series(expr), list)


def test_rules_are_evaluated_and_a_halted_region_is_alarmed(prometheus: Prometheus) -> None:
    def alarmed() -> bool:
        firing = prometheus.series('ALERTS{alertname="CoppiceDeliveryHalted", alertstate="firing"}')
        return [(f["metric"]["region"], f["metric"]["why"]) for f in firing] == [("in", "unauthorized")]

    wait_until(alarmed, lambda: str(prometheus.get("alerts")))
    health = {rule["health"] for group in prometheus.get("rules")["groups"] for rule in group["rules"]}
    assert health == {"ok"}


def test_a_working_deployment_raises_nothing_about_its_workers(prometheus: Prometheus) -> None:
    """An alert whose condition holds is pending from the next evaluation on, long before it may fire."""
    names = "CoppiceWorkerDown|CoppiceNoSanitizer|CoppicePolicyVersionsDiffer|CoppiceConsent(Stale|Behind)"
    wrong = f'ALERTS{{alertname=~"{names}"}} or ALERTS{{alertname="CoppiceWorkerNotReady", job!="coppice-deliver-in"}}'
    wait_until(lambda: not prometheus.series(wrong), lambda: str(prometheus.series(wrong)))
    halted = 'ALERTS{alertname="CoppiceWorkerNotReady", job="coppice-deliver-in"}'
    wait_until(lambda: prometheus.series(halted), lambda: str(prometheus.get("alerts")))
