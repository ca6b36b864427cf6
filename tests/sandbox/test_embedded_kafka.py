"""The embedded broker as its users meet it: real Java, real processes killed, a real cache."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.kafka_artifacts import (
    KafkaUnavailable,
)
from pipeline.sandbox.kafka_config import free_ports

DEADLINE_S = 180.0
CLI = [sys.executable, "-c", "from pipeline.cli.main import main; main()", "kafka"]
# what a shell starts in the background ignores Ctrl-C, and so does whatever the tests start if they are run like that
_HEED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
AT_A_TERMINAL = [sys.executable, "-c", _HEED + CLI[2], "kafka"]
START_AND_WAIT = """
import sys
from pipeline.sandbox.kafka import EmbeddedKafka
broker = EmbeddedKafka().start()
print(broker.pid, flush=True)
sys.stdin.read()
"""


def eventually(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.02)


def processes_naming(path: Path) -> list[int]:
    """Processes whose command line names the path: the broker, and the tool that formats its directory."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(str(path) in argument for argument in process.cmdline()):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def create(bootstrap: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(DEADLINE_S)


def produce(bootstrap: str, topic: str, *values: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(DEADLINE_S) == 0


def consume(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    values: list[bytes | None] = []
    deadline = time.monotonic() + DEADLINE_S
    try:
        while len(values) < count and time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is not None and message.error() is None:
                values.append(message.value())
    finally:
        consumer.close()
    return values


def answers(bootstrap: str, timeout_s: float) -> bool:
    try:
        return bool(
            AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(timeout=timeout_s).brokers
        )
    except KafkaException:
        return False


@pytest.fixture(scope="module")
def own_broker() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka() as broker:
        yield broker


def test_it_is_a_kafka(kafka: EmbeddedKafka, topic_name: Callable[[], str]) -> None:
    topic = topic_name()
    create(kafka.bootstrap, topic)
    produce(kafka.bootstrap, topic, b"one", b"two")
    assert consume(kafka.bootstrap, topic, 2) == [b"one", b"two"]


def test_topics_are_not_created_by_use(kafka: EmbeddedKafka, topic_name: Callable[[], str]) -> None:
    topic = topic_name()
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "allow.auto.create.topics": True})
    assert producer.list_topics(topic, timeout=DEADLINE_S).topics[topic].error is not None
    assert topic not in producer.list_topics(timeout=DEADLINE_S).topics


@pytest.mark.parametrize("outage", ["restart", "kill"])
def test_port_and_data_survive_an_outage(own_broker: EmbeddedKafka, topic_name: Callable[[], str], outage: str) -> None:
    topic, bootstrap, pid = topic_name(), own_broker.bootstrap, own_broker.pid
    create(bootstrap, topic)
    produce(bootstrap, topic, b"before")
    if outage == "restart":
        own_broker.restart()
    else:
        own_broker.kill()
        assert not psutil.pid_exists(pid)
        own_broker.start()
    assert own_broker.bootstrap == bootstrap
    assert own_broker.pid != pid
    produce(bootstrap, topic, b"after")
    assert consume(bootstrap, topic, 2) == [b"before", b"after"]


def test_a_frozen_broker_answers_again_when_it_is_resumed(own_broker: EmbeddedKafka) -> None:
    own_broker.pause()
    eventually(lambda: psutil.Process(own_broker.pid).status() == psutil.STATUS_STOPPED, "its guard has frozen it")
    assert not answers(own_broker.bootstrap, 1.0)
    own_broker.resume()
    assert answers(own_broker.bootstrap, DEADLINE_S)


def test_a_frozen_broker_can_be_stopped_and_its_data_directory_goes() -> None:
    broker = EmbeddedKafka().start()
    data_dir, pid = broker.data_dir, broker.pid
    broker.pause()
    broker.stop()
    assert not psutil.pid_exists(pid)
    assert not data_dir.exists()


def test_a_broker_that_dies_shows_its_log(tmp_path: Path) -> None:
    with pytest.raises(KafkaUnavailable, match=r"(?s)exit code 1.*log\.cleaner\.threads"):
        EmbeddedKafka(tmp_path, extra_config={"log.cleaner.threads": "many"}).start()
    assert processes_naming(tmp_path) == []


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(KafkaUnavailable, match=f"port {port} "):
            EmbeddedKafka(tmp_path, port=port).start()


@pytest.mark.parametrize("moment", ["running", "starting"])
def test_nothing_is_left_of_a_killed_parent(tmp_path: Path, moment: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    with parent:
        assert parent.stdout is not None
        if moment == "running":
            assert psutil.pid_exists(int(parent.stdout.readline()))
        else:
            eventually(lambda: processes_naming(tmp_path), "the data directory is being formatted")
        assert list(tmp_path.iterdir()) != []
        parent.kill()
    eventually(lambda: not processes_naming(tmp_path), "no Java process is left")
    eventually(lambda: not list(tmp_path.iterdir()), "the temporary data directory is removed")


def test_ctrl_c_ends_the_command_and_leaves_nothing(tmp_path: Path) -> None:
    command = subprocess.Popen(
        [*AT_A_TERMINAL, "start"], stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    with command:
        try:
            assert command.stdout is not None
            key, _, bootstrap = command.stdout.readline().rstrip().partition("=")
            assert key == "bootstrap"
            assert answers(bootstrap, DEADLINE_S)
            command.send_signal(signal.SIGINT)
            assert command.wait(DEADLINE_S) == 0
        finally:
            command.kill()
    assert processes_naming(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_detached_broker_is_stopped_by_its_data_directory(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*CLI, *arguments, "--data-dir", str(data_dir)]
        return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)

    (port,) = free_ports(1)
    started = run("start", "--detach", "--port", str(port))
    try:
        assert (started.returncode, started.stdout) == (0, f"bootstrap=127.0.0.1:{port}\n"), started.stderr
        assert answers(f"127.0.0.1:{port}", DEADLINE_S)
        second = run("start", "--detach")
        assert second.returncode == 2
        assert f"a broker runs with --data-dir {data_dir} already" in second.stderr
    finally:
        stopped = run("stop")
    assert (stopped.returncode, stopped.stdout) == (0, "stopped\n"), stopped.stderr
    assert processes_naming(data_dir) == []
    assert (data_dir / "log" / "meta.properties").exists()
    again = run("stop")
    assert again.returncode == 2
    assert f"no broker was started with --data-dir {data_dir}" in again.stderr
