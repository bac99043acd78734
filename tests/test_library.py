"""The library file: nothing is lost, doubled or half done, whatever happens on the way.

All records here are made up, except those of the tests marked ``sample``.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cmeneeds.errors import (
    LibraryDamaged,
    LibraryEmpty,
    LibraryNotFound,
    LibraryReadOnly,
    NotPubMedXML,
    QueryError,
    SampleMissing,
)
from cmeneeds.home import sample_path
from cmeneeds.library import schema, store
from cmeneeds.library.store import Library
from cmeneeds.pubmed_xml import Deletion, read_articles
from cmeneeds.records import (
    Article,
    Author,
    Keyword,
    MeshHeading,
    PartialDate,
    Qualifier,
    Section,
    Term,
    to_json,
)
from cmeneeds.sources import sample

Make = Callable[..., Article]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library.sqlite", create=True) as opened:
        yield opened


def content(path: Path) -> dict[str, Any]:
    """Everything in a library that a reader can see, down to each word of the index."""
    db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        db.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, fulltext, instance)")
        tables = {
            name: db.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()
            for name in ("articles", "records", "terms", "revisions")
        }
        tables["deletions"] = db.execute("SELECT pmid FROM deletions ORDER BY 1").fetchall()
        tables["words"] = db.execute(
            "SELECT term, doc, col, offset FROM temp.words ORDER BY 1, 2, 3, 4"
        ).fetchall()
        return tables
    finally:
        db.close()


def index_of(articles: list[Article], tmp_path: Path) -> Any:
    """The words of the index of a library that never held anything but these records."""
    path = tmp_path / f"only-{time.monotonic_ns()}.sqlite"
    with Library.open(path, create=True) as fresh:
        fresh.add(articles, "made up")
    return content(path)["words"]


def check_whole(path: Path) -> None:
    """SQLite and FTS5 find nothing wrong, and index and articles hold the same records."""
    db = sqlite3.connect(path)
    try:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.execute("INSERT INTO fulltext(fulltext) VALUES ('integrity-check')")
        db.rollback()
        db.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, fulltext, instance)")
        indexed = {row[0] for row in db.execute("SELECT DISTINCT doc FROM temp.words")}
        stored = {row[0] for row in db.execute("SELECT pmid FROM articles")}
        assert indexed == stored
        assert stored == {row[0] for row in db.execute("SELECT pmid FROM records")}
    finally:
        db.close()


# --- importing ----------------------------------------------------------------------------------


def test_what_goes_in_comes_out(library: Library, make_article: Make) -> None:
    rich = make_article(
        pmid=7,
        sections=(Section("A 10 b\n", "RESULTS", "RESULTS", ((2, 3, "sup"),)),),
        authors=(Author("Doe", "J", "J", affiliations=("Nowhere",)),),
        mesh=(MeshHeading("D000001", "Made-up", qualifiers=(Qualifier("Q000001", "x", True),)),),
    )
    report = library.add([rich], "made up")
    assert (report.read, report.added, report.source) == (1, 1, "made up")
    got = library.get(7)
    assert got is not None
    assert to_json(got) == to_json(rich)
    assert library.get(8) is None


def test_repeating_an_import_changes_nothing(library: Library, make_article: Make) -> None:
    items = [
        make_article(pmid=1),
        make_article(pmid=2),
        make_article(pmid=2, title="Made-up, revised", revised=20210202),
        make_article(pmid=3),
        Deletion((3, 99)),
        make_article(pmid=4),
    ]
    library.add(items, "made up")
    before = content(library.path)
    report = library.add(items, "made up")
    assert content(library.path) == before
    assert report.problems == ()
    assert len(library) == 3


def test_repeats_of_one_revision_date_are_stable_too(library: Library, make_article: Make) -> None:
    items = [make_article(pmid=2, title="Made-up, first"), make_article(pmid=2, title="Last")]
    library.add(items, "made up")
    before = content(library.path)
    library.add(items, "made up")
    assert content(library.path) == before
    assert library.stats().revisions == 1


@pytest.mark.parametrize("batch", [1, 2, 1000])
def test_size_of_batches_changes_nothing(
    batch: int, make_article: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [
        make_article(pmid=5),
        make_article(pmid=2, title="Old words"),
        make_article(pmid=2, title="New words", revised=20210303),
        make_article(pmid=2, title="Older words", revised=20200101),
        Deletion((5,)),
        make_article(pmid=9),
        make_article(pmid=5, title="Back again"),
        Deletion((9,)),
    ]
    monkeypatch.setattr(store, "BATCH", batch)
    path = tmp_path / "batches.sqlite"
    with Library.open(path, create=True) as library:
        library.add(items, "made up")
        titles = {a.pmid: a.title for a in library}
    assert titles == {2: "New words", 5: "Back again"}
    check_whole(path)
    kept = [items[2], items[6]]
    assert content(path)["words"] == index_of(kept, tmp_path)  # type: ignore[arg-type]


def test_newest_version_is_kept_and_older_left_alone(library: Library, make_article: Make) -> None:
    old = make_article(pmid=1, title="Old")
    newer = make_article(pmid=1, title="Newer", revised=20220101)
    version_2 = make_article(pmid=1, title="Version 2", version=2, revised=20200101)
    assert library.add([old], "a").added == 1
    assert library.add([newer], "b").updated == 1
    assert library.add([old], "a").older == 1
    assert library.get(1) == newer
    assert library.add([version_2], "c").updated == 1
    assert library.add([newer], "b").older == 1
    assert library.get(1) == version_2
    assert library.stats().revisions == 2


def test_superseded_records_are_archived_with_their_digest(
    library: Library, make_article: Make
) -> None:
    old, new = make_article(pmid=1), make_article(pmid=1, title="New", revised=20220101)
    library.add([old], "a")
    digest = library.digests([1])[1]
    library.add([new], "b")
    assert library.digests([1, 2]).keys() == {1}
    assert library.digests([1])[1] != digest
    ((pmid, _, revised, kept, record),) = content(library.path)["revisions"]
    assert (pmid, revised, kept.hex(), record) == (1, 20210101, digest, to_json(old))


def test_digest_is_that_of_the_record_as_written(library: Library, make_article: Make) -> None:
    article = make_article(pmid=1)
    library.add([article], "a")
    assert library.digests([1]) == {1: hashlib.sha256(to_json(article)).hexdigest()}


def test_withdrawn_records_go_and_may_come_back(library: Library, make_article: Make) -> None:
    library.add([make_article(pmid=1), make_article(pmid=2)], "a")
    report = library.add([Deletion((1, 77))], "b")
    assert report.deleted == 1
    assert library.get(1) is None
    assert library.search("record").pmids == (2,)
    assert library.stats().deletions == 2
    assert library.add([make_article(pmid=1)], "c").added == 1
    assert library.search("record").pmids == (2, 1)
    assert library.stats().deletions == 1


def test_a_deletion_takes_what_stands_before_it_in_the_same_batch(
    library: Library, make_article: Make
) -> None:
    items = [make_article(pmid=1), make_article(pmid=2), Deletion((1,)), make_article(pmid=3)]
    report = library.add(items, "a")
    assert (report.read, report.added, report.deleted) == (3, 3, 1)
    assert [a.pmid for a in library] == [2, 3]
    check_whole(library.path)


def test_an_import_that_finds_no_pubmed_xml_leaves_no_trace(
    library: Library, tmp_path: Path
) -> None:
    page = tmp_path / "page.xml"
    page.write_text("<html>busy</html>")
    with pytest.raises(NotPubMedXML):
        library.import_file(page)
    assert library.stats().imports == ()


def test_import_log_names_the_file_never_its_folder(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "made-up.xml"
    path.write_text(
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article/>"
        "</MedlineCitation></PubmedArticle><PubmedArticle><i></PubmedArticle></PubmedArticleSet>"
    )
    seen: list[int] = []
    report = library.import_file(path, seen.append)
    assert (report.added, len(report.problems), seen) == (1, 1, [1])
    ((source, started, finished, changed),) = library.stats().imports
    assert (source, changed) == ("made-up.xml", 1)
    assert finished is not None
    assert finished >= started
    library.seal()
    assert str(tmp_path).encode() not in library.path.read_bytes()


# --- interruptions ------------------------------------------------------------------------------


def test_an_exception_on_the_way_keeps_whole_batches_and_says_unfinished(
    library: Library, make_article: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BATCH", 10)

    def items() -> Iterator[Article]:
        for pmid in range(1, 36):
            yield make_article(pmid=pmid)
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="the disk went away"):
        library.add(items(), "a")
    assert len(library) == 30
    assert library.stats().imports[0][2] is None
    check_whole(library.path)
    library.add([make_article(pmid=p) for p in range(1, 36)], "a")
    assert len(library) == 35
    assert library.stats().imports[1][2] is not None


def test_an_error_inside_a_batch_takes_the_whole_batch_back(
    library: Library, make_article: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add([make_article(pmid=1, title="Before")], "a")
    before = content(library.path)

    def fail(article: Article) -> Any:
        raise RuntimeError("in the middle")

    monkeypatch.setattr(schema, "terms_of", fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        library.add([make_article(pmid=1, title="After", revised=20230101)], "b")
    assert content(library.path) == before
    check_whole(library.path)


IMPORTER = """
import sys
from pathlib import Path
from cmeneeds.library import store
from cmeneeds.library.store import Library
store.BATCH = int(sys.argv[3])
with Library.open(sys.argv[1], create=True) as library:
    library.import_file(sys.argv[2], lambda done: print(done, flush=True))
