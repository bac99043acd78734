"""A double of NCBI: `cmeneeds serve` with faults on order. None of this is in the product.

with Double(library) as ncbi:
    ncbi.on("efetch", 2, Fault("status", status=503))   # the second efetch fails once
    ncbi.at(1, Fault("drop"))                            # so does the very first request
    client = EntrezClient(ncbi.url)
    ...
    assert ncbi.count("efetch") == 3
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from cmeneeds.library.store import Library
from cmeneeds.server import EutilsServer, make_server
from cmeneeds.server.answers import Answer
from cmeneeds.server.asked import Asked
from cmeneeds.server.handler import Handler

KINDS = (
    "status", "rate_limit", "drop", "cut", "cut_unnoticed", "stall", "trickle", "html", "json",
    "backend", "expired", "delay", "short",
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    kind: one of KINDS.
        status          an HTTP error of `status`, with an HTML page
        rate_limit      NCBI's JSON about the limit, with `status` (429 unless given; 200 was seen)
        drop            the connection is closed without a byte of an answer
        cut             Content-Length is true, the body ends at `keep` of it
        cut_unnoticed   the same without Content-Length: only the missing end tag tells
        stall           `keep` of the body, then nothing for `seconds`, then the line is closed
        trickle         a byte every `seconds`, for ever
        html            an HTML page with status 200
        json            200 and a JSON error of the gateway; it repeats the key, as NCBI does
        backend         200 and `Search Backend failed: Database is not supported: pubmed`
        expired         200 and `<ERROR>Unable to obtain query #1</ERROR>`; history is forgotten
        delay           the right answer, `seconds` late
        short           a whole, well-formed answer that leaves out every second identifier sent
    retry_after: value of the header, for status and rate_limit.
    """

    kind: str
    status: int = 0
    retry_after: str | None = None
    keep: float = 0.5
    seconds: float = 30.0

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind


Plan = Callable[[int, str, int], "Fault | None"]
"""(number of the request, its utility, its number among those of the utility) -> what goes wrong;
all numbers from 1."""


class Double:
    """A server over a library, with faults.

    Parameters
    ----------
    library : Library or path
    delay : seconds that every answer takes longer
    per_second : requests allowed in any second; more get 429, as at NCBI
    plan : faults by rule, beside those ordered with `at` and `on`
    remember : make each answer once and give it again for the same question; for long runs
    others : for `make_server`
    """

    def __init__(
        self,
        library: Library | str | Path,
        *,
        delay: float = 0.0,
        per_second: float | None = None,
        plan: Plan | None = None,
        remember: bool = False,
        **others: Any,
    ) -> None:
        self.delay = delay
        self.per_second = per_second
        self.remember = remember
        self._answers: dict[tuple[str, ...], Answer] = {}
        self.plan = plan
        self.requests: list[str] = []
        """Names of the utilities asked, in order."""
        self.times: list[float] = []
        """When, on the monotonic clock."""
        self.asked: list[Asked] = []
        """With what parameters."""
        self.limited = 0
        """Requests refused by `per_second`."""
        self.faults_made = 0
        self._at: dict[int, Fault] = {}
        self._on: dict[tuple[str, int], Fault] = {}
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._leave = threading.Event()
        kind = type("_FaultyServer", (EutilsServer,), {"handler": _FaultyHandler, "double": self})
        self.server = make_server(library, kind=kind, **others)

    def at(self, number: int, fault: Fault) -> None:
        """Let the request of this number fail."""
        self._at[number] = fault

    def on(self, name: str, nth: int, fault: Fault) -> None:
        """Let the nth request to a utility fail."""
        self._on[name, nth] = fault

    def count(self, name: str | None = None) -> int:
        """Return how many requests there were, of all or of one utility."""
        return len(self.requests) if name is None else self._counts[name]

    def reset(self) -> None:
        """Forget faults ordered and requests counted, for the next run."""
        self.requests, self.times, self.asked = [], [], []
        self.limited = self.faults_made = 0
        self.plan = None
        self._at, self._on, self._counts = {}, {}, Counter()

    def expire_history(self) -> None:
        """Forget all WebEnvs now."""
        self.server.shared.history.clear()

    @property
    def url(self) -> str:
        """Base address for clients."""
        return self.server.url

    def close(self) -> None:
        """Stop serving; stalled answers end at once."""
        self._leave.set()
        self.server.close(grace=2.0)

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- used by the handler ---

    def take(self, name: str, asked: Asked) -> Fault | None:
        now = time.monotonic()
        with self._lock:
            self.requests.append(name)
            self.times.append(now)
            self.asked.append(asked)
            self._counts[name] += 1
            number, nth = len(self.requests), self._counts[name]
            fault = self._at.get(number) or self._on.get((name, nth))
            if fault is None and self.plan is not None:
                fault = self.plan(number, name, nth)
            if fault is None and self.per_second is not None:
                recent = sum(now - t < 1.0 for t in self.times[-1000:])
                if recent > self.per_second:
                    self.limited += 1
                    return Fault("rate_limit")
            self.faults_made += fault is not None
            return fault

    def wait(self, seconds: float) -> bool:
        return self._leave.wait(seconds)

    def answer(self, name: str, asked: Asked, make: Callable[[str, Asked], Answer]) -> Answer:
        words = ("db", "term", "id", "retmax", "retstart", "retmode")
        question = (name, *(asked.text(w) for w in words))
        fixed = name in ("esearch", "efetch") and not asked.text("webenv")
        if not self.remember or not fixed or asked.text("usehistory"):
            return make(name, asked)
        if (found := self._answers.get(question)) is None:
            found = self._answers[question] = make(name, asked)
        return found


