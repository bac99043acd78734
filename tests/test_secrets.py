"""Law 7 where it is hardest to keep: whatever fails, no key and no e-mail address is written.

The services here repeat what they were asked in their error pages, as real ones do.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import test_command_line as commands
import test_entrez_kills as kills
import test_report_runs as runs
from eutils_double import Double, Fault
from test_entrez_faults import FAULTS, SLOW

from cmeneeds.credentials import Credentials
from cmeneeds.library.store import Library
from cmeneeds.records import Article
from cmeneeds.sources import entrez, web

cli = commands.cli
Cli = commands.Cli

PLANTED = {
    "NCBI_API_KEY": "planted+key/0123456789",
    "NCBI_EMAIL": "planted+mail@example.org",
    "CMENEEDS_USPSTF_KEY": "planted uspstf key",
}
SECRETS = {form for s in PLANTED.values() for form in (s, quote(s, safe=""), quote_plus(s))}

# A pause that the service asks for is kept by the rate limit too; it tells nothing new here.
QUICK = {k: f for k, f in FAULTS.items() if k not in SLOW and f.retry_after is None}

BRIEF = runs.BRIEF.replace("source: library", "source: pubmed")


def leaks(folder: Path) -> list[str]:
    """Files below a folder whose bytes hold a secret, in whatever form."""
    wanted = [s.encode() for s in SECRETS]
    return [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(s in path.read_bytes() for s in wanted)
    ]


def told(*texts: str) -> list[str]:
    """Secrets in texts."""
    return [s for s in SECRETS for text in texts if s in text]


@pytest.fixture
def web_service() -> Iterator[str]:
    """A web source that repeats the whole address in the error that it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<html><title>no {self.path}</title></html>".encode()
            self.send_response(500 if "secret" in self.path else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def planted(
    web_service: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Secrets in the environment, every log open, nobody waiting long."""
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CMENEEDS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CMENEEDS_USPSTF_URL", f"{web_service}/uspstf")
    monkeypatch.setenv("CMENEEDS_CTGOV_URL", f"{web_service}/ctgov")
    monkeypatch.setattr(entrez, "LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(web, "LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(Credentials, "requests_per_second", 1000)
    caplog.set_level(logging.DEBUG)


@pytest.fixture
def ncbi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Double]:
    """The double; its own files are not searched."""
    path = runs.write_library(
        tmp_path_factory.mktemp("theirs") / "l.sqlite", runs.made_up_records()
    )  # fmt: skip
    with Double(path) as double:
        yield double


def test_law_7_a_report_made_among_faults_holds_no_secret(
    planted: None,
    ncbi: Double,
    tmp_path: Path,
    cli: Cli,
    caplog: pytest.LogCaptureFixture,
) -> None:
    faults = list(QUICK.values())

    def every_second(number: int, name: str, nth: int) -> Fault | None:
        return faults[number // 2 % len(faults)] if number % 2 else None

    ncbi.plan = every_second
    brief = runs.write_brief(tmp_path, BRIEF)
    answer = cli(
        "report", brief, "--outputs", tmp_path / "outputs", "--entrez-url", ncbi.url
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert ncbi.faults_made >= len(faults)
    assert {a.text("api_key") for a in ncbi.asked} == {PLANTED["NCBI_API_KEY"]}
    assert {a.text("email") for a in ncbi.asked} == {PLANTED["NCBI_EMAIL"]}
    assert list(tmp_path.glob("outputs/*/latest/report.ipynb"))
    assert list(tmp_path.glob("home/library.sqlite"))
    assert leaks(tmp_path) == []
    assert told(answer.out, answer.err, caplog.text) == []


@pytest.mark.parametrize("stage", ["esearch", "efetch"])
@pytest.mark.parametrize("kind", QUICK)
def test_law_7_no_error_message_or_file_of_a_failed_search_holds_a_secret(
    planted: None,
    ncbi: Double,
    tmp_path: Path,
    cli: Cli,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    stage: str,
) -> None:
    ncbi.plan = lambda _, name, nth: FAULTS[kind] if name == stage else None
    brief = runs.write_brief(tmp_path, BRIEF)
    answer = cli("search", brief, "--entrez-url", ncbi.url)
    assert answer.code == 1
    assert answer.error.startswith("cmeneeds: ")
    assert leaks(tmp_path) == []
    assert told(answer.out, answer.err, caplog.text) == []


@pytest.mark.parametrize("status", [400, 403, 414])
def test_law_7_a_refusal_that_quotes_the_request_is_told_without_secrets(
    planted: None, ncbi: Double, tmp_path: Path, cli: Cli, status: int
) -> None:
    ncbi.plan = lambda *_: Fault("status", status=status)
    answer = cli("search", runs.write_brief(tmp_path, BRIEF), "--entrez-url", ncbi.url)
    assert answer.code in (1, 2)
    assert "Error" in answer.error  # the title of the page is quoted
    assert told(answer.out, answer.err) == []
    assert leaks(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is for POSIX")
def test_law_7_what_a_kill_leaves_lying_holds_no_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The raw files of SQLite are searched, with the log that it had no time to fold in."""
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    path = tmp_path_factory.mktemp("theirs") / "l.sqlite"
    articles = [Article(pmid=n, title=f"Made-up record {n}") for n in range(1, 301)]
    with Library.open(path, create=True) as library:
        library.add(articles, "made up")
    with Double(path) as ncbi:
        home = tmp_path / "killed"
        home.mkdir()
        killed = kills.Retrieval(ncbi, kills.words(ncbi, home, "made-up[ti]", 10), home)
        assert killed.run(kills.Moment(12, 0.0))[0] == -signal.SIGKILL
        assert ncbi.asked[-1].text("api_key") == PLANTED["NCBI_API_KEY"]
    assert [p.name for p in home.iterdir() if p.name.endswith("-wal")]
    assert leaks(home) == []
