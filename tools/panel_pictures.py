"""Draw the dashboards into docs/pictures/ from a deployment that runs here for a minute under a small load.

`python -m tools.panel_pictures` needs Debian's package `prometheus`, and matplotlib. The deployment is the demo's: real
Kafka, workers and stand-ins for Mixpanel. In that minute Mixpanel fails for some seconds, people withdraw consent
and ask for erasure, a cohort is stopped for a while and some records are broken, so that there is something to see.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline.policy.vocabulary import Region
from pipeline.publish import Publisher
from pipeline.sandbox.demo import publish_samples
from pipeline.sandbox.deployment import DEMO_SETTINGS, Deployment
from pipeline.sandbox.generate import Generator, encode
from pipeline.sandbox.guarded import GuardedProcess
from pipeline.sandbox.kafka_config import free_ports
from pipeline.sandbox.supervisor import SupervisedWorker
from tools.dashboards import DASHBOARDS, document
from tools.panel_drawing import draw

TARGET = Path(__file__).parents[1] / "docs/pictures"
SECONDS = 85
RATE = 120.0  # events a second
PROFILES = 200
VARIABLES = {"$__rate_interval": "10s", '"$job"': '"coppice-.*"', '"$region"': '".*"'}
QUICK = {
    "deliver": {"retry_base_s": 0.5, "retry_jitter_s": 0.2, "linger_s": 0.3},
    "rights": {"poll_s": 2.0, "settle_s": 2.0, "call_gap_s": 0.2},
}


def main() -> None:
    """Run, scrape, draw."""
    program = shutil.which("prometheus")
    if program is None:
        sys.exit("prometheus is not installed: apt-get install prometheus")
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        policy = directory / "settings.yaml"
        shutil.copyfile(DEMO_SETTINGS, policy)
        _watch(program, directory, policy)


def _watch(program: str, directory: Path, policy: Path) -> None:
    with Deployment(say=print, settings=policy, overrides=QUICK) as deployment:
        for role, region in (("sanitize", "all"), ("rights", "all"), ("deliver", "us"), ("deliver", "in")):
            deployment.add_worker(role, region, wait=False)
        _add_auditor(deployment)
        deployment.wait_ready()
        (port,) = free_ports(1)
        _write_config(directory, deployment)
        process = GuardedProcess(directory)
        try:
            listen, config = f"--web.listen-address=127.0.0.1:{port}", f"--config.file={directory / 'prometheus.yml'}"
            process.spawn([program, config, f"--storage.tsdb.path={directory / 'data'}", listen], directory / "log")
            began = time.time()
            _load(deployment, policy)
            ended = time.time() - 1
            for dashboard in DASHBOARDS:
                target = TARGET / f"{dashboard.name}.png"
                draw(document(dashboard), lambda expr: _ask(port, expr, began, ended), ended - began, target)
                print(f"{target.name}: {target.stat().st_size // 1024} KiB")
        finally:
            process.close()


def _add_auditor(deployment: Deployment) -> None:
    directory = deployment.directory
    arguments = ["auditor", "--every", "5", "--config", str(directory / "base.yaml")]
    auditor = SupervisedWorker("auditor-all-0", arguments, directory, port_file=directory / "base.port")
    deployment.workers.append(auditor)
    auditor.start()


def _write_config(directory: Path, deployment: Deployment) -> None:
    jobs = []
    for worker in deployment.workers:
        name = worker.name.rpartition("-")[0].removesuffix("-all")
        target = {"targets": [f"127.0.0.1:{worker.port}"], "labels": {"instance": "1"}}
        jobs.append({"job_name": f"coppice-{name}", "static_configs": [target]})
    with (directory / "prometheus.yml").open("w", encoding="utf-8") as file:
        YAML().dump({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}, file)


def _load(deployment: Deployment, policy: Path) -> None:
    """Publish for SECONDS, with events on the way that leave traces on the dashboards."""
    generator = Generator(seed=7, profiles=PROFILES, dirty=True)
    people = [record["profile_id"] for record in generator.consents()]
    stop = threading.Event()
    with deployment.publisher() as publisher:
        publish_samples(publisher, deployment.topic("consent"))
        for record in Generator(seed=7, profiles=PROFILES, dirty=True).consents():
            publisher.publish_consent(record)
        publisher.flush()
        stream = threading.Thread(target=_publish, args=(publisher, generator, stop), daemon=True)
        stream.start()
        ends = time.monotonic() + SECONDS
        try:
            time.sleep(12)
            deployment.standins[Region.US].fail("unavailable", 12)
            publisher.publish_raw(b"{}", b"unreadable", topic=deployment.topic("consent"))
            for _ in range(40):
                publisher.publish_raw(b"{", b"broken")
            policy.write_text(f"{policy.read_text()}kill_switch: {{cohorts: [US/teen]}}\n", encoding="utf-8")
            _command(deployment, "canary", "publish")
            time.sleep(12)
            shutil.copyfile(DEMO_SETTINGS, policy)
            _ask_for(deployment, people)
            time.sleep(max(0.0, ends - time.monotonic()))
        finally:
            stop.set()
            stream.join()


def _publish(publisher: Publisher, generator: Generator, stop: threading.Event) -> None:
    for event in generator.stream(RATE):
        if stop.is_set():
            return
        publisher.publish_raw(encode(event), str(event["profile_id"]).encode())


def _ask_for(deployment: Deployment, people: list[str]) -> None:
    """File what people may ask for, with the command that the privacy desk uses."""
    for kind, profile in zip(("withdraw", "erase", "export", "withdraw"), people, strict=False):
        _command(deployment, "rights", kind, "-", given=profile)


def _command(deployment: Deployment, *words: str, given: str = "") -> None:
    config = ["--config", str(deployment.directory / "base.yaml")]
    command = [sys.executable, "-m", "pipeline", *words, *config]
    subprocess.run(command, input=given, text=True, check=True, stdout=subprocess.DEVNULL)


def _ask(port: int, expr: str, began: float, ended: float) -> list[dict[str, Any]]:
    for variable, value in VARIABLES.items():
        expr = expr.replace(variable, value)
    query = urllib.parse.urlencode({"query": expr, "start": began + 5, "end": ended, "step": 1})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query_range?{query}", timeout=10) as answer:
        found: list[dict[str, Any]] = json.loads(answer.read())["data"]["result"]
    for one in found:
        one["values"] = [(at - began, value) for at, value in one["values"]]
    return found


if __name__ == "__main__":
    main()
