"""One client for NCBI's E-utilities, over ``Bio.Entrez``.

``Bio.Entrez`` builds and sends every request. What it lacks in 1.88 is supplied here, through its
one seam, the module name ``Bio.Entrez.urlopen``: time-outs, another server's base URL, whole
bodies checked before they are parsed, a rate limit for all threads and processes of one user, and
retries that wait as long as the service asks.
"""

from __future__ import annotations

import contextvars
import errno
import hashlib
import io
import os
import random
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

from cmeneeds import __version__
from cmeneeds.credentials import Credentials, load_credentials
from cmeneeds.entrez_errors import BackendFailed, HistoryExpired, RateLimited, check_answer
from cmeneeds.errors import SourceError, SourceUnavailable
from cmeneeds.home import home
from cmeneeds.sources.pace import Pace

TIMEOUT = 20.0
"""Seconds without a byte before a request counts as failed."""

WHOLE_ANSWER = 300.0
"""Seconds that one answer may take in all, so that a trickle does not hold a run for ever."""

ATTEMPTS = 6
LONGEST_PAUSE = 60.0
URL_VARIABLE = "CMENEEDS_ENTREZ_URL"
EMAIL_UNKNOWN = "not-given@example.org"


class _Answer(io.BytesIO):
    """A whole body with the attributes that Bio.Entrez looks at."""

    def __init__(self, body: bytes, headers: Any, status: int) -> None:
        super().__init__(body)
        self.headers = headers
        self.status = status
        self.url = ""  # never kept: it holds the key


_current: contextvars.ContextVar[EntrezClient | None] = contextvars.ContextVar(
    "entrez_client", default=None
)
_plain_urlopen: Callable[..., Any] = urllib.request.urlopen
_module_lock = threading.Lock()


def _urlopen(request: urllib.request.Request) -> Any:
    """What ``Bio.Entrez`` calls instead of ``urllib.request.urlopen``."""
    client = _current.get()
    return _plain_urlopen(request) if client is None else client._send(request)


