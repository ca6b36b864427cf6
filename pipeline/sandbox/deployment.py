"""A whole deployment on loopback: broker, topics, a stand-in for each region's Mixpanel project, and the workers."""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from ruamel.yaml import YAML

from pipeline.ops.errors import ConfigError
from pipeline.ops.settings import Settings, load_settings
from pipeline.policy.vocabulary import Region
from pipeline.publish import Publisher
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.mixpanel import MixpanelStandIn, sandbox_project
from pipeline.sandbox.scrape import readiness
from pipeline.sandbox.supervisor import SupervisedWorker
from pipeline.stream.admin import create_topics
from pipeline.workers.context import now_ms
from pipeline.workers.key_file import create_key_file

DEMO_SETTINGS = Path(__file__).parent / "demo-settings.yaml"
PARTITIONS = 4
ALL_REGIONS = frozenset({"rights", "aggregate"})  # roles that have no choice of region
READY_S = 180.0  # on a busy machine; a quiet one takes a few seconds
Overrides = Mapping[str, Mapping[str, Any]]


class Deployment:
    """Broker, stand-ins and workers in one temporary directory; everything ends with it.

    broker: one that runs already, else an own one. prefix: before every topic and group, to share a broker.
    settings: policy settings laid over the shipped ones. overrides: further worker settings, by group. python: what
    runs the workers.
    """

    def __init__(
        self,
        *,
        broker: EmbeddedKafka | None = None,
        prefix: str = "",
        settings: Path = DEMO_SETTINGS,
        partitions: int = PARTITIONS,
        overrides: Overrides | None = None,
        count_only: bool = False,
        python: Sequence[str] = (sys.executable,),
        say: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._own_broker = broker is None
        self.broker = broker or EmbeddedKafka()
        self._prefix = prefix
        self.policy_settings = settings
        self._partitions = partitions
        self._overrides = overrides or {}
        self._python = python
        self._say = say
        self.standins = {
            region: MixpanelStandIn(sandbox_project(region), region=region, count_only=count_only) for region in Region
        }
        self.workers: list[SupervisedWorker] = []

    def __enter__(self) -> Self:
        self.directory = Path(tempfile.mkdtemp(prefix="coppice-sandbox-"))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        with ThreadPoolExecutor(len(self.workers) or 1) as all_at_once:  # each takes some seconds
            list(all_at_once.map(SupervisedWorker.stop, self.workers))
        for standin in self.standins.values():
            standin.stop()
        if self._own_broker:
            self.broker.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _start(self) -> None:
        if self._own_broker:
            self._say("starting Apache Kafka")
            self.broker.start()
        self._say("starting a Mixpanel stand-in for each region")
        for standin in self.standins.values():
            standin.start()
        self.keys_file = self.directory / "keys.json"
        create_key_file(self.keys_file, now_ms())
        self.settings = self.load("base")
        self._say("creating topics")
        create_topics(self.settings)

    def add_worker(
        self, role: str, region: str, *, wait: bool = True, overrides: Overrides | None = None
    ) -> SupervisedWorker:
        """Start one more worker of a role, and wait until it is ready. Raise ConfigError when it does not get there.

        region: "us", "in" or "all", which is the only one for the roles of `ALL_REGIONS`. overrides: settings of this
        worker alone, by group.
        """
        name = f"{role}-{region}-{len(self.workers)}"
        config = self._write_config(name, overrides)
        choice = [] if role in ALL_REGIONS else ["--region", region]
        arguments = ["worker", role, *choice, "--config", str(config)]
        port_file = self.directory / f"{name}.port"
        worker = SupervisedWorker(name, arguments, self.directory, port_file=port_file, python=self._python)
        self.workers.append(worker)
        worker.start()
        if wait:
            self.wait_ready(worker)
        return worker

    def wait_ready(self, *workers: SupervisedWorker, timeout_s: float = READY_S) -> None:
        """Wait until workers (all, if none is named) are ready. Raise ConfigError when one does not get there."""
        deadline = time.monotonic() + timeout_s
        for worker in workers or self.workers:
            while not (state := readiness(worker.port) or {}).get("ready"):
                if time.monotonic() > deadline:
                    tail = worker.log.read_text(encoding="utf-8")[-2000:] if worker.log.exists() else ""
                    raise ConfigError(f"worker {worker.name} is not ready: {state.get('why')}\n{tail}")
                time.sleep(0.05)

    def publisher(self) -> Publisher:
        """Return a publisher to this deployment's topics."""
        return Publisher(
            self.broker.bootstrap,
            topic=self.topic("events.raw"),
            consent_topic=self.topic("consent"),
            strict=False,
        )

    def topic(self, name: str) -> str:
        """Return the full name of a topic."""
        return self._prefix + name

    def load(self, name: str) -> Settings:
        """Return the settings that a worker of this name would have."""
        return load_settings(self._write_config(name))

    def _write_config(self, name: str, own: Overrides | None = None) -> Path:
        mixpanel = {}
        for region, standin in self.standins.items():
            project = standin.project
            mixpanel[str(region)] = {
                "host": standin.url,
                "project_id": project.project_id,
                "token": project.token,
                "service_account_user": project.service_account_user,
                "service_account_secret": project.secret,
                "app_host": standin.url,
                "export_host": standin.url,
                "privacy_token": project.privacy_token,
            }
        content: dict[str, Any] = {
            "kafka": {
                "bootstrap": self.broker.bootstrap,
                "topic_prefix": self._prefix,
                "group_prefix": f"{self._prefix}coppice",
                "partitions": self._partitions,
            },
            "policy": {"settings_file": str(self.policy_settings)},
            "keys_file": str(self.keys_file),
            "mixpanel": mixpanel,
            "ops": {"port": 0, "port_file": str(self.directory / f"{name}.port")},
        }
        for group, values in (*self._overrides.items(), *(own or {}).items()):
            content[group] = {**content.get(group, {}), **values}
        path = self.directory / f"{name}.yaml"
        with path.open("w", encoding="utf-8") as file:
            YAML().dump(content, file)
        return path
