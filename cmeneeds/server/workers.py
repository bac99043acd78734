"""A fixed number of threads that answer requests, each with its own connections to the library.

Connections wait for clients in threads of their own; what costs time and memory is done here, so
that many clients at once mean waiting and never more work at once than the machine bears.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future

from cmeneeds.server.answers import Answer, answer
from cmeneeds.server.asked import Asked
from cmeneeds.server.desk import Desk, Shared

_Job = tuple[str, Asked, "Future[Answer]"]


class Workers:
    """Threads with a desk each.

    Parameters
    ----------
    shared : Shared
        What they have in common.
    number : int
        How many.

    Raises
    ------
    LibraryError
        The library cannot be opened.
    """

    def __init__(self, shared: Shared, number: int) -> None:
        Desk(shared).close()  # what is wrong with the file shows now, in the caller's thread
        self._shared = shared
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._stopping = False
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"eutils-{i}", daemon=True)
            for i in range(number)
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, name: str, asked: Asked) -> Answer:
        """Answer a request in one of the threads, and wait for it.

        Raises
        ------
        Exception
            Whatever went wrong that is not the request's fault.
        """
        future: Future[Answer] = Future()
        with self._lock:
            if self._stopping:
                raise RuntimeError("the server is stopping")
            self._jobs.put((name, asked, future))
        return future.result()

    def stop(self) -> None:
        """Finish what was asked, then end the threads."""
        with self._lock:
            if self._stopping:
                return
            self._stopping = True
            for _ in self._threads:
                self._jobs.put(None)
        for thread in self._threads:
            thread.join(timeout=self._shared.seconds)

    def _work(self) -> None:
        desk: Desk | None = None
        while (job := self._jobs.get()) is not None:
            name, asked, future = job
            try:
                # Opened late and kept: a library that was away for a moment is tried again.
                desk = desk or Desk(self._shared)
                future.set_result(answer(name, asked, desk))
            except Exception as error:
                future.set_exception(error)
            del job, asked, future  # an answer may be large; keep none while waiting
        if desk is not None:
            desk.close()
