"""The warm process: imports once what every report needs, then forks a kernel for each request.

Run as ``python -m cmeneeds.kernels.warm SOCKET``. One request a connection: a JSON line with two
file descriptors (standard output and error) beside it; answers are JSON lines: ``{"pid": 123}`` at
once, ``{"exit": 0}`` when the kernel has ended. Whoever closes the connection earlier ends the
kernel and all that it started. The process ends itself when its standard input is closed, so it
never outlives its owner.

It must have one thread: a fork copies only the thread that forks, and locks that others hold stay
locked for ever in the copy. It refuses to serve otherwise.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

IMPORTS: Final = (
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "IPython.core.completer",
    "IPython.core.magics",
    "matplotlib.figure",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "pandas",
    "papermill",
    "cmeneeds.assessment",
    "cmeneeds.verify",
)
"""What a report's first cell would import. One that is not installed is left to the kernel."""

LONGEST_REQUEST: Final = 4 * 1024 * 1024
"""Bytes. An environment is a few kilobytes."""


def warm_up() -> None:
    """Import what reports need and read the package's own data into its caches.

    Only what never changes may be kept: everything here is shared by all later kernels.
    """
    for name in IMPORTS:
        with contextlib.suppress(ImportError):
            import_module(name)
    from cmeneeds.package_data import load_package_data

    load_package_data()


def threads() -> int:
    """How many threads this process has; native ones too where the system tells."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()


class _Kernel:
    """A forked kernel and the connection of whoever asked for it."""

    def __init__(self, pid: int, connection: socket.socket) -> None:
        self.pid = pid
        self.connection = connection

    def end(self) -> None:
        """Kill it and its children; it leads a process group of its own."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


class _Server:
    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.selector = selectors.DefaultSelector()
        self.kernels: dict[int, _Kernel] = {}
        self.wake_read, self.wake_write = socket.socketpair()
        for end in (self.wake_read, self.wake_write):
            end.setblocking(False)

    def serve(self) -> None:
        """Answer until standard input is closed."""
        signal.set_wakeup_fd(self.wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # An interrupt at the terminal is meant for the owner, which then closes our input.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.selector.register(sys.stdin.buffer.fileno(), selectors.EVENT_READ, "owner")
        self.selector.register(self.listener, selectors.EVENT_READ, "listener")
        self.selector.register(self.wake_read, selectors.EVENT_READ, "child")
        try:
            while True:
                for key, _ in self.selector.select():
                    if key.data == "owner" and not os.read(key.fd, 4096):
                        return
                    if key.data == "listener":
                        self._accept()
                    elif key.data == "child":
                        with contextlib.suppress(BlockingIOError):
                            self.wake_read.recv(4096)
                        self._reap()
                    elif isinstance(key.data, socket.socket):
                        self._hear(key.data)
        finally:
            for kernel in self.kernels.values():
                kernel.end()

    def _accept(self) -> None:
        connection, _ = self.listener.accept()
        # Only somebody who could signal these processes anyway gets here: the folder of the socket
        # is closed to others. So a slow sender is our own code, and a time limit is enough.
        connection.settimeout(10)
        try:
            request, descriptors = _receive(connection)
        except (OSError, ValueError):
            connection.close()
            return
        try:
            pid = os.fork()
        except OSError as error:
            _tell(connection, {"refused": f"no process can be started: {error.strerror}"})
            connection.close()
            for descriptor in descriptors:
                os.close(descriptor)
            return
        if pid == 0:
            self._become_kernel(connection, request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)  # the child does so too: whoever comes first
        self.kernels[pid] = _Kernel(pid, connection)
        self.selector.register(connection, selectors.EVENT_READ, connection)
        _tell(connection, {"pid": pid})

    def _hear(self, connection: socket.socket) -> None:
        """Whoever asked has gone, or says something that nobody expects: end the kernel."""
        self.selector.unregister(connection)
        for kernel in self.kernels.values():
            if kernel.connection is connection:
                kernel.end()

    def _reap(self) -> None:
        for pid in list(self.kernels):
            try:
                done, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                done, status = pid, 0
            if done:
                kernel = self.kernels.pop(pid)
                kernel.end()  # what it started and left behind
                with contextlib.suppress(KeyError, ValueError):
                    self.selector.unregister(kernel.connection)
                _tell(kernel.connection, {"exit": os.waitstatus_to_exitcode(status)})
                kernel.connection.close()

    def _become_kernel(
        self, connection: socket.socket, request: Mapping[str, Any], descriptors: list[int]
    ) -> None:
        """In the child: forget the server, take on the request's surroundings, run the kernel."""
        code = 1
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.selector.close()
            for end in (self.listener, self.wake_read, self.wake_write, connection):
                end.close()
            for other in self.kernels.values():
                other.connection.close()
            self.kernels.clear()
            _surroundings(request, descriptors)
            _run_kernel(request["connection_file"])
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(BaseException):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)