class EntrezClient:
    """E-utilities through ``Bio.Entrez``; safe to share between threads.

    Parameters
    ----------
    base_url : str, optional
        Another E-utilities server, such as ``http://127.0.0.1:8080/entrez/eutils``. Default: the
        environment's ``CMENEEDS_ENTREZ_URL``, else NCBI.
    timeout : float
        Seconds without a byte.
    attempts : int
        How often a request is sent at most.
    credentials : Credentials, optional
        Default: :func:`~cmeneeds.credentials.load_credentials`.

    Attributes
    ----------
    requests : int
        Requests sent so far.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        timeout: float = TIMEOUT,
        attempts: int = ATTEMPTS,
        credentials: Credentials | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        from Bio import Entrez

        self.base_url = base_url or os.environ.get(URL_VARIABLE) or None
        self.timeout = timeout
        self.attempts = attempts
        self.credentials = credentials or load_credentials()
        self.requests = 0
        self.notice = ""
        """What the server says about its records, such as that they are the sample."""
        self._sleep = sleep or time.sleep
        self._counting = threading.Lock()
        # One limit a server: a mirror's pace is not NCBI's.
        name = "ncbi"
        if self.base_url:
            name = hashlib.sha256(self.base_url.encode()).hexdigest()[:12]
        self._pace = Pace(
            home() / "pace" / name, self.credentials.requests_per_second, sleep=self._sleep
        )
        module: Any = Entrez  # its stubs know nothing of the settings below
        self._entrez = module
        with _module_lock:
            module.urlopen = _urlopen
            module.tool = f"cmeneeds/{__version__}"
            module.max_tries = 1  # retrying is done here, with pauses

    @property
    def server(self) -> str:
        """Name of the server for messages; no address of NCBI's, no secrets."""
        return "PubMed" if self.base_url is None else "the E-utilities server"

    # --- one request ----------------------------------------------------------------------------

    @contextmanager
    def _in_charge(self) -> Iterator[None]:
        with _module_lock:
            self._entrez.email = self.credentials.email or EMAIL_UNKNOWN
            self._entrez.api_key = self.credentials.api_key
            # Its own limiter knows one thread only and would wait a second time.
            self._entrez._open.previous = 0.0
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def _send(self, request: urllib.request.Request) -> _Answer:
        if self.base_url:
            name = request.full_url.split("/eutils/", 1)[-1]
            request.full_url = f"{self.base_url.rstrip('/')}/{name}"
        with self._counting:
            self.requests += 1
        deadline = time.monotonic() + WHOLE_ANSWER
        with _plain_urlopen(request, timeout=self.timeout) as response:
            parts = []
            while part := response.read1(1 << 18):
                parts.append(part)
                if time.monotonic() > deadline:
                    raise TimeoutError("the answer took too long")
            body = b"".join(parts)
            promised = response.headers.get("Content-Length")
            # read1 does not complain of a body that ends early; the length tells.
            if promised and promised.isdecimal() and len(body) < int(promised):
                raise ConnectionError(f"the answer was cut short at {len(body)} bytes")
            # `cmeneeds serve` says here what its library is.
            self.notice = response.headers.get("Cmeneeds-Notice") or self.notice
            return _Answer(body, response.headers, response.status)

    def call(self, function: str, *, stop: threading.Event | None = None, **words: Any) -> bytes:
        """Call a function of ``Bio.Entrez``, such as ``esearch``, and return its whole answer.

        Parameters
        ----------
        function : str
        stop : threading.Event, optional
            Once set, nothing more is sent and no pause goes on: what needed the answer has failed.
        **words
            Parameters of the function.

        Raises
        ------
        SourceError
            A typed error of :mod:`cmeneeds.entrez_errors` for what cannot be retried; after
            ``attempts`` failures, SourceUnavailable. No message holds e-mail or key.
        """
        problem: SourceError | None = None
        for attempt in range(1, self.attempts + 1):
            if stop is not None and stop.is_set():
                raise SourceUnavailable("stopped")
            try:
                return self._once(function, words)
            except SourceError as error:
                problem = error
                if not getattr(error, "retryable", False):
                    break
            if attempt < self.attempts:
                self._rest(attempt, problem, stop)
        assert problem is not None
        if getattr(problem, "retryable", False):
            raise SourceUnavailable(
                f"{self.server} cannot be reached after {self.attempts} attempts "
                f"({self.credentials.hide(problem.what)})",
                OFFLINE,
            ) from None
        # `from None`: what caused it may hold the request's address, and so the key.
        problem.what = self.credentials.hide(problem.what)
        problem.args = (problem.what, problem.todo)
        raise problem from None

    def _rest(self, attempt: int, problem: SourceError, stop: threading.Event | None) -> None:
        """Wait before the next attempt: longer each time, or as long as the service asks."""
        pause = min(2.0 ** (attempt - 1), LONGEST_PAUSE) * random.uniform(0.5, 1.0)  # noqa: S311
        asked = getattr(problem, "retry_after", None)
        if isinstance(problem, RateLimited):
            # Everybody else of this user would be refused as well.
            self._pace.hold(asked or pause)
        left = max(pause, min(asked or 0.0, LONGEST_PAUSE))
        while left > 0 and not (stop is not None and stop.is_set()):
            # In steps, so that a run that has failed elsewhere need not wait for this one.
            step = left if stop is None else min(left, 0.5)
            self._sleep(step)
            left -= step

    def _once(self, function: str, words: dict[str, Any]) -> bytes:
        self._pace.wait()
        try:
            with self._in_charge():
                handle = getattr(self._entrez, function)(**words)
            raw = handle.read()
        except urllib.error.HTTPError as error:
            with error:
                body, headers = error.read(65536), error.headers
            check_answer(
                body,
                headers.get("Content-Type", ""),
                error.code,
                retry_after=_seconds(headers.get("Retry-After")),
            )
            raise SourceUnavailable(f"{self.server} answered {error.code}") from None
        except (urllib.error.URLError, HTTPException, OSError) as error:
            raise self._lost(error) from None
        data: bytes = raw.encode() if isinstance(raw, str) else raw
        # Plain text comes wrapped, without the headers at hand.
        said = getattr(getattr(handle, "buffer", handle), "headers", {})
        kind, after = said.get("Content-Type", ""), _seconds(said.get("Retry-After"))
        try:
            check_answer(data, kind, retry_after=after)
        except HistoryExpired as error:
            if "webenv" in words:
                raise
            # Nothing of ours can have expired: the service is confused, and that passes.
            raise BackendFailed(error.what, "Try again later", after) from None
        return data

    def _lost(self, error: Exception) -> SourceError:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, socket.gaierror) or (
            isinstance(reason, OSError) and reason.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH)
        ):
            # No network at all: nothing to wait for.
            return SourceUnavailable(f"{self.server} cannot be reached: no network", OFFLINE)
        name = type(reason).__name__ if isinstance(reason, Exception) else "error"
        return _Passing(f"{name}: {self.credentials.hide(str(reason))[:200]}")


OFFLINE = "Check the network, or work offline with `--source library` or `--source sample`."


class _Passing(SourceUnavailable):
    """A failure of the line that may pass."""

    retryable = True


def _seconds(text: str | None) -> float | None:
    """Read ``Retry-After``: seconds, or a date (RFC 9110, 10.2.3)."""
    said = (text or "").strip()
    if said.isascii() and said.isdecimal():
        return float(said[:9])
    try:
        when = parsedate_to_datetime(said)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
