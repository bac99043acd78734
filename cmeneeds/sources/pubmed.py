"""PubMed itself, asked through ``Bio.Entrez``; fetched records are kept in the user's library.

``Bio.Entrez`` builds and sends the requests. What it lacks in 1.88 is supplied here through its
one seam, the module name ``Bio.Entrez.urlopen``: time-outs, a base URL other than NCBI's, whole
bodies, and retries that wait as long as the service asks.
"""

from __future__ import annotations

import io
import os
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

from lxml import etree

from cmeneeds import __version__
from cmeneeds.errors import NotPubMedXML, QuerySyntaxError, SourceUnavailable
from cmeneeds.library.store import Library, SearchResult
from cmeneeds.pubmed_xml import Deletion, Problem, read_articles
from cmeneeds.records import Article

TIMEOUT = 20.0
"""Seconds without an answer before a request counts as failed."""

ATTEMPTS = 4
BATCH = 200
"""PMIDs a request; NCBI asks to use POST above this."""

RETMAX = 9_999
"""The most identifiers that PubMed's esearch gives for one query."""


def _environment(name: str) -> str | None:
    return os.environ.get(name) or None


class _Answer(io.BytesIO):
    """A whole body with the attributes that Bio.Entrez looks at."""

    def __init__(self, body: bytes, headers: Any, url: str) -> None:
        super().__init__(body)
        self.headers = headers
        self.url = url


_current: ContextVar[EntrezClient | None] = ContextVar("entrez_client", default=None)
_plain_urlopen: Callable[..., Any] = urllib.request.urlopen
_installed = threading.Lock()


def _urlopen(request: urllib.request.Request) -> Any:
    """What ``Bio.Entrez`` calls instead of ``urllib.request.urlopen``."""
    client = _current.get()
    return _plain_urlopen(request) if client is None else client._send(request)


class EntrezClient:
    """E-utilities through ``Bio.Entrez``, one call at a time.

    Parameters
    ----------
    base_url : str, optional
        Another E-utilities server; default the environment's ``CMENEEDS_ENTREZ_URL``, else NCBI.
    timeout : float
        Seconds.

    Notes
    -----
    The e-mail address and API key come from ``NCBI_EMAIL`` and ``NCBI_API_KEY`` only. No error
    raised here carries the address of a request, because that holds them.
    """

    def __init__(self, base_url: str | None = None, timeout: float = TIMEOUT) -> None:
        from Bio import Entrez

        self.base_url = base_url or _environment("CMENEEDS_ENTREZ_URL")
        self.timeout = timeout
        module: Any = Entrez  # its stubs know nothing of the settings below
        self._entrez = module
        with _installed:
            module.urlopen = _urlopen

    @contextmanager
    def _in_charge(self) -> Iterator[None]:
        entrez = self._entrez
        entrez.tool = f"cmeneeds/{__version__}"
        entrez.email = _environment("NCBI_EMAIL") or "unknown@example.org"
        entrez.api_key = _environment("NCBI_API_KEY")
        entrez.max_tries = 1  # retrying is done here, with pauses
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def _send(self, request: urllib.request.Request) -> _Answer:
        if self.base_url:
            name = request.full_url.split("/eutils/", 1)[-1]
            request.full_url = f"{self.base_url.rstrip('/')}/{name}"
        with _plain_urlopen(request, timeout=self.timeout) as response:
            return _Answer(response.read(), response.headers, "")

    def call(self, function: str, **words: Any) -> bytes:
        """Call a function of ``Bio.Entrez`` and return the whole body.

        Raises
        ------
        SourceUnavailable
            After ``ATTEMPTS`` failures that can pass, or one that cannot.
        """
        problem = ""
        for attempt in range(ATTEMPTS):
            pause = min(2.0**attempt, 30.0) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
            try:
                with self._in_charge():
                    handle = getattr(self._entrez, function)(**words)
                    body = handle.read()
                data: bytes = body.encode() if isinstance(body, str) else body
                if data.lstrip()[:1] == b"<" and b"<html" not in data[:500].lower():
                    return data
                problem = "it answered with something that is not XML"
            except urllib.error.HTTPError as error:
                problem = f"it answered {error.code}"
                if error.code != 429 and error.code < 500:
                    break
                pause = max(pause, _seconds(error.headers.get("Retry-After")))
            except (urllib.error.URLError, HTTPException, TimeoutError, OSError) as error:
                reason = getattr(error, "reason", None) or error
                problem = str(reason) or type(reason).__name__
                if isinstance(reason, OSError) and reason.errno in (-2, -3, -5):
                    break  # the name does not resolve: there is no network to wait for
            if attempt + 1 < ATTEMPTS:
                time.sleep(pause)
        # `from None`: the original error may hold the request's address, and so the key.
        raise SourceUnavailable(
            f"PubMed cannot be reached ({problem})",
            "Check the network, or work offline with `--source library` or `--source sample`.",
        ) from None


