"""Own sources in the library and in the brief: kept once, with provenance, removed, cited.

Everything in the files is made up.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import own_source_files as files
import pytest
from typer.testing import CliRunner

import cmeneeds as cn
from cmeneeds.brief import Brief
from cmeneeds.cli import app
from cmeneeds.errors import BriefError, OwnSourceUnreadable, SourceError, UsageError
from cmeneeds.home import home, library_path
from cmeneeds.library import schema
from cmeneeds.library.store import Library
from cmeneeds.own_sources import store
from cmeneeds.own_sources.adding import add_source
from cmeneeds.own_sources.proof import compare_today, reread
from cmeneeds.report.references import csl
from cmeneeds.sources.web import WebClient
from cmeneeds.works import Works

BRIEF = "topic: made-up disease\naudience: {profession: nurses}\nyears: 2016-2021\n"


@pytest.fixture
def guideline(tmp_path: Path) -> Path:
    path = tmp_path / "guideline.pdf"
    path.write_bytes(files.guideline_by_typst())
    return path


# --- the store ----------------------------------------------------------------------------------


def test_a_source_is_kept_with_all_that_is_known_of_it(guideline: Path) -> None:
    added = add_source(
        guideline, type="guideline", publisher="Made-up Society", year=2020, edition="2.1",
        licence="own text", by="A. Writer", note="made up", accessed="2021-02-03",
        url="https://example.org/g.pdf",
    )  # fmt: skip
    assert added.is_new
    (kept,) = cn.list_sources()
    d = kept.document
    assert (d.title, d.source_type, d.role, d.year, d.edition, d.publisher) == (
        files.TITLE, "guideline", "guideline", 2020, "2.1", "Made-up Society",
    )  # fmt: skip
    assert (d.licence.text, d.added_by, d.note, d.accessed, d.pages) == (
        "own text", "A. Writer", "made up", "2021-02-03", 3,
    )  # fmt: skip
    assert d.sha256 == hashlib.sha256(guideline.read_bytes()).hexdigest()
    assert kept.original == home() / "sources" / f"{d.sha256}.pdf"
    assert kept.original.read_bytes() == guideline.read_bytes()


def test_the_same_file_is_kept_once_and_what_is_newly_said_of_it_is_kept(guideline: Path) -> None:
    first = add_source(guideline)
    again = add_source(guideline, type="guideline", year=2020)
    assert (first.is_new, again.is_new) == (True, False)
    (kept,) = cn.list_sources()
    assert (kept.document.source_type, kept.document.year) == ("guideline", 2020)
    assert add_source(guideline).document.year == 2020


def test_a_removed_source_is_gone_with_its_original(guideline: Path) -> None:
    added = add_source(guideline)
    original = cn.list_sources()[0].original
    cn.remove_source(added.document.id)
    assert cn.list_sources() == []
    assert not original.exists()
    with pytest.raises(UsageError, match="source list"):
        cn.remove_source(added.document.id)


def test_what_is_unknown_is_left_out_of_the_reference() -> None:
    document = add_source("A made-up remark of one sentence.", text=True).document
    item = csl(Works([], [document])[document.id])
    assert item.keys() == {"id", "type", "title"}


def test_a_reference_names_body_title_year_access_and_address(guideline: Path) -> None:
    document = add_source(
        guideline, publisher="Made-up Society", year=2020, accessed="2021-02-03",
        url="https://example.org/g.pdf",
    ).document  # fmt: skip
    item = csl(Works([], [document])[document.id])
    assert item["author"] == [{"literal": "Made-up Society"}]
    assert item["title"] == files.TITLE
    assert item["issued"] == {"date-parts": [[2020]]}
    assert item["accessed"] == {"date-parts": [[2021, 2, 3]]}
    assert item["URL"] == "https://example.org/g.pdf"


def test_notes_of_an_interview_are_stored_without_names(tmp_path: Path) -> None:
    notes = tmp_path / "interview.md"
    notes.write_text(
        "kind: interview\nrole: nurse\ndate: 2020-01\nconsent: yes\n\n"
        "Dr Roe said that made-up tests come late.\n"
    )
    added = add_source(notes, type="expert")
    assert added.document.role == "opinion"
    assert "role: nurse" in added.document.note
    (kept,) = cn.list_sources()
    everything = b"".join(p.read_bytes() for p in home().rglob("*") if p.is_file())
    assert b"Roe" not in everything
    assert b"made-up tests come late" in kept.original.read_bytes()
    with pytest.raises(UsageError, match="anew"):
        cn.read_own_sources(
            Brief.parse(f"{BRIEF}own_sources: [{{id: {kept.id}, type: study}}]"), ""
        )


def test_an_older_library_gets_the_list_when_it_is_opened(guideline: Path) -> None:
    Library.open(library_path(), create=True).close()
    with sqlite3.connect(library_path()) as db:
        db.execute("DROP TABLE own_sources")
        db.execute("PRAGMA user_version = 3")
    assert cn.list_sources() == []
    add_source(guideline)
    assert len(cn.list_sources()) == 1
    with sqlite3.connect(library_path()) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (schema.SCHEMA_VERSION,)


# --- the command line ---------------------------------------------------------------------------


def test_the_commands_add_list_show_and_remove(guideline: Path) -> None:
    run = CliRunner().invoke
    said = run(app, ["source", "add", str(guideline), "--type", "guideline", "--year", "2020"])
    assert "added: Madeupitis" in said.stdout
    id = said.stdout.split()[0]
    assert "already there" in run(app, ["source", "add", str(guideline)]).stdout
    assert "1 documents of your own" in run(app, ["source", "list"]).stdout
    shown = run(app, ["source", "show", id, "--parts", "3"]).stdout
    assert f"{id}.0.0-" in shown
    assert "p. 1" in shown
    assert "publisher  unknown" in shown
    assert "removed" in run(app, ["source", "remove", id]).stdout
    assert "0 documents" in run(app, ["source", "list"]).stdout


def test_a_text_can_be_given_on_standard_input() -> None:
    said = CliRunner().invoke(app, ["source", "add", "-"], input="A made-up remark.\n")
    assert said.exit_code == 0
    assert cn.list_sources()[0].document.parts[0].text == "A made-up remark."


# --- the brief ----------------------------------------------------------------------------------


def test_a_brief_names_files_and_ids(guideline: Path, tmp_path: Path) -> None:
    id = add_source("A made-up policy text.", text=True, type="policy").document.id
    brief = Brief.parse(
        f"{BRIEF}own_sources: [{{file: guideline.pdf, type: guideline, year: 2020}}, {id}]"
    )
    one, two = cn.read_own_sources(brief, tmp_path)
    assert (one.source_type, one.year, two.source_type) == ("guideline", 2020, "policy")
    assert {k.id for k in cn.list_sources()} == {one.id, two.id}


def test_a_brief_cannot_reach_out_of_its_folder_by_a_link(guideline: Path, tmp_path: Path) -> None:
    (tmp_path / "briefs").mkdir()
    (tmp_path / "briefs" / "link.pdf").symlink_to(guideline)
    with pytest.raises(BriefError, match="leads out"):
        cn.read_own_sources(Brief.parse(f"{BRIEF}own_sources: link.pdf"), tmp_path / "briefs")
    assert cn.list_sources() == []


@pytest.mark.parametrize("entry", ["OWN77", "missing.pdf"])
def test_what_a_brief_names_in_vain_stops_it(entry: str, tmp_path: Path) -> None:
    with pytest.raises(BriefError, match=r"own_sources\[0\]"):
        cn.read_own_sources(Brief.parse(f"{BRIEF}own_sources: {entry}"), tmp_path)


# --- the web ------------------------------------------------------------------------------------


@pytest.fixture
def site() -> Iterator[tuple[str, dict[str, bytes]]]:
    pages: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", pages
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_page_is_archived_with_its_day(site: tuple[str, dict[str, bytes]]) -> None:
    url, pages = site
    pages["/measure"] = files.PAGE.encode()
    client = WebClient(pause=0)
    document = add_source(f"{url}/measure", type="quality measure", client=client).document
    assert document.url == f"{url}/measure"
    assert document.accessed == client.visits[0].checked_at[:10]
    assert client.archived(document.sha256) == pages["/measure"]
    assert store.require(document.id).original.read_bytes() == pages["/measure"]


def test_a_page_that_cannot_be_had_adds_nothing(site: tuple[str, dict[str, bytes]]) -> None:
    with pytest.raises(SourceError):
        add_source(f"{site[0]}/nothing", client=WebClient(pause=0))
    assert cn.list_sources() == []


def test_a_page_that_differs_today_is_flagged(site: tuple[str, dict[str, bytes]]) -> None:
    url, pages = site
    pages["/m"] = files.PAGE.encode()
    client = WebClient(pause=0)
    document = add_source(f"{url}/m", client=client).document
    part = next(p for p in document.parts if "61%" in p.text)
    address = document.address(part.number, 0, len(part.text))
    assert [t.state for t in compare_today([document], [address], client)] == ["same"]
    pages["/m"] = files.PAGE.replace("61%", "71%").encode()
    (today,) = compare_today([document], [address], client)
    assert today.state == "differs"
    assert "0 of 1 passages" in today.detail
    del pages["/m"]
    assert [t.state for t in compare_today([document], [address], client)] == ["not asked"]


# --- reading the original again -----------------------------------------------------------------


def test_passages_are_read_again_in_the_original(guideline: Path) -> None:
    document = add_source(guideline, type="guideline").document
    part = next(p for p in document.parts if files.RIGHT in p.text)
    address = document.address(part.number, 0, len(files.RIGHT))
    assert [(r.state, r.passages) for r in reread([document], [address])] == [("holds", 1)]


def test_a_snapshot_that_says_other_words_than_the_original_is_found(guideline: Path) -> None:
    from msgspec.structs import replace

    document = add_source(guideline, type="guideline").document
    part = next(p for p in document.parts if files.RIGHT in p.text)
    forged = replace(part, text=part.text.replace("once a year", "once a week"))
    parts = tuple(forged if p is part else p for p in document.parts)
    address = document.address(part.number, 0, len(files.RIGHT))
    (read,) = reread([replace(document, parts=parts)], [address])
    assert (read.state, read.missing) == ("differs", (address,))


def test_a_wrong_page_is_found(guideline: Path) -> None:
    from msgspec.structs import replace

    document = add_source(guideline, type="guideline").document
    part = next(p for p in document.parts if files.RIGHT in p.text)
    parts = tuple(replace(p, page=3) if p is part else p for p in document.parts)
    address = document.address(part.number, 0, len(files.RIGHT))
    (read,) = reread([replace(document, parts=parts)], [address])
    assert read.state == "differs"


def test_a_changed_or_missing_original_is_said(guideline: Path) -> None:
    document = add_source(guideline).document
    original = cn.list_sources()[0].original
    original.write_bytes(original.read_bytes() + b"\n% changed")
    assert [r.state for r in reread([document], [])] == ["changed"]
    original.unlink()
    assert [r.state for r in reread([document], [])] == ["not at hand"]
    assert add_source(guideline).is_new is False  # brings the original back
    assert [r.state for r in reread([document], [])] == ["holds"]


def test_an_unreadable_file_leaves_nothing_behind(tmp_path: Path) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(files.image_pdf(2))
    with pytest.raises(OwnSourceUnreadable):
        add_source(scan)
    assert not (home() / "sources").exists()
