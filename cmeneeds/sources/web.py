"""One polite HTTP client for web sources, over ``requests``.

It waits between requests to a host, retries what may pass and obeys ``Retry-After``, reads whole
bodies up to a limit, follows redirects only to public places, and keeps every body that it read:

    CMENEEDS_HOME/web/answers/<SHA-256 of the address>.json    what was said of it, and when
    CMENEEDS_HOME/web/bodies/<SHA-256 of the body>             the body, byte for byte

A body stays when a newer one arrives: it is the archived copy that a report's claims lead to.
Secrets (API keys) are given apart from the address, and are in no file, error or log.
``Cache-Control`` is not consulted: a kept body is used unasked only within ``max_age``.

    SourceError
    ├── WebUnavailable    the service cannot be reached, or fails and may do better later
    ├── WebRefused        it said no (``status``), or the address is one we do not go to
    ├── WebTooLarge       the body is larger than the limit
    └── WebNotJson        the answer is not JSON, or not the JSON that the service documents
"""

from __future__ import annotations

import errno
import hashlib
import ipaddress
import json
import logging
import os
import random
import re
import socket
import ssl
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus, urljoin, urlsplit

import msgspec
import requests
from urllib3.exceptions import HTTPError

from cmeneeds import __version__
from cmeneeds.errors import SourceError
from cmeneeds.home import home
from cmeneeds.sources.pace import Pace

TIMEOUT = (10.0, 30.0)
"""Seconds to connect, and seconds without a byte."""
WHOLE_ANSWER = 300.0
"""Seconds that one answer may take in all, so that a trickle does not hold a run for ever."""
ATTEMPTS = 4
PAUSE = 1.0
"""Seconds between two requests to one host, for all processes of one user."""
LONGEST_PAUSE = 120.0
"""Seconds. A service that asks for more is not asked again in this run."""
MAX_BYTES = 32 << 20
MAX_REDIRECTS = 5
PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses after which the same request may succeed."""

OFFLINE = "Check the network, or switch this source off in the brief."


class WebUnavailable(SourceError):
    """The service cannot be reached, or fails; it may do better later."""


class WebRefused(SourceError):
    """The service said no, or the address is one that is never gone to.

    Parameters
    ----------
    what, todo : str
    status : int, optional
        HTTP status; None where we refused, not the service.
    """

    def __init__(self, what: str, todo: str = "", status: int | None = None) -> None:
        self.status = status
        super().__init__(what, todo)


class WebTooLarge(SourceError):
    """The body is larger than the limit."""


class WebNotJson(SourceError):
    """The answer is not JSON, or not the JSON that the service documents."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer.

    Attributes
    ----------
    url : str
        What was asked, without secrets; not where redirects led.
    status : int
        HTTP status of the answer that brought the body.
    body : bytes
        Decompressed.
    sha256 : str
        Of the body, hexadecimal.
    fetched_at : str
        When the body arrived, UTC, such as ``2024-05-02T15:53:15Z``.
    checked_at : str
        When the service last said that this body is current; equal to or after ``fetched_at``.
    from_cache : bool
        Whether the body came from the disk.
    note : str
        For the report: that the service did not answer and of which date the copy is; else empty.
    """

    url: str
    status: int
    body: bytes
    sha256: str
    fetched_at: str
    checked_at: str
    from_cache: bool = False
    note: str = ""

    def json(self) -> Any:
        """Decode the body; raises WebNotJson."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            pass
        raise WebNotJson(f"{_shown(self.url)} did not answer with JSON", "Try again later.")


class _Kept(msgspec.Struct, frozen=True):
    """What ``answers/*.json`` holds."""

    url: str
    status: int
    sha256: str
    fetched_at: str
    checked_at: str
    etag: str = ""
    last_modified: str = ""


class _Failure(NamedTuple):
    """Why an attempt failed. A value, so that no traceback drags the address along."""

    error: SourceError
    passing: bool = False
    after: float | None = None


class _TooLarge(Exception):
    pass