def _seconds(text: str | None) -> float:
    return min(float(text), 60.0) if text and text.isdecimal() else 0.0


class PubMedSource:
    """PubMed as a source.

    Parameters
    ----------
    library : Library
        The user's own; fetched records are stored there first and then read back.
    client : EntrezClient, optional
    """

    def __init__(self, library: Library, client: EntrezClient | None = None) -> None:
        self.library = library
        self.client = client or EntrezClient()
        self.kind = "pubmed"
        self.name = "PubMed"
        self.notice = ""
        self.data_date = datetime.now(UTC).date().isoformat()

    def search(self, query: str) -> SearchResult:
        """Ask PubMed; at most ``RETMAX`` identifiers, the count is PubMed's."""
        root = self._xml(
            self.client.call("esearch", db="pubmed", term=query, retmax=RETMAX, retmode="xml")
        )
        if (said := root.findtext("ERROR")) is not None:
            raise QuerySyntaxError(f"PubMed refuses it: {said}", "Correct the query.")
        if (count := root.findtext("Count")) is None:
            raise SourceUnavailable("PubMed's answer has no count", "Try again later.")
        notes = [
            f"PubMed: {item.tag}: {item.text}"
            for group in ("ErrorList", "WarningList")
            for item in root.iterfind(f"{group}/*")
        ]
        pmids = tuple(int(i.text) for i in root.iterfind("IdList/Id"))
        translation = root.findtext("QueryTranslation") or ""
        return SearchResult(query, translation, int(count), pmids, tuple(notes))

    def fetch(self, pmids: Sequence[int]) -> list[Article]:
        """Fetch what the library does not hold in this session, store it, and return it."""
        for start in range(0, len(pmids), BATCH):
            part = pmids[start : start + BATCH]
            body = self.client.call(
                "efetch", db="pubmed", id=",".join(map(str, part)), retmode="xml"
            )
            problems: list[Problem] = []
            try:
                items: list[Article | Deletion] = list(read_articles(body, problems.append))
            except NotPubMedXML as error:
                raise SourceUnavailable(
                    f"PubMed sent no records ({error.what})", "Try again later."
                ) from None
            self.library.add(items, "PubMed efetch", problems=problems)
            missing = set(part) - {i.pmid for i in items if isinstance(i, Article)}
            if problems or missing:
                raise SourceUnavailable(
                    f"PubMed sent {len(part) - len(missing)} of {len(part)} records whole",
                    "Run the command again; what arrived is kept.",
                )
        return self.library.get_many(pmids)

    def close(self) -> None:
        """Close the library."""
        self.library.close()

    @staticmethod
    def _xml(body: bytes) -> Any:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            return etree.fromstring(body, parser)
        except etree.XMLSyntaxError:
            raise SourceUnavailable("PubMed's answer is cut short", "Try again.") from None
