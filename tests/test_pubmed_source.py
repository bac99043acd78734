"""PubMed as a source, against a server on this machine whose answers are made up here."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from cmeneeds.brief import Brief
from cmeneeds.errors import QuerySyntaxError, SourceUnavailable
from cmeneeds.home import library_path
from cmeneeds.library.store import Library
from cmeneeds.retrieval import search
from cmeneeds.sources import open_source
from cmeneeds.sources.pubmed import PubMedSource
from cmeneeds.strategy import build_strategy

KEY, MAIL = "planted-key-0123456789", "planted@example.org"


class Request(NamedTuple):
    """What the server was asked."""

    method: str
    tool: str
    words: dict[str, str]

    @property
    def pmids(self) -> list[int]:
        """The records asked for."""
        return [int(p) for p in self.words["id"].split(",")]


class Reply(NamedTuple):
    """What the server answers."""

    body: bytes
    status: int = 200
    kind: str = "text/xml; charset=UTF-8"
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None
    wait: float = 0.0


Answer = Callable[[Request], Reply]


class Server:
    """A loopback server that keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer: Answer = lambda request: Reply(search_xml(0))
        self.released = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                parts = urlsplit(self.path)
                text = parts.query
                if self.command == "POST":
                    text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                words = {k: v[-1] for k, v in parse_qs(text, keep_blank_values=True).items()}
                tool = parts.path.rsplit("/", 1)[-1]
                server.requests.append(Request(self.command, tool, words))
                reply = server.answer(server.requests[-1])
                if reply.wait:
                    server.released.wait(reply.wait)
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.kind)
                length = len(reply.body) if reply.length is None else reply.length
                self.send_header("Content-Length", str(length))
                for name, value in reply.headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)
                self.close_connection = True

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def log_message(self, *args: Any) -> None:
                pass

            def handle(self) -> None:
                # The client may go away: that is what some tests are about.
                with contextlib.suppress(OSError):
                    super().handle()

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/entrez/eutils"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()

    def replies(self, *answers: Reply) -> None:
        """Give these answers one after another, the last one for ever."""
        left = list(answers)
        self.answer = lambda request: left.pop(0) if len(left) > 1 else left[0]

    def close(self) -> None:
        """Stop."""
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The server; the environment points to it and holds planted secrets."""
    made = Server()
    monkeypatch.setenv("CMENEEDS_ENTREZ_URL", made.url)
    monkeypatch.setenv("NCBI_API_KEY", KEY)
    monkeypatch.setenv("NCBI_EMAIL", MAIL)
    yield made
    made.close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client would have waited; it does not."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.fixture
def source(server: Server, pauses: list[float], tmp_path: Path) -> Iterator[PubMedSource]:
    """PubMed as a source, with a library of its own."""
    opened = PubMedSource(Library.open(tmp_path / "library.sqlite", create=True))
    yield opened
    opened.close()


def search_xml(count: int, pmids: tuple[int, ...] = (), more: str = "") -> bytes:
    """An answer of esearch."""
    ids = "".join(f"<Id>{p}</Id>" for p in pmids)
    return (
        f'<?xml version="1.0" encoding="UTF-8" ?><eSearchResult><Count>{count}</Count>'
        f"<RetMax>{len(pmids)}</RetMax><RetStart>0</RetStart><IdList>{ids}</IdList>"
        f"<QueryTranslation>made up[All Fields]</QueryTranslation>{more}</eSearchResult>"
    ).encode()


def records_xml(pmids: list[int]) -> bytes:
    """An answer of efetch."""
    records = "".join(
        f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{p}'
        "</PMID><Article><Journal><Title>Journal of Made-up Records</Title></Journal>"
        f"<ArticleTitle>Made-up record {p}</ArticleTitle></Article></MedlineCitation>"
        "</PubmedArticle>"
        for p in pmids
    )
    head = (
        '<?xml version="1.0" ?><!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//x" "http://192.0.2.1/">'
    )
    return f"{head}<PubmedArticleSet>{records}</PubmedArticleSet>".encode()


def fail(ask: Callable[[], Any]) -> str:
    """The message of a call that must fail; no secret is in it or in what led to it."""
    with pytest.raises(SourceUnavailable) as caught:
        ask()
    error: BaseException | None = caught.value
    message = str(error)
    assert "\n" not in message
    assert caught.value.exit_code == 1
    while error is not None:
        for secret in (KEY, MAIL, MAIL.replace("@", "%40")):
            assert secret not in f"{error!r} {error} {getattr(error, 'url', '')}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return message


# --- searching ----------------------------------------------------------------------------------


def test_a_search_brings_count_translation_and_identifiers(
    server: Server, source: PubMedSource
) -> None:
    server.replies(Reply(search_xml(3, (30, 10, 20))))
    result = source.search('"made up"[tiab]')
    assert (result.count, result.pmids) == (3, (30, 20, 10))
    assert result.translation == "made up[All Fields]"
    assert result.query == '"made up"[tiab]'
    assert result.notes == ()
    (asked,) = server.requests
    assert asked.tool == "esearch.fcgi"
    assert asked.words["term"] == '"made up"[tiab]'
    assert asked.words["db"] == "pubmed"


def test_what_pubmed_warns_of_is_noted(server: Server, source: PubMedSource) -> None:
    more = (
        "<ErrorList><PhraseNotFound>zandorq</PhraseNotFound></ErrorList><WarningList>"
        "<QuotedPhraseNotFound>&lt;b&gt; two words</QuotedPhraseNotFound></WarningList>"
    )
    server.replies(Reply(search_xml(0, (), more)))
    notes = source.search("x").notes
    assert notes == (
        "PubMed: no such term: zandorq",
        "PubMed: no such phrase: <b> two words",
    )


def test_a_query_that_pubmed_refuses_is_a_usage_error(server: Server, source: PubMedSource) -> None:
    server.replies(
        Reply(b"<eSearchResult><ERROR>Empty term is not allowed</ERROR></eSearchResult>")
    )
    with pytest.raises(QuerySyntaxError, match="Empty term is not allowed") as caught:
        source.search("")
    assert caught.value.exit_code == 2


def test_the_service_learns_who_asks(server: Server, source: PubMedSource) -> None:
    source.search("x")
    words = server.requests[0].words
    assert (words["api_key"], words["email"]) == (KEY, MAIL)
    assert words["tool"].startswith("cmeneeds")


def test_without_a_key_none_is_sent(
    server: Server, source: PubMedSource, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NCBI_API_KEY")
    monkeypatch.delenv("NCBI_EMAIL")
    with Library.open(tmp_path / "other.sqlite", create=True) as library:
        PubMedSource(library).search("x")
    assert "api_key" not in server.requests[-1].words
    assert MAIL not in server.requests[-1].words.values()


def test_an_answer_without_a_count_is_no_answer(server: Server, source: PubMedSource) -> None:
    server.replies(Reply(b"<eSearchResult></eSearchResult>"))
    fail(lambda: source.search("x"))


# --- fetching -----------------------------------------------------------------------------------


def test_records_are_fetched_stored_and_given_in_the_order_asked_for(
    server: Server, source: PubMedSource
) -> None:
    server.answer = lambda request: Reply(records_xml(sorted(request.pmids)))
    articles = source.fetch([3, 1, 2])
    assert [a.pmid for a in articles] == [3, 1, 2]
    assert articles[0].title == "Made-up record 3"
    assert len(source.library) == 3
    assert [name for name, *_ in source.library.stats().imports] == ["PubMed efetch"]


def test_many_records_are_fetched_in_batches_that_ncbi_accepts(
    server: Server, source: PubMedSource
) -> None:
    server.answer = lambda request: Reply(records_xml(request.pmids))
    wanted = list(range(1, 451))
    assert [a.pmid for a in source.fetch(wanted)] == wanted
    fetches = [r for r in server.requests if r.tool == "efetch.fcgi"]
    assert sorted(p for r in fetches for p in r.pmids) == wanted
    # NCBI asks for POST above about 200 identifiers, and addresses have a limit anyway.
    assert all(r.method == "POST" for r in fetches if len(r.pmids) >= 200)
    assert max(len(r.pmids) for r in fetches) <= 10_000


def test_nothing_to_fetch_asks_nothing(server: Server, source: PubMedSource) -> None:
    assert source.fetch([]) == []
    assert server.requests == []


def test_fetching_again_adds_nothing(server: Server, source: PubMedSource) -> None:
    server.answer = lambda request: Reply(records_xml(request.pmids))
    assert source.fetch([1, 2]) == source.fetch([1, 2])
    assert len(source.library) == 2
    assert source.library.stats().revisions == 0


def test_records_that_are_not_delivered_are_named_in_the_search_log(
    server: Server, source: PubMedSource
) -> None:
    def answer(request: Request) -> Reply:
        if request.tool == "esearch.fcgi":
            return Reply(search_xml(3, (1, 2, 3)))
        return Reply(records_xml([p for p in request.pmids if p != 2]))

    server.answer = answer
    brief = Brief.parse(
        "topic: made-up disease\nyears: 2016-2021\naudience: {profession: nurses}\n"
    )
    records = search(build_strategy(brief, ["burden"]), source)
    assert sorted(a.pmid for a in records.articles) == [1, 3]
    assert "1 records that the queries found were not delivered: PMID 2" in records.log[0].notes


def test_what_is_here_and_not_revised_is_not_fetched_again(
    server: Server, source: PubMedSource
) -> None:
    revised: list[int] = []

    def answer(request: Request) -> Reply:
        if request.tool != "esearch.fcgi":
            return Reply(records_xml(request.pmids))
        if "[lr]" in request.words["term"]:
            return Reply(search_xml(len(revised), tuple(revised)))
        return Reply(search_xml(3, (1, 2, 3)))

    server.answer = answer
    source.fetch(source.search("x").pmids)
    server.requests.clear()
    source.fetch(source.search("x").pmids)
    assert [r.tool for r in server.requests] == ["esearch.fcgi", "esearch.fcgi"]
    revised.append(2)
    server.requests.clear()
    source.fetch(source.search("x").pmids)
    assert [r.pmids for r in server.requests if r.tool == "efetch.fcgi"] == [[2]]


def test_results_beyond_the_ceiling_are_split_until_all_are_listed(
    server: Server, source: PubMedSource
) -> None:
    everything = range(1, 25_001)

    def answer(request: Request) -> Reply:
        found: Sequence[int] = everything
        if ranged := re.search(r"(\d+):(\d+)\[uid\]", request.words["term"]):
            low, high = int(ranged[1]), int(ranged[2])
            found = range(max(low, 1), min(high, 25_000) + 1)
        listed = tuple(found[: int(request.words["retmax"])])
        return Reply(search_xml(len(found), listed))

    server.answer = answer
    result = source.search("x")
    assert result.count == 25_000
    assert sorted(result.pmids) == list(everything)
    assert result.notes == ()


def test_a_record_cut_short_is_an_error(server: Server, source: PubMedSource) -> None:
    server.answer = lambda request: Reply(records_xml(request.pmids)[:-80])
    fail(lambda: source.fetch([1, 2, 3]))
    assert 3 not in {a.pmid for a in source.library}


# --- a service in trouble -----------------------------------------------------------------------

GOOD = Reply(search_xml(1, (1,)))


def test_a_busy_service_is_asked_again_after_the_time_it_names(
    server: Server, source: PubMedSource, pauses: list[float]
) -> None:
    busy = Reply(b'{"error":"API rate limit exceeded"}', 429, "application/json",
                 (("Retry-After", "7"),))  # fmt: skip
    server.replies(busy, busy, GOOD)
    assert source.search("x").count == 1
    assert len(server.requests) == 3
    assert sum(p >= 7 for p in pauses) >= 2


def test_a_pause_has_a_limit(server: Server, source: PubMedSource, pauses: list[float]) -> None:
    server.replies(Reply(b"", 429, headers=(("Retry-After", "86400"),)), GOOD)
    assert source.search("x").count == 1
    assert max(pauses) <= 120


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(b"<html>oops</html>", 500, "text/html"),
        Reply(b"", 502),
        Reply(b"", 429, headers=(("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"),)),
        Reply(b"<!DOCTYPE html>\n<HTML><body>Down for repair</body></HTML>", 200, "text/html"),
        Reply(search_xml(1, (1,))[:60], length=5000),
        Reply(b"", 200),
    ],
    ids=["500", "502", "429 with a date", "a page with status 200", "cut short", "empty"],
)
def test_trouble_that_passes_is_waited_for(
    server: Server, source: PubMedSource, pauses: list[float], trouble: Reply
) -> None:
    server.replies(trouble, GOOD)
    assert source.search("x").count == 1
    assert len(server.requests) == 2
    assert pauses


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(b"<html>oops</html>", 500, "text/html"),
        Reply(b"<!DOCTYPE html>\n<html><body>Down for repair</body></html>", 200, "text/html"),
        Reply(search_xml(1, (1,))[:60], length=5000),
        Reply(search_xml(1, (1,))[:60]),
        Reply(f'{{"error":"API key invalid","api-key":"{KEY}"}}'.encode(), 400, "application/json"),
        Reply(b"", 429),
    ],
    ids=["500", "a page with status 200", "cut short", "cut short but of full length",
         "a refused key", "429"],
)  # fmt: skip
def test_trouble_that_stays_is_one_line_without_secrets(
    server: Server, source: PubMedSource, trouble: Reply
) -> None:
    server.replies(trouble)
    fail(lambda: source.search("x"))
    assert len(server.requests) <= 10


def test_a_refusal_is_not_asked_again(server: Server, source: PubMedSource) -> None:
    server.replies(Reply(b'{"error":"API key invalid"}', 400, "application/json"))
    fail(lambda: source.search("x"))
    assert len(server.requests) == 1


def test_nobody_listening_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float], tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    monkeypatch.setenv("CMENEEDS_ENTREZ_URL", f"http://127.0.0.1:{closed}/entrez/eutils")
    monkeypatch.setenv("NCBI_API_KEY", KEY)
    with Library.open(tmp_path / "library.sqlite", create=True) as library:
        message = fail(lambda: PubMedSource(library).search("x"))
    assert "cannot be reached" in message
    assert "offline" in message
    assert pauses


def test_a_service_that_never_answers_is_given_up(server: Server, source: PubMedSource) -> None:
    source.client.timeout = 0.1
    server.replies(Reply(search_xml(1), wait=30))
    started = time.monotonic()
    assert "cannot be reached" in fail(lambda: source.search("x"))
    assert time.monotonic() - started < 5


# --- as the rest of the program opens it --------------------------------------------------------


def test_records_go_to_the_users_own_library(server: Server, pauses: list[float]) -> None:
    server.answer = lambda request: Reply(records_xml(request.pmids))
    opened = open_source("pubmed")
    try:
        assert opened.kind == "pubmed"
        assert opened.notice == ""
        opened.fetch([5])
    finally:
        opened.close()
    with Library.open(library_path(), read_only=True) as library:
        assert [a.pmid for a in library] == [5]
    for path in library_path().parent.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes()


def test_a_server_that_serves_the_sample_is_not_taken_for_pubmed(
    server: Server, source: PubMedSource
) -> None:
    said = "Made from the sample corpus, not from PubMed."
    server.replies(Reply(search_xml(0), headers=(("Cmeneeds-Notice", said),)))
    brief = Brief.parse(
        "topic: made-up disease\nyears: 2016-2021\naudience: {profession: nurses}\n"
    )
    records = search(build_strategy(brief, ["burden"]), source)
    assert (records.source_kind, records.notice) == ("sample", said)
    assert records.source != "PubMed"
