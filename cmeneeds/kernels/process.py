"""Start the warm process, and ask it for kernels."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cmeneeds.errors import KernelNotForked

WARM_UP_SECONDS: Final = 120
"""Time for the warm process to import everything; on a busy machine it takes many seconds."""

ANSWER_SECONDS: Final = 30
"""Time for a fork."""

SHARED: Final = "CMENEEDS_WARM_KERNELS"
"""Environment variable with the socket of a warm process that several processes share."""

AT_START: Final = (
    "PYTHONPATH", "PYTHONHOME", "PYTHONHASHSEED", "PYTHONOPTIMIZE", "LD_LIBRARY_PATH", "LD_PRELOAD",
)  # fmt: skip
"""Variables that only count when a process starts: a kernel that wants others cannot be forked."""


class ForkedKernel:
    """A forked kernel, with the part of :class:`subprocess.Popen` that Jupyter uses.

    Attributes
    ----------
    pid : int
        Also the number of its process group.
    returncode : int or None
        None while it runs; negative: the signal that ended it.
    """

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket, pid: int, rest: bytes) -> None:
        self._connection = connection
        self._said = rest
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Exit code, or None while it runs."""
        while self.returncode is None and self._heard(0):
            pass
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises
        ------
        subprocess.TimeoutExpired
        """
        end = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            left = None if end is None else max(0.0, end - time.monotonic())
            if not self._heard(left) and self.returncode is None:
                raise subprocess.TimeoutExpired("kernel", timeout or 0)
        return self.returncode

    def _heard(self, timeout: float | None) -> bool:
        """Read what the warm process says; False if it said nothing in time."""
        if not select.select([self._connection], [], [], timeout)[0]:
            return False
        try:
            data = self._connection.recv(4096)
        except OSError:
            data = b""
        self._said += data
        if b"\n" in self._said:
            self._end(int(json.loads(self._said).get("exit", 1)))
        elif not data:
            self._end(-signal.SIGKILL)  # the warm process is gone, and its kernels with it
        return True

    def _end(self, code: int) -> None:
        self.returncode = code
        self._connection.close()

    def send_signal(self, number: int) -> None:
        """Signal the kernel and what it started."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class WarmProcess:
    """A warm process of our own, or the way to one that another process owns.

    Parameters
    ----------
    address : path, optional
        Socket of a warm process that runs already; without it one is started.

    Raises
    ------
    KernelNotForked
        If none can be had here; says why.
    """

    def __init__(self, address: str | Path | None = None) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        if address is not None:
            self.address = str(address)
            return
        if not hasattr(os, "fork") or not hasattr(socket, "send_fds"):
            raise KernelNotForked("this system cannot fork processes")
        self._folder = Path(tempfile.mkdtemp(prefix="cmn-"))  # open to this user only
        self.address = str(self._folder / "warm")
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        assert self._folder is not None
        complaints = self._folder / "complaints"
        with complaints.open("wb") as stderr:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-m", "cmeneeds.kernels.warm", self.address],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=self._folder,
                # Interrupts at the terminal are for us; we close its input.
                start_new_session=True,
            )
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], WARM_UP_SECONDS)[0]:
            raise KernelNotForked(f"the warm process was not ready after {WARM_UP_SECONDS} s")
        try:
            said = json.loads(self._process.stdout.readline() or b"{}")
        except ValueError:
            said = {}
        if "ready" not in said:
            last = complaints.read_text("utf-8", "replace").strip().splitlines()[-1:]
            why = said.get("refused") or "".join(last) or "it ended while it started"
            raise KernelNotForked(f"the warm process cannot serve: {why}")

    @property
    def pid(self) -> int | None:
        """Process number of a warm process of our own."""
        return self._process.pid if self._process else None

    @property
    def is_alive(self) -> bool:
        """Whether it still runs, as far as can be told without asking it."""
        return self._process is None or self._process.poll() is None

    def fork(
        self,
        connection_file: str,
        *,
        cwd: str | None,
        env: Mapping[str, str],
        stdout: int = 1,
        stderr: int = 2,
        memory_mb: int | None = None,
    ) -> ForkedKernel:
        """Start a kernel.

        Parameters
        ----------
        connection_file : str
            As Jupyter writes it.
        cwd : str, optional
            Working folder.
        env : mapping
            Its whole environment.
        stdout, stderr : int
            Descriptors that it writes to.
        memory_mb : int, optional
            Megabytes of private memory beyond which allocations fail.

        Raises
        ------
        KernelNotForked
        """
        for name in AT_START:
            if env.get(name) != os.environ.get(name):
                raise KernelNotForked(f"it wants another {name}, which counts at the start only")
        request = {
            "connection_file": connection_file,
            "cwd": str(cwd) if cwd else None,
            "env": dict(env),
            "memory_mb": memory_mb,
        }
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(self.address)
            line = json.dumps(request).encode() + b"\n"
            sent = socket.send_fds(connection, [line], [stdout, stderr])
            connection.sendall(line[sent:])
            answer = b""
            while b"\n" not in answer:
                data = connection.recv(4096)
                if not data:
                    raise KernelNotForked("the warm process did not answer")
                answer += data
            line, _, rest = answer.partition(b"\n")
            said = json.loads(line)
            if "pid" not in said:
                raise KernelNotForked(str(said.get("refused", "the warm process refused")))
        except (OSError, ValueError) as error:
            connection.close()
            raise KernelNotForked(f"the warm process cannot be asked: {error}") from None
        except BaseException:
            connection.close()
            raise
        connection.settimeout(None)
        return ForkedKernel(connection, int(said["pid"]), rest)

    def close(self) -> None:
        """End a warm process of our own, and its kernels."""
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


_lock = threading.Lock()
_ours: WarmProcess | None = None


def warm_process() -> WarmProcess:
    """Return the warm process that this process uses; start one if there is none.

    It is the one named by the environment variable ``CMENEEDS_WARM_KERNELS``, else our own, which
    lives as long as we do.

    Raises
    ------
    KernelNotForked
    """
    global _ours
    with _lock:
        if shared := os.environ.get(SHARED):
            return WarmProcess(shared)
        if _ours is None or not _ours.is_alive:
            if _ours is not None:
                _ours.close()
            _ours = WarmProcess()
        return _ours


def close_warm_process() -> None:
    """End our own warm process, if there is one."""
    global _ours
    with _lock:
        if _ours is not None:
            _ours.close()
            _ours = None


atexit.register(close_warm_process)
