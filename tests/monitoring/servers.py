"""A real Prometheus and a real Alertmanager with the shipped configuration, hurried, and who is told."""

import json
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline.sandbox.deployment import Deployment
from pipeline.sandbox.guarded import GuardedProcess
from pipeline.sandbox.kafka_config import free_ports
from tests.monitoring.shipped import MONITORING, PROMETHEUS, RULE_FILES, read_yaml, tool

DEADLINE_S = 120.0
SCRAPE = "500ms"


def wait_until(condition: Callable[[], Any], what: Callable[[], str], timeout_s: float = DEADLINE_S) -> None:
    """Wait for a condition; the test fails with `what` when it does not come."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def write_yaml(path: Path, content: Any) -> None:
    """Write a YAML file."""
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(content, file)


def hurried_rules(directory: Path) -> list[str]:
    """Write the shipped rules with one change, and return their paths: no alert waits before it fires."""
    paths = []
    for source in RULE_FILES:
        content = read_yaml(source)
        for group in content["groups"]:
            for rule in group["rules"]:
                rule.pop("for", None)
        write_yaml(directory / source.name, content)
        paths.append(str(directory / source.name))
    return paths


def hurried_alertmanager(webhook: str) -> dict[str, Any]:
    """The shipped Alertmanager configuration: it groups for tenths of a second, and tells one address everything."""
    content: dict[str, Any] = read_yaml(MONITORING / "alertmanager.yml")
    content["route"] |= {"group_wait": "100ms", "group_interval": "1s"}
    for receiver in content["receivers"]:
        receiver["webhook_configs"] = [{"url": f"{webhook}/{receiver['name']}"}]
    return content


def configuration(deployment: Deployment, own_port: int, alertmanager_port: int, rules: list[str]) -> dict[str, Any]:
    """The shipped configuration, quicker, with the deployment's workers in place of compose's services."""
    workers = {f"coppice-{w.name.rpartition('-')[0].removesuffix('-all')}": w.port for w in deployment.workers}
    ports = {**workers, "prometheus": own_port}
    assert set(ports) == {job["job_name"] for job in PROMETHEUS["scrape_configs"]}
    return {
        "global": {**PROMETHEUS["global"], **dict.fromkeys(PROMETHEUS["global"], SCRAPE)},
        "rule_files": rules,
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager_port}"]}]}]},
        "scrape_configs": [
            {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for name, port in ports.items()
        ],
    }


class Server:
    """Prometheus on loopback, and what Alertmanager has told of it."""

    def __init__(self, port: int, told: "Told") -> None:
        self._base = f"http://127.0.0.1:{port}/api/v1/"
        self.told = told

    def get(self, path: str, **query: str) -> Any:
        """Return `data` of an answer of the HTTP API."""
        url = f"{self._base}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            document = json.loads(answer.read())
        assert document["status"] == "success"
        return document["data"]

    def series(self, expr: str) -> list[dict[str, Any]]:
        """Return what an expression evaluates to now."""
        data = self.get("query", query=expr)
        if data["resultType"] != "vector":
            return [data]
        found: list[dict[str, Any]] = data["result"]
        return found


class Told:
    """A webhook that keeps what it is told: (receiver, alert), oldest first."""

    def __init__(self) -> None:
        self.alerts: list[tuple[str, dict[str, Any]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.alerts += [(self.path.strip("/"), alert) for alert in body["alerts"]]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def of(self, name: str, status: str = "firing") -> list[tuple[str, dict[str, Any]]]:
        """Return what was told of an alert."""
        return [told for told in self.alerts if told[1]["labels"]["alertname"] == name and told[1]["status"] == status]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def watching(deployment: Deployment, directory: Path) -> Iterator[Server]:
    """Run both programs over a deployment, with everything they need in `directory`."""
    prometheus, alertmanager = tool("prometheus"), tool("prometheus-alertmanager", "prometheus-alertmanager")
    port, alert_port = free_ports(2)
    told = Told()
    write_yaml(directory / "alertmanager.yml", hurried_alertmanager(told.url))
    write_yaml(directory / "prometheus.yml", configuration(deployment, port, alert_port, hurried_rules(directory)))
    commands = {
        "alertmanager": [
            alertmanager,
            f"--config.file={directory / 'alertmanager.yml'}",
            f"--storage.path={directory / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{alert_port}",
            "--cluster.listen-address=",
        ],
        "prometheus": [
            prometheus,
            f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
    }
    processes = []
    try:
        for name, command in commands.items():
            processes.append(GuardedProcess(directory))
            processes[-1].spawn(command, directory / f"{name}.log")
        server = Server(port, told)
        _wait_ready(alert_port, directory / "alertmanager.log")
        _wait_ready(port, directory / "prometheus.log")
        yield server
    finally:
        for process in processes:
            process.close()
        told.close()


def _wait_ready(port: int, log: Path) -> None:
    url = f"http://127.0.0.1:{port}/-/ready"
    wait_until(lambda: _answers(url), lambda: log.read_text(encoding="utf-8")[-2000:])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30):
            return True
    except OSError:
        return False
