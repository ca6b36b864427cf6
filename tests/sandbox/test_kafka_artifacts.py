"""The broker's archives: a real cache on disk, a real (loopback) repository or none at all."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.sandbox.kafka import EmbeddedKafka
from pipeline.sandbox.kafka_artifacts import (
    CACHE_VARIABLE,
    Archive,
    KafkaUnavailable,
    default_cache_dir,
    ensure_archives,
    read_lock,
)
from pipeline.sandbox.kafka_config import free_ports

CLI = [sys.executable, "-c", "from pipeline.cli.main import main; main()", "kafka", "start"]
DEADLINE_S = 180.0


@pytest.fixture
def cache_copy(tmp_path: Path) -> Path:
    """A complete cache of its own; its files are links, to be replaced and never written to."""
    ensure_archives()
    copy = tmp_path / "cache"
    shutil.copytree(default_cache_dir() / "maven", copy / "maven", copy_function=os.symlink)
    return copy


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every way out leads to a proxy that is not there, for this process and those it starts."""
    (port,) = free_ports(1)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(tmp_path / "no-jgo.conf"))


Repository = Callable[[bytes | None], AbstractContextManager[None]]


@pytest.fixture
def repository(offline: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """An artefact repository on loopback, named in jgo's configuration."""
    config = tmp_path / "jgo.conf"
    monkeypatch.setenv("JGO_CONFIG_FILE", str(config))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")

    @contextmanager
    def serve(body: bytes | None) -> Iterator[None]:
        with ThreadingHTTPServer(("127.0.0.1", 0), handler(body)) as server:
            config.write_text(f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n")
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()

    return serve


def handler(body: bytes | None) -> type[BaseHTTPRequestHandler]:
    """Answers every archive with the body, or says that it is not there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = None if self.path.endswith(".sha1") else body
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def remove_one(cache: Path) -> Archive:
    archive = read_lock()[7]
    archive.path(cache / "maven").unlink()
    return archive


def start_with(cache: Path) -> subprocess.CompletedProcess[str]:
    """Run the command, which must fail in the way that tells an operator what to do."""
    environment = {**os.environ, CACHE_VARIABLE: str(cache)}
    command = subprocess.run(CLI, env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert command.returncode == 2
    assert command.stdout == ""
    assert "Traceback" not in command.stderr
    return command


def test_a_complete_cache_needs_no_network(cache_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    class_path = ensure_archives(cache_copy)
    assert [file.name for file in class_path] == [archive.path(Path()).name for archive in read_lock()]
    remove_one(cache_copy)
    with pytest.raises(KafkaUnavailable):  # the trap works: a download does need it
        ensure_archives(cache_copy)


def test_a_damaged_archive_is_refused(cache_copy: Path, offline: None) -> None:
    archive = read_lock()[0]
    file = archive.path(cache_copy / "maven")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.unlink()
    file.write_bytes(content)
    with pytest.raises(KafkaUnavailable) as refused:
        EmbeddedKafka(cache_dir=cache_copy).start()
    assert archive.coordinate in str(refused.value)
    assert str(file) in str(refused.value)
    assert "Remove that file" in str(refused.value)


def test_the_command_says_which_archive_is_missing_and_what_to_do(cache_copy: Path, offline: None) -> None:
    archive = remove_one(cache_copy)
    command = start_with(cache_copy)
    assert f"{archive.coordinate} is missing and could not be fetched: the network" in command.stderr
    assert "run the command again" in command.stderr


def test_a_missing_archive_is_fetched_once(cache_copy: Path, repository: Repository) -> None:
    path = read_lock()[7].path(cache_copy / "maven")
    content = path.read_bytes()
    remove_one(cache_copy)
    notes: list[str] = []
    with repository(content):
        ensure_archives(cache_copy, note=notes.append)
    ensure_archives(cache_copy, note=notes.append)
    assert path.read_bytes() == content
    assert len(notes) == 1


@pytest.mark.parametrize(
    ("body", "why"), [(b"something else", "what was received does not have"), (None, "the artefact repository does")]
)
def test_a_wrong_download_never_enters_the_cache(
    cache_copy: Path,
    repository: Repository,
    body: bytes | None,
    why: str,
) -> None:
    archive = remove_one(cache_copy)
    with repository(body):
        command = start_with(cache_copy)
    assert f"{archive.coordinate} is missing and could not be fetched: {why}" in command.stderr
    assert not archive.path(cache_copy / "maven").exists()
    assert not list((cache_copy / "maven").glob(".fetch-*"))


def test_a_cache_that_can_not_be_written_is_named(tmp_path: Path, offline: None) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KafkaUnavailable, match=CACHE_VARIABLE):
        ensure_archives(tmp_path / "file")


def test_the_lock_names_each_archive_once_and_no_host() -> None:
    archives = read_lock()
    assert "org.apache.kafka:kafka_2.13:4.3.1" in {archive.coordinate for archive in archives}
    assert len({(archive.group, archive.name) for archive in archives}) == len(archives)
    assert all(len(bytes.fromhex(archive.sha256)) == 32 for archive in archives)
    assert "//" not in json.dumps(archives)
