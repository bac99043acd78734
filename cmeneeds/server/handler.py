"""One connection: requests read within limits, checked, answered; errors without a traceback.

Everything a client sends is taken as hostile: sizes, times and numbers are limited, paths are
looked up in a list, and errors say what is wrong without repeating what was sent. Nothing of a
request but its utility, status, size and duration is logged.
"""

from __future__ import annotations

import hmac
import io
import logging
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_to_bytes

from cmeneeds import __version__
from cmeneeds.server.answers import UTILITIES, Answer
from cmeneeds.server.asked import Asked

if TYPE_CHECKING:
    from cmeneeds.server.app import EutilsServer

log = logging.getLogger("cmeneeds.server")

PREFIX = "/entrez/eutils/"
_TYPES = {"xml": "text/xml", "json": "application/json", "text": "text/plain"}
_PIECE = 1 << 18


@dataclass(frozen=True)
class Limits:
    """What a client may cost.

    Attributes
    ----------
    body : int
        Bytes of a POST body.
    headers : int
        Bytes of all request headers.
    fields : int
        Parameters of a request.
    connections : int
        Clients connected at once; more are refused with 503.
    answers : int
        Requests in work or being sent at once; more wait.
    workers : int
        Threads that read the library.
    wait : float
        Seconds that a request waits for its turn before it is refused with 503.
    idle : float
        Seconds without a byte before a connection is closed.
    request : float
        Seconds that a client has for sending one request.
    rate : float
        Bytes a second that a client must take on average, after the first minute.
    """

    body: int = 2 << 20
    headers: int = 32 << 10
    fields: int = 11_000
    connections: int = 256
    answers: int = 16
    workers: int = 4
    wait: float = 30.0
    idle: float = 30.0
    request: float = 60.0
    rate: float = 50_000.0


class Stop(Exception):
    """An HTTP error answer."""

    def __init__(self, status: HTTPStatus, why: str = "", **headers: str) -> None:
        super().__init__(status)
        self.status, self.why, self.headers = status, why, headers


