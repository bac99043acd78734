"""The server: which interface it may use, how many connections it takes, how it ends."""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Any

from cmeneeds.errors import UsageError
from cmeneeds.server.desk import Shared
from cmeneeds.server.handler import PREFIX, Handler, Limits, Stop
from cmeneeds.server.workers import Workers

log = logging.getLogger("cmeneeds.server")


class EutilsServer(ThreadingHTTPServer):
    """E-utilities over one library; make it with :func:`cmeneeds.server.make_server`.

    Parameters
    ----------
    shared : Shared
    host : str
        Address of the interface.
    port : int
        0 for any free one.
    token : str, optional
        What every request must carry.
    limits : Limits
    allow_remote : bool
        Whether ``host`` may be reachable from other machines.

    Attributes
    ----------
    closing : bool
        Whether it is being shut down.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    handler: type[Handler] = Handler
    """What serves a connection; test doubles replace it."""

    def __init__(
        self,
        shared: Shared,
        host: str,
        port: int,
        token: str | None,
        limits: Limits,
        *,
        allow_remote: bool = False,
    ) -> None:
        self.local = is_loopback(host)
        if not self.local and not (allow_remote and token):
            raise UsageError(
                f"{host or 'all interfaces'} can be reached from other machines",
                "Serve on 127.0.0.1, or allow it with `--allow-remote` and a token "
                "(`--token-env NAME`).",
            )
        self.shared, self.limits, self.token = shared, limits, token or None
        self.notice = " ".join(shared.notice.split())
        self.closing = False
        self._serving = False
        self._connections: dict[socket.socket, bool] = {}
        self._changed = threading.Condition()
        self._turns = threading.BoundedSemaphore(limits.answers)
        if ":" in host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((host, port), self.handler)
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"cannot serve on {host} port {port} ({error})", "Choose another port."
            ) from None
        try:
            self.workers = Workers(shared, limits.workers)
        except BaseException:
            self.server_close()
            raise

    @property
    def port(self) -> int:
        """The port that it serves on."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """Base address for clients, ending in a slash."""
        host = str(self.server_address[0])
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}{PREFIX}"

    def server_bind(self) -> None:
        """Bind without asking a name server for this machine's name."""
        if self.allow_reuse_address:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.port

    def knows_host(self, host: str) -> bool:
        """Whether a request may name this host: with a token or without a name, any."""
        if not host or self.token or not self.local:
            return True
        name = host.rpartition("]")[0].lstrip("[") if "]" in host else host.partition(":")[0]
        return is_loopback(name) or name.lower() == str(self.server_address[0]).lower()

    # --- connections ---

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, unless there are too many."""
        with self._changed:
            full = len(self._connections) >= self.limits.connections or self.closing
            if not full:
                self._connections[request] = False
        if full:
            with suppress(OSError):
                request.settimeout(1.0)
                request.sendall(
                    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
                    b"Connection: close\r\n\r\n"
                )
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and forget it."""
        with self._changed:
            self._connections.pop(request, None)
            self._changed.notify_all()
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log that a connection broke; nothing of what it carried."""
        log.debug("a connection ended early", exc_info=False)

    @contextmanager
    def busy(self, connection: socket.socket) -> Iterator[None]:
        """Mark a connection as one to wait for at shutdown."""
        with self._changed:
            self._connections[connection] = True
        try:
            yield
        finally:
            with self._changed:
                if connection in self._connections:
                    self._connections[connection] = False
                self._changed.notify_all()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until there are few enough others."""
        if not self._turns.acquire(timeout=self.limits.wait):
            raise Stop(
                HTTPStatus.SERVICE_UNAVAILABLE, "too many requests at once", **{"Retry-After": "2"}
            )
        try:
            yield
        finally:
            self._turns.release()

    # --- life ---

    def serve_forever(self, poll_interval: float = 0.1) -> None:
        """Serve until :meth:`close` is called in another thread."""
        self._serving = True
        super().serve_forever(poll_interval)

    def start(self) -> threading.Thread:
        """Serve in a thread of its own; return it."""
        self._serving = True
        thread = threading.Thread(target=self.serve_forever, name="eutils-accept", daemon=True)
        thread.start()
        return thread

    def close(self, grace: float = 10.0) -> None:
        """Take no more requests, finish those under way, and let go of the library.

        Parameters
        ----------
        grace : float
            Seconds that requests under way have.
        """
        if self.closing:
            return
        self.closing = True
        if self._serving:
            self.shutdown()
        self.server_close()
        end = time.monotonic() + grace
        with self._changed:
            self._hang_up(only_idle=True)
            while any(self._connections.values()) and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
            self._hang_up(only_idle=False)
        self.workers.stop()
        self.shared.history.clear()

    def _hang_up(self, *, only_idle: bool) -> None:
        for connection, busy in self._connections.items():
            if not (busy and only_idle):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def __exit__(self, *args: object) -> None:
        self.close()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server on ``host``."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
