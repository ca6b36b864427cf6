"""The commands that run a Kafka broker on this machine, for trying things out."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from pipeline.ops.errors import ConfigError
from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.process_guard import STOP_DEADLINE_S

STATE_FILE = "coppice-kafka.json"
"""In the data directory: who runs the broker there and where it listens; locked for as long as it runs."""

_COPPICE = "from pipeline.cli.main import main; main()"
_POLL_S = 0.05
_LIVENESS_S = 0.5


@click.group("kafka")
def kafka() -> None:
    """Run a real Kafka broker on this machine, without Docker or an installed Java."""


_data_dir_type = click.Path(path_type=Path, file_okay=False)


@kafka.command("start")
@click.option("--data-dir", type=_data_dir_type, help="Kept at the end.  [default: a temporary directory]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port on 127.0.0.1.  [default: any free port]")
@click.option("--detach", is_flag=True, help="Run in the background; `coppice kafka stop` ends it.")
def start(data_dir: Path | None, port: int | None, detach: bool) -> None:
    """Start a broker, print its address when it is ready, and run until Ctrl-C."""
    if not detach:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            _run(data_dir, port)
        except KeyboardInterrupt:
            return
    elif data_dir is None:
        raise click.UsageError("--detach needs --data-dir, by which `coppice kafka stop` finds the broker")
    else:
        click.echo(f"bootstrap={_detach(data_dir, port)}")


@kafka.command("stop")
@click.option("--data-dir", type=_data_dir_type, required=True, help="The directory it was started with.")
def stop(data_dir: Path) -> None:
    """Stop the broker of a data directory; the data stays."""
    state = data_dir / STATE_FILE
    try:
        file = state.open("r+b")
    except OSError as error:
        raise ConfigError(f"no broker was started with --data-dir {data_dir}: there is no {state}") from error
    with file:
        if _lock(file):
            state.unlink()
            click.echo("it had ended already")
            return
        try:
            os.kill(json.load(file)["pid"], signal.SIGTERM)
        except (ValueError, ProcessLookupError) as error:  # read while it was written, or gone this instant
            raise ConfigError(f"the broker of {data_dir} is just starting or ending; try again") from error
        deadline = time.monotonic() + 2 * STOP_DEADLINE_S
        while not _lock(file):
            if time.monotonic() > deadline:
                raise ConfigError(f"the broker of {data_dir} does not stop")
            time.sleep(_POLL_S)
    click.echo("stopped")


def _run(data_dir: Path | None, port: int | None) -> None:
    if data_dir is None:
        with EmbeddedKafka(port=port) as broker:
            _announce_and_wait(broker)
        return
    with _held_state(data_dir) as file, EmbeddedKafka(data_dir, port=port) as broker:
        _write_state(file, broker.bootstrap)
        _announce_and_wait(broker)


def _announce_and_wait(broker: EmbeddedKafka) -> None:
    click.echo(f"bootstrap={broker.bootstrap}")
    while not broker.ended(_LIVENESS_S):
        pass
    raise ConfigError(f"the broker ended by itself; the end of its log:\n{broker.log_tail()}")


def _detach(data_dir: Path, port: int | None) -> str:
    """Run `start` in a session of its own; its bootstrap address once it is ready."""
    _make(data_dir)
    command = [sys.executable, "-c", _COPPICE, "kafka", "start", "--data-dir", str(data_dir)]
    output = data_dir / "coppice-kafka.out"
    with output.open("wb") as stream:
        child = subprocess.Popen(
            [*command, *([f"--port={port}"] if port else [])],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while child.poll() is None:
            if bootstrap := _read_state(data_dir, child.pid):
                return bootstrap
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        child.terminate()
        raise
    raise ConfigError(output.read_text("utf-8", "replace").rstrip().removeprefix("coppice: "))


@contextmanager
def _held_state(data_dir: Path) -> Iterator[BinaryIO]:
    """Hold the state file of a data directory; ConfigError if another broker does."""
    _make(data_dir)
    with (data_dir / STATE_FILE).open("a+b") as file:
        if not _lock(file):
            raise ConfigError(f"a broker runs with --data-dir {data_dir} already; stop it or choose another")
        _write_state(file, None)
        try:
            yield file
        finally:
            (data_dir / STATE_FILE).unlink(missing_ok=True)


def _write_state(file: BinaryIO, bootstrap: str | None) -> None:
    """Replace the state; in the file itself, since the lock is on it."""
    file.truncate(0)
    file.write(json.dumps({"pid": os.getpid(), "bootstrap": bootstrap}).encode())
    file.flush()


def _read_state(data_dir: Path, pid: int) -> str | None:
    """Bootstrap address of the broker that process ``pid`` runs, or None while it is not ready."""
    try:
        state = json.loads((data_dir / STATE_FILE).read_bytes())
    except (OSError, ValueError):
        return None  # not there yet, or being written
    bootstrap: str | None = state["bootstrap"] if state["pid"] == pid else None
    return bootstrap


def _lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--data-dir {data_dir} can not be made: {error.strerror}") from error
