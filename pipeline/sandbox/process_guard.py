"""A guardian process: runs one child at a time for its owner, and cleans up when the owner is gone.

The owner (`pipeline.sandbox.guarded`) runs this file with pipes on stdin and stdout. Without an argument, an
existing data directory, the guard makes a temporary one and removes it at the end. One JSON object a line:

===========================================  ==========================================================
owner → guard                                guard → owner
===========================================  ==========================================================
(start)                                      ``{"data_dir": PATH}``
``{"spawn": [ARGV…], "log": PATH}``          ``{"pid": N}``, or ``{"failed": TEXT}``
``{"signal": N}`` (ignored without a child)
(the child ends)                             ``{"exit": RETURN_CODE}`` (negative: killed by that signal)
===========================================  ==========================================================

The end of stdin means that the owner closed it or died in any way, SIGKILL included: the kernel closes the
pipe even where no handler of the owner can run. The child is then stopped, the temporary directory removed.

Only the standard library is imported and no thread is started, so ``preexec_fn`` is safe and the start quick.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

STOP_DEADLINE_S = 15.0
"""Seconds a child gets between SIGTERM and SIGKILL."""

_STDIN, _STDOUT = 0, 1
_OWNER_CHECK_S = 1.0
_PR_SET_PDEATHSIG = 1


def _die_with_guard() -> None:
    """Ask the kernel to kill the child when the guard itself is killed (Linux, ``prctl(2)``)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class ProcessGuard:
    """The loop of the guardian: commands in, events out, one child."""

    def __init__(self, owner: int) -> None:
        self._owner = owner
        self._child: subprocess.Popen[bytes] | None = None
        self._terminated = False
        self._wake, self._wake_writer = socket.socketpair()
        self._wake.setblocking(False)
        self._wake_writer.setblocking(False)
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._on_term)

    def serve(self) -> None:
        """Obey commands until the owner is gone or the guard is told to end."""
        pending = b""
        while not self._terminated and os.getppid() == self._owner:
            # The owner check covers a pipe kept open by a process that the owner forked.
            ready, _, _ = select.select([_STDIN, self._wake.fileno()], [], [], _OWNER_CHECK_S)
            if self._wake.fileno() in ready:
                self._wake.recv(4096)
            self._report_exit()
            if _STDIN in ready:
                received = os.read(_STDIN, 1 << 16)
                if not received:
                    return
                *lines, pending = (pending + received).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))

    def stop_child(self) -> None:
        """Stop the child: SIGTERM, and SIGKILL after ``STOP_DEADLINE_S``."""
        child = self._child
        if child is None:
            return
        child.terminate()
        child.send_signal(signal.SIGCONT)  # a frozen process acts on SIGTERM only once it runs again
        try:
            child.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _on_term(self, *_: object) -> None:
        self._terminated = True

    def _obey(self, command: dict[str, Any]) -> None:
        if "spawn" in command:
            self._spawn(command["spawn"], Path(command["log"]))
        elif self._child is not None:
            self._child.send_signal(command["signal"])

    def _spawn(self, argv: list[str], log: Path) -> None:
        try:
            with log.open("ab") as output:
                self._child = subprocess.Popen(
                    argv,
                    cwd=log.parent,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    preexec_fn=_die_with_guard if sys.platform == "linux" else None,  # noqa: PLW1509 one thread only
                )
        except OSError as error:
            emit({"failed": str(error)})
        else:
            emit({"pid": self._child.pid})

    def _report_exit(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            code, self._child = self._child.returncode, None
            emit({"exit": code})


def emit(event: dict[str, Any]) -> None:
    """Write one event; an owner that is gone is noticed by the end of stdin, not here."""
    with contextlib.suppress(OSError):
        os.write(_STDOUT, json.dumps(event).encode() + b"\n")


def main() -> None:
    """Run the guardian."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the owner's to handle
    owner = os.getppid()
    guard = ProcessGuard(owner)
    made = None if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="coppice-kafka-")
    try:
        emit({"data_dir": made or sys.argv[1]})
        guard.serve()
    finally:
        guard.stop_child()
        if made is not None:
            shutil.rmtree(made)


if __name__ == "__main__":
    main()
