"""Keeps one worker process running, as a container runtime would: `restart: always`, with a back-off."""

import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from pipeline.sandbox.guarded import GuardedProcess

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 10.0
POLL_S = 0.2


class SupervisedWorker:
    """One `coppice` process and its successors. arguments: those of the command; directory: where its files are.

    python: the interpreter, with its options. The process cannot outlive this one, whatever ends it.
    """

    def __init__(
        self,
        name: str,
        arguments: list[str],
        directory: Path,
        *,
        port_file: Path,
        python: Sequence[str] = (sys.executable,),
    ) -> None:
        self.name = name
        self.restarts = 0
        self.last_exit: int | None = None
        self._arguments = arguments
        self._python = python
        self._directory = directory
        self._port_file = port_file
        self._process: GuardedProcess | None = None
        self._pid: int | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def log(self) -> Path:
        """Return the file that holds what every run of the process has logged."""
        return self._directory / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Return the id of the running process, None between two runs."""
        return self._pid

    @property
    def port(self) -> int | None:
        """Return the port of metrics and health, None until the process listens."""
        try:
            return int(self._port_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def start(self) -> None:
        """Start the process, and start it again whenever it ends."""
        self._stopping.clear()
        self._process = GuardedProcess(self._directory)
        self._spawn(self._process)
        self._thread = threading.Thread(target=self._watch, name=f"supervise-{self.name}", daemon=True)
        self._thread.start()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process that runs now."""
        if self._process is not None:
            self._process.signal(number)

    def stop(self) -> None:
        """End the process in good order, or after a deadline by force; it is not started again."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        process, self._process, self._pid = self._process, None, None
        if process is not None:
            process.close()

    def _spawn(self, process: GuardedProcess) -> None:
        self._port_file.unlink(missing_ok=True)
        self._pid = process.spawn([*self._python, "-m", "pipeline", *self._arguments], self.log)

    def _watch(self) -> None:
        process = self._process
        assert process is not None  # start has made it
        backoff = FIRST_BACKOFF_S
        while not self._stopping.is_set():
            code = process.wait(POLL_S)
            if code is None:
                continue
            self._pid, self.last_exit = None, code
            if self._stopping.wait(backoff):
                return
            backoff = min(backoff * 2, LONGEST_BACKOFF_S)
            self.restarts += 1
            self._spawn(process)