def _receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Read a request: one line of JSON, and two descriptors."""
    data, descriptors, _, _ = socket.recv_fds(connection, 65536, 2)
    while data and not data.endswith(b"\n"):
        more = connection.recv(65536)
        if not more or len(data) > LONGEST_REQUEST:
            break
        data += more
    try:
        request = json.loads(data)
        if len(descriptors) != 2 or not isinstance(request, dict):
            raise ValueError("not a request")
    except ValueError:
        for descriptor in descriptors:
            os.close(descriptor)
        raise
    return request, list(descriptors)


def _tell(connection: socket.socket, message: Mapping[str, Any]) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(message).encode() + b"\n")


def _surroundings(request: Mapping[str, Any], descriptors: list[int]) -> None:
    """Working folder, environment, descriptors and limits, as a new process would have them."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (descriptors[0], 1), (descriptors[1], 2)):
        os.dup2(source, target)
    for descriptor in (nothing, *descriptors):
        if descriptor > 2:
            os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["env"])
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    if request.get("cwd"):
        os.chdir(request["cwd"])
    if limit := request.get("memory_mb"):
        _limit_memory(int(limit))
    import random
    import time

    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "matplotlib" in sys.modules:
        # Read from the environment when it is imported, which was before the fork; ipykernel's own
        # default else, without which charts of pyplot are not shown.
        backend = os.environ.get("MPLBACKEND") or "module://matplotlib_inline.backend_inline"
        sys.modules["matplotlib"].rcParams["backend"] = backend
    if hasattr(time, "tzset"):
        time.tzset()


def _limit_memory(megabytes: int) -> None:
    """Let allocations beyond a limit fail with MemoryError."""
    import resource

    size = megabytes * 1024 * 1024
    # Linux counts private memory, which is what a report uses up; elsewhere only the address space
    # can be limited.
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        size = min(size, hard)
    resource.setrlimit(kind, (size, hard))


def _run_kernel(connection_file: str) -> None:
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", "-f", connection_file]
    # It watches its parent, the warm process, and ends when that is gone. (ipykernel reads the
    # environment variable for it when it is imported, which was before the fork.)
    watch = f"--IPKernelApp.parent_handle={os.getppid()}"
    IPKernelApp.launch_instance(argv=[*sys.argv[1:], watch])


def _announce(message: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Warm up, listen, and say ``ready`` or why not, in one line of JSON."""
    path = sys.argv[1]
    # Read by numpy's linear algebra when it is loaded; its threads would forbid to fork.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    warm_up()
    if (count := threads()) != 1:
        _announce({"refused": f"it has {count} threads"})
        sys.exit(1)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        _announce({"ready": os.getpid()})
        # Objects made so far will not be garbage: leaving them alone keeps their pages shared.
        gc.collect()
        gc.freeze()
        _Server(listener).serve()


if __name__ == "__main__":
    main()
