"""The owner's side of `pipeline.sandbox.process_guard`: a child process that can not outlive this one."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pipeline.sandbox import process_guard

_REPLY_DEADLINE_S = 60.0


class GuardedProcess:
    """One child at a time, and the data directory that ends with it.

    ``data_dir`` says where the child keeps its data. ChildProcessError, from any method but `close`, means
    that the guard itself was killed; on Linux the child is dead then, too.

    Args:
        data_dir: an existing directory, kept at the end. Default: a temporary directory, removed.

    """

    def __init__(self, data_dir: Path | None = None) -> None:
        self._temporary = data_dir is None
        script = Path(process_guard.__file__)
        argv = [sys.executable, "-I", "-S", str(script), *([str(data_dir)] if data_dir else [])]
        self._guard = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a terminal's Ctrl-C reaches the owner alone
        )
        self._received = b""
        try:
            self.data_dir = Path(self._reply("data_dir"))
        except BaseException:
            self._end_guard()
            raise

    def spawn(self, argv: list[str], log: Path) -> int:
        """Start a child in the data directory, its output appended to ``log``, and return its process id.

        Raises ChildProcessError if it can not be started.
        """
        self._send({"spawn": argv, "log": str(log)})
        return int(self._reply("pid"))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the child, if it still lives."""
        self._send({"signal": number})

    def wait(self, timeout_s: float) -> int | None:
        """Return code of the child once it ends (negative: the signal), or None after ``timeout_s``."""
        event = self._event(timeout_s)
        return None if event is None else int(event["exit"])

    def close(self) -> None:
        """Stop the child and remove the directory if it is temporary; OSError if it can not be removed."""
        self._end_guard()
        if self._temporary and self.data_dir.exists():  # the guard was killed, or could not
            shutil.rmtree(self.data_dir)

    def _end_guard(self) -> None:
        guard = self._guard
        for pipe in (guard.stdin, guard.stdout):
            if pipe:
                pipe.close()
        try:
            guard.wait(process_guard.STOP_DEADLINE_S + _REPLY_DEADLINE_S)
        except subprocess.TimeoutExpired:
            guard.kill()
            guard.wait()

    def _send(self, command: dict[str, Any]) -> None:
        if self._guard.stdin is None:
            raise RuntimeError("the guard has a pipe")
        try:
            os.write(self._guard.stdin.fileno(), json.dumps(command).encode() + b"\n")
        except BrokenPipeError as error:
            raise ChildProcessError("the guard process is gone") from error

    def _reply(self, key: str) -> Any:
        event = self._event(_REPLY_DEADLINE_S)
        if event is None or key not in event:
            raise ChildProcessError((event or {}).get("failed", "the guard process does not answer"))
        return event[key]

    def _event(self, timeout_s: float) -> dict[str, Any] | None:
        if self._guard.stdout is None:
            raise RuntimeError("the guard has a pipe")
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._received:
            ready, _, _ = select.select([self._guard.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            received = os.read(self._guard.stdout.fileno(), 1 << 16)
            if not received:
                raise ChildProcessError("the guard process is gone")
            self._received += received
        line, _, self._received = self._received.partition(b"\n")
        event: dict[str, Any] = json.loads(line)
        return event