class WebClient:
    """Ask web services politely; safe to share between threads.

    Parameters
    ----------
    offline : bool
        Ask nobody; answer from the cache where the caller allows that.
    timeout : (float, float)
        Seconds to connect, seconds without a byte.
    attempts : int
        How often a request is sent at most.
    pause : float
        Seconds between two requests to one host; 0 for none.
    max_bytes : int
        Largest body, after decompression.
    sleep, now : callable
        Swapped in tests.

    Attributes
    ----------
    visits : list of Fetched
        What was read so far, bodies left out: for search log and manifest.
    """

    def __init__(
        self,
        *,
        offline: bool = False,
        timeout: tuple[float, float] = TIMEOUT,
        attempts: int = ATTEMPTS,
        pause: float = PAUSE,
        max_bytes: int = MAX_BYTES,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.offline = offline
        self.timeout = timeout
        self.attempts = attempts
        self.pause = pause
        self.max_bytes = max_bytes
        self.visits: list[Fetched] = []
        self._sleep = sleep
        self._now = now
        self._folder = home() / "web"
        self._paces: dict[str, Pace] = {}
        self._lock = threading.Lock()

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        *,
        secrets: Mapping[str, str] | None = None,
        max_age: float = 0.0,
        allow_cached: bool = False,
        expect_json: bool = True,
    ) -> Fetched:
        """Fetch one address.

        Parameters
        ----------
        url : str
            ``http`` or ``https``, without user name or password.
        params : mapping, optional
            Query parameters, part of the address that is kept and shown.
        secrets : mapping, optional
            Query parameters that are sent and nothing else: API keys.
        max_age : float
            Seconds for which a kept body is used without asking; older ones are revalidated
            (``If-None-Match``, ``If-Modified-Since``).
        allow_cached : bool
            If the service cannot be had, give the kept body, and say so in ``note``.
        expect_json : bool
            Refuse, and do not keep, what is not JSON.

        Raises
        ------
        WebUnavailable, WebRefused, WebTooLarge, WebNotJson
            No message holds more of the address than the host's name.
        """
        _place(url)
        query = {**(params or {})}
        public = requests.Request("GET", url, params=query).prepare().url or url
        kept, body = self._read(public)
        if kept and self._age(kept) < max_age:
            return self._seen(kept, body, from_cache=True)
        failure: _Failure | None = None
        if self.offline:
            failure = _Failure(WebUnavailable(f"{_shown(url)} was not asked: offline", OFFLINE))
        else:
            answer = self._ask(url, {**query, **(secrets or {})}, secrets, kept, expect_json)
            if isinstance(answer, _Failure):
                failure = answer
            else:
                status, headers, fresh = answer
                return self._keep(public, status, headers, fresh, kept, body)
        error = failure.error
        # A no of the service itself (404, 403) stands; anything else may pass, and the copy holds.
        stands = isinstance(error, WebTooLarge) or (
            isinstance(error, WebRefused) and error.status is not None and error.status != 429
        )
        if allow_cached and kept and not stands:
            note = f"{error.what}; used the copy of {kept.fetched_at[:10]}"
            if kept.checked_at[:10] != kept.fetched_at[:10]:
                note += f", found current on {kept.checked_at[:10]}"
            return self._seen(kept, body, from_cache=True, note=note)
        raise error

    def archived(self, sha256: str) -> bytes | None:
        """Return a body that was read once, or None if it is not kept or was changed since."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            return None
        try:
            body = (self._folder / "bodies" / sha256).read_bytes()
        except OSError:
            return None
        return body if hashlib.sha256(body).hexdigest() == sha256 else None

    # --- the cache ------------------------------------------------------------------------------

    def _path(self, public: str) -> Path:
        return self._folder / "answers" / f"{hashlib.sha256(public.encode()).hexdigest()}.json"

    def _read(self, public: str) -> tuple[_Kept | None, bytes]:
        try:
            kept = msgspec.json.decode(self._path(public).read_bytes(), type=_Kept)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None, b""  # none yet, or torn: ask afresh
        body = self.archived(kept.sha256) if kept.url == public else None
        return (None, b"") if body is None else (kept, body)

    def _age(self, kept: _Kept) -> float:
        try:
            age = (self._now() - datetime.fromisoformat(kept.checked_at)).total_seconds()
        except (ValueError, TypeError):
            return float("inf")
        return age if age >= 0 else float("inf")  # of the future: a clock was changed

    def _keep(
        self,
        public: str,
        status: int,
        headers: Mapping[str, str],
        fresh: bytes,
        kept: _Kept | None,
        body: bytes,
    ) -> Fetched:
        now = self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        etag, modified = headers.get("ETag", ""), headers.get("Last-Modified", "")
        unchanged = status == 304 and kept is not None
        if unchanged and kept is not None:
            kept = msgspec.structs.replace(
                kept,
                checked_at=now,
                etag=etag or kept.etag,
                last_modified=modified or kept.last_modified,
            )
        else:
            sha256, body = hashlib.sha256(fresh).hexdigest(), fresh
            kept = _Kept(public, status, sha256, now, now, etag, modified)
            _write(self._folder / "bodies" / sha256, fresh)
        # After the body: an answer never points to a body that is not there.
        _write(self._path(public), msgspec.json.encode(kept))
        return self._seen(kept, body, from_cache=unchanged)

    def _seen(self, kept: _Kept, body: bytes, *, from_cache: bool, note: str = "") -> Fetched:
        fetched = Fetched(
            kept.url,
            kept.status,
            body,
            kept.sha256,
            kept.fetched_at,
            kept.checked_at,
            from_cache,
            note,
        )
        self.visits.append(replace(fetched, body=b""))
        return fetched

    # --- the wire -------------------------------------------------------------------------------

    def _ask(
        self,
        url: str,
        query: Mapping[str, str],
        secrets: Mapping[str, str] | None,
        kept: _Kept | None,
        expect_json: bool,
    ) -> tuple[int, Mapping[str, str], bytes] | _Failure:
        headers = {
            "User-Agent": f"cmeneeds/{__version__} (python-requests/{requests.__version__})",
            "Accept": "application/json" if expect_json else "*/*",
            "Accept-Encoding": "gzip",
        }
        if kept and kept.etag:
            headers["If-None-Match"] = kept.etag
        if kept and kept.last_modified:
            headers["If-Modified-Since"] = kept.last_modified
        for attempt in range(1, self.attempts + 1):
            with _unlogged(secrets), requests.Session() as session:
                # Proxies and certificates of the environment hold; a netrc password is not sent.
                session.auth = lambda request: request
                answer = self._once(session, url, query, headers, expect_json)
            if not isinstance(answer, _Failure) or not answer.passing:
                return answer
            pause = min(2.0 ** (attempt - 1), LONGEST_PAUSE) * random.uniform(0.5, 1.0)  # noqa: S311
            if answer.after is not None and answer.after > LONGEST_PAUSE:
                return answer
            if attempt < self.attempts:
                if answer.after and self.pause:
                    # Everybody else of this user would be refused as well.
                    self._pace(url).hold(answer.after)
                self._sleep(max(pause, answer.after or 0.0))
        return answer

    def _once(
        self,
        session: requests.Session,
        url: str,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str],
        expect_json: bool,
    ) -> tuple[int, Mapping[str, str], bytes] | _Failure:
        start, deadline = url, time.monotonic() + WHOLE_ANSWER
        host = _shown(url)
        try:
            for _ in range(MAX_REDIRECTS + 1):
                if self.pause:
                    self._pace(url).wait()
                with session.get(
                    url,
                    params=query,
                    headers=headers,
                    timeout=self.timeout,
                    stream=True,
                    allow_redirects=False,
                ) as response:
                    status = response.status_code
                    if status in (301, 302, 303, 307, 308) and "Location" in response.headers:
                        url, query = urljoin(response.url, response.headers["Location"]), None
                        _may_follow(start, response.url, url, status)
                        continue
                    if status == 304 and not {"If-None-Match", "If-Modified-Since"}.isdisjoint(
                        headers
                    ):
                        return status, response.headers, b""
                    if status != 200:
                        after = _seconds(response.headers.get("Retry-After"), self._now())
                        return _refused(host, status, after)
                    body = _whole(response, self.max_bytes, deadline)
                if expect_json and not _is_json(body):
                    if body.lstrip()[:1] in (b"", b"{", b"["):
                        return _failed(host, "its answer was cut short")
                    return _Failure(WebNotJson(f"{host} did not answer with JSON", OFFLINE))
                return 200, response.headers, body
            error: SourceError = WebRefused(
                f"{host} redirects more than {MAX_REDIRECTS} times", status=status
            )
        except SourceError as refused:
            error = refused
        except _TooLarge:
            error = WebTooLarge(f"{host} sent more than {self.max_bytes:,} bytes")
        except (requests.RequestException, HTTPError, OSError, ValueError, zlib.error) as lost:
            return _lost(host, lost)
        return _Failure(error)

    def _pace(self, url: str) -> Pace:
        place = urlsplit(url).netloc.lower()
        with self._lock:
            if place not in self._paces:
                name = f"web-{hashlib.sha256(place.encode()).hexdigest()[:12]}"
                path = home() / "pace" / name
                self._paces[place] = Pace(path, 1.0 / self.pause, sleep=self._sleep)
            return self._paces[place]


# --- what an address and an answer say ----------------------------------------------------------


def _shown(url: str) -> str:
    """Name of the host, which is all that a message may say of an address."""
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"


def _place(url: str, status: int | None = None) -> tuple[str, str, int]:
    """Take an address apart; refuse what is no plain web address."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        # Parsers disagree on these, and so on the host that they go to.
        plain = not re.search(r"[\s\\\x00-\x1f\x7f]", url) and "@" not in parts.netloc
        if plain and parts.scheme in ("http", "https") and parts.hostname:
            return parts.scheme, parts.hostname.lower().rstrip("."), port
    except ValueError:
        pass
    raise WebRefused("only plain http and https addresses are followed", status=status)