"""


def made_up_file(path: Path, first: int, count: int) -> Path:
    """A file of made-up records, some of them twice, some withdrawn at the end."""
    one = (
        "<PubmedArticle><MedlineCitation Status='MEDLINE'><PMID>{0}</PMID><DateRevised>"
        "<Year>20{2}</Year><Month>1</Month><Day>1</Day></DateRevised><Article><ArticleTitle>"
        "Made-up word{0} {3}</ArticleTitle><Abstract><AbstractText>Nothing here is real, says "
        "number {1}.</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>"
    )
    records = [one.format(n, n % 97, 20, "early") for n in range(first, first + count)]
    records += [one.format(n, n % 89, 21, "late") for n in range(first, first + count, 7)]
    gone = "".join(f"<PMID>{n}</PMID>" for n in range(first, first + count, 11))
    records.append(f"<DeleteCitation>{gone}</DeleteCitation>")
    path.write_text(f"<PubmedArticleSet>{''.join(records)}</PubmedArticleSet>")
    return path


def start_import(library: Path, file: Path, batch: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", IMPORTER, str(library), str(file), str(batch)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is for POSIX")
@pytest.mark.parametrize("reports_before_the_kill", [1, 17, 60])
def test_a_killed_import_can_be_repeated_to_the_same_library(
    reports_before_the_kill: int, tmp_path: Path
) -> None:
    file = made_up_file(tmp_path / "made-up.xml", 1000, 3000)
    killed, calm = tmp_path / "killed.sqlite", tmp_path / "calm.sqlite"
    process = start_import(killed, file, 25)
    assert process.stdout is not None
    for _ in range(reports_before_the_kill):
        assert process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors
    with Library.open(killed) as library:
        assert 0 < len(library) < 3000
        assert library.stats().imports[0][2] is None
    check_whole(killed)
    for path in (killed, calm):
        with Library.open(path, create=True) as library:
            library.import_file(file)
    check_whole(killed)
    assert content(killed) == content(calm)


def test_two_processes_import_into_one_library_at_once(tmp_path: Path) -> None:
    files = [made_up_file(tmp_path / f"{n}.xml", 10_000 * n, 1500) for n in (1, 2)]
    both, one = tmp_path / "both.sqlite", tmp_path / "one.sqlite"
    processes = [start_import(both, file, 50) for file in files]
    assert [p.communicate(timeout=120)[1] for p in processes] == ["", ""]
    assert [p.returncode for p in processes] == [0, 0]
    check_whole(both)
    with Library.open(one, create=True) as library:
        for file in files:
            library.import_file(file)
    assert content(both) == content(one)
    with Library.open(both) as library:
        assert sorted(i[0] for i in library.stats().imports) == ["1.xml", "2.xml"]
        assert all(i[2] for i in library.stats().imports)


OPENER = """
import sys, time
from cmeneeds.library.store import Library
for number in range(10):
    while time.time() < float(sys.argv[2]) + number / 10:
        pass
    Library.open(f"{sys.argv[1]}/{number}.sqlite", create=True).close()
