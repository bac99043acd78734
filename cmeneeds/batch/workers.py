"""Processes that make reports beside each other on this machine.

Each worker makes one report at a time. If it dies or takes too long, its report has failed and a
new worker takes the next one: no report harms another. Workers end when the process that started
them does, and their kernels with them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import Final, NamedTuple

from cmeneeds.batch.making import Made, Task, make_one, share_kernels
from cmeneeds.errors import KernelNotForked
from cmeneeds.kernels.process import WarmProcess

Tell = Callable[[str, str], None]
"""Told the name of a report and what is being done."""

PRELOADED: Final = "cmeneeds.batch.preload"


class _Worker(NamedTuple):
    process: BaseProcess
    connection: Connection


class Workers:
    """Local processes that make reports.

    Parameters
    ----------
    number : int
        How many at once.
    timeout : float, optional
        Seconds that one report may take in all.
    tell : callable, optional

    Attributes
    ----------
    notes : list of str
        What the user should know, such as that kernels are not forked from a warm process.
    """

    def __init__(self, number: int, timeout: float | None = None, tell: Tell | None = None) -> None:
        self.number = number
        self.timeout = timeout
        self.notes: list[str] = []
        self._tell = tell or (lambda name, step: None)
        self._context = _context()
        self._idle: list[_Worker] = []
        self._busy: dict[_Worker, tuple[Task, float]] = {}
        self._waiting: deque[Task] = deque()
        self._warm: WarmProcess | None = None
        with _one_thread_each():
            # Both import for seconds: side by side, and while the first search is asked.
            self._starter = ThreadPoolExecutor(1)
            self._starting: Future[WarmProcess] | None = self._starter.submit(WarmProcess)
            if isinstance(self._context, ForkServerContext):
                forkserver.ensure_running()

    def submit(self, task: Task) -> None:
        """Put a task in the queue; work on it begins at once if a worker is free."""
        self._waiting.append(task)
        self._start_waiting()

    @property
    def has_room(self) -> bool:
        """Whether another task would not have to wait for long."""
        return len(self._waiting) < self.number

    @property
    def unfinished(self) -> int:
        """Tasks that wait or are being worked on."""
        return len(self._waiting) + len(self._busy)

    def finished(self, patience: float | None) -> Iterator[Made]:
        """Give what has been finished; wait at most ``patience`` seconds for the first."""
        if not self._busy:
            return
        workers = {w.connection: w for w in self._busy}
        workers |= {w.process.sentinel: w for w in self._busy}  # type: ignore[misc]
        ready = wait(list(workers), self._patience(patience))
        for worker in dict.fromkeys(workers[r] for r in ready):  # type: ignore[index]
            yield from self._hear(worker)
        now = time.monotonic()
        for worker, (task, started) in list(self._busy.items()):
            if self.timeout is not None and now - started > self.timeout:
                self._dismiss(worker)
                yield Made(
                    name=task.name,
                    error=f"it took longer than {self.timeout:g} s",
                    todo="Raise --timeout, or narrow the brief.",
                    exit_code=1,
                )
        self._start_waiting()

    def _patience(self, patience: float | None) -> float | None:
        if self.timeout is None:
            return patience
        first = min(started for _, started in self._busy.values())
        left = max(0.0, first + self.timeout - time.monotonic()) + 0.01
        return left if patience is None else min(left, patience)

    def _hear(self, worker: _Worker) -> Iterator[Made]:
        task, _ = self._busy[worker]
        try:
            while worker.connection.poll():
                said = worker.connection.recv()
                if isinstance(said, Made):
                    del self._busy[worker]
                    self._idle.append(worker)
                    yield said
                    return
                self._tell(task.name, str(said))
            if worker.process.is_alive():
                return
        except (EOFError, OSError):
            pass
        worker.process.join(5)
        code = worker.process.exitcode
        self._dismiss(worker)
        yield Made(
            name=task.name,
            error="its process was ended from outside"
            + (f" (signal {-code})" if code is not None and code < 0 else ""),
            todo="Check free memory, then run the batch again: it makes what is missing.",
            exit_code=1,
        )

    def _dismiss(self, worker: _Worker) -> None:
        self._busy.pop(worker, None)
        if worker.process.is_alive():
            if (
                hasattr(os, "killpg") and worker.process.pid
            ):  # with it what it has started, such as pandoc
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(worker.process.pid, signal.SIGKILL)
            worker.process.kill()
        worker.process.join()
        worker.connection.close()

    def _start_waiting(self) -> None:
        while self._waiting and len(self._busy) < self.number:
            worker = self._idle.pop() if self._idle else self._hire()
            task = self._waiting.popleft()
            try:
                worker.connection.send(task)
            except OSError:  # it died while it had nothing to do
                worker.process.join()
                worker.connection.close()
                self._waiting.appendleft(task)
                continue
            self._busy[worker] = (task, time.monotonic())

    def _address(self) -> str:
        """Of the warm process that kernels come from; empty if there can be none."""
        if self._starting is not None:
            starting, self._starting = self._starting, None
            try:
                self._warm = starting.result()
            except KernelNotForked as error:
                self.notes.append(f"kernels start the slow way: {error}")
        return self._warm.address if self._warm is not None else ""

    def _hire(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        address = self._address()
        with _one_thread_each():
            process = self._context.Process(target=work, args=(theirs, address), daemon=False)
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def close(self) -> None:
        """End the workers, whatever they do, and their kernels."""
        for worker in [*self._busy, *self._idle]:
            self._dismiss(worker)
        self._idle.clear()
        self._waiting.clear()
        self._address()  # one that is still starting has to be ended too
        self._starter.shutdown()
        if self._warm is not None:
            self._warm.close()
            self._warm = None


def work(connection: Connection, warm: str) -> None:
    """In a worker: make the reports that are asked for, until nobody asks any more."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)  # a group of its own: it ends with all that it has started
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if warm:
        share_kernels(warm)
    try:
        while True:
            task = connection.recv()
            connection.send(make_one(task, connection.send))
    except (EOFError, OSError, KeyboardInterrupt):
        return


def _end_with_parent() -> None:
    """Whoever started us may be killed at any moment; nothing that we begin may outlive it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(1)


def _context() -> ForkServerContext | SpawnContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOADED])
    return context


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Several processes with several threads each would fight for the processors."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