def _may_follow(start: str, here: str, there: str, status: int) -> None:
    """Refuse a redirect that leads off the open web.

    Private addresses are followed only within the very server that the caller configured.
    """
    scheme, host, port = _place(there, status)
    if _place(here)[0] == "https" and scheme == "http":
        raise WebRefused(f"{_shown(start)} redirects from https to http", status=status)
    if (host, port) == _place(start)[1:]:
        return
    if _private(host):
        raise WebRefused(f"{_shown(start)} redirects to a private address", status=status)


def _private(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False  # no such name here; behind a proxy that is as it should be
    for text in found:
        address = ipaddress.ip_address(text.partition("%")[0])
        inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
        if not (inner or address).is_global:
            return True
    return False


def _seconds(text: str | None, now: datetime) -> float | None:
    """Read ``Retry-After``: seconds, or an HTTP date (RFC 9110, section 10.2.3)."""
    if not text:
        return None
    if text.strip().isascii() and text.strip().isdecimal():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        return max(0.0, (date.astimezone(UTC) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _failed(host: str, why: str, after: float | None = None) -> _Failure:
    return _Failure(WebUnavailable(f"{host} is not available: {why}", OFFLINE), True, after)


def _refused(host: str, status: int, after: float | None) -> _Failure:
    if status == 429:
        error = WebRefused(f"{host} says that it was asked too often", "Try again later.", 429)
        return _Failure(error, True, after)
    if status in PASSING:
        return _failed(host, f"it answered {status}", after)
    # 202 is what the Prevention TaskForce API answers where it knows no key.
    todo = "Is the API key right?" if status in (202, 401, 403) else ""
    return _Failure(WebRefused(f"{host} answered {status}", todo, status))


def _whole(response: requests.Response, limit: int, deadline: float) -> bytes:
    """Read a body to its end, decompressing within the limit."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise ValueError("an encoding that was not asked for")
    unzip = None if encoding == "identity" else zlib.decompressobj(31)
    promised = response.headers.get("Content-Length", "")
    if promised.isdecimal() and int(promised) > limit:
        raise _TooLarge
    body, received = bytearray(), 0
    for chunk in response.raw.stream(1 << 16, decode_content=False):
        received += len(chunk)
        # A small body can unfold into a huge one: never more than the limit allows.
        body += chunk if unzip is None else unzip.decompress(chunk, limit + 1 - len(body))
        if len(body) > limit:
            raise _TooLarge
        if time.monotonic() > deadline:
            raise TimeoutError
    if (promised.isdecimal() and received < int(promised)) or (unzip and not unzip.eof):
        raise ConnectionError("cut short")
    return bytes(body)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _lost(host: str, error: BaseException) -> _Failure:
    """Say what broke, by its kind only: the texts of these errors hold the address."""
    causes: list[BaseException] = [error]
    for cause in causes:
        inner = [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
        causes += [e for e in inner if isinstance(e, BaseException) and e not in causes]
    if any(isinstance(e, ssl.SSLCertVerificationError) for e in causes):
        return _Failure(WebUnavailable(f"{host} has no valid certificate", OFFLINE))
    unreachable = (errno.ENETUNREACH, errno.EHOSTUNREACH)
    if any(
        isinstance(e, socket.gaierror) or (isinstance(e, OSError) and e.errno in unreachable)
        for e in causes
    ):
        # No network at all: nothing to wait for.
        return _Failure(WebUnavailable(f"{host} cannot be reached: no network", OFFLINE))
    if any(isinstance(e, (TimeoutError, requests.Timeout)) for e in causes):
        return _failed(host, "it did not answer in time")
    if isinstance(error, requests.exceptions.InvalidURL):
        return _Failure(WebRefused("only plain http and https addresses are followed"))
    return _failed(host, f"the connection broke ({type(error).__name__})")


@contextmanager
def _unlogged(secrets: Mapping[str, str] | None) -> Iterator[None]:
    """Keep secrets out of urllib3's debug log, which writes whole addresses."""
    hidden = [
        form
        for value in (secrets or {}).values()
        for form in (value, quote(value, safe=""), quote_plus(value))
    ]
    logger = logging.getLogger("urllib3.connectionpool")

    def clean(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        return not any(form and form in text for form in hidden)

    logger.addFilter(clean)
    try:
        yield
    finally:
        logger.removeFilter(clean)


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