"""


def test_processes_that_create_one_library_together_do_not_disturb_each_other(
    tmp_path: Path,
) -> None:
    at = str(time.time() + 1.5)
    command = [sys.executable, "-c", OPENER, str(tmp_path), at]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [p.communicate(timeout=60)[1] for p in processes] == [""] * 4
    assert [p.returncode for p in processes] == [0] * 4
    for number in range(10):
        check_whole(tmp_path / f"{number}.sqlite")


def test_readers_see_whole_batches_while_another_writes(
    library: Library, make_article: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BATCH", 10)
    seen: list[tuple[int, int]] = []
    with Library.open(library.path, read_only=True) as reader:

        def items() -> Iterator[Article]:
            for pmid in range(1, 51):
                seen.append((len(reader), reader.search("record").count))
                yield make_article(pmid=pmid)

        library.add(items(), "a")
        assert len(reader) == 50
    assert all(stored == found for stored, found in seen)
    assert {stored for stored, _ in seen} == {0, 10, 20, 30, 40}


def test_a_reader_is_not_held_up_inside_a_batch(library: Library, make_article: Make) -> None:
    library.add([make_article(pmid=1)], "a")
    with Library.open(library.path, read_only=True) as reader:
        library._db.execute("BEGIN IMMEDIATE")
        try:
            library._delete(1, 1)
            assert reader.search("record").pmids == (1,)
            assert reader.get(1) is not None
        finally:
            library._db.execute("ROLLBACK")


# --- opening ------------------------------------------------------------------------------------


def test_a_missing_library_is_named_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none" / "library.sqlite"
    for read_only in (False, True):
        with pytest.raises(LibraryNotFound, match="no library at"):
            Library.open(path, read_only=read_only)
    assert not path.parent.exists()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_folder_or_text_is_no_library(read_only: bool, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("Just my notes, not a database.\n" * 100)
    for path in (tmp_path, text):
        with pytest.raises(LibraryDamaged) as caught:
            Library.open(path, read_only=read_only)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert text.read_text() == "Just my notes, not a database.\n" * 100


@pytest.mark.parametrize("read_only", [False, True])
def test_a_foreign_database_is_refused_and_left_as_it_is(read_only: bool, tmp_path: Path) -> None:
    path = tmp_path / "foreign.sqlite"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE accounts (name TEXT)")
    db.commit()
    db.close()
    before = path.read_bytes()
    with pytest.raises(LibraryDamaged, match="not a cmeneeds library"):
        Library.open(path, read_only=read_only, create=not read_only)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["foreign.sqlite"]


@pytest.mark.parametrize("read_only", [False, True])
def test_a_library_of_another_schema_is_refused_by_number(read_only: bool, tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    Library.open(path, create=True).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {schema.SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(LibraryDamaged, match=f"schema {schema.SCHEMA_VERSION + 1}"):
        Library.open(path, read_only=read_only)


def test_a_truncated_library_is_a_typed_error(library: Library, make_article: Make) -> None:
    library.add([make_article(pmid=n) for n in range(1, 400)], "a")
    library.seal()
    data = library.path.read_bytes()
    library.close()
    library.path.write_bytes(data[:2000])
    with pytest.raises(LibraryDamaged):
        Library.open(library.path)


def test_an_empty_library_says_so(library: Library) -> None:
    with pytest.raises(LibraryEmpty, match="is empty"):
        library.require_records()
    assert len(library) == 0
    assert library.search("anything").pmids == ()
    stats = library.stats()
    assert (stats.records, stats.first_year, stats.last_year, stats.newest) == (0, None, None, 0)


def test_a_read_only_library_refuses_every_write(library: Library, make_article: Make) -> None:
    library.add([make_article(pmid=1)], "a")
    before = content(library.path)
    with Library.open(library.path, read_only=True) as reader:
        result = reader.search("record")
        for write in (
            lambda: reader.add([make_article(pmid=2)], "b"),
            lambda: reader.add([Deletion((1,))], "b"),
            lambda: reader.set_meta("kind", "sample"),
            lambda: reader.log_search(result),
            reader.optimize,
        ):
            with pytest.raises(LibraryReadOnly):
                write()
        with pytest.raises(sqlite3.OperationalError):
            reader._db.execute("DELETE FROM articles")
    assert content(library.path) == before


# --- searching ----------------------------------------------------------------------------------


def test_index_follows_updates_and_deletions(
    library: Library, make_article: Make, tmp_path: Path
) -> None:
    old = make_article(
        pmid=1,
        title="Ancient β-blockers: naïve view",
        vernacular_title="Vue ancienne",
        keywords=(Keyword("oldkeyword"),),
        authors=(Author("O'Neil", "A", "A", affiliations=("Oldtown",)), Author(collective="Old G")),
        mesh=(MeshHeading("D000001", "Oldheading", qualifiers=(Qualifier("Q000001", "oldsub"),)),),
        substances=(Term("Oldamine", "D000002"),),
    )
    new = make_article(pmid=1, title="Modern view", revised=20230101)
    other = make_article(pmid=2, title="Ancient other")
    library.add([old, other], "a")
    assert library.search("ancient[ti]").pmids == (2, 1)
    library.add([new], "b")
    assert library.search("modern[ti]").pmids == (1,)
    assert library.search("ancient[ti]").pmids == (2,)
    for word in ("oldkeyword", "oldtown[ad]", "Oldheading[mh]", "oldamine", "O'Neil A[au]"):
        assert library.search(word).count == 0, word
    library.add([Deletion((2,))], "c")
    assert library.search("ancient").count == 0
    check_whole(library.path)
    assert content(library.path)["words"] == index_of([new], tmp_path)


def test_results_come_newest_first_with_the_exact_count(
    library: Library, make_article: Make
) -> None:
    library.add([make_article(pmid=n) for n in (5, 30, 7, 100, 21)], "a")
    result = library.search("record")
    assert (result.count, result.pmids) == (5, (100, 30, 21, 7, 5))
    limited = library.search("record", limit=2)
    assert (limited.count, limited.pmids) == (5, (100, 30))
    assert library.search("record", limit=0).pmids == ()


def test_a_query_that_cannot_be_read_is_a_typed_error(library: Library) -> None:
    with pytest.raises(QueryError):
        library.search('"open')


def test_many_records_come_in_the_order_asked_for(library: Library, make_article: Make) -> None:
    library.add([make_article(pmid=n) for n in range(1, 2001)], "a")
    wanted = [7, 2000, 3, 999_999, 7, *range(1500, 1, -1)]
    got = [a.pmid for a in library.get_many(wanted)]
    assert got == [p for p in wanted if p != 999_999]
    assert library.get_many([]) == []
    assert len(library.digests(wanted)) == 1500


def test_iteration_gives_all_current_records_by_pmid(library: Library, make_article: Make) -> None:
    library.add([make_article(pmid=n) for n in (5, 3, 9)], "a")
    assert [a.pmid for a in library] == [3, 5, 9]


def test_stats_count_what_is_here(library: Library, make_article: Make) -> None:
    library.add(
        [
            make_article(pmid=1, published=PartialDate("1999", 1999)),
            make_article(pmid=2, sections=(), published=PartialDate("")),
            make_article(pmid=3, mesh=(MeshHeading("D000001", "Made-up"),), revised=20220203),
            make_article(pmid=4),
            make_article(pmid=4, title="Revised", revised=20210909),
            Deletion((77,)),
        ],
        "a",
    )
    stats = library.stats()
    assert (stats.records, stats.with_abstract, stats.with_mesh) == (4, 3, 1)
    assert (stats.revisions, stats.deletions) == (1, 1)
    assert (stats.first_year, stats.last_year, stats.newest) == (1999, 2020, 20220203)
    assert stats.kind == library.kind == "library"
    assert [(i[0], i[3]) for i in stats.imports] == [("a", 5)]


def test_searches_are_logged_where_asked(library: Library, make_article: Make) -> None:
    library.add([make_article(pmid=1)], "a")
    library.log_search(library.search("record[ti]"))
    rows = sqlite3.connect(library.path).execute("SELECT query, count FROM searches").fetchall()
    assert rows == [("record[ti]", 1)]


def test_optimizing_and_sealing_change_no_answer(library: Library, make_article: Make) -> None:
    library.add([make_article(pmid=n) for n in range(1, 200)], "a")
    before = content(library.path)
    library.optimize()
    library.seal()
    assert content(library.path) == before
    library.close()
    assert [p.name for p in library.path.parent.glob("library.sqlite*")] == ["library.sqlite"]
    check_whole(library.path)


# --- the sample ---------------------------------------------------------------------------------


@pytest.mark.sample
def test_sample_is_whole_read_only_and_says_what_it_is(sample_library: Library) -> None:
    stats = sample_library.stats()
    # Five of the 20,788 records repeat a PMID; the twenty withdrawn ones were never in it.
    assert stats.records == sample.RECORDS - 5
    assert stats.kind == "sample"
    assert stats.newest == int(sample.AS_OF.replace("-", ""))
    assert 15_000 < sample_library.search("hasabstract").count < stats.records
    with pytest.raises(LibraryReadOnly):
        sample_library.set_meta("kind", "library")


@pytest.mark.sample
def test_sample_is_imported_once(sample_library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("imported again")

    monkeypatch.setattr(sample, "_import", fail)
    before = sample_path().stat().st_mtime_ns
    sample.open_sample().close()
    assert sample_path().stat().st_mtime_ns == before
    assert {p.name for p in sample_path().parent.iterdir()} == {"sample.sqlite"}


@pytest.mark.sample
def test_importing_the_sample_again_changes_nothing(
    sample_home: Path, sample_files: dict[str, Path], tmp_path: Path
) -> None:
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes((sample_home / "sample.sqlite").read_bytes())
    with Library.open(copy) as library:
        before = library.stats()
        sums = library._db.execute("SELECT count(*), total(pmid) FROM revisions").fetchone()
        report = library.import_file(sample_files[sample.FILE_NAME])
        after = library.stats()
        assert (after.records, after.revisions) == (before.records, before.revisions)
        assert library._db.execute("SELECT count(*), total(pmid) FROM revisions").fetchone() == sums
    assert report.same > 20_000
    check_whole(copy)


@pytest.mark.sample
def test_text_of_the_sample_is_indexed_as_it_stands(
    sample_library: Library, sample_files: dict[str, Path]
) -> None:
    newest: dict[int, Article] = {}
    for item in read_articles(sample_files[sample.FILE_NAME]):
        if isinstance(item, Article):
            have = newest.get(item.pmid)
            if not have or (item.version, item.revised) >= (have.version, have.revised):
                newest[item.pmid] = item
    assert all(sample_library.get(p) == a for p, a in list(newest.items())[:2000])
    word = "hesitancy"
    expected = {p for p, a in newest.items() if word in a.title.lower().replace("-", " ").split()}
    assert expected
    assert expected <= set(sample_library.search(f"{word}[ti]").pmids)


@pytest.mark.sample
def test_a_killed_sample_import_leaves_nothing_that_looks_finished(
    sample_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample.open_sample(stop)
    assert not sample_path().exists()
    assert list(sample_path().parent.iterdir()) == []


@pytest.mark.sample
@pytest.mark.skipif(os.name == "nt", reason="kill -9 is for POSIX")
def test_a_sample_import_that_is_killed_outright_leaves_no_sample(
    sample_files: dict[str, Path],
) -> None:
    script = (
        "from cmeneeds.sources.sample import open_sample\n"
        "open_sample(lambda done: print(done, flush=True))"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert sample_path().parent.is_dir()
    assert not sample_path().exists()


@pytest.mark.sample
def test_another_corpus_file_is_refused(
    sample_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "SHA256", "0" * 64)
    with pytest.raises(SampleMissing, match="not the known file"):
        sample.open_sample()
    assert not sample_path().exists()


def test_without_the_package_the_sample_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sample, "PACKAGE", "no-such-distribution")
    with pytest.raises(SampleMissing, match="pip install"):
        sample.open_sample()
