"""Keep to a service's rate limit, for all threads and processes of one user together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

AHEAD = 120.0
"""Seconds. A slot booked further ahead is the trace of a changed clock, and is ignored."""


class Pace:
    """Hand out slots in time, evenly spaced.

    The time of the next free slot stands in a small file that is locked while a slot is taken, so
    that a batch on all cores keeps the same limit as a single notebook.

    Parameters
    ----------
    path : Path
        The file; made if there is none.
    per_second : float
        Slots a second.
    clock, sleep : callable
        Swapped in tests.
    """

    def __init__(
        self,
        path: Path,
        per_second: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.path = path
        # A little slower than allowed: the service measures at its own end of the line.
        self.interval = 1.0 / per_second * 1.01
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()  # the file lock is per process
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file_lock = FileLock(f"{path}.lock", timeout=AHEAD)

    def wait(self) -> float:
        """Wait for the next slot; return how many seconds that took."""
        with self._lock, self._file_lock:
            now = self._clock()
            free = self._read()
            slot = free if now < free <= now + AHEAD else now
            self._write(slot + self.interval)
        if slot > now:
            self._sleep(slot - now)
        return slot - now

    def hold(self, seconds: float) -> None:
        """Let nobody go for a while: the service asked for a pause."""
        with self._lock, self._file_lock:
            self._write(max(self._read(), self._clock() + min(seconds, AHEAD)))

    def _read(self) -> float:
        try:
            return float(self.path.read_text("ascii"))
        except (OSError, ValueError):
            return 0.0  # no file yet, or torn by a crash: start afresh

    def _write(self, until: float) -> None:
        self.path.write_text(f"{until:.6f}", "ascii")