def _page(asked: Asked) -> bytes:
    """An error page that repeats who asked, as careless servers do."""
    who = " ".join(filter(None, (asked.text("api_key"), quote(asked.text("email"), safe=""))))
    return (
        f"<!DOCTYPE html><html><head><title>Error {who}</title></head><body>Sorry</body></html>"
    ).encode()


def _limited(asked: Asked) -> bytes:
    said = {"error": "API rate limit exceeded", "api-key": asked.text("api_key", "192.0.2.1")}
    return json.dumps(said | {"count": "4", "limit": "3"}).encode()


class _FaultyHandler(Handler):
    server: Any

    def reply(self, name: str, asked: Asked) -> None:
        double: Double = self.server.double
        fault = double.take(name, asked)
        if double.delay:
            double.wait(double.delay)
        if fault is None:
            self.send_answer(double.answer(name, asked, self.answer))
            return
        headers = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
        if fault.kind == "status":
            self._send(fault.status or 500, "text/html", _page(asked), headers)
        elif fault.kind == "rate_limit":
            self._send(fault.status or 429, "application/json", _limited(asked), headers)
        elif fault.kind == "html":
            self._send(200, "text/html; charset=UTF-8", _page(asked), headers)
        elif fault.kind == "backend":
            said = b"Search Backend failed: Database is not supported: pubmed\n"
            self._send(200, "text/plain", said, headers)
        elif fault.kind == "json":
            said = {"error": "error forwarding request", "api-key": asked.text("api_key"),
                    "email": asked.text("email"), "type": "ip", "status": "ok"}  # fmt: skip
            self._send(200, "application/json", json.dumps(said).encode(), headers)
        elif fault.kind == "short":
            half = asked.text("id").split(",")[::2]
            self.send_answer(self.answer(name, Asked([("db", "pubmed"), ("id", ",".join(half))])))
        elif fault.kind == "expired":
            double.expire_history()
            root = "eSearchResult" if name == "esearch" else "eFetchResult"
            text = f'<?xml version="1.0"?>\n<{root}>\n<ERROR>Unable to obtain query #1</ERROR>\n'
            self._send(200, "text/xml; charset=UTF-8", f"{text}</{root}>\n".encode(), headers)
        elif fault.kind == "delay":
            double.wait(fault.seconds)
            self.send_answer(self.answer(name, asked))
        elif fault.kind == "drop":
            self._hang_up()
        else:
            self._cut(fault, double.answer(name, asked, self.answer))

    def _send(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def _cut(self, fault: Fault, answer: Answer) -> None:
        # Never the whole of it: that would be no fault.
        body = answer.body[: min(int(len(answer.body) * fault.keep), len(answer.body) - 2)]
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/xml; charset=UTF-8")
        if fault.kind != "cut_unnoticed":
            self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[:1] if fault.kind == "trickle" else body)
        if fault.kind == "trickle":
            with suppress(OSError):  # the client leaves in the middle: that is the point
                for byte in body[1:]:
                    if self.server.double.wait(fault.seconds):
                        break
                    self.wfile.write(bytes([byte]))
        elif fault.kind == "stall":
            self.server.double.wait(fault.seconds)
        self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
