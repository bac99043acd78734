"""Asking PubMed again whether cited records say what a run cites; here a server of our own."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import test_command_line as commands
import test_report_runs as runs

from cmeneeds.records import Article, Section, Term
from cmeneeds.server import make_server
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.verify_live import verify_live

made_up_place = runs.made_up_place
made_up_run = runs.made_up_run
cli = commands.cli


def answered(run: Path, place: Path, change=None):
    """What a server says that holds the made-up records, one of them (or none) changed."""
    articles = [a for a in map(change or (lambda a: a), runs.made_up_records()) if a is not None]
    library = runs.write_library(place / "today.sqlite", articles)
    with make_server(library) as server:
        server.start()
        return verify_live(run, EntrezClient(server.url))


def on_101(**fields):
    """A change of record 101, which the run cites."""
    return lambda a: msgspec.structs.replace(a, **fields) if a.pmid == 101 else a


def test_an_unrevised_record_still_says_every_passage(made_up_run, tmp_path):
    live = answered(made_up_run, tmp_path)
    assert live.holds
    assert len(live.passages) > 3
    # One of the made-up records holds control characters, which XML does not carry.
    assert [p.state for p in live.passages if p.address.startswith("101.")] == ["same"]
    assert {p.state for p in live.passages} <= {"same", "moved"}
    assert "other than PubMed" in live.source


def reworded(article: Article) -> Article | None:
    text = article.sections[1].text.replace("24%", "42%") if article.pmid == 101 else ""
    if not text:
        return article
    sections = (article.sections[0], Section(text, "RESULTS", "RESULTS"))
    return msgspec.structs.replace(article, sections=sections)


def longer(article: Article) -> Article:
    if article.pmid != 101:
        return article
    first = Section("Now with one made-up sentence more.", "", "")
    return msgspec.structs.replace(article, sections=(first, *article.sections))


@pytest.mark.parametrize(
    ("change", "state", "holds"),
    [
        (reworded, "gone", False),
        (longer, "moved", True),
        (lambda a: None if a.pmid == 101 else a, "no record", False),
    ],
)
def test_what_a_record_no_longer_says_is_told(made_up_run, tmp_path, change, state, holds):
    live = answered(made_up_run, tmp_path, change)
    assert {p.state for p in live.passages if p.address.startswith("101.")} >= {state}
    assert {p.state for p in live.passages if not p.address.startswith("101.")} <= {"same", "moved"}
    assert live.holds == holds


def test_a_retraction_since_the_run_is_told(made_up_run, tmp_path):
    retracted = (Term("Retracted Publication", "D016441"),)
    live = answered(made_up_run, tmp_path, on_101(publication_types=retracted))
    assert [(pmid, now) for pmid, _, now in live.standing] == [(101, "retracted")]
    assert not live.holds


def test_the_command_asks_and_ends_with_one_where_something_is_gone(made_up_run, tmp_path, cli):
    library = runs.write_library(
        tmp_path / "today.sqlite", [reworded(a) for a in runs.made_up_records()]
    )
    with make_server(library) as server:
        server.start()
        answer = cli("verify", made_up_run, "--live", "--entrez-url", server.url)
    assert answer.code == 1
    assert "GONE at an E-utilities server other than PubMed: 101." in answer.out