class _PatientReader(io.RawIOBase):
    """Reads a socket, but not for ever: a time for each byte, and one for the whole request."""

    def __init__(self, connection: socket.socket, limits: Limits) -> None:
        self._connection = connection
        self._limits = limits
        self._end: float | None = None

    def next_request(self) -> None:
        self._end = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        now = time.monotonic()
        left = self._limits.idle if self._end is None else self._end - now
        if left <= 0:
            raise TimeoutError("the request took too long")
        self._connection.settimeout(min(left, self._limits.idle))
        got = self._connection.recv_into(buffer)
        if self._end is None:
            self._end = now + self._limits.request
        return got


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: EutilsServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Read through the limits."""
        super().setup()
        self.rfile.close()
        self._patient = _PatientReader(self.connection, self.server.limits)
        self.rfile = io.BufferedReader(self._patient)

    def handle_one_request(self) -> None:
        """Serve one request of the connection."""
        self._patient.next_request()
        self.command, self.requestline, self.request_version = "", "", "HTTP/1.0"
        try:
            super().handle_one_request()
        except ConnectionError:  # the client has gone; nobody is left to be told
            self.close_connection = True

    def do_GET(self) -> None:
        """Answer a request."""
        began = time.monotonic()
        name = ""
        with self.server.busy(self.connection):
            try:
                name = self._utility()
                asked = self._asked()
                self._authorize(asked)
                with self.server.turn():
                    self.reply(name, asked)
            except Stop as stop:
                self._say(stop)
        spent = (time.monotonic() - began) * 1000
        log.info("%s %s %s %.0f ms", self.command, name or "?", self._status, spent)

    do_HEAD = do_POST = do_GET  # noqa: N815

    def reply(self, name: str, asked: Asked) -> None:
        """Answer a request that is in order; what test doubles replace."""
        self.send_answer(self.answer(name, asked))

    def answer(self, name: str, asked: Asked) -> Answer:
        """Have the request answered by a worker."""
        try:
            return self.server.workers.ask(name, asked)
        except Exception as error:
            # Type only: a message may quote the request.
            log.error("%s failed: %s", name, type(error).__name__)
            raise Stop(
                HTTPStatus.INTERNAL_SERVER_ERROR, "the request could not be answered"
            ) from None

    # --- reading ---

    def _utility(self) -> str:
        host = self.headers.get("Host", "")
        if not self.server.knows_host(host):
            # A web page that points its own name at this machine must not read the library.
            raise Stop(HTTPStatus.MISDIRECTED_REQUEST, "this server is local")
        if sum(len(k) + len(v) + 4 for k, v in self.headers.items()) > self.server.limits.headers:
            raise Stop(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        path = unquote_to_bytes(self.path.partition("?")[0]).decode("utf-8", "replace")
        name = path.removeprefix(PREFIX).removesuffix("/").removesuffix(".fcgi")
        if not path.startswith(PREFIX) or name not in UTILITIES:
            offered = ", ".join(UTILITIES)
            raise Stop(HTTPStatus.NOT_FOUND, f"offered under {PREFIX} are {offered}")
        return name

    def _asked(self) -> Asked:
        sources = [self.path.partition("?")[2]]
        length = self._body_length()
        if self.command == "POST":
            kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if kind not in ("", "application/x-www-form-urlencoded"):
                raise Stop(
                    HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "use application/x-www-form-urlencoded"
                )
            try:
                body = self.rfile.read(length)
            except TimeoutError:
                raise Stop(HTTPStatus.REQUEST_TIMEOUT) from None
            if len(body) < length:
                raise Stop(HTTPStatus.BAD_REQUEST, "the body is shorter than Content-Length")
            sources.append(body.decode("utf-8", "replace"))
        elif length:
            self.close_connection = True  # a body that nobody reads would be the next request
        pairs: list[tuple[str, str]] = []
        for source in sources:
            try:
                pairs += parse_qsl(
                    source, keep_blank_values=True, max_num_fields=self.server.limits.fields
                )
            except ValueError:
                raise Stop(HTTPStatus.BAD_REQUEST, "too many parameters") from None
        return Asked(pairs)

    def _body_length(self) -> int:
        lengths = self.headers.get_all("Content-Length", [])
        if "Transfer-Encoding" in self.headers:
            raise Stop(HTTPStatus.LENGTH_REQUIRED, "send the body with a Content-Length")
        if not lengths:
            if self.command == "POST":
                raise Stop(HTTPStatus.LENGTH_REQUIRED)
            return 0
        text = lengths[0].strip()
        if len(lengths) > 1 or not text.isascii() or not text.isdecimal():
            raise Stop(HTTPStatus.BAD_REQUEST, "Content-Length is not a number")
        if len(text) > 12 or int(text) > self.server.limits.body:
            raise Stop(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"a body has at most {self.server.limits.body:,} bytes",
            )
        return int(text)

    def _authorize(self, asked: Asked) -> None:
        token = self.server.token
        if token is None:
            return
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            given = asked.text("api_key")
        if not hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.encode()):
            raise Stop(
                HTTPStatus.UNAUTHORIZED,
                "send the token as `Authorization: Bearer` or as the parameter api_key",
                **{"WWW-Authenticate": "Bearer"},
            )

    # --- writing ---

    _status = 0

    def version_string(self) -> str:
        """Name the server, not its Python."""
        return f"cmeneeds/{__version__}"

    def send_answer(self, answer: Answer) -> None:
        """Send the answer of a utility."""
        extra = {"Cache-Control": "private"}
        if self.server.notice:
            extra["Cmeneeds-Notice"] = self.server.notice
        if answer.remarks:
            extra["Cmeneeds-Remarks"] = answer.remarks
        self.send_body(answer.status, answer.kind, answer.body, extra)

    def send_body(
        self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None
    ) -> None:
        """Send a whole response with its true length."""
        self._status = status
        self.send_response(status)
        self.send_header("Content-Type", f"{_TYPES[kind]}; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if self.close_connection or self.server.closing:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.connection.settimeout(self.server.limits.idle)
        self.end_headers()
        if self.command != "HEAD":
            self._send_pieces(body)

    def _send_pieces(self, body: bytes) -> None:
        began = time.monotonic()
        view = memoryview(body)
        for start in range(0, len(view), _PIECE):
            self.wfile.write(view[start : start + _PIECE])
            if time.monotonic() - began > 60 + start / self.server.limits.rate:
                raise TimeoutError("the client reads too slowly")

    def _say(self, stop: Stop) -> None:
        self.close_connection = True  # its body, if any, has not been read
        self.request_version = "HTTP/1.1"  # what was not even HTTP gets a whole answer too
        text = f"{stop.status.value} {stop.status.phrase}"
        body = f"{text}: {stop.why}\n" if stop.why else f"{text}\n"
        self.send_body(stop.status, "text", body.encode(), stop.headers)
        self._drain()

    def _drain(self) -> None:
        """Take what the client is still sending, for a moment, so that it reads the answer."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(0.5)
            end = time.monotonic() + 2.0
            while self.connection.recv(_PIECE) and time.monotonic() < end:
                pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is not even HTTP, or uses another method."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            stop = Stop(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD, POST")
        else:
            stop = Stop(HTTPStatus(code))
        self._say(stop)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing of what the client sent."""
