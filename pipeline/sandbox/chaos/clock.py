"""A wall clock that can be set wrong while a process runs, by whoever started the process."""

import mmap
import time
from pathlib import Path
from struct import Struct

_SHIFT = Struct("<q")  # nanoseconds
_time_ns = time.time_ns


class WrongClock:
    """How far a process's clock is off: eight bytes in a file that both sides map into memory."""

    def __init__(self, path: Path) -> None:
        """Map the file; make it if it is not there."""
        self.path = path
        if not path.exists():
            path.write_bytes(_SHIFT.pack(0))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _SHIFT.size)

    @property
    def shift_ns(self) -> int:
        """Return how far the clock is ahead, in nanoseconds; below 0 it is behind."""
        return int(_SHIFT.unpack(self._shared[:])[0])

    def set(self, shift_s: float) -> None:
        """Put the clock ahead by so many seconds, or back."""
        self._shared[:] = _SHIFT.pack(int(shift_s * 1e9))

    def install(self) -> None:
        """Let this process live by this clock, as far as Python asks for the time of day.

        Nothing else can be turned without rights over the machine: C libraries keep the true time, and so does every
        monotonic clock, as after a real jump.
        """
        time.time_ns = lambda: _time_ns() + self.shift_ns
        time.time = lambda: (_time_ns() + self.shift_ns) / 1e9
